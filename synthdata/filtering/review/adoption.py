"""Adopt where the sliders stand: a small file beside the data takes the place of a notebook's literal, and says so."""

import os
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.jsonl import replace_file
from synthdata.base.text import clean_line
from synthdata.filtering.thresholds import Thresholds, choose_thresholds
from synthdata.quality.scores.scale import name_scale

THRESHOLDS_FILE = "synthetic_data_thresholds.json"


def read_decision(df: pd.DataFrame, literal: Thresholds, folder: str | os.PathLike[str]) -> Thresholds:
    """Read which thresholds decide: those adopted from the sliders where there are any, else the literal, as choose_thresholds
    takes it; where something was adopted, what became of it is printed.

    literal: what the notebook states. folder: where the data are. What was adopted holds for the literal that it took the
    place of, the scale and the topic: whoever changes one of them afterwards has decided anew.
    Input columns: reward_form, reward_model, topic.
    Raises InputError for a file that is none of ours, and when more than one scorer is at work.
    """
    path = Path(folder) / THRESHOLDS_FILE
    if not path.exists():
        return choose_thresholds(df, literal)
    told = _read_file(path)
    adopted = Thresholds(told["scale"], **{column: tuple(pair) for column, pair in told["bounds"].items()})
    causes = {
        "the literal in this cell was changed since": told["instead_of"] != repr(literal),
        f"these scores are on the scale {name_scale(df)!r}": adopted.scale not in (None, name_scale(df)),
        f"these rows are about {_name_topic(df)!r}": told["topic"] != _name_topic(df),
    }
    cause = next((said for said, holds in causes.items() if holds), "")
    if cause:
        print(
            f"Not used: {adopted!r}, adopted earlier ({path.name}), since {cause}. Adopt again to change what decides."
        )
        return choose_thresholds(df, literal)
    print(f"Adopted from the sliders, and decides instead of the literal: {adopted!r}. Delete {path} to go back.")
    return adopted


def write_adoption(
    df: pd.DataFrame, thresholds: Thresholds, literal: Thresholds, folder: str | os.PathLike[str]
) -> Path | None:
    """Write what read_decision will read: these thresholds instead of the literal; returns the file's path.

    Thresholds that are the literal's own take the file away, and None is returned. Raises InputError when it cannot be written.
    """
    path = Path(folder) / THRESHOLDS_FILE
    if dict(thresholds) == dict(literal) and literal.scale in (None, thresholds.scale):
        path.unlink(missing_ok=True)
        return None
    content = {
        "topic": _name_topic(df), "scale": thresholds.scale, "bounds": dict(thresholds), "instead_of": repr(literal),
        "rows": len(df),
    }  # fmt: skip
    replace_file(path, orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return path


def _name_topic(df: pd.DataFrame) -> str:
    return ", ".join(clean_line(name) for name in df["topic"].dropna().unique()) if "topic" in df else ""


def _read_file(path: Path) -> dict[str, Any]:
    try:
        told = orjson.loads(path.read_bytes())
        fits = (
            {"topic", "scale", "bounds", "instead_of"} <= told.keys()
            and all(isinstance(pair, list) for pair in told["bounds"].values())
            and isinstance(told["scale"], (str, type(None)))
        )
    except (ValueError, AttributeError, OSError, TypeError):
        fits = False
    if not fits:
        raise InputError(f"{path} holds no adopted thresholds: delete it, or adopt again from the sliders.")
    return dict(told)
