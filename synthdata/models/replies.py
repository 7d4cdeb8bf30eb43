"""What a model's reply says: the one boundary at which every field of it is read, whatever a server really sent.

A field that is not of its kind becomes null; what cannot be an answer gets a `fault` that says why, and the reply's text
stays with it. Nothing here raises for the content of a reply but parse_json, for bytes that are no JSON at all.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

import orjson

RAW_CHARACTERS = 2000
LARGEST_COUNT = 2**53  # beyond this a number of tokens is none, and no other program would read it exactly
SURROGATE = re.compile("[\ud800-\udfff]")

# Why a model ended of itself, in the words of the servers we know, in lower case; any other reason cut the answer off.
NATURAL_ENDS = frozenset(
    [
        "stop", "stop_sequence", "stop_token", "end_turn", "end_of_turn", "end_of_text", "endoftext", "end_of_sequence",
        "eos", "eos_token", "eot", "complete", "completed", "end", "done", "finish", "finished", "normal", "success",
    ]
)  # fmt: skip
# What servers say where they do not say how it ended.
_UNKNOWN_ENDS = frozenset(["", "null", "none", "unknown", "unspecified", "finish_reason_unspecified"])

# How models mark their thinking, where the server leaves it in the text. Only at the start of an answer: a text about such
# marks may hold them anywhere.
_THOUGHTS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[THINK]", "[/THINK]"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("◁think▷", "◁/think▷"),
)
_FINAL = re.compile(r"<\|channel\|>\s*final\s*(?:<\|[^|>]*\|>[^<]*)?<\|message\|>")
_HARMONY = re.compile(r"<\|(?:start|end|return|call|channel|message|constrain)\|>")


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
    """A request without a usable reply: why, and what the server said."""

    reason: str
    raw: str = ""


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
        value = json.loads(text)
    except RecursionError as cause:
        raise ValueError("JSON nested too deep") from cause
    return _replace_surrogates(value) if "\\ud" in text.lower() else value


def read_completion(reply: dict[str, Any]) -> Completion:
    """Read a chat reply: text, reasoning and counts, and a fault where it holds no answer."""
    choice = get_choice(reply)
    message = get_message(choice)
    text, reasoning = read_content(message.get("content"))
    for name in ("reasoning_content", "reasoning"):
        reasoning = reasoning or (message[name] if isinstance(message.get(name), str) else "")
    text, thought, open_ended = split_thinking(text)
    reasoning = (reasoning or thought).strip()
    reason = choice.get("finish_reason")
    reason = reason if isinstance(reason, str) else None
    usage = reply.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    fault, again = _find_fault(text.strip(), reasoning, open_ended, reason, choice, message)
    return Completion(
        text.strip(),
        reason,
        reply["model"] if isinstance(reply.get("model"), str) else None,
        read_count(usage.get("prompt_tokens")),
        read_count(usage.get("completion_tokens")),
        reasoning,
        fault,
        again,
        write_raw(reply) if fault else "",
    )


def is_natural_end(reason: str | None) -> bool:
    """Tell whether a finish_reason means a whole answer; one that says nothing (None, "", "unknown") is taken for whole."""
    return not isinstance(reason, str) or _bare_reason(reason) in NATURAL_ENDS | _UNKNOWN_ENDS


def split_thinking(text: str) -> tuple[str, str, bool]:
    """Separate an answer from the thinking that a model wrote around it.

    Returns the answer, the thinking, and whether the thinking never ended, so that there is no answer yet. Some servers swallow
    the opening mark; a closing one alone ends the thinking unless it is spoken of, in code or in a sentence.
    """
    if "<" not in text and "[" not in text and "◁" not in text:
        return text, "", False  # each mark begins with one of these; this is read for every reply
    final = list(_FINAL.finditer(text))
    if text.lstrip().startswith("<|") and _HARMONY.match(text.lstrip()):
        if not final:
            return "", _HARMONY.sub(" ", text).strip(), True
        answer = re.split(r"<\|(?:end|return|call|start)\|>", text[final[-1].end() :])[0]
        return answer, _HARMONY.sub(" ", text[: final[-1].start()]).strip(), False
    thoughts: list[str] = []
    rest = text.lstrip()
    progress = True
    while progress:
        progress = False
        for opening, closing in _THOUGHTS:
            if rest[: len(opening)].lower() == opening.lower():
                thought, found, rest = _partition(rest[len(opening) :], closing)
                thoughts.append(thought.strip())
                if not found:
                    return "", "\n\n".join(thoughts), True
                rest, progress = rest.lstrip(), True
    for opening, closing in () if thoughts else _THOUGHTS[:2]:
        thought, found, after = _partition(rest, closing)
        if found and after.strip() and opening.lower() not in thought.lower() and _ends_thinking(thought, after):
            return after.lstrip(), thought.strip(), False
    if thoughts:  # a second block behind the answer's beginning
        for opening, closing in _THOUGHTS:
            pattern = re.compile(rf"{re.escape(opening)}.*?(?:{re.escape(closing)}|\Z)", re.S | re.I)
            thoughts += [match[0] for match in pattern.finditer(rest)]
            rest = pattern.sub("", rest)
        return rest, "\n\n".join(thoughts), not rest.strip()
    return text, "", False


def read_content(content: Any) -> tuple[str, str]:
    """Read a message's content, a string or a list of parts, as text and thinking."""
    if isinstance(content, str):
        return content, ""
    texts: list[str] = []
    thoughts: list[str] = []
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            kind = str(part.get("type", "text"))
            where = thoughts if "think" in kind or "reason" in kind else texts
            value = next(
                (part[name] for name in ("text", "thinking", "reasoning", "content", "value") if part.get(name)), ""
            )
            where.append(value if isinstance(value, str) else "".join(read_content(value)))
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


