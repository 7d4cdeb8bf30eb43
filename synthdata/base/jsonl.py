"""JSONL in and out: whole files, byte-stable, with the file and line named when one cannot be read."""

import codecs
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns

FIRST_COLUMNS = ("instruction", "response")

PART_ROWS = 10_000  # of a frame that are made into JSON at a time


def prepare_folder(path: str | os.PathLike[str]) -> str:
    """Make sure that a folder is there and can be written, and return it; better now than after hours of answers.

    Raises InputError when it is a file, or cannot be made or written.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return str(path)
    except OSError as cause:
        raise InputError(
            f"OUTPUT_DIR is {str(path)!r}: no folder that can be written ({cause.strerror}); name another one."
        ) from None


def replace_file(path: str | os.PathLike[str], data: bytes | Iterable[bytes]) -> None:
    """Write a file whole, or part after part, under a temporary name first, so that a reader never sees half of it.

    A symbolic link is written through, and the mode of a file that is there, or of the user's umask, stands.
    Raises InputError when the folder cannot be written.
    """
    target = Path(path)
    target = target.resolve() if target.is_symlink() else target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines([data] if isinstance(data, bytes) else data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, _choose_mode(target))
            os.replace(temporary, target)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as cause:
        raise InputError(
            f"{target} cannot be written ({cause.strerror}): free space or choose another folder."
        ) from cause


def _choose_mode(target: Path) -> int:
    """Choose the mode of a file: its own where it is there, else what the umask leaves of rw-rw-rw-."""
    try:
        return target.stat().st_mode & 0o777
    except OSError:
        umask = os.umask(0)  # there is no way to read it but to set it
        os.umask(umask)
        return 0o666 & ~umask


def write_jsonl(df: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a frame as JSONL, instruction and response first, the other columns in their order.

    Input columns: instruction, response. Missing values are written as null. The bytes depend on the frame alone.
    Raises InputError for a missing column, a value that JSON cannot hold, or a folder that cannot be written.
    """
    check_columns(df, "write_jsonl", FIRST_COLUMNS)
    columns = [*FIRST_COLUMNS, *(column for column in df.columns if column not in FIRST_COLUMNS)]
    return write_objects(iterate_rows(df, columns), path, "write_jsonl")


def iterate_rows(df: pd.DataFrame, columns: Iterable[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a frame as JSON objects, missing values as None; a part of the frame is in memory at a time."""
    columns = list(df.columns if columns is None else columns)
    for start in range(0, len(df), PART_ROWS):
        part = df.iloc[start : start + PART_ROWS]
        lists = [_to_json_values(part[column]) for column in columns]
        for values in zip(*lists, strict=True):
            yield dict(zip(columns, values, strict=True))


def write_objects(objects: Iterable[dict[str, Any]], path: str | os.PathLike[str], stage: str) -> Path:
    """Write objects as JSONL, one at a time. Raises InputError naming the one that JSON cannot hold."""

    def dump() -> Iterator[bytes]:
        for number, one in enumerate(objects, start=1):
            try:
                yield orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE)
            except TypeError as cause:
                raise InputError(
                    f"{stage}: row {number} cannot be written as JSON ({cause}): change that value."
                ) from cause

    replace_file(path, dump())
    return Path(path)


def read_jsonl(path: str | os.PathLike[str], columns: Iterable[str] = FIRST_COLUMNS) -> pd.DataFrame:
    """Read a JSONL file of objects into a frame.

    columns: keys that each line must have. Raises InputError naming the file and the line that is not JSON, no object,
    or lacks a key.
    """
    rows = []
    for number, row in read_objects(path):
        lacking = [column for column in columns if column not in row]
        if lacking:
            raise InputError(f"{path} line {number} lacks the key {lacking[0]!r}: add it, or pass columns=…")
        rows.append(row)
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=list(columns))


def read_objects(path: str | os.PathLike[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number and the object of each line of a JSONL file that is not blank.

    Raises InputError for a file that cannot be read, and naming the line that is not JSON or no object.
    """
    for number, line in read_lines(path):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as cause:
            raise InputError(f"{path} line {number} is not JSON ({cause}): correct or remove that line.") from cause
        if not isinstance(row, dict):
            raise InputError(f"{path} line {number} is a JSON {type(row).__name__}, not an object: correct that line.")
        yield number, row


def read_lines(path: str | os.PathLike[str]) -> list[tuple[int, bytes]]:
    """Read the lines of a file that are not blank, numbered from 1, without byte order marks; UTF-16 with such a mark too.

    Raises InputError when it cannot be read.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as cause:
        raise InputError(f"{path} cannot be read ({cause.strerror}): check the path.") from cause
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        data = data.decode("utf-16", errors="replace").encode("utf-8", errors="replace")  # as PowerShell writes
    # Files put together from several hold a mark at each beginning.
    lines = (line.removeprefix(codecs.BOM_UTF8) for line in data.split(b"\n"))
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _to_json_values(column: pd.Series) -> list[Any]:
    values = column.astype(object)
    return [None if _is_missing(value) else value.item() if hasattr(value, "item") else value for value in values]


def _is_missing(value: Any) -> bool:
    missing = pd.isna(value)
    return bool(missing) if isinstance(missing, bool) or not hasattr(missing, "__len__") else False
