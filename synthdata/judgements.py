"""Which rows a reviewer reads, and the file in which the judgements stand.

Covers drawing rows with known chances, densest near the cut, and a JSONL file that survives a restart. Not covered: what
follows from the judgements (review.py), the page (reviewer.py).
"""

import hashlib
import itertools
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from synthdata.checks import check_columns, check_count
from synthdata.errors import InputError
from synthdata.filtering import Decider, Thresholds
from synthdata.ledger import name_outcome

JUDGEMENTS_FILE = "synthetic_data_judgements.jsonl"

NEAR_SHARE = 0.2  # of the rows on each side, those nearest to the cut are "near"
NEAR_SAMPLE = 0.6  # of the rows drawn on each side, this share is drawn among them


def sample_rows(df: pd.DataFrame, thresholds: Thresholds, k: int) -> pd.DataFrame:
    """Draw k rows to judge, on both sides of the cut and densest near it; the same ones each time.

    Input columns: id and those of apply_thresholds. Returns a frame in the order to judge them in, with id, side ("kept"
    or "rejected"), near (bool), chance (0 to 1) and round, the literal in force and k; fewer than k rows when no more
    are decided by a bound. In that order any first part is a fair sample too, so judging can stop at any time.
    Raises InputError for a missing column, repeated ids or a k below 1.
    """
    return draw_rows(Decider(df), index_ids(df, "sample_rows"), thresholds, k)


def draw_rows(decider: Decider, ids: pd.Index, thresholds: Thresholds, k: int) -> pd.DataFrame:
    """Do what sample_rows does, with what it works out of a frame."""
    k, name = check_count("k", k), repr(thresholds)
    keep, counted = split_rows(decider, thresholds)
    distance = _measure_distance(decider, thresholds, keep)
    groups = []
    for side in (True, False):
        rows = np.flatnonzero(counted & (keep == side))
        rows = rows[np.argsort(distance[rows], kind="stable")]
        cut = math.ceil(len(rows) * NEAR_SHARE)
        groups += [(side, True, rows[:cut]), (side, False, rows[cut:])]
    sizes = _share_out([len(rows) for _, _, rows in groups], k)
    lines = []
    for (side, near, rows), size in zip(groups, sizes, strict=True):
        drawn = sorted(rows, key=lambda row: _hash(f"draw {name} {ids[row]}"))[:size]
        lines += [(ids[row], "kept" if side else "rejected", near, size / len(rows), f"{name} k={k}") for row in drawn]
    lines.sort(key=lambda line: _hash(f"order {name} {line[0]}"))
    return pd.DataFrame(lines, columns=["id", "side", "near", "chance", "round"])


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
    try:
        content = Path(path).read_bytes() if Path(path).exists() else b""
    except OSError as cause:
        raise InputError(f"{path} cannot be read ({cause.strerror}): check the path.") from cause
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError as cause:
            raise InputError(f"{path} line {number} is not JSON ({cause}): correct or remove that line.") from cause
        fault = _find_fault(entry)
        if fault:
            raise InputError(f"{path} line {number} is no judgement ({fault}): correct or remove that line.")
        lines[entry["id"], entry.get("round", "")] = entry.get("chance")
        good[entry["id"]] = entry["good"]
    rows = [(key, good[key], chance, name) for (key, name), chance in lines.items() if good[key] is not None]
    df = pd.DataFrame(rows, columns=["id", "good", "chance", "round"])
    return df.astype({"id": "str", "good": bool, "chance": "Float64", "round": "str"})


def split_rows(decider: Decider, thresholds: Thresholds) -> tuple[np.ndarray, np.ndarray]:
    """Tell which rows are kept, and which are decided by the bounds alone."""
    codes, reasons = decider.decide(thresholds)
    by_bound = np.array([reason is None or name_outcome(reason)[0] == "thresholds" for reason in reasons])
    return codes == 0, by_bound[codes]


def index_ids(df: pd.DataFrame, stage: str) -> pd.Index:
    """Index a frame's rows by id. Raises InputError for a missing column or an id that two rows share."""
    check_columns(df, stage, ("id",))
    places = pd.Index(df["id"].to_numpy(dtype=object))
    if not places.is_unique:
        shared = places[places.duplicated()][0]
        raise InputError(f"{stage}: the id {shared!r} stands in more than one row: judgements need unique ids.")
    return places


def _measure_distance(decider: Decider, thresholds: Thresholds, keep: np.ndarray) -> np.ndarray:
    """Measure how far, in standard deviations, scores must move for a row to change sides; a missing score is far."""
    room = np.full(len(keep), np.inf)
    for column, pair in thresholds.items():
        values = decider.get_values(column)
        spread = float(np.nanstd(values)) if not np.isnan(values).all() else 0.0
        for bound, sign in zip(pair, (1, -1), strict=True):
            if bound is not None:
                room = np.fmin(room, (values - bound) * sign / (spread or 1.0))
        if column != "similarity":
            room = np.where(np.isnan(values), np.where(keep, room, -np.inf), room)
    return np.abs(room)


def _share_out(totals: list[int], k: int) -> list[int]:
    """Share k draws out over kept near, kept, rejected near, rejected: half to each side, and none beyond its rows."""
    wanted = [NEAR_SAMPLE / 2, (1 - NEAR_SAMPLE) / 2] * 2
    sizes = [min(total, max(1, int(k * share))) for total, share in zip(totals, wanted, strict=True)]
    for place in itertools.cycle((0, 2, 1, 3)):
        if sum(sizes) >= min(k, sum(totals)):
            break
        sizes[place] += sizes[place] < totals[place]
    while sum(sizes) > k:  # fewer draws than groups: one each for as many as there are
        sizes[max(range(4), key=lambda place: (sizes[place], place))] -= 1
    return sizes


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _find_fault(entry: Any) -> str:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        return "no object with an id"
    if "good" not in entry or not (entry["good"] is None or isinstance(entry["good"], bool)):
        return '"good" is not true, false or null'
    chance = entry.get("chance")
    if chance is not None and (isinstance(chance, bool) or not isinstance(chance, (int, float)) or not 0 < chance <= 1):
        return '"chance" is no number above 0 and up to 1'
    return "" if isinstance(entry.get("round", ""), str) else '"round" is no text'
