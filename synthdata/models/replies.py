"""What a model's reply says: the one boundary at which every field of it is read, whatever a server really sent.

A field that is not of its kind becomes null; what cannot be an answer gets a `fault` that says why, and the reply's text
stays with it. Nothing here raises for the content of a reply but parse_json, for bytes that are no JSON at all.
"""

import functools
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from synthdata.models.server_errors import read_error
from synthdata.models.thinking import split_thinking

RAW_CHARACTERS = 2000
# What servers call the number of tokens that an answer may have.
LIMIT_NAMES = ("max_tokens", "max_completion_tokens", "max_new_tokens", "max_output_tokens", "n_predict", "num_predict")
LARGEST_COUNT = 2**53  # beyond this a number of tokens is none, and no other program would read it exactly
SURROGATE = re.compile("[\ud800-\udfff]")

# Why a model ended of itself, in the words of the servers we know, in lower case; any other reason cut the answer off.
NATURAL_ENDS = frozenset(
    [
        "stop", "stop_sequence", "stop_token", "end_turn", "end_of_turn", "end_of_text", "endoftext", "end_of_sequence",
        "eos", "eos_token", "eot", "complete", "completed", "end", "done", "finish", "finished", "normal", "success",
        "natural", "natural_end",
        "stop_str", "stop_string", "stop_word", "stopped_eos", "stopped_word", "eos_found", "eos_token_found", "im_end", "eot_id",
        "s", "ended",
    ]
)  # fmt: skip
# Why a server took an answer back.
_WITHHELD = frozenset(
    [
        "content_filter", "content_filtered", "contentfilter", "safety", "prohibited_content", "blocklist", "recitation", "spii",
        "guardrail_intervened", "sensitive",
    ]
)  # fmt: skip
_CALLS = frozenset(["tool_calls", "tool_call", "tool_use", "function_call"])
_TOOL_PARTS = _CALLS | {"function", "server_tool_use"}
_CUT = frozenset(["length", "max_tokens", "model_length", "max_output_tokens", "max_new_tokens"])
# What thinking, and the text in a part of a message, are called.
_REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_text", "thoughts", "reasoning_details")
_PART_FIELDS = ("text", "thinking", "reasoning", "content", "value", "summary", "output_text", "parts")
# What servers say where they do not say how it ended.
_WHOLE_ENDS = NATURAL_ENDS | {"", "null", "none", "unknown", "unspecified"}


@dataclass(frozen=True, slots=True)
class Completion:
    """A chat model's reply: the answer, with the model's reasoning kept apart.

    fault: why there is no answer in it, "" when there is. again: the fault is the server's of that moment, so the reply is
    not kept as an answer. raw: the start of the reply where there is a fault.
    """

    text: str
    finish_reason: str | None
    model: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    reasoning: str = ""
    fault: str = ""
    again: bool = False
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without a usable reply: why, and what the server said. refused: it will not take such a request at all."""

    reason: str
    raw: str = ""
    refused: bool = False


def parse_json(raw: bytes) -> Any:
    """Parse JSON as servers send it: NaN and Infinity, half surrogate pairs, a byte order mark, bytes that are no UTF-8.

    What cannot be written as UTF-8 becomes U+FFFD. Raises ValueError for what is no JSON.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    text = raw.decode("utf-8-sig", errors="replace")
    try:
        value = json.loads(text, strict=False)  # raw line ends within a string too
    except RecursionError as cause:
        raise ValueError("JSON nested too deep") from cause
    return _replace_surrogates(value) if "\\ud" in text.lower() else value


def read_completion(reply: dict[str, Any]) -> Completion:
    """Read a chat reply: text, reasoning and counts, and a fault where it holds no answer."""
    choice = get_choice(reply)
    message = get_message(choice)
    content = message.get("content")
    text, reasoning = read_content(content if content is not None else choice.get("text"))
    for name in _REASONING_FIELDS:
        if not reasoning and (said := message.get(name)):
            reasoning = "\n".join(filter(None, read_content(said)))
    text, thought, open_ended = split_thinking(text)
    reasoning = (reasoning or thought).strip()
    reason = _read_reason(choice)
    told = message.get("error") or reply.get("error")
    error = read_error(choice) or (read_error({"error": told}) if told else None)
    if error is None and reason and _bare_reason(reason) == "error":
        error = None, "finish_reason error"
    fault, again = _find_fault(text.strip(), reasoning, open_ended, reason, message)
    if error is not None:
        fault, again = f"the server reports an error ({error[1]})", True
    prompt_tokens, completion_tokens = read_usage(reply)
    return Completion(
        text.strip(),
        reason,
        reply["model"] if isinstance(reply.get("model"), str) else None,
        prompt_tokens,
        completion_tokens,
        reasoning,
        fault,
        again,
        write_raw(reply) if fault else "",
    )


