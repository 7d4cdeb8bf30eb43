"""The dataset's files: every row, the rows that are kept, and those in the formats that trainers read."""

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from synthdata.base.frame import check_columns
from synthdata.base.jsonl import FIRST_COLUMNS, iterate_rows, write_jsonl, write_objects
from synthdata.export.formats import FORMATS, check_formats, select_rows

RAW_FILE, FILTERED_FILE = "synthetic_data.jsonl", "synthetic_data_filtered.jsonl"


def export_dataset(
    df: pd.DataFrame,
    folder: str | os.PathLike[str] = ".",
    formats: Sequence[str] = (),
    pairs: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Write every row to synthetic_data.jsonl and the kept ones to synthetic_data_filtered.jsonl.

    formats: names of FORMATS; each is written to synthetic_data_<name>.jsonl, from the kept rows or what select_rows gives it.
    pairs: from make_pairs, for the formats of preferences.
    Input columns: instruction, response, keep; history where rows are later turns. Returns a frame of file, rows and bytes.
    Raises InputError for a missing column, a format that is none or cannot hold a row, or a folder that cannot be written.
    """
    check_columns(df, "export_dataset", (*FIRST_COLUMNS, "keep"))
    if isinstance(formats, str):
        formats = [formats]
    check_formats(formats, "export_dataset", pairs)
    kept = df[df["keep"].astype(bool)]
    paths = [(write_jsonl(part, Path(folder) / name), part) for name, part in ((RAW_FILE, df), (FILTERED_FILE, kept))]
    for name in formats:
        rows = select_rows(name, df, pairs)
        lines = map(FORMATS[name].make, iterate_rows(rows))
        paths.append((write_objects(lines, Path(folder) / f"synthetic_data_{name}.jsonl", "export_dataset"), rows))
    written = [(path.name, len(part), path.stat().st_size) for path, part in paths]
    return pd.DataFrame(written, columns=["file", "rows", "bytes"])
