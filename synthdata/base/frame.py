"""The frame that flows through the stages: checks of what a caller gave, the ids of rows, what failed in them."""

import hashlib
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.text import clean_text


def check_count(name: str, value: Any) -> int:
    """Return a count that is a whole number above zero; raise InputError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} is {value!r}: give a whole number of at least 1.")
    return value


def check_columns(df: pd.DataFrame, stage: str, columns: tuple[str, ...]) -> None:
    """Raise InputError naming the stage and the columns that a frame lacks."""
    if not isinstance(df, pd.DataFrame):
        raise InputError(f"{stage} got a {type(df).__name__}: give it the DataFrame that the stage before returned.")
    missing = [column for column in columns if column not in df.columns]
    if missing:
        raise InputError(f"{stage} needs the column {', '.join(map(repr, missing))}: run the stage that adds it first.")


def check_topic(topic: Any) -> str:
    """Return a topic without surrounding space; raise InputError when nothing is left of it."""
    if not isinstance(topic, str) or not topic.strip():
        raise InputError(f"TOPIC is {topic!r}: name a subject, for example 'Docker commands'.")
    return check_text("TOPIC", topic).strip()


def check_text(name: str, text: str) -> str:
    """Return a text that can be sent and stored; raise InputError for half of a surrogate pair, which is no sign of UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as cause:
        raise InputError(
            f"{name} holds {text[cause.start]!a}, half of a sign that was cut in two: write the whole sign or leave it out."
        ) from cause
    return text


def make_id(topic: str, subtopic: str, instruction: str, sample: int) -> str:
    """Hash what makes a row the same row in every run into 16 hex digits."""
    text = "\x1f".join((topic, subtopic, instruction, str(sample)))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def index_ids(df: pd.DataFrame, stage: str) -> pd.Index:
    """Index a frame's rows by id, as text. Raises InputError for a missing column or an id that two rows share."""
    check_columns(df, stage, ("id",))
    ids = pd.Index(df["id"].astype("str"))
    if not ids.is_unique:
        shared = ids[ids.duplicated()][0]
        raise InputError(f"{stage}: the id {shared!r} stands in more than one row: ids must be unique.")
    return ids


def write_error(stage: str, reason: str) -> str:
    """Write what the column error says of a row: the column that could not be made, response or reward, and why."""
    return f"{stage}: {reason}"


def read_error_stages(errors: pd.Series) -> pd.Series:
    """Read from the column error what could not be made in each row: null where there is no error, else as write_error had it."""
    return errors.astype(object).where(errors.notna(), None).str.split(":").str[0]


def preview_rows(df: pd.DataFrame, n: int = 5) -> pd.DataFrame:
    """Return the first rows of a frame to look at: what of their texts cannot be seen is written as escapes, nothing else changes.

    A notebook that shows it should switch off typesetting, as create_dataset.ipynb does: pandas' display.html.use_mathjax.
    """
    rows = df.head(n)
    texts = rows.select_dtypes(["object", "str"])
    return rows.assign(**{name: [clean_text(v) if isinstance(v, str) else v for v in texts[name]] for name in texts})
