"""What a client takes: the files that crawl.py writes, read, and what is nearest in them to a name that does not exist.

Not covered: reading a command (cli.py, cli_git.py).
"""

import difflib
import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synthdata.errors import InputError
from synthdata.verify.values import NAMED_KINDS

FOLDER = Path(__file__).parent / "specs"
MOVED = {
    "docker scan": "docker scout",
    "docker deploy": "docker stack deploy",
    "kubectl rolling-update": "kubectl rollout",
}


NEAR = 0.76  # of difflib's ratio: a name less alike was hardly meant, and a model would take it for the answer


@dataclass(slots=True)
class Command:
    """Flags by name -> kind ("?" behind it when the value may be left out), shorthands by letter -> name."""

    flags: dict[str, str]
    shorts: dict[str, str]
    group: bool = False
    stops: bool = False
    free: bool = False
    arguments: tuple[int, int | None] = (0, None)
    hidden: frozenset[str] = frozenset()
    deprecated: frozenset[str] = frozenset()
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Specification:
    """What a client takes. program, version: of the client that was asked."""

    program: str
    version: str
    grammar: str
    traverses: bool
    commands: dict[str, Command]
    aliases: dict[str, str]
    external: frozenset[str]

    def resolve(self, path: str, word: str) -> str | None:
        """The path one word further, None when there is no such command."""
        child = f"{path} {word}" if path else word
        return child if child in self.commands else self.aliases.get(child)


def list_specifications() -> list[str]:
    """Names of the clients that can be checked."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@functools.cache
def load_specification(name: str) -> Specification:
    """The specification of a client. name: "docker", or the path of a file that crawl.py wrote. Raises InputError."""
    path = Path(name) if name.endswith(".json") else FOLDER / f"{name}.json"
    try:
        facts = json.loads(path.read_bytes())
        commands = {key: read_command(facts, value) for key, value in facts["commands"].items()}
    except FileNotFoundError:
        known = ", ".join(list_specifications())
        raise InputError(
            f"No specification of {name!r} (there are: {known}). Make one: python -m synthdata.verify.crawl {name}"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path.name} is no specification ({error}). Make it again with synthdata.verify.crawl."
        ) from None
    return Specification(
        program=facts["program"],
        version=facts["version"],
        grammar=facts["grammar"],
        traverses=facts.get("traverses", True),
        commands=commands,
        aliases=facts["aliases"],
        external=frozenset(facts.get("external", ())),
    )


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
    if moved := MOVED.get(f"{specification.program} {prefix}{word}"):
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


def read_command(facts: dict[str, Any], known: dict[str, Any]) -> Command:
    named = NAMED_KINDS.get(facts["program"], {})
    flags: dict[str, str] = {}
    shorts: dict[str, str] = {}
    for name, written in (facts.get("persistent", {}) | known["flags"]).items():
        kind, _, short = written.partition(" ")
        flags[name] = (
            named[name] + "?" * kind.endswith("?") if kind.strip("?") in ("string", "list") and name in named else kind
        )
        if short:
            shorts[short] = name
        elif name[0] == "-":
            shorts[name[1]] = name
    low, high = known.get("arguments", (0, None))
    return Command(
        flags=flags,
        shorts=shorts,
        group=known.get("group", False),
        stops=known.get("stops", False),
        free=known.get("free", False),
        arguments=(low, high),
        hidden=frozenset(known.get("hidden", ())),
        deprecated=frozenset(known.get("deprecated", ())),
        facts=known,
    )
