"""Decide which rows are kept: faults first, then duplicates, then the thresholds; each row that goes has one reason."""

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns, read_error_stages
from synthdata.filtering.outcomes import CONTAMINATED, CUT_OFF, Reason, fail_at, mark_as, miss_bound, write_reason
from synthdata.filtering.thresholds import Thresholds
from synthdata.models.replies import is_natural_end
from synthdata.quality.scores.reward import ATTRIBUTES
from synthdata.quality.scores.scale import RANKED, Scale, check_scorers, name_scale


def apply_thresholds(df: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """Decide for every row whether it is kept, and name the first reason against it.

    Input columns: response, finish_reason, error, and each column of the thresholds; verified with problems,
    duplicate_of, similarity and contaminated_by when present.
    Output columns: keep (bool); reject_reason: null when kept, else "failed: …", "cut off", "unverified: <the first
    fatal problem's kind>", "duplicate", "contaminated", "<column> missing", "<column> < bound" or "<column> > bound", in
    this order of precedence. A row whose verified is null is not rejected for it. A bound on similarity takes the place of
    the mark in duplicate_of: a row at or above its upper bound is a duplicate, as in mark_duplicates, and null means unique.
    Raises InputError for a missing or non-numeric column, bounds on the scores of more than one scorer or chosen for another
    scale (see choose_thresholds), or bounds on rewards that are comparable only within an instruction: see
    rank_within_instruction.
    """
    decision = Decider(df).decide(thresholds)
    sentences = np.array(decision.sentences, dtype=object)[decision.codes]
    return df.assign(keep=decision.keep, reject_reason=pd.array(sentences.tolist(), dtype="str"))


class Decision(NamedTuple):
    """What thresholds do to a frame. codes: for each row the place of its reason in reasons; 0, where None stands, is kept."""

    codes: np.ndarray
    reasons: list[Reason | None]

    @property
    def keep(self) -> np.ndarray:
        return self.codes == 0

    @property
    def sentences(self) -> list[str | None]:
        return [reason and write_reason(reason) for reason in self.reasons]

    def mark(self, rows: Any, reason: Reason) -> None:
        """Give a reason to those of the rows that have none yet."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        rows = rows if isinstance(rows, np.ndarray) else rows.fillna(False).to_numpy(dtype=bool)
        self.codes[rows & self.keep] = self.reasons.index(reason)


class Decider:
    """One frame, to be decided by many thresholds in turn: a row's faults are the same under all, and are found once."""

    def __init__(self, df: pd.DataFrame) -> None:
        check_columns(df, "apply_thresholds", ("response", "finish_reason", "error"))
        self.df = df
        self._faults = _find_faults(df)
        self._duplicate = df["duplicate_of"].notna().to_numpy() if "duplicate_of" in df else None
        self._contaminated = df["contaminated_by"].notna().to_numpy() if "contaminated_by" in df else None
        self._values: dict[str, np.ndarray] = {}
        self._scale: Scale | None = None
        self._scale_name: str | None = None

    def decide(self, thresholds: Thresholds) -> Decision:
        """Decide for every row. Raises InputError as apply_thresholds does."""
        check_columns(self.df, "apply_thresholds", tuple(thresholds))
        decision = Decision(self._faults.codes.copy(), list(self._faults.reasons))
        closest = thresholds.get("similarity", (None, None))[1]
        if closest is not None:
            near = self.get_values("similarity") >= closest
            decision.mark(near, mark_as("duplicate", f"similarity ≥ {closest:g}"))
        elif "similarity" not in thresholds and self._duplicate is not None:
            decision.mark(self._duplicate, mark_as("duplicate"))
        if self._contaminated is not None:
            decision.mark(self._contaminated, CONTAMINATED)
        self._check_scale(thresholds)
        for column, (low, high) in thresholds.items():
            values = self.get_values(column)
            if column != "similarity":
                decision.mark(np.isnan(values), miss_bound(f"{column} missing"))
            if low is not None:
                decision.mark(values < low, miss_bound(f"{column} < {low:g}"))
            if high is not None and column != "similarity":
                decision.mark(values > high, miss_bound(f"{column} > {high:g}"))
        return decision

    @property
    def scale_name(self) -> str:
        """The scale of the frame's scores, "" where no row has one."""
        if self._scale_name is None:
            self._scale_name = name_scale(self.df)
        return self._scale_name

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

    def _check_scale(self, thresholds: Thresholds) -> None:
        """Refuse bounds on scores that cannot be compared: of several scorers, or of several instructions."""
        bounded = [column for column in thresholds if column in (*ATTRIBUTES, "reward", *RANKED)]
        if not bounded:
            return
        self._scale = scale = self._scale or check_scorers(self.df, "apply_thresholds")
        if thresholds.scale not in (None, self.scale_name) and self.scale_name:
            raise InputError(
                f"apply_thresholds: {thresholds!r} was chosen for another scale; these scores are on {self.scale_name!r}. Take "
                f"what choose_thresholds(df, thresholds) gives, or write scale={self.scale_name!r} with bounds chosen for it."
            )
        for column in bounded:
            if scale.across or column in RANKED:
                continue
            if column == "reward":
                said = f"{scale.name} rewards of different instructions cannot be compared"
            elif np.isnan(self.get_values(column)).all():
                said = f"the scorer gave one {scale.name} for each row and no attributes"
            else:
                continue
            raise InputError(
                f"threshold on {column!r}: {said}; run rank_within_instruction and bound {scale.literal} instead."
            )


def _find_faults(df: pd.DataFrame) -> Decision:
    """Find what no threshold can outweigh: failed, cut off, unverified."""
    faults = Decision(np.zeros(len(df), dtype=np.int16), [None])
    stages = read_error_stages(df["error"]).fillna("").to_numpy(dtype=object)
    for made in sorted(set(stages) - {""}):
        faults.mark(stages == made, fail_at(made))
    faults.mark(df["error"].notna(), fail_at("unknown"))
    faults.mark(df["response"].isna(), fail_at("response"))
    faults.mark(~df["finish_reason"].map(is_natural_end, na_action=None).astype(bool), CUT_OFF)
    if "verified" in df:
        kinds = _find_problems(df)
        for kind in sorted({kind for kind in kinds if kind is not None}):
            faults.mark(kinds == kind, mark_as("unverified", kind))
    return faults


def _find_problems(df: pd.DataFrame) -> np.ndarray:
    """Find the kind of the first problem that made each row unverified, "" where none is named; None for other rows."""
    failed = df["verified"].eq(False).fillna(False).to_numpy(dtype=bool)
    problems: Any = df["problems"].to_numpy(dtype=object) if "problems" in df else [None] * len(df)
    kinds = np.full(len(df), None, dtype=object)
    for index in np.flatnonzero(failed):
        found = problems[index] if isinstance(problems[index], (list, tuple, np.ndarray)) else []
        kinds[index] = next((problem["kind"] for problem in found if problem.get("fatal", True)), "")
    return kinds
