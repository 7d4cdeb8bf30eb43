"""Bounds by share or by number of rows: keep the best 70 %, or the best 500, of what passes everything else."""

import math

import numpy as np

from synthdata.base.errors import InputError
from synthdata.filtering.decide import Decider
from synthdata.filtering.review.typed import LOWEST_FIRST
from synthdata.filtering.thresholds import Bounds, Thresholds

DIGITS = 4  # of a bound that is found: what a slider keeps


def bound_best(decider: Decider, thresholds: Thresholds, column: str, rows: float, share: bool = True) -> Thresholds:
    """Bound one column so that the best rows stay among those that faults, duplicates and the other bounds let pass.

    rows: their number, or, with share, the share of them (0 to 1). Best is highest, of LOWEST_FIRST lowest. Rows with the same
    score stay or go together, so a few more may stay. The other bounds stand as they were. Raises InputError for a share or
    number that is none, and for a column of which no such row has a score.
    """
    if isinstance(rows, bool) or not rows > 0 or (share and rows > 1):
        raise InputError(f"keep the best {rows:g}: give a share above 0 and up to 100 %, or a number of rows.")
    others = {name: pair for name, pair in thresholds.items() if name != column}
    values = decider.get_values(column)[decider.decide(Thresholds(thresholds.scale, **others)).keep]
    values = np.sort(values[~np.isnan(values)])
    if not len(values):
        raise InputError(f"keep the best by {column}: no row that passes everything else has this score.")
    lowest = column in LOWEST_FIRST
    count = min(max(round(rows * len(values)) if share else int(rows), 1), len(values))
    bound = float(values[count - 1] if lowest else values[-count])
    scale = 10**DIGITS
    loosened = (math.ceil(round(bound * scale, 3)) if lowest else math.floor(round(bound * scale, 3))) / scale
    pair: Bounds = (None, loosened) if lowest else (loosened, None)
    return Thresholds(thresholds.scale, **{**others, column: pair})
