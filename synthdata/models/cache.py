"""Request -> reply store in SQLite: what makes a second run free and a crash harmless. It never holds headers, so no key."""

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from synthdata.base.errors import CacheError, InputError
from synthdata.base.jsonl import replace_file
from synthdata.models.replies import parse_json

VERSION = 1

BUSY_SECONDS = 30.0  # how long to wait for another process that writes

CHECKPOINT_PAGES = 16_384  # 64 MB: copying the log into the file waits for the disk, so it is done seldom

LOOK_UP_BATCH = 500  # below every SQLite build's limit of 999 parameters, and as fast as larger batches

MAX_DEPTH = 100
NOISE = frozenset({"id", "created", "object", "system_fingerprint", "timings", "bytes", "service_tier"})


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


def make_key(identity: str, body: bytes) -> bytes:
    """Hash an endpoint's identity and a full request body, written by write_body, into the 32-byte key of their reply."""
    digest = hashlib.sha256(identity.encode())
    digest.update(b"\n" + body)
    return digest.digest()


class Cache:
    """A folder's replies, in SQLite with a write-ahead log, safe for several processes at once.

    path: the database file, made when missing. recording: keeps the keys of this run for write_recording; a path is where
    the recording is written after each call of a client. Connections are opened for each use, so a Cache can be pickled and
    cross a fork.
    """

    def __init__(self, path: str | os.PathLike[str], recording: bool | str | os.PathLike[str] = False) -> None:
        self.path = Path(path)
        self.recording = None if isinstance(recording, bool) else Path(recording)
        self._used: dict[bytes, None] | None = {} if recording else None

    def open(self) -> "CacheConnection":
        """Open the store for one run of requests. Raises CacheError when the file cannot serve."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as cause:
            raise self._explain(cause) from cause
        try:
            self._prepare(connection)
        except sqlite3.Error as cause:
            connection.close()
            raise self._explain(cause) from cause
        except CacheError:
            connection.close()
            raise
        return CacheConnection(self, connection)

    def write_recording(self, path: str | os.PathLike[str] | None = None) -> int:
        """Write the exchanges this run used to a reviewable JSONL file, sorted, and return how many.

        path: the file, the one that the cache was opened with when None. Fields that change from call to call (ids, times)
        are left out; headers were never kept.
        Raises CacheError when the cache was not opened with recording=True, or the file cannot be written.
        """
        path = path or self.recording
        if self._used is None or path is None:
            raise CacheError(
                "this cache keeps no list of the run's requests: open it with recording=True and run again."
            )
        with self.open() as store:
            lines = [
                orjson.dumps({"endpoint": identity, "request": orjson.loads(body), "reply": _drop_noise(reply)})
                for identity, body, reply in store.read_exchanges(list(self._used))
            ]
        replace_file(path, b"".join(line + b"\n" for line in sorted(lines)))
        return len(lines)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise CacheError(
                f"{self.path} was written by a newer version of this library (format {version}, this one reads "
                f"{VERSION}): update the library, or name another file in open_cache."
            )
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        if version == VERSION:
            return  # a version is written last, so the table is there and the log is on
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                break
            except sqlite3.OperationalError:  # this one statement does not wait for another process that does the same
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        # Rows in order of arrival, found through an index of keys alone: measured four times faster to write than a
        # tree of whole rows in the order of their hashes.
        connection.execute(
            "CREATE TABLE IF NOT EXISTS replies (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, "
            "endpoint TEXT NOT NULL, request BLOB NOT NULL, reply BLOB NOT NULL)"
        )
        connection.execute(f"PRAGMA user_version={VERSION}")

    def _explain(self, cause: Exception) -> CacheError:
        said = str(cause)
        if "full" in said or "No space" in said:
            return CacheError(
                f"the disk is full: a reply could not be stored in {self.path}. What was stored stays readable; "
                "free some space and run the cell again."
            )
        if "not a database" in said or "malformed" in said:
            return CacheError(
                f"{self.path} is not a readable cache ({said}): move it away or name another file in open_cache."
            )
        return CacheError(
            f"the cache {self.path} cannot be used ({said}): check the folder, or name another file in open_cache."
        )


class CacheConnection:
    """An open Cache: look replies up and store them."""

    def __init__(self, cache: Cache, connection: sqlite3.Connection) -> None:
        self._cache, self._connection = cache, connection

    def __enter__(self) -> "CacheConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; what was stored stays."""
        self._connection.close()

    def look_up(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Find the replies of up to LOOK_UP_BATCH keys; keys without a reply are absent from the result."""
        marks = ",".join("?" * len(keys))
        try:
            found = dict(self._connection.execute(f"SELECT key, reply FROM replies WHERE key IN ({marks})", keys))
        except sqlite3.Error as cause:
            raise self._cache._explain(cause) from cause
        if self._cache._used is not None:
            self._cache._used.update((key, None) for key in keys if key in found)
        return found

    def store(self, exchanges: Sequence[tuple[bytes, str, bytes, bytes]]) -> None:
        """Keep replies, all or none, durable against the death of this process from the moment of return.

        exchanges: key, endpoint identity, request body and reply of each.
        """
        try:
            with closing(self._connection.cursor()) as cursor:
                cursor.execute("BEGIN IMMEDIATE")
                try:
                    cursor.executemany(
                        "INSERT OR REPLACE INTO replies (key, endpoint, request, reply) VALUES (?, ?, ?, ?)", exchanges
                    )
                    cursor.execute("COMMIT")
                except sqlite3.Error:
                    if self._connection.in_transaction:  # a full disk ends some transactions by itself
                        cursor.execute("ROLLBACK")
                    raise
        except sqlite3.Error as cause:
            raise self._cache._explain(cause) from cause
        if self._cache._used is not None:
            self._cache._used.update((exchange[0], None) for exchange in exchanges)

    def read_exchanges(self, keys: Sequence[bytes]) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield endpoint identity, request body and reply of each key that is stored."""
        for start in range(0, len(keys), LOOK_UP_BATCH):
            batch = keys[start : start + LOOK_UP_BATCH]
            marks = ",".join("?" * len(batch))
            query = f"SELECT endpoint, request, reply FROM replies WHERE key IN ({marks})"
            try:
                rows = self._connection.execute(query, batch).fetchall()
            except sqlite3.Error as cause:
                raise self._cache._explain(cause) from cause
            yield from rows


def _drop_noise(reply: bytes) -> Any:
    def clean(value: Any, depth: int = 0) -> Any:
        if depth > MAX_DEPTH:
            return None  # no reply that means something nests so deep, and JSON writers refuse it
        if isinstance(value, dict):
            return {key: clean(item, depth + 1) for key, item in value.items() if key not in NOISE}
        return [clean(item, depth + 1) for item in value] if isinstance(value, list) else value

    return clean(parse_json(reply))


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
