"""What a refusal means, in words that say what to do next."""

import re
from urllib.parse import urlsplit

from synthdata.models.endpoints import NIM_URL, Endpoint, mask_secret
from synthdata.models.providers import find_key_variable


def is_context_error(body: str) -> bool:
    """Tell whether an error body says that the conversation does not fit the model's context."""
    return bool(re.search(r"context (length|window|size)|maximum context|exceed_context|too many tokens", body, re.I))


def explain_status(endpoint: Endpoint, status: int, body: str, offered: list[str] | None = None) -> str:
    """Say in plain words what a refusal means and what to do next.

    status: HTTP status. body: what the server said. offered: model names the server lists, to suggest from.
    """
    where, said = f"{endpoint.name} answered {status}", _shorten(body)
    if status == 401:
        if endpoint.url == NIM_URL:
            return f"{where}: the key in NVIDIA_API_KEY ({mask_secret(endpoint.api_key)}) is not valid; make a new one ({said})."
        held = mask_secret(endpoint.api_key) if endpoint.api_key else "not set"
        names = dict.fromkeys(("SYNTHDATA_API_KEY", find_key_variable(urlsplit(endpoint.url or "").hostname)))
        return f"{where}: it wants a key; put the right one in {' or '.join(names)} (now: {held}; it said {said})."
    if status == 402 or (status == 403 and re.search(r"credit|quota|billing|payment", body, re.I)):
        return f"{where}: the account is out of credits ({said}); top it up, or name another endpoint, and run again."
    if status == 403:
        return f"{where}: this key may not use {endpoint.model} ({said}); use another key or name another model."
    if status == 410:
        return f"{where}: {endpoint.model} has ended ({said}). {suggest_models(endpoint, offered)}"
    if status == 404:
        return (
            f"{where}: no model {endpoint.model!r} for this account here ({said}). {suggest_models(endpoint, offered)}"
        )
    if status == 405:
        return f"{where}: this is no OpenAI-compatible chat server; check the address, which usually ends in /v1."
    if status == 429:
        return f"{where}: the limit of requests is reached; wait a minute, or set REQUESTS_PER_MINUTE to your account's ({said})."
    if status in (400, 413, 422) and is_context_error(body):
        return f"{where}: the context window of {endpoint.model} is too small ({said}); ask for fewer tokens."
    if status >= 500:
        return f"{where}: the server has a fault of its own ({said}); try again later."
    return f"{where}: {said}"


def suggest_models(endpoint: Endpoint, offered: list[str] | None) -> str:
    """List models of the server that could serve instead; the user chooses, nothing is swapped in."""
    prefix = "nim:" if endpoint.url == NIM_URL else f"{endpoint.url}#"
    wants_reward = "reward" in endpoint.model
    other = re.compile(r"embed|rerank|vision|whisper|tts|guard|safety|clip|ocr|detect|parse", re.I)
    usable = [
        name
        for name in offered or []
        if name != endpoint.model and ("reward" in name) == wants_reward and not other.search(name)
    ]
    if not usable and wants_reward:
        return f"The server lists no other reward model; run {endpoint.model} as a self-hosted NIM, or REWARD='local'."
    if not usable:
        return "The server lists no other chat model; name another endpoint, or GENERATOR='local'."
    more = f" and {len(usable) - 8} more" if len(usable) > 8 else ""
    return f"Listed there (not tried): {', '.join(prefix + name for name in sorted(usable)[:8])}{more}."


def _shorten(body: str, limit: int = 200) -> str:
    """One printable line of a server's reply: control characters cannot reach a terminal."""
    line = " ".join("".join(c if c.isprintable() else " " for c in body).split())
    return f"{line[:limit]}…" if len(line) > limit else line or "no text"
