"""Thresholds that reach a precision, by the rows that were reviewed."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import index_ids
from synthdata.filtering.decide import Decider
from synthdata.filtering.review.plots import list_scores
from synthdata.filtering.review.precision import Judged, weigh_share
from synthdata.filtering.thresholds import Bounds, Thresholds

LEAST_JUDGED = 5  # kept rows that must have been judged before thresholds are proposed

COMBINATIONS = 4000  # of bounds, tried for a proposal


def propose_thresholds(
    df: pd.DataFrame, judgements: pd.DataFrame, precision: float, thresholds: Thresholds | None = None
) -> pd.DataFrame:
    """Find the bounds that keep the most rows at the precision asked for, by the judged rows.

    Input columns as in measure_agreement. precision: 0 to 1. thresholds: only the ends bounded in it are moved, in all
    combinations (a bound on similarity stays); without it, one bound on one score. Returns a frame of claim, literal,
    kept (rows), precision, low, high, judged and verdict: a line for the bounds whose estimate reaches the precision and
    one for those whose interval lies above it, where there are any; else one for the highest that can be had. Bounds
    chosen on the rows that measure them flatter themselves: judge new rows near the new cut before relying on it.
    Raises InputError for a precision that is none, or fewer than 5 judged rows.
    """
    thresholds = thresholds or Thresholds()
    judged = Judged(Decider(df), index_ids(df, "propose_thresholds"), judgements, thresholds)
    return tabulate_proposals(search_thresholds(judged, precision, thresholds))


def tabulate_proposals(found: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Tabulate what search_thresholds found."""
    lines = [(claim, repr(bounds), *values) for claim, bounds, *values in found]
    return pd.DataFrame(lines, columns=["claim", "literal", "kept", "precision", "low", "high", "judged", "verdict"])


def search_thresholds(judged: "Judged", precision: float, thresholds: Thresholds) -> list[tuple[Any, ...]]:
    """Do what propose_thresholds does, with Thresholds in place of literals."""
    if isinstance(precision, bool) or not isinstance(precision, (int, float)) or not 0 < precision <= 1:
        raise InputError(f"precision is {precision!r}: give a share above 0 and up to 1, for example 0.9.")
    if len(judged.rows) < LEAST_JUDGED:
        raise InputError(
            f"propose_thresholds: {len(judged.rows)} of the rows drawn are judged, too few to propose anything: judge at "
            f"least {LEAST_JUDGED}."
        )
    families = [{column: pair for column, pair in thresholds.items() if column != "similarity"}]
    if not families[0]:
        ends: tuple[Bounds, ...] = ((0.0, None), (None, 0.0))
        families = [
            {column: pair} for column in list_scores(judged.decider.df) if column != "similarity" for pair in ends
        ]
    likely, surely = f"estimate reaches {precision:g}", f"interval reaches {precision:g}"
    best: dict[str, tuple[float, float, Thresholds]] = {}  # claim: what is made largest, what decides a tie, the bounds
    for bounds in (option for family in families for option in _list_options(judged, family)):
        chosen = judged.pass_bounds(judged.rows, bounds)
        if chosen.sum() < LEAST_JUDGED:
            continue
        share = weigh_share(judged.weights[chosen], judged.good[chosen])
        entries = {f"none reaches {precision:g}; the highest": (share, 0.0)}
        if share >= precision:
            kept = int(judged.pass_bounds(judged.counted, bounds).sum())
            entries = {likely: (kept, share)}
            if judged.measure_share(chosen, kept)[1] >= precision:
                entries[surely] = (kept, share)
        for claim, entry in entries.items():
            if claim not in best or entry > best[claim][:2]:
                best[claim] = (*entry, bounds)
    found = []
    for claim, (_, _, bounds) in sorted(best.items()):
        if likely in best and claim not in (likely, surely):
            continue
        bounds = Thresholds(**bounds, **judged.held)
        line = judged.measure(bounds).loc["precision"]
        kept = int(judged.pass_bounds(judged.counted, bounds).sum())
        found.append((claim, bounds, kept, *line[["estimate", "low", "high", "judged", "verdict"]]))
    return found


def _list_options(judged: Judged, family: Mapping[str, Bounds]) -> list[Thresholds]:
    """List combinations of bounds at judged rows' values, rounded so that these rows pass; open ends among them."""
    ends = [(column, end) for column, pair in family.items() for end in (0, 1) if pair[end] is not None]
    each = max(2, int(COMBINATIONS ** (1 / len(ends))))
    grids: list[list[float | None]] = []
    for column, end in ends:
        values = np.unique(judged.decider.get_values(column)[judged.rows])
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
            options.append(Thresholds(**pairs))
    return options
