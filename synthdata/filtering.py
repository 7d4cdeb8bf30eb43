"""Thresholds -> keep and reject_reason for every row.

Covers bounds on any numeric column, the faults that no bound can outweigh, duplicates with their own bound, and scores
that can only be compared within an instruction. Not covered: looking before choosing (explore.py), the sums (ledger.py).
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from synthdata.checks import check_columns
from synthdata.errors import InputError
from synthdata.reward import ATTRIBUTES

Bounds = tuple[float | None, float | None]

RANKED = ("reward_rank", "reward_margin")


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

    Input columns: response, finish_reason, error, and each column of the thresholds; verified with problems,
    duplicate_of, similarity and contaminated_by when present.
    Output columns: keep (bool); reject_reason: null when kept, else "failed: …", "cut off", "unverified: <the first
    fatal problem's kind>", "duplicate", "contaminated", "<column> missing", "<column> < bound" or "<column> > bound", in
    this order of precedence. A row whose verified is null is not rejected for it. A bound on similarity takes the place of
    the mark in duplicate_of: a row at or above its upper bound is a duplicate, as in mark_duplicates, and null means unique.
    Raises InputError for a missing or non-numeric column, bounds on the scores of more than one scorer, or bounds that
    reward_form "scalar" cannot meet: such rewards are comparable only within an instruction (rank_within_instruction).
    """
    codes, reasons = Decider(df).decide(thresholds)
    named = np.array(reasons, dtype=object)[codes]
    return df.assign(keep=codes == 0, reject_reason=pd.array(named.tolist(), dtype="str"))


def rank_within_instruction(df: pd.DataFrame, column: str = "reward") -> pd.DataFrame:
    """Rank the responses of each instruction by a score, best first.

    Input columns: instruction and `column`. Output columns: reward_rank, 1 for the best, ties broken by row order, null
    where the score is null; reward_margin, the score minus the best score among the instruction's other responses
    (positive only for rank 1), null where there is none. Thresholds(reward_rank=(None, 1)) keeps the best of n,
    Thresholds(reward_margin=(0.5, None)) the best where it leads by half a point.
    Raises InputError for a missing column.
    """
    check_columns(df, "rank_within_instruction", ("instruction", column))
    scores, instruction = df[column].astype("Float64"), df["instruction"]
    ranks = scores.groupby(instruction, sort=False).rank(method="first", ascending=False)
    first, second = (scores.where(ranks == place).groupby(instruction, sort=False).transform("max") for place in (1, 2))
    margin = scores - second.where(ranks == 1, first)
    return df.assign(reward_rank=ranks.astype("Int64"), reward_margin=margin.astype("Float64"))


def check_scorers(df: pd.DataFrame, stage: str) -> str:
    """Tell the scale of a frame's scores: "attributes", "scalar", "judge", "judge-json", or "" where none says.

    Input columns: reward_model and reward_form, when present. Raises InputError when more than one scorer is at work.
    """
    if "reward_form" not in df:
        return ""
    scored = df.loc[df["reward_form"].notna(), [c for c in ("reward_model", "reward_form") if c in df]]
    # The two ways in which one attribute model replies are one scale.
    scored = scored.assign(
        reward_form=scored["reward_form"].replace({"logprobs": "attributes", "content": "attributes"})
    )
    if scored.nunique().gt(1).any():
        scorers = scored.value_counts(sort=False, dropna=False)
        named = sorted(f"{' as '.join(map(str, key))}: {count:,} rows" for key, count in scorers.items())
        raise InputError(
            f"{stage}: these rows were scored by {len(scorers)} scorers ({'; '.join(named)}), and one bound means something "
            "else for each: score all rows with one model, or decide on each scorer's rows by themselves."
        )
    return str(scored["reward_form"].iloc[0]) if len(scored) else ""


