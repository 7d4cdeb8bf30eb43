"""Thresholds: lower and upper bounds by column, as a literal that a notebook states and a re-run obeys."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.quality.scores.scale import Bounds, check_scorers, name_scale


class Thresholds(Mapping[str, Bounds]):
    """Lower and upper bounds, both inclusive, by column: Thresholds(helpfulness=(3.0, None), verbosity=(None, 2.5)).

    scale: the scale that the bounds were chosen for, as name_scale names it, such as "attributes" or "judge of <model>"; they
    are refused on scores of another one. None: whoever decides answers for it.
    Immutable; its repr is the literal that makes it. Order matters: the first bound a row misses is its reject_reason.
    Raises InputError for bounds that are no pair of numbers, or whose lower lies above the upper.
    """

    def __init__(self, scale: str | None = None, **bounds: Bounds) -> None:
        if not (scale is None or isinstance(scale, str)):
            raise InputError(
                f"thresholds: scale is {scale!r}: give the name of a scale, such as 'attributes', or None."
            )
        self.scale = scale
        self._bounds = {column: _check_bounds(column, pair) for column, pair in bounds.items()}

    def __getitem__(self, column: str) -> Bounds:
        return self._bounds[column]

    def __iter__(self) -> Any:
        return iter(self._bounds)

    def __len__(self) -> int:
        return len(self._bounds)

    def __hash__(self) -> int:
        return hash((self.scale, *self._bounds.items()))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Thresholds) and self.scale != other.scale:
            return False
        return super().__eq__(other)

    def __repr__(self) -> str:
        parts = [f"scale={self.scale!r}"] * (self.scale is not None)
        return f"Thresholds({', '.join([*parts, *(f'{column}={pair!r}' for column, pair in self._bounds.items())])})"


def choose_thresholds(df: pd.DataFrame, thresholds: Thresholds) -> Thresholds:
    """Choose what decides: the thresholds where they were chosen for the scale of these scores, else that scale's own start.

    A bound means something only on the scale that it was chosen for. On another one the start of that scale stands in, which is
    printed; bounds on similarity, which is no score, stay. Input columns: reward_form and reward_model.
    Raises InputError when more than one scorer is at work.
    """
    name = name_scale(df)
    if thresholds.scale in (None, name) or not name:
        return thresholds
    start = check_scorers(df, "choose_thresholds").start
    kept = {column: pair for column, pair in thresholds.items() if column == "similarity"}
    chosen = Thresholds(scale=name, **start, **kept)
    says = (
        f"begins with {chosen!r}" if start else "has no usual start: faults and duplicates alone decide, scores inform"
    )
    print(f"{thresholds!r} was chosen for another scale than these scores are on. The scale {name!r} {says}.")
    return chosen


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
