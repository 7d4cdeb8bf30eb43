"""How far one command has been read, whichever grammar its client has."""

import re

from synthdata.verify.cli.profiles import get_profile
from synthdata.verify.cli.specification import Command, Specification
from synthdata.verify.problems import Problem, Word

NAMED = re.compile(r"--[A-Za-z][\w.-]*=|-[A-Za-z]")  # the flag's name is known though its value is not

# A placeholder for words that may be left out, after which flags may still follow.
OPTIONAL = re.compile(r"^\[|^(…|\.\.\.)$|option|flag", re.I)


class Reading:
    """How far one command has been read.

    shown: its name and subcommands as they were written. used: the flags in it that the command has, by their names.
    """

    def __init__(self, specification: Specification, shown: str, path: str = "") -> None:
        self.specification, self.shown, self.path = specification, shown, path
        self.problems: list[Problem] = []
        self.used: list[str] = []

    @property
    def command(self) -> Command:
        """Return what the specification says of the command at the path."""
        return self.specification.commands[self.path]

    def report_unknown(self, kind: str, word: Word, text: str, suggestion: str = "") -> None:
        """Report a name or value that the specification lacks; one that came with a later version is no fault."""
        added = get_profile(self.specification.program).newer
        if newer := added.get(f"{self.path} {text}".strip()) or (added.get(text) if text[:1] == "-" else None):
            self.report("newer version", word, text, f"since {self.specification.program} {newer}", fatal=False)
        else:
            self.report(kind, word, text, suggestion)

    def report(self, kind: str, word: Word, text: str, suggestion: str = "", fatal: bool = True) -> None:
        """Report a problem of a word: text is what is written behind the command's name."""
        self.problems.append(Problem(kind, f"{self.shown} {text}".strip(), word.line, suggestion, fatal))


# A placeholder that stands for one word: <container>, CONTAINER_ID, my-container, {name}.
SINGLE = re.compile(r"<[^<>]*[^s.…>]>|\{[\w-]*[^\Ws]\}|[A-Za-z][\w.-]*[^\Ws]")


def is_single(word: Word) -> bool:
    """Tell whether a word is certainly one argument, although its value may not be known."""
    return word.known or (SINGLE.fullmatch(word.text) is not None and not OPTIONAL.search(word.text))
