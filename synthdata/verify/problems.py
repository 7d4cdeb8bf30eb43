"""What verification passes around: a command's words, and the problems found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
