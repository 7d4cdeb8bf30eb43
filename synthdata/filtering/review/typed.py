"""Bounds as people type them: "3", "3 - 4.6", "<= 2.5", and how they are written back."""

import re

from synthdata.base.errors import InputError
from synthdata.filtering.thresholds import Bounds

# Columns of which less is better, so that a lone number is the highest that stays.
LOWEST_FIRST = frozenset({"verbosity", "similarity", "reward_rank", "completion_tokens"})

_NUMBER = r"[-−+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)"
_PAIR = re.compile(rf"({_NUMBER})\s*(?:-|–|—|−|\.\.|…|to|;|\s)\s*({_NUMBER})")
_SINGLE = re.compile(rf"(>=|≥|>|from|<=|≤|<|up to|-\s|–\s*|)\s*({_NUMBER})\s*(\+|)", re.I)


def parse_bounds(text: str, column: str) -> Bounds:
    """Read bounds from what was typed: a lone number bounds the side that the column's better scores lie away from.

    "3 - 4.6", "3 to 4.6", ">= 3", "<= 2.5", "3"; nothing, or "any", is no bound. A comma may stand for the point.
    Raises InputError for anything else, and for a lower bound above the upper.
    """
    text = text.strip()
    if text.lower() in ("", "any", "-", "–"):
        return None, None
    if pair := _PAIR.fullmatch(text):
        low, high = map(_read_number, pair.groups())
        if low > high:
            raise InputError(f"{column}: {text!r} has its lower bound above its upper; no row could pass.")
        return low, high
    single = _SINGLE.fullmatch(text)
    if single is None:
        raise InputError(f"{column}: {text!r} is no bound: type for example 3, or 3 - 4.6, or <= 2.5, or nothing.")
    sign, number = single[1].lower(), _read_number(single[2])
    highest = (
        sign in ("<=", "≤", "<", "up to")
        or sign[:1] in ("-", "–")
        or (not sign and column in LOWEST_FIRST and not single[3])
    )
    return (None, number) if highest else (number, None)


def write_bounds(bounds: Bounds) -> str:
    """Write bounds as parse_bounds reads them."""
    low, high = bounds
    if low is None:
        return "any" if high is None else f"≤ {high:g}"
    return f"≥ {low:g}" if high is None else f"{low:g} – {high:g}"


def _read_number(text: str) -> float:
    return float(text.replace(",", ".").replace("−", "-"))
