"""What is nearest to a name that does not exist."""

import difflib
from collections.abc import Sequence

from synthdata.verify.cli.profiles import get_profile
from synthdata.verify.cli.specification import Specification


def suggest_name(name: str, names: Sequence[str] | frozenset[str]) -> str:
    """Find the nearest of some names, "" when none is near."""
    return next(iter(difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.7)), "")


NEAR = 0.76  # of difflib's ratio: a name less alike was hardly meant, and a model would take it for the answer


def suggest_flag(name: str, path: str, specification: Specification) -> str:
    """The real flag nearest to one that does not exist, else the sibling commands that do have it, else ""."""
    command = specification.commands[path]
    shown = [flag for flag in command.flags if flag not in command.hidden and flag[0] != "-"]
    if name.replace("_", "-").lower() in shown:
        return f"--{name.replace('_', '-').lower()}"
    close = difflib.get_close_matches(name, shown, 1, NEAR) or [flag for flag in shown if flag == f"{name}s"]
    if close:
        return f"--{close[0]}"
    parent, _, last = path.rpartition(" ")
    for other, known in specification.commands.items():
        alike = other.rpartition(" ")[2] == last and other.count(" ") < 2  # deeper ones are about something else
        near = other.rpartition(" ")[0] == parent or alike or not other
        if near and other != path and name in known.flags and name not in known.hidden:
            return " ".join(filter(None, [specification.program, other, f"--{name}"]))
    return ""


def suggest_command(path: str, word: str, specification: Specification) -> str:
    """The real subcommand nearest to one that does not exist, here or elsewhere in the client, else ""."""
    prefix = f"{path} " if path else ""
    if moved := get_profile(specification.program).moved.get(f"{specification.program} {prefix}{word}"):
        return moved
    names = [p.removeprefix(prefix) for p in (*specification.commands, *specification.aliases) if p.startswith(prefix)]
    here = [name for name in names if name and " " not in name]
    if close := difflib.get_close_matches(word, here, 1, NEAR):
        return f"{specification.program} {prefix}{close[0]}"
    paths = (*specification.commands, *specification.aliases)
    elsewhere = [p for p in paths if p.rpartition(" ")[2] == word]
    # docker prune: all of it was meant.
    elsewhere.sort(key=lambda found: (not found.startswith("system "), found.count(" "), found))
    return f"{specification.program} {elsewhere[0]}" if elsewhere else ""
