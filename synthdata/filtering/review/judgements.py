"""The file of what a reviewer said: one line a judgement, appended at once, so that it survives a crash and a restart."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.jsonl import read_objects

JUDGEMENTS_FILE = "synthetic_data_judgements.jsonl"


def append_judgement(
    path: str | os.PathLike[str], row_id: str, good: bool | None, chance: float | None = None, round_name: str = ""
) -> None:
    """Append one judgement to a JSONL file, in one write. good: None takes an earlier judgement back.

    chance and round_name: of the row as sample_rows drew it. Raises InputError when the file cannot be written.
    """
    line = orjson.dumps(
        {"id": row_id, "good": good, "chance": chance, "round": round_name}, option=orjson.OPT_APPEND_NEWLINE
    )
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.lseek(descriptor, size - 1, os.SEEK_SET) >= 0 and os.read(descriptor, 1) != b"\n"
            os.write(descriptor, (b"\n" if torn else b"") + line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as cause:
        raise InputError(
            f"{path} cannot be written ({cause.strerror}): free space or choose another folder."
        ) from cause


def read_judgements(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a file of judgements; the last word on a row holds, in every round it was drawn in.

    Output columns: id, good (bool), chance (0 to 1, null when the row was not drawn), round; one row for each id and
    round, in the file's order. A file that is not there holds none.
    Raises InputError naming the file and the line that is no judgement.
    """
    lines: dict[tuple[str, str], float | None] = {}
    good: dict[str, bool | None] = {}
    for number, entry in read_objects(path) if Path(path).exists() else ():
        fault = _find_fault(entry)
        if fault:
            raise InputError(f"{path} line {number} is no judgement ({fault}): correct or remove that line.")
        lines[entry["id"], entry.get("round", "")] = entry.get("chance")
        good[entry["id"]] = entry["good"]
    rows = [(key, good[key], chance, name) for (key, name), chance in lines.items() if good[key] is not None]
    df = pd.DataFrame(rows, columns=["id", "good", "chance", "round"])
    return df.astype({"id": "str", "good": bool, "chance": "Float64", "round": "str"})


def _find_fault(entry: Mapping[str, Any]) -> str:
    if not isinstance(entry.get("id"), str):
        return '"id" is no text'
    if "good" not in entry or not (entry["good"] is None or isinstance(entry["good"], bool)):
        return '"good" is not true, false or null'
    chance = entry.get("chance")
    if chance is not None and (isinstance(chance, bool) or not isinstance(chance, (int, float)) or not 0 < chance <= 1):
        return '"chance" is no number above 0 and up to 1'
    return "" if isinstance(entry.get("round", ""), str) else '"round" is no text'
