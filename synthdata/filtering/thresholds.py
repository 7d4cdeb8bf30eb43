"""Thresholds: lower and upper bounds by column, as a literal that a notebook states and a re-run obeys."""

import math
from collections.abc import Mapping
from typing import Any

from synthdata.base.errors import InputError
from synthdata.quality.scores.scale import Bounds


class Thresholds(Mapping[str, Bounds]):
    """Lower and upper bounds, both inclusive, by column: Thresholds(helpfulness=(3.0, None), verbosity=(None, 2.5)).

    Immutable; its repr is the literal that makes it. Order matters: the first bound a row misses is its reject_reason.
    Raises InputError for bounds that are no pair of numbers, or whose lower lies above the upper.
    """

    def __init__(self, **bounds: Bounds) -> None:
        self._bounds = {column: _check_bounds(column, pair) for column, pair in bounds.items()}

    def __getitem__(self, column: str) -> Bounds:
        return self._bounds[column]

    def __iter__(self) -> Any:
        return iter(self._bounds)

    def __len__(self) -> int:
        return len(self._bounds)

    def __hash__(self) -> int:
        return hash(tuple(self._bounds.items()))

    def __repr__(self) -> str:
        return f"Thresholds({', '.join(f'{column}={pair!r}' for column, pair in self._bounds.items())})"


def _check_bounds(column: str, pair: Any) -> Bounds:
    ok = isinstance(pair, (tuple, list)) and len(pair) == 2 and all(
        bound is None or (isinstance(bound, (int, float)) and not isinstance(bound, bool) and not math.isnan(bound))
        for bound in pair
    )  # fmt: skip
    if not ok:
        raise InputError(f"threshold {column}={pair!r}: give a pair (lowest, highest), None for an open end.")
    low, high = pair
    if low is not None and high is not None and low > high:
        raise InputError(f"threshold {column}=({low}, {high}): the lower bound lies above the upper; no row can pass.")
    return (low, high)
