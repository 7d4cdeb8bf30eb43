"""What became of the rows: outcomes named, and counted by reason and by subtopic."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from synthdata.base.frame import check_columns


def count_outcomes(df: pd.DataFrame) -> pd.DataFrame:
    """Count rows and their share by outcome. Input columns: keep, reject_reason."""
    check_columns(df, "count_outcomes", ("keep", "reject_reason"))
    outcome = df["reject_reason"].astype(object).where(df["reject_reason"].notna(), "kept")
    codes, names = pd.factorize(outcome)
    return tabulate_outcomes(codes, ["" if name == "kept" else name for name in names])


def count_subtopics(df: pd.DataFrame) -> pd.DataFrame:
    """Count the rows of each subtopic, in order of appearance, and how many of them are kept.

    Input columns: subtopic, keep. Returns a frame of rows, kept and share (0 to 1) by subtopic.
    """
    check_columns(df, "count_subtopics", ("subtopic", "keep"))
    codes, names = pd.factorize(df["subtopic"], use_na_sentinel=False)
    return tabulate_subtopics(codes, names, df["keep"].to_numpy(dtype=bool))


def tabulate_outcomes(codes: np.ndarray, reasons: Sequence[str | None]) -> pd.DataFrame:
    """Tabulate rows and share by outcome from a reason's code for each row; no reason is kept, and comes first."""
    counts = np.bincount(codes, minlength=len(reasons))
    lines = sorted((bool(reason), reason or "kept", int(count)) for reason, count in zip(reasons, counts, strict=True))
    lines = [line for line in lines if line[2]]
    index = pd.Index([name for _, name, _ in lines], name="outcome", dtype="str")
    rows = np.array([count for _, _, count in lines], dtype=int)
    return pd.DataFrame({"rows": rows, "share": (rows / max(len(codes), 1)).round(3)}, index=index)


def tabulate_subtopics(codes: np.ndarray, names: Sequence[str], keep: np.ndarray) -> pd.DataFrame:
    """Tabulate rows, kept rows and their share by subtopic from a subtopic's code for each row."""
    rows = np.bincount(codes, minlength=len(names))
    kept = np.bincount(codes[keep], minlength=len(names))
    index = pd.Index(names, name="subtopic", dtype=object)
    return pd.DataFrame({"rows": rows, "kept": kept, "share": (kept / np.maximum(rows, 1)).round(2)}, index=index)


def name_outcome(reason: str) -> tuple[str, str, str]:
    """Name the stage, the outcome and the detail of a reject_reason."""
    head, _, detail = reason.partition(": ")
    if head == "failed":
        return ("scores" if detail == "reward" else "responses", head, detail)
    if reason == "cut off":
        return ("responses", "rejected", reason)
    stage = {"unverified": "verification", "duplicate": "duplicates", "contaminated": "contamination"}.get(head)
    return (stage, head, detail) if stage else ("thresholds", "rejected", reason)