def read_error(reply: Any) -> tuple[int | None, str] | None:
    """Read the error that a server sent under status 200: its code, None where it gives none, and its words."""
    error = reply.get("error") if isinstance(reply, dict) else None
    if not error:
        return None
    if not isinstance(error, dict):
        return None, str(error)
    code = next((read_count(error.get(name)) for name in ("code", "status", "status_code") if error.get(name)), None)
    said = error.get("message") or error.get("detail") or write_raw(error)
    return (code if code and 400 <= code < 600 else None), str(said)


def write_raw(reply: Any) -> str:
    """Write a reply, or its beginning, as text to be kept beside a row."""
    try:
        return orjson.dumps(reply, default=str).decode()[:RAW_CHARACTERS]
    except (orjson.JSONEncodeError, RecursionError):
        return repr(reply)[:RAW_CHARACTERS]


def _find_fault(
    text: str, reasoning: str, open_ended: bool, reason: str | None, choice: dict[str, Any], message: dict[str, Any]
) -> tuple[str, bool]:
    """Say why a reply holds no answer, and whether asking again may bring one; "" when it does."""
    error = read_error(choice)
    if error is not None:
        return f"the server reports an error ({error[1]})", True
    if reason == "content_filter":
        return "withheld by the endpoint's content filter", False
    if text:
        return "", False
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal.strip():
        return f"the model refused: {refusal.strip()[:200]}", False
    if message.get("tool_calls") or message.get("function_call"):
        return "the model called a tool instead of answering", False
    if open_ended or reasoning:
        return f"empty: all thinking, no answer (finish_reason {reason}): raise max_tokens", False
    return f"empty (finish_reason {reason})", reason not in ("stop", "length")


def _bare_reason(reason: str) -> str:
    """Write a finish_reason alike: "FinishReason.STOP", "end-turn" and "endTurn" are stop and end_turn."""
    name = reason.strip().rsplit(".", 1)[-1]
    name = name if name.isupper() else re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"[\s-]+", "_", name).lower()


def _partition(text: str, mark: str) -> tuple[str, bool, str]:
    place = text.lower().find(mark.lower())
    return (text, False, "") if place < 0 else (text[:place], True, text[place + len(mark) :])


def _ends_thinking(thought: str, after: str) -> bool:
    """Whether a closing mark without an opening one ends a thought, and is not spoken of in code or a sentence."""
    if "`" in thought or re.match(r"[`'\")\],.;:]", after):
        return False
    return re.match(r"\s*\n", after) is not None or not re.search(r"[\s'\"(\[]\Z", thought) or thought.endswith("\n")


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    return (
        {_replace_surrogates(k): _replace_surrogates(v) for k, v in value.items()} if isinstance(value, dict) else value
    )
