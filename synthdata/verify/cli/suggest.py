"""The nearest real name to one that does not exist: a key of a file, a flag, a command."""

import difflib
import functools
from collections.abc import Collection

from synthdata.verify.cli.profiles import get_profile
from synthdata.verify.cli.specification import Specification

NEAR = 0.76  # of difflib's ratio: a name less alike was hardly meant, and a model would take it for the answer
NEAR_KEY = 0.7  # for the keys of a file, which are longer


def find_nearest(name: str, names: Collection[str], near: float = NEAR) -> str:
    """Find the nearest of some names, "" when none is near. near: how alike it must be, 0 to 1."""
    return _find_nearest(name, tuple(names), near)


@functools.lru_cache(maxsize=4096)  # models invent the same names again and again
def _find_nearest(name: str, names: tuple[str, ...], near: float) -> str:
    return next(iter(difflib.get_close_matches(name, names, 1, near)), "")


def suggest_name(name: str, names: Collection[str]) -> str:
    """Suggest the nearest key of a file, "" when none is near."""
    return find_nearest(name, sorted(names), NEAR_KEY)


def suggest_flag(name: str, path: str, specification: Specification) -> str:
    """Suggest the real flag nearest to one that does not exist, else the sibling command that has it, else ""."""
    if moved := get_profile(specification.program).moved.get(f"{specification.program} {path} --{name}"):
        return moved
    command = specification.commands[path]
    shown = [flag for flag in command.flags if flag not in command.hidden and flag[0] != "-"]
    if name.replace("_", "-").lower() in shown:
        return f"--{name.replace('_', '-').lower()}"
    if close := find_nearest(name, shown) or (f"{name}s" if f"{name}s" in shown else ""):
        return f"--{close}"
    if path in get_profile(specification.program).hands_on:
        return f"-- --{name}"
    parent, _, last = path.rpartition(" ")
    for other, known in specification.commands.items():
        alike = other.rpartition(" ")[2] == last and other.count(" ") < 2  # deeper ones are about something else
        near = other.rpartition(" ")[0] == parent or alike or not other
        if near and other != path and name in known.flags and name not in known.hidden:
            return " ".join(filter(None, [specification.program, other, f"--{name}"]))
    return ""


def suggest_command(path: str, word: str, specification: Specification) -> str:
    """Suggest the real subcommand nearest to one that does not exist, here or elsewhere in the client, else ""."""
    prefix = f"{path} " if path else ""
    profile = get_profile(specification.program)
    if moved := profile.moved.get(f"{specification.program} {prefix}{word}"):
        return moved
    names = [p.removeprefix(prefix) for p in (*specification.commands, *specification.aliases) if p.startswith(prefix)]
    here = [name for name in names if name and " " not in name]
    if close := find_nearest(word, here):
        return f"{specification.program} {prefix}{close}"
    paths = (*specification.commands, *specification.aliases)
    elsewhere = [p for p in paths if p.rpartition(" ")[2] == word]
    broadest = f"{profile.broadest} "
    elsewhere.sort(key=lambda found: (not found.startswith(broadest), found.count(" "), found))
    return f"{specification.program} {elsewhere[0]}" if elsewhere else ""
