"""Why a row is not kept, as data and as the sentence that a person reads, and how many rows each reason took."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from synthdata.base.frame import check_columns


class Reason(NamedTuple):
    """Why a row is not kept.

    stage: where it was lost, as the ledger names it. kind: "failed", "rejected", "unverified", "duplicate" or "contaminated".
    detail: what failed, which bound it missed, its first problem's kind; "" where the kind says all.
    """

    stage: str
    kind: str
    detail: str = ""


CUT_OFF = Reason("responses", "rejected", "cut off")
CONTAMINATED = Reason("contamination", "contaminated")

# The stage of each kind that a sentence begins with. A failure's stage depends on what failed, a rejection has no kind in its
# sentence.
_STAGES = {"unverified": "verification", "duplicate": "duplicates", "contaminated": "contamination"}
_FAILURES = {"response": "responses", "reward": "scores"}


def fail_at(made: str) -> Reason:
    """Make the reason of a row whose response or reward could not be made; what else failed counts with the responses."""
    return Reason(_FAILURES.get(made, "responses"), "failed", made)


def mark_as(kind: str, detail: str = "") -> Reason:
    """Make the reason of a row that is unverified, a duplicate or contaminated."""
    return Reason(_STAGES[kind], kind, detail)


def miss_bound(detail: str) -> Reason:
    """Make the reason of a row that a threshold rejects."""
    return Reason("thresholds", "rejected", detail)


def write_reason(reason: Reason) -> str:
    """Write a reason as the column reject_reason has it."""
    if reason.kind == "rejected":
        return reason.detail
    return f"{reason.kind}: {reason.detail}" if reason.detail else reason.kind


def read_reason(sentence: str) -> Reason:
    """Read a reason that write_reason wrote.

    For frames that come from a file, which hold the sentence alone: three more columns would say the same again in every row.
    Whoever decides has the Reason itself.
    """
    kind, _, detail = sentence.partition(": ")
    if kind == "failed":
        return fail_at(detail)
    if kind in _STAGES:
        return mark_as(kind, detail)
    return CUT_OFF if sentence == CUT_OFF.detail else miss_bound(sentence)


def count_outcomes(df: pd.DataFrame) -> pd.DataFrame:
    """Count rows by outcome, kept first.

    Input columns: keep, reject_reason. Returns a frame of rows and share (0 to 1, 3 decimals) by outcome.
    """
    check_columns(df, "count_outcomes", ("keep", "reject_reason"))
    codes, sentences = pd.factorize(df["reject_reason"])
    return tabulate_outcomes(codes + 1, [None, *sentences])


def count_subtopics(df: pd.DataFrame) -> pd.DataFrame:
    """Count the rows of each subtopic, in order of appearance, and how many of them are kept.

    Input columns: subtopic, keep. Returns a frame of rows, kept and share (0 to 1, 2 decimals) by subtopic.
    """
    check_columns(df, "count_subtopics", ("subtopic", "keep"))
    codes, names = pd.factorize(df["subtopic"], use_na_sentinel=False)
    return tabulate_subtopics(codes, names, df["keep"].to_numpy(dtype=bool))


def tabulate_outcomes(codes: np.ndarray, sentences: Sequence[str | None]) -> pd.DataFrame:
    """Do what count_outcomes does, with the code of each row's sentence; no sentence is kept. The explorer waits for this."""
    counts = np.bincount(codes, minlength=len(sentences))
    lines = sorted((bool(said), said or "kept", int(count)) for said, count in zip(sentences, counts, strict=True))
    lines = [line for line in lines if line[2]]
    index = pd.Index([name for _, name, _ in lines], name="outcome", dtype="str")
    rows = np.array([count for _, _, count in lines], dtype=int)
    return pd.DataFrame({"rows": rows, "share": (rows / max(len(codes), 1)).round(3)}, index=index)


def tabulate_subtopics(codes: np.ndarray, names: Sequence[str], keep: np.ndarray) -> pd.DataFrame:
    """Do what count_subtopics does, with the code of each row's subtopic."""
    rows = np.bincount(codes, minlength=len(names))
    kept = np.bincount(codes[keep], minlength=len(names))
    index = pd.Index(names, name="subtopic", dtype=object)
    return pd.DataFrame({"rows": rows, "kept": kept, "share": (kept / np.maximum(rows, 1)).round(2)}, index=index)
