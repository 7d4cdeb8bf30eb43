"""What one scored response is, how a scorer is asked for it, and how a reward model's reply becomes it."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synthdata.models.client import Client
from synthdata.models.replies import Failure, get_choice, get_message, read_content

ATTRIBUTES = ("helpfulness", "correctness", "coherence", "complexity", "verbosity")

# Regression weights of NVIDIA's model card for nemotron-4-340b-reward, from HelpSteer2 attributes to one preference.
NEMOTRON_WEIGHTS = {"helpfulness": 0.3, "correctness": 0.74, "coherence": 0.46, "complexity": 0.47, "verbosity": -0.33}

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_PAIR = re.compile(rf"({'|'.join(ATTRIBUTES)})\s*[\"']?\s*[:=]\s*({_NUMBER})(?![\w.])", re.IGNORECASE)
_SCALAR = re.compile(rf"^\s*(?:reward|score)\s*[:=]\s*({_NUMBER})\s*$", re.IGNORECASE)

Conversation = list[dict[str, str]]
Questions = Mapping[str, tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Reward:
    """A scored reply. Attributes run from about 0 to 4 and are never clipped; a form that has none gives one scalar.

    form: its name in scale.SCALES, which becomes the column reward_form.
    """

    scores: Mapping[str, float]
    reward: float | None
    form: str


@dataclass(frozen=True, eq=False, slots=True)
class Probe:
    """A tiny request that shows how a scorer answers.

    body: the request. read: the form of its reply, or a Failure. learned: what is known of a server that takes it.
    """

    body: dict[str, Any]
    read: Callable[[dict[str, Any]], "str | Failure"]
    learned: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Way:
    """One way of asking a scorer.

    name: what score_responses and the usage table call it. model_word: a word in the names of models asked so, "" for any.
    requests: how many each response costs. score: asks about conversations, in order. probes: the request that shows how a
    scorer answers, and those to try where a server refuses it.
    """

    name: str
    model_word: str
    requests: int
    score: Callable[[Sequence[Conversation], Client, Questions], "list[Reward | Failure]"]
    probes: tuple[Probe, ...]


def make_conversation(instruction: str, response: str) -> Conversation:
    """Make the two messages that a scorer is asked about."""
    return [{"role": "user", "content": instruction}, {"role": "assistant", "content": response}]


def read_attributes(reply: dict[str, Any]) -> Reward | None:
    """Read five attributes, from the logprobs' tokens or else from the content; None when they are not all there."""
    logprobs = get_choice(reply).get("logprobs")
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    pairs = [
        (entry.get("token"), entry.get("logprob"))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and entry.get("token") in ATTRIBUTES
    ]
    for form, found in (("logprobs", gather_scores(pairs)), ("content", find_scores(read_text(reply)))):
        if found is not None:
            return Reward(found, weigh_attributes(found), form)
    return None


def read_scalar(reply: dict[str, Any]) -> Reward | None:
    """Read a reply that is one number, such as "reward:-19.875"."""
    match = _SCALAR.match(read_text(reply))
    value = read_number(match[1]) if match else None
    return None if value is None else Reward({}, value, "scalar")


def weigh_attributes(scores: Mapping[str, float]) -> float:
    """Reduce Nemotron's attributes to one scalar by a weighted sum, rounded to 6 decimals."""
    return round(sum(weight * scores[name] for name, weight in NEMOTRON_WEIGHTS.items()), 6)


def read_text(reply: dict[str, Any]) -> str:
    """Read the content of a reply's message, "" where there is none."""
    return read_content(get_message(get_choice(reply)).get("content"))[0]


def find_scores(content: str) -> dict[str, float] | None:
    """Find the five attributes written as name: number or name = number; None when they are not all there."""
    return gather_scores([(name.lower(), value) for name, value in _PAIR.findall(content)])


def gather_scores(pairs: list[tuple[Any, Any]]) -> dict[str, float] | None:
    """Gather attributes from pairs; None when one lacks, is no finite number, or comes twice with different values."""
    scores: dict[str, float] = {}
    for name, value in pairs:
        number = read_number(value)
        if number is None or scores.setdefault(name, number) != number:
            return None
    return {name: scores[name] for name in ATTRIBUTES} if len(scores) == len(ATTRIBUTES) else None


def read_number(value: Any) -> float | None:
    """Read a finite number from a number or its text; None for anything else, booleans included."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
