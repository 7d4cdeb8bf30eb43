"""A folder that `datasets.load_dataset` reads as it is: the rows as JSONL, and a card that says what they are and of which types.

JSON has no types. A column that is null in all rows of one file and text in another makes the two refuse to load together, and an
empty file tells nothing at all. So the card's front matter names the type of every column, and every file has every column.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns
from synthdata.base.jsonl import FIRST_COLUMNS, iterate_rows, replace_file, write_objects
from synthdata.export.card import Origin, write_text
from synthdata.export.formats import FORMATS, TURN, check_formats, select_rows

CARD_FILE = "README.md"
MARK = "made with synthdata"  # in every card, so that a folder of ours is known

PROBLEM = {"kind": "string", "text": "string", "line": "int64", "suggestion": "string", "fatal": "bool"}
# The columns that stages add, in the order in which they are written; what a user adds comes behind them.
SCHEMA: dict[str, Any] = {
    "instruction": "string", "response": "string", "id": "string", "topic": "string", "subtopic": "string", "sample": "int64",
    "reasoning": "string", "model": "string", "finish_reason": "string", "prompt_tokens": "int64",
    "completion_tokens": "int64", "error": "string", "raw_reply": "string", "verified": "bool", "checked": "int64",
    "problems": [PROBLEM], "repair": "string", "repair_attempts": "int64", "other_response": "string",
    "other_problems": [PROBLEM], "other_finish_reason": "string", "similarity": "float64", "similar_to": "string",
    "differing_words": "string", "duplicate_of": "string", "contaminated_by": "string", "helpfulness": "float64",
    "correctness": "float64", "coherence": "float64", "complexity": "float64", "verbosity": "float64", "reward": "float64",
    "reward_model": "string", "reward_form": "string", "reward_rank": "int64", "reward_margin": "float64", "keep": "bool",
    "reject_reason": "string",
}  # fmt: skip
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def write_folder(
    df: pd.DataFrame,
    folder: str | os.PathLike[str],
    formats: Sequence[str] = ("messages",),
    *,
    pairs: pd.DataFrame | None = None,
    ledger: pd.DataFrame | None = None,
    thresholds: Any = None,
) -> pd.DataFrame:
    """Write a dataset folder: filtered.jsonl (what is kept), raw.jsonl (every row), one file for each format, and its card.

    `datasets.load_dataset(folder)` then gives the kept rows, and load_dataset(folder, "raw") or a format's name the others.
    A file of 0 rows stands in the card, but `datasets` refuses to load it ("corresponds to no data").
    Input columns: instruction, response, keep; what else there is goes along. formats: names of FORMATS. pairs: from make_pairs,
    for the formats of preferences. ledger: from make_ledger, and thresholds: what decided, both for the card.
    Files of formats that an earlier card of ours names and this call does not are removed: they would be another run's rows.
    Returns a frame of file, rows and bytes.
    Raises InputError for a missing column, an unknown format, or a folder that holds something that is no dataset of ours.
    """
    check_columns(df, "write_folder", (*FIRST_COLUMNS, "keep"))
    check_formats(formats, "write_folder", pairs)
    target = Path(folder)
    _check_folder(target)
    stale = [name for name in FORMATS if name not in formats and _names_file(target, name)]
    types = choose_types(df)
    full = df.reindex(columns=list(types))
    kept = full[df["keep"].astype(bool)]
    written = []
    configs = {"filtered": types, "raw": types} | {name: FORMATS[name].features for name in formats}
    for name in configs:
        rows = select_rows(name, full, pairs) if name in FORMATS else full if name == "raw" else kept
        lines = map(FORMATS[name].make, iterate_rows(rows)) if name in FORMATS else iterate_rows(rows)
        path = write_objects(lines, target / f"{name}.jsonl", "write_folder")
        written.append((path.name, len(rows), path.stat().st_size))
    text = write_text(Origin(df, ledger, thresholds), MARK)
    card = f"---\n{_write_front(df, configs)}---\n\n{text}"
    replace_file(target / CARD_FILE, card.encode())
    for name in stale:
        (target / f"{name}.jsonl").unlink(missing_ok=True)
    written.append((CARD_FILE, 0, len(card.encode())))
    return pd.DataFrame(written, columns=["file", "rows", "bytes"])


def choose_types(df: pd.DataFrame) -> dict[str, Any]:
    """Choose the type of every column: ours by SCHEMA, whether the frame has them or not, others by their values."""
    return SCHEMA | {str(name): _guess_type(df[name]) for name in df if name not in SCHEMA}


def _guess_type(column: pd.Series) -> Any:
    """Guess the type of a column that a user added."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return "bool"
    if pd.api.types.is_integer_dtype(column.dtype):
        return "int64"
    if pd.api.types.is_float_dtype(column.dtype):
        return "float64"
    values = column.dropna()
    if len(values) and values.map(lambda value: isinstance(value, list)).all():
        turns = any(isinstance(one, Mapping) for value in values for one in value)
        return [TURN] if turns else ["string"]
    return "string"


def _check_folder(target: Path) -> None:
    """Raise InputError for a folder whose card is not one of ours: it may be somebody's dataset, or their project."""
    card = target / CARD_FILE
    if target.is_file() or (card.exists() and MARK not in card.read_text(encoding="utf-8", errors="replace")):
        raise InputError(f"{target} holds a {CARD_FILE} that write_folder did not write: name an empty folder.")


def _names_file(target: Path, name: str) -> bool:
    """Tell whether the card that is there, which is ours, names a format's file."""
    card = target / CARD_FILE
    return card.exists() and f"data_files: {name}.jsonl\n" in card.read_text(encoding="utf-8", errors="replace")


def _write_front(df: pd.DataFrame, configs: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the card's front matter, as the Hub and `datasets` read it."""
    import yaml  # 20 ms that most runs never need

    topic = ", ".join(map(str, df["topic"].dropna().unique()[:3])) if "topic" in df else ""
    rows = int(df["keep"].sum())
    size = next((name for most, name in SIZES if rows < most), "n>1M")
    return yaml.safe_dump(
        {
            "pretty_name": f"{topic or 'Instructions'}: a synthetic instruction dataset",
            "license": "other",
            "license_name": "see-generator",
            "annotations_creators": ["machine-generated"],
            "task_categories": ["text-generation"],
            "size_categories": [size],
            "tags": ["synthetic", "instruction-tuning", "sft"],
            "configs": [
                {
                    "config_name": name,
                    "data_files": f"{name}.jsonl",
                    **({"default": True} if name == "filtered" else {}),
                }
                for name in configs
            ],
            "dataset_info": [
                {"config_name": name, "features": [_write_feature(*item) for item in types.items()]}
                for name, types in configs.items()
            ],
        },
        sort_keys=False,
        allow_unicode=True,
        width=120,
    )


def _write_feature(name: str, kind: Any) -> dict[str, Any]:
    if isinstance(kind, str):
        return {"name": name, "dtype": kind}
    if isinstance(kind, dict):
        return {"name": name, "struct": [_write_feature(*item) for item in kind.items()]}
    inner = kind[0]
    return {
        "name": name,
        "list": inner if isinstance(inner, str) else [_write_feature(*item) for item in inner.items()],
    }
