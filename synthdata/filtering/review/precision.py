"""Precision and recall of thresholds, estimated from the rows that a reviewer read, with the uncertainty that goes with them.

Rows are drawn at random within four groups, the kept and the rejected, each split into near the cut and the rest, and near the
cut more densely. Each row's chance of being drawn is known and stored, so its judgement counts for 1/chance rows, whatever the
thresholds are by then. Rows that no bound decides (failed, unverified, duplicate, contaminated) are neither drawn nor counted.
Judgements of rows that were not drawn are stored and not counted.
"""

import math

import numpy as np
import pandas as pd

from synthdata.base.frame import check_columns, index_ids
from synthdata.filtering.decide import Decider
from synthdata.filtering.review.sampling import split_rows
from synthdata.filtering.thresholds import Thresholds

Z = 1.959964  # 95 %

TELLING_WIDTH = 0.3  # an interval wider than this, say 0.65 to 0.95, is too wide to choose by: a convention


def estimate_precision(df: pd.DataFrame, judgements: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """Estimate from reviewed rows how good the kept rows are, and how many of the good ones are kept.

    Input columns: id and those of apply_thresholds; judgements as read_judgements returns them. Returns a frame by
    measure: precision (good among the kept), good among rejected, recall (kept among the good); with estimate, low and
    high (95 %, 0 to 1), reviewed (rows the estimate rests on) and verdict, which says when they are too few to tell.
    Shares are weighted by 1/chance, their intervals Wilson's (1927) at Kish's (1965) effective sample size, enlarged
    for a finite population. Recall follows from both shares, its interval from both at their worst together, which is
    wider than 95 % asks for. Rows drawn for several rounds count once, with their weights added. Rows that no bound
    decided when they were drawn, such as duplicates that a looser similarity now lets in, are not represented.
    Raises InputError for a missing column or repeated ids.
    """
    reviewed = ReviewedRows(Decider(df), index_ids(df, "estimate_precision"), judgements, thresholds)
    return reviewed.estimate(thresholds)


class ReviewedRows:
    """The reviewed rows of a frame, and what thresholds make of them.

    rows: their positions. good: what the reviewer said of each. weights: for how many rows each counts. counted: positions of
    all rows that bounds decide. held: the bound on similarity, which decides who is a duplicate and so who is counted.
    """

    def __init__(self, decider: Decider, places: pd.Index, judgements: pd.DataFrame, thresholds: Thresholds) -> None:
        check_columns(judgements, "estimate_precision", ("id", "good", "chance"))
        self.decider = decider
        self.held = {column: pair for column, pair in thresholds.items() if column == "similarity"}
        counted = split_rows(decider, Thresholds(None, **self.held))[1]
        drawn = judgements[judgements["chance"].notna()]
        drawn = drawn.assign(place=places.get_indexer(drawn["id"]), weight=1 / drawn["chance"].astype(float))
        drawn = drawn[drawn["place"] >= 0].groupby("place").agg(good=("good", "last"), weight=("weight", "sum"))
        drawn = drawn[counted[drawn.index.to_numpy(dtype=int)]]
        self.counted, self.rows = np.flatnonzero(counted), drawn.index.to_numpy(dtype=int)
        self.good, self.weights = drawn["good"].to_numpy(dtype=bool), drawn["weight"].to_numpy(dtype=float)

    def estimate(self, thresholds: Thresholds) -> pd.DataFrame:
        """Do what estimate_precision does."""
        keep = self.decider.decide(thresholds).keep
        sides, lines = [], []
        for side, name in ((True, "kept"), (False, "rejected")):
            total, chosen = int((keep[self.counted] == side).sum()), keep[self.rows] == side
            ends = self.estimate_share(chosen, total)
            verdict = _describe_width(ends, int(chosen.sum()), total, name)
            lines.append((("precision" if side else "good among rejected"), *ends, int(chosen.sum()), verdict))
            sides.append([total * share if total else 0.0 for share in ends])
        (good, fewest, most), (missed, missed_least, missed_most) = sides
        low, high = _divide(fewest, fewest + missed_most), _divide(most, most + missed_least)
        recall = (_divide(good, good + missed), 0.0 if math.isnan(low) else low, 1.0 if math.isnan(high) else high)
        lines.append(
            ("recall", *recall, len(self.rows), _describe_width(recall, len(self.rows), len(self.counted), ""))
        )
        names = ["measure", "estimate", "low", "high", "reviewed", "verdict"]
        return pd.DataFrame(lines, columns=names).set_index("measure").round(3)

    def estimate_share(self, chosen: np.ndarray, total: int) -> tuple[float, float, float]:
        """Estimate the share of good rows among `total`, of which these were reviewed; with its 95 % interval."""
        weights, good = self.weights[chosen], self.good[chosen]
        if not len(weights):
            return math.nan, 0.0, 1.0
        share = weigh_share(weights, good)
        unseen = 1 - len(weights) / total
        if unseen <= 0:
            return share, share, share
        return share, *measure_interval(share, float(weights.sum() ** 2 / (weights**2).sum()) / unseen)

    def pass_bounds(self, rows: np.ndarray, thresholds: Thresholds) -> np.ndarray:
        """Tell which of these rows, which only bounds decide, lie within all of them."""
        inside = np.ones(len(rows), dtype=bool)
        for column, (low, high) in thresholds.items():
            if column != "similarity":
                values = self.decider.get_values(column)[rows]
                inside &= (values >= (-np.inf if low is None else low)) & (values <= (np.inf if high is None else high))
        return inside


def measure_interval(share: float, n: float) -> tuple[float, float]:
    """Wilson's score interval at 95 % for a share seen in n rows (E. B. Wilson, JASA 1927, 22:209)."""
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    # At 0 and 1 the interval ends there; rounding would leave a trace beyond.
    return (0.0 if share == 0 else max(0.0, middle - half)), (1.0 if share == 1 else min(1.0, middle + half))


def _describe_width(ends: tuple[float, ...], reviewed: int, total: int, side: str) -> str:
    estimate, low, high = ends
    if math.isnan(estimate):
        return f"no {side} row reviewed" if side else "one side has no reviewed row"
    if high - low <= TELLING_WIDTH:
        return "enough to tell"
    if not side:
        return "too few to tell"
    needed = count_needed((estimate * reviewed + 2) / (reviewed + 4), total)  # at the estimate drawn towards one half
    return f"too few to tell: review about {max(needed - reviewed, 1):,} more {side} rows"


def count_needed(share: float, total: int) -> int:
    """Count how many of `total` rows a plain sample must hold so that the interval of a share is no wider than TELLING_WIDTH."""
    return min(math.ceil(share * (1 - share) * (2 * Z / TELLING_WIDTH) ** 2), total)


def weigh_share(weights: np.ndarray, good: np.ndarray) -> float:
    return float((weights * good).sum() / weights.sum())


def _divide(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
