"""Read the specifications that a crawl writes: which commands and flags a client has, and what they take."""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synthdata.base.errors import InputError
from synthdata.verify.cli.profiles import get_profile

# Kinds of value that a help text names and that say nothing of what the parser takes.
OPEN_KINDS = ("string", "list", "gpu-request", "ulimit")
FOLDER = Path(__file__).parent / "specs"


@dataclass(slots=True)
class Command:
    """Flags by name -> kind ("?" behind it when the value may be left out), shorthands by letter -> name."""

    flags: dict[str, str]
    shorts: dict[str, str]
    group: bool = False
    stops: bool = False
    free: bool = False
    arguments: tuple[int, int | None] = (0, None)
    required: frozenset[str] = frozenset()
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
        """Return the path one word further, None when there is no such command."""
        child = f"{path} {word}" if path else word
        return child if child in self.commands else self.aliases.get(child)

    def follow(self, path: str, shown: str, words: Sequence[str]) -> tuple[str, str]:
        """Follow words from a path on as long as they name commands, stepping over flags: the path, and it as it is written."""
        for word in words:
            further = path if word.startswith("-") else self.resolve(path, word)
            if further is None:
                break
            path, shown = further, shown if word.startswith("-") else f"{shown} {word}"
        return path, shown


def list_specifications() -> list[str]:
    """List the names of the clients that can be checked."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@functools.cache
def load_specification(name: str) -> Specification:
    """Load the specification of a client. name: "docker", or the path of a file that a crawl wrote.

    Raises InputError when there is none, or the file is none.
    """
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
    _hand_down(facts["program"], commands)
    return Specification(
        program=facts["program"],
        version=facts["version"],
        grammar=facts["grammar"],
        traverses=facts.get("traverses", True),
        commands=commands,
        aliases=facts["aliases"],
        external=frozenset(facts.get("external", ())) | set(get_profile(facts["program"]).external) - set(commands),
    )


def _hand_down(program: str, commands: dict[str, Command]) -> None:
    """Give commands the options that they hand on to others (git log those of git diff), but their own come first."""
    own = {path: command.flags for path, command in commands.items()}
    for path, sources in get_profile(program).inherits.items():
        command = commands.get(path)
        known = [source for source in sources if source in own]
        if command is None or command.free or not known:
            continue
        for source in known:
            for further in (source, *get_profile(program).inherits.get(source, ())):
                # An abbreviation of an inherited name is not tried: "!" takes it at its whole length only.
                command.flags = {
                    name: f"{kind.rstrip('!')}!" for name, kind in own.get(further, {}).items()
                } | command.flags
        command.facts = {**command.facts, "numbers": True}


def read_command(facts: dict[str, Any], known: dict[str, Any]) -> Command:
    """Read one command of a specification's file. facts: the whole file. known: what it says of the command."""
    named = get_profile(facts["program"]).kinds
    flags: dict[str, str] = {}
    shorts: dict[str, str] = {}
    for name, written in (facts.get("persistent", {}) | known.get("flags", {})).items():
        kind, _, short = written.partition(" ")
        flags[name] = (
            named[name] + "?" * kind.endswith("?") if name in named and kind.strip("?") in OPEN_KINDS else kind
        )
        if short and name[0] != "-":
            shorts[short] = name
    # A letter that has an entry of its own is read by that, whatever comes first: of docker's two builders one takes any text
    # behind -m, the other a size.
    shorts |= {name[1]: name for name in flags if name[0] == "-"}
    low, high = known.get("arguments", (0, None))
    return Command(
        flags=flags,
        shorts=shorts,
        group=known.get("group", False),
        stops=known.get("stops", False),
        free=known.get("free", False),
        arguments=(low, high),
        required=frozenset(known.get("required", ())),
        hidden=frozenset(known.get("hidden", ())),
        deprecated=frozenset(known.get("deprecated", ())),
        facts=known,
    )
