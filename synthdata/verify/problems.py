"""What verification passes around: a command's words, and the problems found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

# Kinds of what does not exist.
HALLUCINATED = (
    "unknown command", "unknown flag", "removed command", "unknown attribute", "unknown argument", "unknown import",
    "compose key", "daemon.json key", "manifest kind", "manifest key",
)  # fmt: skip


def count_fatal(problems: Sequence[Mapping[str, Any]]) -> int:
    """Count the problems that keep a row from being verified."""
    return sum(bool(problem["fatal"]) for problem in problems)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command, unquoted.

    text: as the program would receive it, where that is known. known: False when part of it is a variable, a substitution
    or a placeholder, so that only its place counts, not its value. line: 1-based line in the response.
    """

    text: str
    known: bool = True
    line: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a response.

    kind: a short fixed name such as "unknown flag". text: what the response says. line: 1-based line in the response, 0
    for the response as a whole. suggestion: what would be right, "" when we do not know. fatal: False for a remark
    (a deprecated alias) that does not make the row unverified.
    """

    kind: str
    text: str
    line: int = 0
    suggestion: str = ""
    fatal: bool = True


def add_problems(df: pd.DataFrame, found: Sequence[Sequence[Problem]]) -> pd.DataFrame:
    """Add problems that were found after verification, a sequence for each row; a row with a fatal one is not verified.

    Input and output columns: verified, problems.
    """
    listed = [[*known, *map(asdict, new)] if new else known for known, new in zip(df["problems"], found, strict=True)]
    wrong = [any(problem.fatal for problem in new) for new in found]
    verified = [False if bad else value for value, bad in zip(df["verified"], wrong, strict=True)]
    return df.assign(
        verified=pd.array(verified, dtype="boolean"), problems=pd.Series(listed, index=df.index, dtype=object)
    )
