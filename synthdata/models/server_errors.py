"""The error that a server sent in place of an answer, under status 200: its code and its words, in each form that servers use."""

import re
from typing import Any

import orjson

_WORDS = ("message", "detail", "msg", "error_description", "error_msg", "description", "title", "reason", "error")
_CODES = ("code", "status", "status_code", "statusCode", "http_status", "error_code", "errcode")
_NAMES = (*_CODES, "type", "title", "message", "detail", "msg")

_FIELDS = frozenset(
    [*_WORDS, *_CODES, "errors", "fault", "object", "type", "success", "ok"]
)  # without one it is no error

# What an error is called, or what it says, where it bears no number; the first that fits counts.
_MEANINGS = (
    (402, r"insufficient[ _](?:quota|credit|balance|funds)|out of credits|exceeded your current quota|billing|payment required"),
    (429, r"rate[ _-]?limit|too[ _]many[ _]requests|resource[ _]exhausted|throttl"),
    (401, r"invalid[ _]api[ _]key|incorrect api key|unauthori[sz]ed|authentication|unauthenticated|invalid[ _]token"),
    (403, r"permission[ _](?:denied|error)|forbidden|access denied"),
    (404, r"model[ _]not[ _]found|not[ _]?found[ _]?error|model\b.{0,80}(?:not found|does not exist|is not (?:available|supported))"
     r"|(?:no such|unknown|invalid) model"),
    (503, r"overloaded|unavailable|timed? ?out|timeout|try again"),
)  # fmt: skip


def read_error(reply: Any) -> tuple[int | None, str] | None:
    """Read the error in a reply, or in a part of one: its status, None where it tells none, and its words; None for no error."""
    if not isinstance(reply, dict) or reply.keys().isdisjoint(_FIELDS):
        return None
    error = reply.get("error") or _get_first(reply.get("errors")) or reply.get("fault")
    if not error and not any(
        isinstance(reply.get(name), (dict, list)) and reply[name] for name in ("choices", "message")
    ):
        error = _get_bare(reply)
    if not error:
        return None
    said = _find_words(error)
    return _find_status(error) or _find_status(reply) or _find_meaning(error, said), said


def _get_bare(reply: dict[str, Any]) -> Any:
    """Get the reply itself where it is an error without a name: {"detail": …}, {"code": 401, "message": …}."""
    named = reply.get("object") == "error" or str(reply.get("type", "")).lower().endswith("error")
    failed = reply.get("success") is False or reply.get("ok") is False
    words = any(isinstance(reply.get(name), str) and reply[name] for name in _WORDS)
    told = isinstance(reply.get("detail"), (str, list)) or _find_status(reply) is not None
    return reply if (named or failed or told) and (words or reply.get("detail")) else None


def _get_first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _find_words(error: Any) -> str:
    if isinstance(error, str):
        return error
    if isinstance(error, dict):
        for name in _WORDS:
            said = error.get(name)
            if isinstance(said, dict):
                return _find_words(said)
            if isinstance(said, str) and said.strip():
                return said.strip()
    try:
        return orjson.dumps(error, default=str).decode()[:2000]
    except (orjson.JSONEncodeError, RecursionError):
        return repr(error)[:2000]


def _find_status(error: Any) -> int | None:
    for name in _CODES if isinstance(error, dict) else ():
        value = error.get(name)
        code = int(value) if isinstance(value, str) and re.fullmatch(r"[45]\d\d", value.strip()) else value
        if isinstance(code, (int, float)) and not isinstance(code, bool) and 400 <= code < 600:
            return int(code) if code != 429 or _find_meaning(error, "") != 402 else 402
    return None


def _find_meaning(error: Any, said: str) -> int | None:
    texts = [str(error[name]) for name in _NAMES if isinstance(error.get(name), str)] if isinstance(error, dict) else []
    text = " ".join([*texts, said])[:1000]
    return next((code for code, pattern in _MEANINGS if re.search(pattern, text, re.I | re.S)), None)
