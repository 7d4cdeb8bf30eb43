"""Thresholds -> keep and reject_reason for every row.

Covers bounds on any numeric column, the faults that no bound can outweigh, duplicates with their own bound, and scores
that can only be compared within an instruction. Not covered: looking before choosing (explore.py), the sums (ledger.py).
"""

import math
from typing import Any

import numpy as np
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns
from synthdata.filtering.ranking import RANKED
from synthdata.filtering.thresholds import Thresholds
from synthdata.models.replies import is_natural_end
from synthdata.quality.scores.scale import ATTRIBUTES, check_scorers


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
        whole = df["finish_reason"].map(is_natural_end, na_action=None)
        self._mark(self.fixed, self.reasons, ~whole.astype(bool), "cut off")
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