class Decider:
    """apply_thresholds for one frame and many thresholds: what no bound changes is worked out once.

    scale: what check_scorers tells. fixed: the code of each row's fault, 0 for none, bounds and duplicates apart.
    """

    def __init__(self, df: pd.DataFrame) -> None:
        check_columns(df, "apply_thresholds", ("response", "finish_reason", "error"))
        self.df = df
        self.reasons: list[str | None] = [None]
        self.fixed = np.zeros(len(df), dtype=np.int16)
        self._values: dict[str, np.ndarray] = {}
        stage = df["error"].astype(object).where(df["error"].notna(), "").str.split(":").str[0]
        for name in sorted(set(stage) - {""}):
            self._mark(self.fixed, self.reasons, stage.eq(name), f"failed: {name}")
        self._mark(self.fixed, self.reasons, df["error"].notna(), "failed: unknown")
        self._mark(self.fixed, self.reasons, df["response"].isna(), "failed: response")
        self._mark(self.fixed, self.reasons, df["finish_reason"].eq("length"), "cut off")
        if "verified" in df:
            kinds = _name_problems(df)
            for name in sorted(set(kinds) - {""}):
                self._mark(self.fixed, self.reasons, kinds == name, name)
        self._duplicate = df["duplicate_of"].notna().to_numpy() if "duplicate_of" in df else None
        self._contaminated = df["contaminated_by"].notna().to_numpy() if "contaminated_by" in df else None

    def decide(self, thresholds: Thresholds) -> tuple[np.ndarray, list[str | None]]:
        """Return the code of each row's reason, and the reasons by code; code 0 is kept."""
        check_columns(self.df, "apply_thresholds", tuple(thresholds))
        codes, reasons = self.fixed.copy(), list(self.reasons)
        closest = thresholds.get("similarity", (None, None))[1]
        if closest is not None:
            self._mark(codes, reasons, self.get_values("similarity") >= closest, f"duplicate: similarity ≥ {closest:g}")
        elif "similarity" not in thresholds and self._duplicate is not None:
            self._mark(codes, reasons, self._duplicate, "duplicate")
        if self._contaminated is not None:
            self._mark(codes, reasons, self._contaminated, "contaminated")
        self._check_scale(thresholds)
        for column, (low, high) in thresholds.items():
            values = self.get_values(column)
            if column != "similarity":
                self._mark(codes, reasons, np.isnan(values), f"{column} missing")
            if low is not None:
                self._mark(codes, reasons, values < low, f"{column} < {low:g}")
            if high is not None and column != "similarity":
                self._mark(codes, reasons, values > high, f"{column} > {high:g}")
        return codes, reasons

    def get_values(self, column: str) -> np.ndarray:
        """Get a column as floats, NaN for null."""
        if column not in self._values:
            values = pd.to_numeric(self.df[column], errors="coerce")
            if self.df[column].notna().any() and values.isna().all():
                raise InputError(
                    f"threshold on {column!r}: the column holds {self.df[column].dtype} values, not numbers."
                )
            self._values[column] = values.astype("Float64").to_numpy(dtype=float, na_value=math.nan)
        return self._values[column]

    @property
    def scale(self) -> str:
        if not hasattr(self, "_scale"):
            self._scale = check_scorers(self.df, "apply_thresholds")
        return self._scale

    def _check_scale(self, thresholds: Thresholds) -> None:
        bounded = [column for column in thresholds if column in (*ATTRIBUTES, "reward", *RANKED)]
        if not bounded or self.scale != "scalar":
            return
        for column in bounded:
            if column == "reward":
                raise InputError(
                    "threshold on 'reward': scalar rewards of different instructions cannot be compared; run "
                    "rank_within_instruction and bound reward_rank=(None, 1) instead."
                )
            if column in ATTRIBUTES and np.isnan(self.get_values(column)).all():
                raise InputError(
                    f"threshold on {column!r}: the scorer gave one scalar for each row and no attributes; run "
                    "rank_within_instruction and bound reward_rank=(None, 1) instead."
                )

    @staticmethod
    def _mark(codes: np.ndarray, reasons: list[str | None], rows: Any, reason: str) -> None:
        reasons.append(reason)
        rows = rows if isinstance(rows, np.ndarray) else rows.fillna(False).to_numpy(dtype=bool)
        codes[rows & (codes == 0)] = len(reasons) - 1


def _name_problems(df: pd.DataFrame) -> np.ndarray:
    """Name the first problem that made each row unverified, "" for rows that are verified or were not looked at."""
    failed = df["verified"].eq(False).fillna(False).to_numpy(dtype=bool)
    problems: Any = df["problems"].to_numpy(dtype=object) if "problems" in df else [None] * len(df)
    names = np.full(len(df), "", dtype=object)
    for index in np.flatnonzero(failed):
        found = problems[index] if isinstance(problems[index], (list, tuple, np.ndarray)) else []
        fatal = [problem["kind"] for problem in found if problem.get("fatal", True)]
        names[index] = f"unverified: {fatal[0]}" if fatal else "unverified"
    return names


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
