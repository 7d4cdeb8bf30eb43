"""The dataset's two files: every row, and the rows that are kept."""

import os
from pathlib import Path

import pandas as pd

from synthdata.base.frame import check_columns
from synthdata.base.jsonl import FIRST_COLUMNS, write_jsonl

RAW_FILE, FILTERED_FILE = "synthetic_data.jsonl", "synthetic_data_filtered.jsonl"


def export_dataset(df: pd.DataFrame, folder: str | os.PathLike[str] = ".") -> pd.DataFrame:
    """Write every row to synthetic_data.jsonl and the kept ones to synthetic_data_filtered.jsonl.

    Input columns: instruction, response, keep. Returns a frame of file, rows and bytes.
    Raises InputError for a missing column or a folder that cannot be written.
    """
    check_columns(df, "export_dataset", (*FIRST_COLUMNS, "keep"))
    kept = df[df["keep"].astype(bool)]
    written = []
    for name, part in ((RAW_FILE, df), (FILTERED_FILE, kept)):
        path = write_jsonl(part, Path(folder) / name)
        written.append((name, len(part), path.stat().st_size))
    return pd.DataFrame(written, columns=["file", "rows", "bytes"])
