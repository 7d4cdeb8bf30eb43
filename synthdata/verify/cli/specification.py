"""What a client takes: the files that crawl.py writes, read, and what is nearest in them to a name that does not exist.

Not covered: reading a command (cli.py, cli_git.py).
"""

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synthdata.base.errors import InputError
from synthdata.verify.cli.profiles import NAMED_KINDS

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
