"""How good is what the thresholds keep, and how much good do they throw away? From rows that a person judged.

Covers precision and recall with their uncertainty, and thresholds that reach a precision. Not covered: which rows to judge
(judgements.py), agreement between two reviewers.

What is estimated, and how: rows are drawn at random within four groups, the kept and the rejected, each split into near
the cut and the rest, and near the cut more densely. Each row's chance of being drawn is known and stored, so a judgement
counts for 1/chance rows, whatever the thresholds are by then. Rows that no bound decides (failed, unverified, duplicate,
contaminated) are neither drawn nor counted; rows judged otherwise than drawn are stored and not counted.
"""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from synthdata.checks import check_columns
from synthdata.errors import InputError
from synthdata.filtering import Bounds, Decider, Thresholds
from synthdata.judgements import index_ids, split_rows
from synthdata.plots import list_scores

Z = 1.959964  # 95 %
TELLING_WIDTH = 0.3  # an interval wider than this, say 0.65 to 0.95, is too wide to choose by: a convention
LEAST_JUDGED = 5  # kept rows that must have been judged before thresholds are proposed
COMBINATIONS = 4000  # of bounds, tried for a proposal


def measure_agreement(df: pd.DataFrame, judgements: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """Estimate from judged rows how good the kept rows are, and how many of the good ones are kept.

    Input columns: id and those of apply_thresholds; judgements as read_judgements returns them. Returns a frame by
    measure: precision (good among the kept), good among rejected, recall (kept among the good); with estimate, low and
    high (95 %, 0 to 1), judged (rows the estimate rests on) and verdict, which says when they are too few to tell.
    Shares are weighted by 1/chance, their intervals Wilson's (1927) at Kish's (1965) effective sample size, enlarged
    for a finite population. Recall follows from both shares, its interval from both at their worst together, which is
    wider than 95 % asks for. Rows drawn for several rounds count once, with their weights added. Rows that no bound
    decided when they were drawn, such as duplicates that a looser similarity now lets in, are not represented.
    Raises InputError for a missing column or repeated ids.
    """
    judged = Judged(Decider(df), index_ids(df, "measure_agreement"), judgements, thresholds)
    return judged.measure(thresholds)


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
        share = _share(judged.weights[chosen], judged.good[chosen])
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


class Judged:
    """The judged rows of a frame: positions, verdicts, weights; and what thresholds make of them.

    counted: positions of all rows that bounds decide. held: the bound on similarity, which decides who is a duplicate.
    """

    def __init__(self, decider: Decider, places: pd.Index, judgements: pd.DataFrame, thresholds: Thresholds) -> None:
        check_columns(judgements, "measure_agreement", ("id", "good", "chance"))
        self.decider = decider
        self.held = {column: pair for column, pair in thresholds.items() if column == "similarity"}
        counted = split_rows(decider, Thresholds(**self.held))[1]
        drawn = judgements[judgements["chance"].notna()]
        drawn = drawn.assign(place=places.get_indexer(drawn["id"]), weight=1 / drawn["chance"].astype(float))
        drawn = drawn[drawn["place"] >= 0].groupby("place").agg(good=("good", "last"), weight=("weight", "sum"))
        drawn = drawn[counted[drawn.index.to_numpy(dtype=int)]]
        self.counted, self.rows = np.flatnonzero(counted), drawn.index.to_numpy(dtype=int)
        self.good, self.weights = drawn["good"].to_numpy(dtype=bool), drawn["weight"].to_numpy(dtype=float)

    def measure(self, thresholds: Thresholds) -> pd.DataFrame:
        keep = self.decider.decide(thresholds)[0] == 0
        sides, lines = [], []
        for side, name in ((True, "kept"), (False, "rejected")):
            total, chosen = int((keep[self.counted] == side).sum()), keep[self.rows] == side
            ends = self.measure_share(chosen, total)
            verdict = _judge_width(ends, int(chosen.sum()), total, name)
            lines.append((("precision" if side else "good among rejected"), *ends, int(chosen.sum()), verdict))
            sides.append([total * share if total else 0.0 for share in ends])
        (good, fewest, most), (missed, missed_least, missed_most) = sides
        low, high = _divide(fewest, fewest + missed_most), _divide(most, most + missed_least)
        recall = (_divide(good, good + missed), 0.0 if math.isnan(low) else low, 1.0 if math.isnan(high) else high)
        lines.append(("recall", *recall, len(self.rows), _judge_width(recall, len(self.rows), len(self.counted), "")))
        names = ["measure", "estimate", "low", "high", "judged", "verdict"]
        return pd.DataFrame(lines, columns=names).set_index("measure").round(3)

    def measure_share(self, chosen: np.ndarray, total: int) -> tuple[float, float, float]:
        """Estimate the share of good rows among `total`, of which these were judged; with its 95 % interval."""
        weights, good = self.weights[chosen], self.good[chosen]
        if not len(weights):
            return math.nan, 0.0, 1.0
        share = _share(weights, good)
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


def _judge_width(ends: tuple[float, ...], judged: int, total: int, side: str) -> str:
    estimate, low, high = ends
    if math.isnan(estimate):
        return f"no {side} row judged" if side else "one side has no judged row"
    if high - low <= TELLING_WIDTH:
        return "enough to tell"
    if not side:
        return "too few to tell"
    # What a plain sample would need, at the estimate drawn towards one half.
    share = (estimate * judged + 2) / (judged + 4)
    needed = min(math.ceil(share * (1 - share) * (2 * Z / TELLING_WIDTH) ** 2), total)
    return f"too few to tell: judge about {max(needed - judged, 1):,} more {side} rows"


def _share(weights: np.ndarray, good: np.ndarray) -> float:
    return float((weights * good).sum() / weights.sum())


def _divide(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
