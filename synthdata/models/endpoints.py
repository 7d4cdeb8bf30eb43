"""Where a model lives: NVIDIA NIM, the embedded model, or any OpenAI-compatible URL; and the key that goes with it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from synthdata.base.errors import InputError
from synthdata.base.text import clean_line
from synthdata.models.local.catalog import choose_slots, find_model
from synthdata.models.providers import find_key_variable, suggest_endpoint

NIM_URL = "https://integrate.api.nvidia.com/v1"

NIM_REQUESTS_PER_MINUTE = 40  # observed limit of a free account; the API sends no rate headers

NIM_GENERATOR = "nim:meta/llama-3.1-405b-instruct"

NIM_REWARD = "nim:nvidia/nemotron-4-340b-reward"

FORMS = "nim:<model>, local, local:tiny, http://host:port/v1#<model>, or auto"

_KEY_LIKE = re.compile(r"\b(nvapi-|sk-|hf_|gsk_|AIza|xai-|csk-)[\w-]{8,}")

Role = Literal["generator", "reward"]


@dataclass(frozen=True)
class Endpoint:
    """A model's address. `identity` names it in the cache; it outlives ports, processes and keys."""

    name: str
    model: str
    identity: str
    url: str | None  # None: the embedded model, whose port is known only once it runs
    api_key: str = field(default="", repr=False)
    requests_per_minute: float | None = None
    concurrency: int = 64  # at 40 requests a minute and a minute for a long answer, 40 are in flight

    @property
    def is_local(self) -> bool:
        return self.url is None


def mask_secret(secret: str) -> str:
    """Show at most the first four characters of a secret, and none of a short one."""
    return f"{clean_line(secret[:4])}…" if len(secret) > 12 else "…"


def show_endpoint(text: str) -> str:
    """Write what a user gave as an endpoint so that no secret in it shows: this decides for every message."""
    name = re.sub(r"^([a-z]+:[/\\]+)?.*[@＠]", r"\1…@", text, flags=re.I | re.S)
    name = re.sub(r"\?[^#]*", "?…", name)
    return repr(_KEY_LIKE.sub(lambda match: f"{match[1]}…", name))


def check_no_secret(text: str) -> None:
    """Raise InputError for an endpoint that holds a key, which would stand in the cache, in files and in messages."""
    base, _, model = text.partition("#")
    user = re.search(r"[@＠]", base) or re.search(r":[^/:]*[@＠]", model)
    if user or "?" in text or _KEY_LIKE.search(text):
        raise InputError(
            f"endpoint {show_endpoint(text)} carries a secret, or what may be one: write http://host:port/v1#<model>, and put the "
            "key in SYNTHDATA_API_KEY, or in NVIDIA_API_KEY for nim:…"
        )


def read_nim_key(environ: Mapping[str, str]) -> str:
    """Read NVIDIA_API_KEY; say which variable holds it when it is in the wrong one.

    Raises InputError when the key is missing, is in another variable, or is not an NVIDIA key.
    """
    key = environ.get("NVIDIA_API_KEY", "").strip()
    if not key:
        elsewhere = sorted(name for name, value in environ.items() if value.strip().startswith("nvapi-"))
        if elsewhere:
            raise InputError(
                f"NVIDIA_API_KEY is not set, but {elsewhere[0]} holds an NVIDIA key (nvapi-…): "
                f'run export NVIDIA_API_KEY="${elsewhere[0]}" and start the kernel again.'
            )
        raise InputError(
            "NVIDIA_API_KEY is not set: get a key at https://build.nvidia.com and export NVIDIA_API_KEY=nvapi-…, "
            "or choose GENERATOR='local' and REWARD='local', which need no account."
        )
    if not key.startswith("nvapi-"):
        raise InputError(
            f"NVIDIA_API_KEY holds {mask_secret(key)}, which is no NVIDIA key (they begin with nvapi-): "
            "put that key in SYNTHDATA_API_KEY for an http://…#model endpoint, and an nvapi- key here."
        )
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise InputError(
            f"NVIDIA_API_KEY ({mask_secret(key)}) has a space or line break inside, or a sign beyond ASCII: export it again."
        )
    return key


def read_key(host: str, environ: Mapping[str, str]) -> str:
    """Read the key for a host: SYNTHDATA_API_KEY, which is for all, else the provider's usual variable; "" when none is set.

    Raises InputError for a key with a space or line break inside.
    """
    for name in ("SYNTHDATA_API_KEY", find_key_variable(host)):
        if key := environ.get(name, "").strip():
            if not re.fullmatch(r"[\x21-\x7e]+", key):
                raise InputError(
                    f"{name} ({mask_secret(key)}) has a space or line break inside, or a sign beyond ASCII: export it again."
                )
            return key
    return ""


def parse_endpoint(text: str, role: Role = "generator", environ: Mapping[str, str] | None = None) -> Endpoint:
    """Turn a written endpoint into an Endpoint.

    text: nim:<model>, local, local:tiny, http://host:port/v1#<model>, or auto (NIM when NVIDIA_API_KEY is set,
    else local). role: "generator" or "reward", what auto stands for. environ: where keys are read, os.environ.
    Raises InputError for an unknown form or a missing or misplaced key.
    """
    environ = os.environ if environ is None else environ
    text = text.strip() if isinstance(text, str) else text
    if not isinstance(text, str) or not text:
        raise InputError(f"endpoint is {text!r}: write one of {FORMS}.")
    check_no_secret(text)
    if text == "auto":
        holds_key = any(value.strip().startswith("nvapi-") for value in environ.values())
        if holds_key or environ.get("NVIDIA_API_KEY", "").strip():
            text = NIM_GENERATOR if role == "generator" else NIM_REWARD
        else:
            text = "local"
    if text.startswith("nim:"):
        model = text.removeprefix("nim:")
        if not model:
            usual = NIM_GENERATOR if role == "generator" else NIM_REWARD
            raise InputError(f"endpoint {text!r} names no model: write for example {usual}.")
        return Endpoint(
            text, model, NIM_URL, NIM_URL, read_nim_key(environ), requests_per_minute=NIM_REQUESTS_PER_MINUTE
        )
    if text == "local" or text.startswith("local:"):
        known = find_model(text)
        return Endpoint(text, known.name, f"embedded:{known.file}", None, concurrency=choose_slots())
    if text.startswith(("http://", "https://")):
        return _parse_url(text, environ)
    likely = suggest_endpoint(text)
    told = f"write {likely}" if likely else f"write one of {FORMS}"
    raise InputError(f"endpoint {text!r} is not understood: {told}.")


def _parse_url(text: str, environ: Mapping[str, str]) -> Endpoint:
    base, _, model = text.partition("#")
    base = base.rstrip("/")
    try:
        parts = urlsplit(base)
        port = parts.port
    except ValueError:
        raise InputError(f"endpoint {show_endpoint(text)} is not a URL: write http://host:port/v1#<model>.") from None
    if not parts.hostname or port == 0 or not model:
        raise InputError(f"endpoint {text!r} lacks a host or a model: write http://host:port/v1#<model>.")
    key = read_nim_key(environ) if base == NIM_URL else read_key(parts.hostname, environ)
    return Endpoint(f"{base}#{model}", model, base, base, key)
