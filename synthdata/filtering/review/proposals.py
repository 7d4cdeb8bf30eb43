"""Thresholds that keep the most rows at a precision, found among the reviewed rows' own scores."""

import itertools
import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import index_ids
from synthdata.filtering.decide import Decider
from synthdata.filtering.review.precision import ReviewedRows, weigh_share
from synthdata.filtering.thresholds import Thresholds
from synthdata.quality.scores.scale import Bounds, list_scores

LEAST_REVIEWED = 5  # kept rows that must have been reviewed before thresholds are proposed

COMBINATIONS = 4000  # of bounds, tried for a proposal


class Proposal(NamedTuple):
    """Bounds, what is claimed of them, and what precision the reviewed rows give them."""

    claim: str
    thresholds: Thresholds
    kept: int
    precision: float
    low: float
    high: float
    reviewed: int
    verdict: str


def propose_thresholds(
    df: pd.DataFrame, judgements: pd.DataFrame, precision: float, thresholds: Thresholds | None = None
) -> pd.DataFrame:
    """Find the bounds that keep the most rows at the precision asked for, by the reviewed rows.

    Input columns as in estimate_precision. precision: 0 to 1. thresholds: only the ends bounded in it are moved, in all
    combinations (a bound on similarity stays); without it, one bound on one score. Returns a frame of claim, literal,
    kept (rows), precision, low, high, reviewed and verdict: a line for the bounds whose estimate reaches the precision and
    one for those whose interval lies above it, where there are any; else one for the highest that can be had.
    A proposal's precision is likely too high: of many bounds, those that did best on these very rows were picked. Draw and
    review new rows at the new cut before you rely on it.
    Raises InputError for a precision that is none, or fewer than 5 reviewed rows.
    """
    thresholds = thresholds or Thresholds()
    reviewed = ReviewedRows(Decider(df), index_ids(df, "propose_thresholds"), judgements, thresholds)
    return tabulate_proposals(search_thresholds(reviewed, precision, thresholds))


def tabulate_proposals(found: list[Proposal]) -> pd.DataFrame:
    """Tabulate proposals, each with the literal to paste."""
    names = ["claim", "literal", *Proposal._fields[2:]]
    return pd.DataFrame([(claim, repr(bounds), *figures) for claim, bounds, *figures in found], columns=names)


def search_thresholds(reviewed: ReviewedRows, precision: float, thresholds: Thresholds) -> list[Proposal]:
    """Do what propose_thresholds does, for whoever has the reviewed rows at hand."""
    if isinstance(precision, bool) or not isinstance(precision, (int, float)) or not 0 < precision <= 1:
        raise InputError(f"precision is {precision!r}: give a share above 0 and up to 1, for example 0.9.")
    if len(reviewed.rows) < LEAST_REVIEWED:
        raise InputError(
            f"propose_thresholds: {len(reviewed.rows)} of the rows drawn are reviewed, too few to propose anything: review "
            f"at least {LEAST_REVIEWED}."
        )
    likely, surely = f"estimate reaches {precision:g}", f"interval reaches {precision:g}"
    best: dict[str, tuple[float, float, Thresholds]] = {}  # claim: what is made largest, what decides a tie, the bounds
    for bounds in (
        option for family in _list_families(reviewed, thresholds) for option in _list_options(reviewed, family)
    ):
        chosen = reviewed.pass_bounds(reviewed.rows, bounds)
        if chosen.sum() < LEAST_REVIEWED:
            continue
        share = weigh_share(reviewed.weights[chosen], reviewed.good[chosen])
        entries = {f"none reaches {precision:g}; the highest": (share, 0.0)}
        if share >= precision:
            kept = int(reviewed.pass_bounds(reviewed.counted, bounds).sum())
            entries = {likely: (kept, share)}
            if reviewed.estimate_share(chosen, kept)[1] >= precision:
                entries[surely] = (kept, share)
        for claim, entry in entries.items():
            if claim not in best or entry > best[claim][:2]:
                best[claim] = (*entry, bounds)
    claims = [claim for claim in sorted(best) if likely not in best or claim in (likely, surely)]
    return [_measure_proposal(reviewed, claim, best[claim][2]) for claim in claims]


def _measure_proposal(reviewed: ReviewedRows, claim: str, bounds: Thresholds) -> Proposal:
    kept = int(reviewed.pass_bounds(reviewed.counted, bounds).sum())
    bounds = Thresholds(None, **bounds, **reviewed.held)
    line = reviewed.estimate(bounds).loc["precision"]
    return Proposal(claim, bounds, kept, *line[["estimate", "low", "high", "reviewed", "verdict"]])


def _list_families(reviewed: ReviewedRows, thresholds: Thresholds) -> list[Mapping[str, Bounds]]:
    """List which ends of which columns are tried together; of each bound only whether it is there matters."""
    given = {column: pair for column, pair in thresholds.items() if column != "similarity"}
    if given:
        return [given]
    ends: tuple[Bounds, ...] = ((0.0, None), (None, 0.0))
    return [{column: pair} for column in list_scores(reviewed.decider.df) for pair in ends]


def _list_options(reviewed: ReviewedRows, family: Mapping[str, Bounds]) -> list[Thresholds]:
    """List combinations of bounds at reviewed rows' values, rounded so that these rows pass; open ends among them."""
    ends = [(column, end) for column, pair in family.items() for end in (0, 1) if pair[end] is not None]
    each = max(2, int(COMBINATIONS ** (1 / len(ends))))
    grids: list[list[float | None]] = []
    for column, end in ends:
        values = np.unique(reviewed.decider.get_values(column)[reviewed.rows])
        values = values[~np.isnan(values)]
        places = np.unique(np.linspace(0, len(values) - 1, min(each - 1, len(values))).astype(int))
        loosen = (math.floor, math.ceil)[end]
        grids.append([None, *sorted({loosen(round(value * 100, 6)) / 100 for value in values[places].tolist()})])
    options = []
    for chosen in itertools.product(*grids):
        bounds: dict[str, list[float | None]] = {column: [None, None] for column in family}
        for (column, end), bound in zip(ends, chosen, strict=True):
            bounds[column][end] = bound
        pairs = {column: (low, high) for column, (low, high) in bounds.items() if (low, high) != (None, None)}
        if all(low is None or high is None or low <= high for low, high in pairs.values()):
            options.append(Thresholds(None, **pairs))
    return options
