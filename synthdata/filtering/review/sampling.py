"""Which rows a reviewer reads: drawn with known chances on both sides of the cut, densest near it."""

import hashlib
import itertools
import math

import numpy as np
import pandas as pd

from synthdata.base.frame import check_count, index_ids
from synthdata.filtering.decide import Decider
from synthdata.filtering.thresholds import Thresholds

NEAR_SHARE = 0.2  # of the rows on each side, those nearest to the cut are "near"

NEAR_SAMPLE = 0.6  # of the rows drawn on each side, this share is drawn among them


def sample_rows(df: pd.DataFrame, thresholds: Thresholds, k: int) -> pd.DataFrame:
    """Draw k rows to review, on both sides of the cut and densest near it; the same ones each time.

    Input columns: id and those of apply_thresholds. Returns a frame in the order to read them in, with id, side ("kept"
    or "rejected"), near (bool), chance (0 to 1) and round, the literal in force and k; fewer than k rows when no more
    are decided by a bound. The order is random: whoever stops early has read a fair sample of the k rows.
    Raises InputError for a missing column, repeated ids or a k below 1.
    """
    return draw_rows(Decider(df), index_ids(df, "sample_rows"), thresholds, k)


def draw_rows(decider: Decider, ids: pd.Index, thresholds: Thresholds, k: int) -> pd.DataFrame:
    """Do what sample_rows does, with what it works out of a frame."""
    k, name = check_count("k", k), repr(thresholds)
    keep, counted = split_rows(decider, thresholds)
    distance = _measure_distance(decider, thresholds, keep)
    groups = []
    for side in (True, False):
        rows = np.flatnonzero(counted & (keep == side))
        rows = rows[np.argsort(distance[rows], kind="stable")]
        cut = math.ceil(len(rows) * NEAR_SHARE)
        groups += [(side, True, rows[:cut]), (side, False, rows[cut:])]
    sizes = _share_out([len(rows) for _, _, rows in groups], k)
    lines = []
    for (side, near, rows), size in zip(groups, sizes, strict=True):
        drawn = sorted(rows, key=lambda row: _hash(f"draw {name} {ids[row]}"))[:size]
        lines += [(ids[row], "kept" if side else "rejected", near, size / len(rows), f"{name} k={k}") for row in drawn]
    lines.sort(key=lambda line: _hash(f"order {name} {line[0]}"))
    return pd.DataFrame(lines, columns=["id", "side", "near", "chance", "round"])


def split_rows(decider: Decider, thresholds: Thresholds) -> tuple[np.ndarray, np.ndarray]:
    """Tell which rows are kept, and which are decided by the bounds alone."""
    decision = decider.decide(thresholds)
    by_bound = np.array([reason is None or reason.stage == "thresholds" for reason in decision.reasons])
    return decision.keep, by_bound[decision.codes]


def _measure_distance(decider: Decider, thresholds: Thresholds, keep: np.ndarray) -> np.ndarray:
    """Measure how far, in standard deviations, scores must move for a row to change sides; a missing score is far."""
    room = np.full(len(keep), np.inf)
    for column, pair in thresholds.items():
        values = decider.get_values(column)
        spread = float(np.nanstd(values)) if not np.isnan(values).all() else 0.0
        for bound, sign in zip(pair, (1, -1), strict=True):
            if bound is not None:
                room = np.fmin(room, (values - bound) * sign / (spread or 1.0))
        if column != "similarity":
            room = np.where(np.isnan(values), np.where(keep, room, -np.inf), room)
    return np.abs(room)


def _share_out(totals: list[int], k: int) -> list[int]:
    """Share k draws out over kept near, kept, rejected near, rejected: half to each side, and none beyond its rows."""
    wanted = [NEAR_SAMPLE / 2, (1 - NEAR_SAMPLE) / 2] * 2
    sizes = [min(total, max(1, int(k * share))) for total, share in zip(totals, wanted, strict=True)]
    for place in itertools.cycle((0, 2, 1, 3)):
        if sum(sizes) >= min(k, sum(totals)):
            break
        sizes[place] += sizes[place] < totals[place]
    while sum(sizes) > k:  # fewer draws than groups: one each for as many as there are
        sizes[max(range(4), key=lambda place: (sizes[place], place))] -= 1
    return sizes


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
