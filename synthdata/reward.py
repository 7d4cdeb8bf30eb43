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

from synthdata.replies import Failure, get_message, read_completion

ATTRIBUTES = ("helpfulness", "correctness", "coherence", "complexity", "verbosity")

# Regression weights of NVIDIA's model card for nemotron-4-340b-reward, from HelpSteer2 attributes to one preference.
NEMOTRON_WEIGHTS = {"helpfulness": 0.3, "correctness": 0.74, "coherence": 0.46, "complexity": 0.47, "verbosity": -0.33}

NO_LOGPROBS = "the endpoint serves no logprobs"
TOP_LOGPROBS = 12
LEAST_MASS = 0.05  # less probability than this on yes and no together is no answer to a yes/no question

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_PAIR = re.compile(rf"({'|'.join(ATTRIBUTES)})\s*[\"']?\s*[:=]\s*({_NUMBER})(?![\w.])", re.IGNORECASE)
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
    scores = _gather_scores(pairs)
    if scores is not None:
        return Reward(scores, weigh_attributes(scores), "logprobs")
    scores = _gather_scores([(name.lower(), value) for name, value in _PAIR.findall(content)])
    if scores is not None:
        return Reward(scores, weigh_attributes(scores), "content")
    scalar = _SCALAR.match(content)
    value = read_number(scalar[1]) if scalar else None
    if value is not None:
        return Reward({}, value, "scalar")
    return Failure("the reply holds no scores", content or orjson.dumps(reply).decode()[:2000])


def parse_yes_no(reply: Mapping[str, Any]) -> float | Failure:
    """Read the probability of yes among yes and no, 0 to 1, from the first token's logprobs."""
    choice = reply["choices"][0]
    content = get_message(choice).get("content") or ""
    logprobs = choice.get("logprobs")
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not entries or not isinstance(entries[0], dict) or not entries[0].get("top_logprobs"):
        return Failure(NO_LOGPROBS, content)
    mass = {"yes": 0.0, "no": 0.0}
    for entry in entries[0]["top_logprobs"]:
        word = str(entry.get("token")).strip().lower()
        value = read_number(entry.get("logprob"))
        if word in mass and value is not None:
            mass[word] += math.exp(min(value, 0.0))
    total = mass["yes"] + mass["no"]
    return mass["yes"] / total if total >= LEAST_MASS else Failure("answered neither yes nor no", content)


def parse_judge_json(reply: Mapping[str, Any]) -> Reward | Failure:
    """Read a judge's JSON object with a number from 0 to 4 for each attribute; reward: helpfulness and correctness."""
    content = read_completion(dict(reply)).text
    scores = _gather_scores([(name.lower(), value) for name, value in _PAIR.findall(content)])
    if scores is None or not all(0 <= value <= 4 for value in scores.values()):
        return Failure("the judge's reply holds no five scores from 0 to 4", content)
    return Reward(scores, (scores["helpfulness"] + scores["correctness"]) / 2, "judge-json")


def weigh_attributes(scores: Mapping[str, float]) -> float:
    """Reduce Nemotron's attributes to one scalar by a weighted sum, rounded to 6 decimals."""
    return round(sum(weight * scores[name] for name, weight in NEMOTRON_WEIGHTS.items()), 6)


def read_number(value: Any) -> float | None:
    """Read a finite number from a number or its text; None for anything else, booleans included."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _gather_scores(pairs: list[tuple[Any, Any]]) -> dict[str, float] | None:
    scores: dict[str, float] = {}
    for name, value in pairs:
        number = read_number(value)
        if number is None or scores.setdefault(name, number) != number:
            return None
    return {name: scores[name] for name in ATTRIBUTES} if len(scores) == len(ATTRIBUTES) else None
