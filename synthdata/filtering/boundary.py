"""The rows at the cut: those nearest to each bound, and those that changed sides when the bounds moved."""

import numpy as np
import pandas as pd

from synthdata.base.frame import check_columns
from synthdata.filtering.decide import Decider
from synthdata.filtering.thresholds import Thresholds

BORDERLINE_ROWS = 3


def list_borderline_rows(df: pd.DataFrame, thresholds: Thresholds, n: int = BORDERLINE_ROWS) -> pd.DataFrame:
    """List the rows nearest to each bound, n on either side, that nothing but this bound decides.

    Input columns: instruction, response and those of apply_thresholds.
    Returns a frame of bound, side ("passes" or "is cut"), score, instruction, response, nearest first.
    """
    check_columns(df, "list_borderline_rows", ("instruction", "response", *thresholds))
    decider = Decider(df)
    lines = [
        (bound, side, round(float(decider.get_values(column)[row]), 3), df["instruction"].iloc[row],
         df["response"].iloc[row])
        for column, bound, side, row in find_nearest(decider, thresholds, n)
    ]  # fmt: skip
    return pd.DataFrame(lines, columns=["bound", "side", "score", "instruction", "response"])


def find_nearest(decider: Decider, thresholds: Thresholds, n: int) -> list[tuple[str, str, str, int]]:
    """Find (column, bound, side, row position) of the n rows nearest to each bound on either side of it."""
    found = []
    for column, pair in thresholds.items():
        values = decider.get_values(column)
        for end, (bound, sign) in enumerate(zip(pair, (1, -1), strict=True)):
            if bound is None:
                continue
            without = decider.decide(_open_end(thresholds, column, end))
            rows = np.flatnonzero(without.keep & ~np.isnan(values))
            gap = (values[rows] - bound) * sign
            strict = column == "similarity"  # at its bound a row is a duplicate
            mark = f"{column} {'≥' if sign > 0 else '<' if strict else '≤'} {bound:g}"
            passes = gap > 0 if strict else gap >= 0
            for side, near in (("passes", passes), ("is cut", ~passes)):
                found += [(column, mark, side, int(row)) for row in _pick_smallest(rows[near], np.abs(gap[near]), n)]
    return found


def find_flips(before: np.ndarray, after: np.ndarray, n: int) -> tuple[int, int, list[int], list[int]]:
    """Find how many rows came in and went out between two decisions, and the first n of each.

    before, after: for each row, whether it is kept.
    """
    came, went = np.flatnonzero(~before & after), np.flatnonzero(before & ~after)
    return len(came), len(went), came[:n].tolist(), went[:n].tolist()


def _open_end(thresholds: Thresholds, column: str, end: int) -> Thresholds:
    low, high = thresholds[column]
    return Thresholds(thresholds.scale, **{**thresholds, column: (None, high) if end == 0 else (low, None)})


def _pick_smallest(rows: np.ndarray, gap: np.ndarray, n: int) -> np.ndarray:
    if len(gap) > n:
        within = gap <= np.partition(gap, n - 1)[n - 1]
        rows, gap = rows[within], gap[within]
    return rows[np.argsort(gap, kind="stable")[:n]]
