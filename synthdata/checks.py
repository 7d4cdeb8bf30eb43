"""What the stages require of their arguments, said in one line when it is missing."""

from typing import Any

import pandas as pd

from synthdata.errors import InputError


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
    return topic.strip()
