"""What comes back for a request: a chat reply read apart, or a failure that says why.

Covers answers, reasoning kept apart from them, and messages that come as a list. Not covered: scores (reward.py).
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Completion:
    """A chat model's reply: the answer, with the model's reasoning kept apart."""

    text: str
    finish_reason: str | None
    model: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without a usable reply: why, and what the server said."""

    reason: str
    raw: str = ""


def read_completion(reply: dict[str, Any]) -> Completion:
    """Read a chat reply, reasoning (`reasoning_content` or a <think> block) separated from the answer."""
    choice = reply["choices"][0]
    message = get_message(choice)
    text = message.get("content") or ""
    reasoning = message.get("reasoning_content") or message.get("reasoning") or ""
    if "</think>" in text:
        thought, _, text = text.partition("</think>")
        reasoning = reasoning or thought.strip().removeprefix("<think>")
    elif text.lstrip().startswith("<think>"):  # cut off while thinking: there is no answer yet
        reasoning, text = reasoning or text, ""
    usage = reply.get("usage") or {}
    return Completion(
        text.strip(),
        choice.get("finish_reason"),
        reply.get("model"),
        usage.get("prompt_tokens"),
        usage.get("completion_tokens"),
        reasoning.strip(),
    )


def get_message(choice: dict[str, Any]) -> dict[str, Any]:
    """Get a choice's message, which some reward models send as a list holding one."""
    message = choice.get("message") or {}
    if isinstance(message, list):
        message = message[0] if message else {}
    return message if isinstance(message, dict) else {}
