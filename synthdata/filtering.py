"""Thresholds -> keep and reject_reason for every row; the ledger that adds up.

Covers bounds on any numeric column, ranking within an instruction for scores that cannot be compared across
instructions, and the accounting. Not covered: looking at distributions before choosing (explore.py).
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from synthdata.checks import check_columns
from synthdata.errors import InputError

Bounds = tuple[float | None, float | None]


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


def apply_thresholds(df: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """Decide for every row whether it is kept, and name the first reason against it.

    Input columns: response, finish_reason, error, and each column of the thresholds; duplicate_of, contaminated_by when
    present. A bound on similarity decides in place of duplicate_of: a row at or above its upper bound is a duplicate,
    as in mark_duplicates, and a null passes, since it means that no other row is close.
    Output columns: keep (bool); reject_reason: null when kept, else "failed: …", "cut off", "duplicate", "contaminated",
    "<column> missing", "<column> < bound" or "<column> > bound", in this order of precedence.
    Raises InputError for a missing or non-numeric column, or a global bound on scores that are only comparable within
    an instruction (reward_form "scalar": use rank_within_instruction and bound reward_rank).
    """
    check_columns(df, "apply_thresholds", ("response", "finish_reason", "error", *thresholds))
    reason = pd.Series(None, index=df.index, dtype=object)

    def mark(rows: Any, text: Any) -> None:
        rows = rows.fillna(False).astype(bool) & reason.isna()
        reason[rows] = text[rows] if isinstance(text, pd.Series) else text

    stage = df["error"].astype(object).where(df["error"].notna(), "").str.split(":").str[0]
    mark(df["error"].notna(), "failed: " + stage)
    mark(df["response"].isna(), "failed: response")
    mark(df["finish_reason"].eq("length"), "cut off")
    if "similarity" in thresholds:
        bound = thresholds["similarity"][1]
        if bound is not None:
            mark(_check_scores(df, "similarity") >= bound, "duplicate")
    elif "duplicate_of" in df:
        mark(df["duplicate_of"].notna(), "duplicate")
    if "contaminated_by" in df:
        mark(df["contaminated_by"].notna(), "contaminated")
    for column, (low, high) in thresholds.items():
        values = _check_scores(df, column)
        if column != "similarity":
            mark(values.isna(), f"{column} missing")
        if low is not None:
            mark(values < low, f"{column} < {low:g}")
        if high is not None:
            mark(values > high, f"{column} > {high:g}")
    return df.assign(keep=reason.isna(), reject_reason=pd.array(reason.tolist(), dtype="str"))


def rank_within_instruction(df: pd.DataFrame, column: str = "reward") -> pd.DataFrame:
    """Rank the responses of each instruction by a score, best first.

    Input columns: instruction and `column`. Output column: reward_rank, 1 for the best, ties broken by row order; null
    where the score is null. Bound it with Thresholds(reward_rank=(None, 1)) to keep the best of n.
    Raises InputError for a missing column.
    """
    check_columns(df, "rank_within_instruction", ("instruction", column))
    ranks = df.groupby("instruction", sort=False)[column].rank(method="first", ascending=False)
    return df.assign(reward_rank=ranks.astype("Int64"))


def make_ledger(df: pd.DataFrame, requested: int) -> pd.DataFrame:
    """Account for every row that was asked for.

    Input columns: keep, reject_reason. requested: rows asked for (subtopics × questions × samples).
    Returns a frame of outcome, reason, rows, share (0 to 1), whose last line is the total, equal to `requested`.
    Raises InputError for a missing column, a row without keep or reason, or more rows than requested.
    """
    check_columns(df, "make_ledger", ("keep", "reject_reason"))
    bare = df["keep"].isna() | (df["keep"].fillna(False).astype(bool) == df["reject_reason"].notna())
    if bare.any():
        raise InputError(f"make_ledger: row {df.index[bare][0]} has no single outcome: run apply_thresholds again.")
    if len(df) > requested:
        raise InputError(f"make_ledger: {len(df):,} rows, but only {requested:,} requested: pass what was asked for.")
    reasons = df["reject_reason"].dropna().value_counts(sort=False)
    ordered = sorted(reasons.items(), key=lambda item: (not str(item[0]).startswith("failed"), -item[1], str(item[0])))
    lines = [("not generated", "subtopic or question not obtained", requested - len(df))]
    for reason, count in ordered:
        outcome, _, detail = str(reason).partition(": ")
        failed, duplicate = outcome == "failed", reason == "duplicate"
        lines.append(
            ("failed", detail, count) if failed else ("duplicate" if duplicate else "rejected", str(reason), count)
        )
    lines.append(("kept", "", int(df["keep"].sum())))
    ledger = pd.DataFrame(lines, columns=["outcome", "reason", "rows"])
    total = int(ledger["rows"].sum())
    if total != requested:
        raise InputError(f"make_ledger: the outcomes add up to {total:,}, not {requested:,}.")
    ledger.loc[len(ledger)] = ["requested", "", total]
    return ledger.assign(share=ledger["rows"] / requested if requested else 0.0)


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


def _check_scores(df: pd.DataFrame, column: str) -> pd.Series:
    if not pd.api.types.is_numeric_dtype(df[column]):
        values = pd.to_numeric(df[column], errors="coerce")
        if df[column].notna().any() and values.isna().all():
            raise InputError(f"threshold on {column!r}: the column holds {df[column].dtype} values, not numbers.")
    else:
        values = df[column]
    if column == "reward" and "reward_form" in df and df["reward_form"].eq("scalar").any():
        raise InputError(
            "threshold on 'reward': scalar rewards of different instructions cannot be compared; run "
            "rank_within_instruction and bound reward_rank=(None, 1) instead."
        )
    return values.astype("Float64")
