"""What names an exchange and what shows that it is whole: the written body, its key, the digest of its reply."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from synthdata.base.errors import InputError
from synthdata.models.replies import parse_json

LOOK_UP_BATCH = 500  # below every SQLite build's limit of 999 parameters, and as fast as larger batches

KEY_BYTES, DIGEST_BYTES = 32, 16
NO_DIGEST = b""  # of what was stored before digests were kept


def write_body(body: Mapping[str, Any]) -> bytes:
    """Write a request body as it is sent, stored and hashed: JSON with sorted keys.

    Raises InputError for what JSON or UTF-8 cannot hold: half of a surrogate pair, a value of another kind, a circle.
    """
    try:
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except TypeError as cause:
        raise InputError(
            f"a request cannot be written as JSON ({cause}): change its text or its parameters."
        ) from cause


def make_key(identity: str | bytes, body: bytes) -> bytes:
    """Hash an endpoint's identity and a full request body, written by write_body, into the 32-byte key of their reply."""
    digest = hashlib.sha256(identity.encode() if isinstance(identity, str) else identity)
    digest.update(b"\n" + body)
    return digest.digest()


def make_digest(key: bytes, reply: bytes) -> bytes:
    """Hash a reply together with its key, so that neither a flipped bit nor another request's reply passes for it."""
    return hashlib.blake2b(reply, digest_size=DIGEST_BYTES, key=key[:64]).digest()


def is_whole(key: Any, reply: Any, digest: Any) -> bool:
    """Tell whether a reply is the one that was stored under its key. Damage may have turned each into any type."""
    if not (isinstance(key, bytes) and isinstance(reply, bytes) and isinstance(digest, bytes)):
        return False
    return digest == make_digest(key, reply)


def is_asked(key: Any, endpoint: Any, request: Any) -> bool:
    """Tell whether endpoint and request are those of a key: it is their digest."""
    return isinstance(endpoint, bytes) and isinstance(request, bytes) and key == make_key(endpoint, request)


def is_plausible(key: Any, endpoint: Any, request: Any, reply: Any) -> bool:
    """Tell whether what was stored before digests were kept can be trusted: its question is its own, its reply is JSON."""
    if not is_asked(key, endpoint, request) or not isinstance(reply, bytes):
        return False
    try:
        return isinstance(parse_json(reply), dict)
    except ValueError:
        return False


def split_batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Cut an iterable into lists of `size`, the last one shorter."""
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