def read_usage(reply: dict[str, Any]) -> tuple[int | None, int | None]:
    """Read how many tokens a reply's prompt and answer had, by the names that servers give them; None for what is not told."""
    usage = reply.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    prompt, completion = (
        next((count for name in names if (count := read_count(usage.get(name))) is not None), None)
        for names in (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"))
    )
    return prompt, completion


def find_limit(params: Mapping[str, Any]) -> int | None:
    """Find the number of tokens that an answer may have by the parameters of its request; None where they name none."""
    counts = [read_count(params.get(name)) for name in LIMIT_NAMES]
    return min((count for count in counts if count), default=None)


def find_end(completion: Completion, limit: int | None) -> str | None:
    """Find why an answer ended: its finish_reason, but "length" where it used up the tokens it was given and says "stop"."""
    full = limit is not None and completion.completion_tokens is not None and completion.completion_tokens >= limit
    return "length" if full and is_natural_end(completion.finish_reason) else completion.finish_reason


def is_natural_end(reason: str | None) -> bool:
    """Tell whether a finish_reason means a whole answer; one that says nothing (None, "", "unknown") is taken for whole."""
    return not isinstance(reason, str) or _bare_reason(reason) in _WHOLE_ENDS


def read_content(content: Any) -> tuple[str, str]:
    """Read a message's content, a string, a part or a list of parts, as text and thinking."""
    if isinstance(content, str):
        return content, ""
    texts: list[str] = []
    thoughts: list[str] = []
    if isinstance(content, dict):
        content = content["parts"] if isinstance(content.get("parts"), list) else [content]
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            kind = str(part.get("type", "text")).lower()
            if kind in _TOOL_PARTS or kind == "refusal":
                continue
            where = thoughts if "think" in kind or "reason" in kind or part.get("thought") is True else texts
            value = next((part[name] for name in _PART_FIELDS if part.get(name)), "")
            said = value if isinstance(value, str) else "".join(read_content(value))
            where.append("" if kind.startswith("redacted") else said)
    return "".join(texts), "\n".join(filter(None, thoughts))


def read_count(value: Any) -> int | None:
    """Read a number of tokens: a whole number, or a fraction or text that is one; None for anything else."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < LARGEST_COUNT:
        return None
    return None if math.isnan(value) else round(value)


def get_choice(reply: dict[str, Any]) -> dict[str, Any]:
    """Get a reply's first choice; empty where it has none of its kind."""
    choices = reply.get("choices")
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}


def get_message(choice: dict[str, Any]) -> dict[str, Any]:
    """Get a choice's message, which some reward models send as a list holding one."""
    message = choice.get("message") or {}
    if isinstance(message, list):
        message = message[0] if message else {}
    return message if isinstance(message, dict) else {}


def write_raw(reply: Any) -> str:
    """Write a reply, or its beginning, as text to be kept beside a row."""
    try:
        return orjson.dumps(reply, default=str).decode()[:RAW_CHARACTERS]
    except (orjson.JSONEncodeError, RecursionError):
        return repr(reply)[:RAW_CHARACTERS]


def _find_fault(
    text: str, reasoning: str, open_ended: bool, reason: str | None, message: dict[str, Any]
) -> tuple[str, bool]:
    """Say why a reply holds no answer, and whether asking again may bring one; "" when it does."""
    if reason and _bare_reason(reason) in _WITHHELD:
        return f"withheld by the endpoint's content filter ({reason})", False
    if text:
        return "", False
    if refusal := _find_refusal(message):
        return f"the model refused: {refusal[:200]}", False
    parts = message.get("content")
    kinds = (
        {str(part.get("type")).lower() for part in parts if isinstance(part, dict)}
        if isinstance(parts, list)
        else set()
    )
    called = message.get("tool_calls") or message.get("function_call") or kinds & _TOOL_PARTS
    if called or (reason and _bare_reason(reason) in _CALLS):
        return "the model called a tool instead of answering", False
    if open_ended or reasoning:
        return f"empty: all thinking, no answer (finish_reason {reason}): raise max_tokens", False
    return f"empty (finish_reason {reason})", reason not in ("stop", "length")


def _find_refusal(message: dict[str, Any]) -> str:
    """Find the words in which a model refused, beside a content without text; "" for none."""
    content = message.get("content")
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    values = [message.get("refusal"), *(part.get("refusal") for part in parts)]
    said = [value if isinstance(value, str) else "".join(read_content(value)) for value in values if value]
    return " ".join(said).strip()


def _read_reason(choice: dict[str, Any]) -> str | None:
    """Read why a model ended; of a server that says it twice, the reason that cut the answer off."""
    names = ("finish_reason", "finishReason", "stop_reason", "done_reason", "native_finish_reason")
    reasons = [choice[name] for name in names if isinstance(choice.get(name), str)]
    cut = [reason for reason in reasons if _bare_reason(reason) in _CUT]
    return next(iter(cut or reasons), None)


@functools.lru_cache(256)  # read several times for every reply, and servers know few
def _bare_reason(reason: str) -> str:
    """Write a finish_reason alike: "FinishReason.STOP", "end-turn" and "<|im_end|>" are stop, end_turn and im_end."""
    name = reason.strip().rsplit(".", 1)[-1]
    name = name if name.isupper() else re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"[\s-]+", "_", name).strip("</|>_").lower().removeprefix("finish_reason_")


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    return (
        {_replace_surrogates(k): _replace_surrogates(v) for k, v in value.items()} if isinstance(value, dict) else value
    )
