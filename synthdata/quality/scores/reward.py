"""Model reply -> five attributes, or one scalar.

Covers every form of reward reply known to us: attributes in logprobs, attributes in the content, the message as a list,
one scalar, a judge's yes/no by probability, a judge's JSON where logprobs are not served. A reply that cannot be read
gives no score and keeps its text; it never becomes a number. Not covered: sending (scoring.py), a judge's questions
and weights (judge.py), pairwise comparison.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from synthdata.models.replies import Failure, get_message
from synthdata.quality.scores.scale import ATTRIBUTES, weigh_attributes

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"

ATTRIBUTE_PAIR = re.compile(rf"({'|'.join(ATTRIBUTES)})\s*[\"']?\s*[:=]\s*({_NUMBER})(?![\w.])", re.IGNORECASE)

_SCALAR = re.compile(rf"^\s*(?:reward|score)\s*[:=]\s*({_NUMBER})\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reward:
    """A scored reply. Attributes run from about 0 to 4 and are never clipped; a scalar form has none."""

    scores: Mapping[str, float]
    reward: float | None
    form: str  # "logprobs", "content", "scalar", "judge" or "judge-json"


def parse_reward(reply: Mapping[str, Any]) -> Reward | Failure:
    """Read a reward model's reply in whichever form it came.

    Returns a Failure with the raw text when it is none of them, lacks an attribute, names one twice with different
    values, or holds a value that is no finite number.
    """
    choice = (reply.get("choices") or [{}])[0]
    content = get_message(choice).get("content") or ""
    logprobs = choice.get("logprobs")
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    pairs = [
        (entry.get("token"), entry.get("logprob"))
        for entry in entries or []
        if isinstance(entry, dict) and entry.get("token") in ATTRIBUTES
    ]
    scores = gather_scores(pairs)
    if scores is not None:
        return Reward(scores, weigh_attributes(scores), "logprobs")
    scores = gather_scores([(name.lower(), value) for name, value in ATTRIBUTE_PAIR.findall(content)])
    if scores is not None:
        return Reward(scores, weigh_attributes(scores), "content")
    scalar = _SCALAR.match(content)
    value = read_number(scalar[1]) if scalar else None
    if value is not None:
        return Reward({}, value, "scalar")
    return Failure("the reply holds no scores", content or orjson.dumps(reply).decode()[:2000])


def read_number(value: Any) -> float | None:
    """Read a finite number from a number or its text; None for anything else, booleans included."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def gather_scores(pairs: list[tuple[Any, Any]]) -> dict[str, float] | None:
    scores: dict[str, float] = {}
    for name, value in pairs:
        number = read_number(value)
        if number is None or scores.setdefault(name, number) != number:
            return None
    return {name: scores[name] for name in ATTRIBUTES} if len(scores) == len(ATTRIBUTES) else None
