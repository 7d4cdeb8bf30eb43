"""Which commands and options of a client a dataset exercises, as the verifier reads them."""

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.extras import load_extra
from synthdata.base.frame import check_columns
from synthdata.verify.cli.grammar import name_program, read_command
from synthdata.verify.cli.profiles import get_profile, list_programs
from synthdata.verify.cli.specification import Command, Specification, load_specification
from synthdata.verify.parse.classify import classify_block, prepare_commands
from synthdata.verify.parse.embedded import find_scripts
from synthdata.verify.parse.markdown import parse_markdown
from synthdata.verify.parse.shell import parse_shell
from synthdata.verify.problems import Word

# Names that stand in many clients and that nobody asks about.
PASSED_OVER = frozenset(
    {"alpha", "completion", "help", "options", "version", "__complete", "__completeNoDesc", "dial-stdio"}
)


@dataclass(frozen=True, slots=True)
class Use:
    """One command of a text: the path of its command, the flags that it uses, and how it is written."""

    path: str
    flags: frozenset[str]
    text: str


def list_uses(text: str, program: str) -> list[Use]:
    """List the real commands of a client that the code of a response holds, with the flags that each uses.

    program: the name of a specification, such as "docker". What the verifier calls wrong is no use. Raises InputError for a
    client that has no specification.
    """
    specification = load_specification(program)
    programs = [
        name for name, (_, path) in list_programs((program,)).items() if not path or path in specification.commands
    ]
    uses = []
    for block in parse_markdown(text):
        kind = classify_block(block)
        if kind in ("shell", "session", "unlabelled"):
            scripts = [parse_shell(prepare_commands(block, kind), block.line)]
        else:
            scripts = [parse_shell(inner, block.line) for inner, _ in find_scripts(kind, block.text)]
        for command in (command for script in scripts for command in script.commands):
            if name_program(command.words[0]) in programs and (use := read_use(command.words, specification)):
                uses.append(use)
    return uses


def read_use(words: Sequence[Word], specification: Specification) -> Use | None:
    """Read one command: what it uses, None where it is no command of the client or holds one that does not exist."""
    reading = read_command(words, specification)
    if not reading.path or reading.command.group or any(p.kind.startswith("unknown") for p in reading.problems):
        return None
    return Use(reading.path, frozenset(reading.used), " ".join(word.text for word in words))


def read_source(source: str, program: str) -> list[Use]:
    """Read what was drawn, as draw_commands writes it: one command, or several joined by " && "."""
    specification = load_specification(program)
    uses = []
    for command in source.split(" && "):
        words = [Word(text, not text.startswith("-") or "=" not in text) for text in shlex.split(command)]
        if use := read_use(words, specification):
            uses.append(use)
    return uses


def list_drawable(program: str) -> dict[str, list[str]]:
    """List the commands of a client that a user may be asked about, each with its options: none that are hidden or deprecated."""
    specification = load_specification(program)
    hidden = PASSED_OVER | set(get_profile(program).hidden_commands)
    return {
        path: _list_options(command)
        for path, command in specification.commands.items()
        if path and not command.group and not command.free and not hidden & set(path.split())
    }


def _list_options(command: Command) -> list[str]:
    passed = command.hidden | command.deprecated | {"help", "help-all"}
    own = command.facts.get("flags", {})
    return [
        name for name, kind in command.flags.items()
        if name in own and name not in passed and name[0] != "-" and kind[-1:] != "!" and not name.startswith("no-")
    ]  # fmt: skip


def measure_coverage(df: pd.DataFrame, program: str) -> pd.DataFrame:
    """Measure which commands and options of a client the responses exercise.

    Input column: response, null ones left out. program: the name of a specification, such as "docker". Hidden and deprecated
    names are not counted, neither as exercised nor as missing.
    Returns a frame with a line for each command that a user may be asked about, most used first: command (its path), rows
    (responses that use it), options (how many it has), exercised (how many of them some response uses), missing (their names).
    Raises InputError for a missing column or a client without a specification.
    """
    check_columns(df, "measure_coverage", ("response",))
    drawable = list_drawable(program)
    rows: Counter[str] = Counter()
    used: dict[str, set[str]] = {path: set() for path in drawable}
    for response in df["response"].dropna():
        uses = [use for use in list_uses(str(response), program) if use.path in drawable]
        rows.update({use.path for use in uses})
        for use in uses:
            used[use.path] |= use.flags & set(drawable[use.path])
    lines = [
        (path, rows[path], len(options), len(used[path]), ", ".join(sorted(set(options) - used[path])))
        for path, options in drawable.items()
    ]
    lines.sort(key=lambda line: (-line[1], line[0]))
    return pd.DataFrame(lines, columns=["command", "rows", "options", "exercised", "missing"])


def plot_coverage(coverage: pd.DataFrame, n: int = 30) -> Any:
    """Draw, for the commands with most options, how many of them are exercised. Returns a matplotlib figure.

    coverage: what measure_coverage returned. n: the number of commands shown.
    """
    check_columns(coverage, "plot_coverage", ("command", "rows", "options", "exercised"))
    if coverage.empty:
        raise InputError("plot_coverage got no command: give it what measure_coverage returned.")
    figure_class = load_extra("matplotlib.figure", "notebook", "pictures").Figure
    shown = coverage.sort_values("options", ascending=False, kind="stable").head(n).iloc[::-1]
    figure = figure_class(figsize=(7, 0.6 + 0.2 * len(shown)), layout="constrained")
    axes = figure.subplots()
    axes.barh(shown["command"], shown["options"], color="0.88", label="options there are")
    axes.barh(shown["command"], shown["exercised"], color="tab:blue", label="exercised")
    for place, (rows, options) in enumerate(zip(shown["rows"], shown["options"], strict=True)):
        axes.text(options + 0.3, place, f"{rows:,} rows" if rows else "no row", va="center", fontsize=7)
    touched = int((coverage["rows"] > 0).sum())
    axes.set_title(f"{touched:,} of {len(coverage):,} commands, {coverage['exercised'].sum():,} of "
                   f"{coverage['options'].sum():,} options exercised", fontsize=10)  # fmt: skip
    axes.tick_params(labelsize=7)
    axes.legend(loc="lower right", fontsize=8)
    return figure
