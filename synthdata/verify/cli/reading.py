"""TODO docstring."""

import re

from synthdata.verify.cli.specification import Command, Specification
from synthdata.verify.problems import Problem, Word

# A placeholder for words that may be left out, after which flags may still follow.
NAMED = re.compile(r"--[a-z][a-z0-9-]*=|-[A-Za-z]")  # the flag's name is known though its value is not

OPTIONAL = re.compile(r"^\[|^(…|\.\.\.)$|option|flag", re.I)


class Reading:
    """How far one command has been read. shown: its name and subcommands as they were written."""

    def __init__(self, specification: Specification, shown: str, path: str = "") -> None:
        self.specification, self.shown, self.path = specification, shown, path
        self.problems: list[Problem] = []

    @property
    def command(self) -> Command:
        return self.specification.commands[self.path]

    def report(self, kind: str, word: Word, text: str, suggestion: str = "", fatal: bool = True) -> None:
        self.problems.append(Problem(kind, f"{self.shown} {text}".strip(), word.line, suggestion, fatal))
