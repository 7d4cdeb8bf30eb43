"""Keep what an earlier run left in a folder, when the rows to be written there do not hold all of it."""

import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns
from synthdata.base.jsonl import read_jsonl
from synthdata.export.dataset import RAW_FILE

DATA_FILES = "synthetic_data.jsonl", "synthetic_data_*.jsonl", "synthetic_data_*.json", "dataset"
KEPT_IN_PLACE = frozenset(
    {"synthetic_data_judgements.jsonl", "synthetic_data_thresholds.json"}
)  # what a person said, by row and scale


def keep_earlier(df: pd.DataFrame, folder: str | os.PathLike[str]) -> Path | None:
    """Move an earlier run's files into a folder of their own, where these rows would cost some of its responses or scores.

    Input columns: id, response; reward when present. folder: where the rows will be written. A smaller run, one that its budget
    stopped, another topic or another model would otherwise take the place of what was paid for. Returns the folder the files were
    moved to, earlier-1 and so on inside `folder`, which is printed; None where nothing would be lost.
    Raises InputError for a missing column or files that cannot be moved.
    """
    check_columns(df, "keep_earlier", ("id", "response"))
    folder = Path(folder)
    raw = folder / RAW_FILE
    if not raw.exists():
        return None
    try:
        before: pd.DataFrame | None = read_jsonl(raw)
    except InputError:
        before = None
    if before is None or "id" not in before or "response" not in before:
        said = f"{raw} holds no rows of ours that can be read"
    else:
        lost = {name: len(_list_answers(before, name) - _list_answers(df, name)) for name in ("response", "reward")}
        if not any(lost.values()):
            return None
        what = " and ".join(f"{count:,} {name}s" for name, count in lost.items() if count)
        said = f"{raw} holds {len(before):,} rows of an earlier run, of which these {len(df):,} lack {what}"
    target = next(path for n in range(1, 10_000) if not (path := folder / f"earlier-{n}").exists())
    try:
        target.mkdir()
        for path in sorted({path for pattern in DATA_FILES for path in folder.glob(pattern)}):
            if path.name not in KEPT_IN_PLACE:
                shutil.move(path, target / path.name)
    except OSError as cause:
        raise InputError(f"{folder} cannot be written ({cause.strerror}): name another OUTPUT_DIR.") from cause
    print(f"{said}: its files are kept in {target}.")
    return target


def _list_answers(df: pd.DataFrame, column: str) -> set[tuple[Any, ...]]:
    """List (id, answer) of the rows that have one; of rewards only that there is one, for a new scorer scores anew."""
    if column not in df:
        return set()
    rows = df[df[column].notna()]
    return set(zip(rows["id"], rows[column], strict=True)) if column == "response" else {(name,) for name in rows["id"]}
