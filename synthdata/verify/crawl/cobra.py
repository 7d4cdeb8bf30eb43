"""Make the specification of a client built on cobra and pflag (docker, kubectl, helm, gh) by asking its parser.

Commands come from the `--help` of each, hidden ones by trying names that other commands have or that were once known, and
flags likewise: each is put to the parser of its command together with a flag that cannot exist, so that nothing is run, and
the parser's complaint tells whether the flag exists and what it takes.
"""

import itertools
import re
import string
from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from synthdata.verify.cli.profiles import get_profile
from synthdata.verify.crawl.installed import Client, open_client

# Names of commands that many clients accept and do not list.
HIDDEN_COMMANDS = "alpha app completion debug generate help install options uninstall watch __complete __completeNoDesc"
PROBE = ["--zzprobe-one", "--zzprobe-two"]
KINDS_BY_COMPLAINT = [
    (r"strconv\.ParseBool|parse bool", "bool"),
    (r"strconv\.(ParseInt|Atoi)", "int"),
    (r"strconv\.ParseUint", "uint"),
    (r"rational number|strconv\.ParseFloat", "decimal"),
    (r"invalid duration", "duration"),
    (r"invalid size", "bytes"),
]
# What pflag calls the values that a flag takes. Any other word may stand in the text of a switch, quoted: "--force --hostname".
TYPES = frozenset(
    re.findall(
        r"\w+",
        "string strings stringArray stringSlice stringToString int ints int32 int64 uint uint16 uint32 uint64 float32 float64"
        " duration list bytes decimal filter mount",
    )
)
REFUSED_ARGUMENTS = re.compile(r"requires .*\d+ arg|requires exactly|accepts .*arg|unknown command \"")


@dataclass
class Command:
    """What is known of one command: flags map a name to its kind, "?" behind it when the value may be left out."""

    help: str = ""
    children: list[str] = field(default_factory=list)
    searched: bool = False  # for hidden subcommands
    flags: dict[str, str] = field(default_factory=dict)
    shorts: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    deprecated: set[str] = field(default_factory=set)
    arguments: tuple[int, int | None] = (0, None)
    stops: bool = False  # flags end at the first argument, as in `docker run`
    free: bool = False  # the command does not let its library parse flags

    def write(self) -> dict[str, Any]:
        """Return what a specification's file says of the command; what is as usual is left out."""
        by_flag = {name: short for short, name in self.shorts.items()}
        known: dict[str, Any] = {
            "flags": {name: f"{kind} {by_flag.get(name, '')}".strip() for name, kind in sorted(self.flags.items())},
            "hidden": sorted(self.hidden),
            "deprecated": sorted(self.deprecated),
            "group": bool(self.children),
            "stops": self.stops,
            "free": self.free,
        }
        if self.arguments != (0, None):
            known["arguments"] = self.arguments
        return {key: value for key, value in known.items() if value}


def crawl_client(client: Client, roots: Iterable[str] = (), arguments: bool = False) -> dict[str, Any]:
    """Find commands and aliases of a cobra client, below the named commands only when roots are given.

    arguments: also find how many arguments each command takes, which runs it: only for a client that can do nothing
    without a server.
    """
    commands: dict[str, Command] = {}
    aliases: dict[str, str] = {}
    with ThreadPoolExecutor(3) as pool:
        level = list(roots) or [""]
        while level:
            level = read_commands(client, pool, commands, level)
            names = {path.split()[-1] for path in commands if path} | {
                *HIDDEN_COMMANDS.split(),
                *get_profile(client.name).hidden_commands,
            }
            if not level:  # all that is listed is known: look for the groups' hidden commands, and for theirs
                level = find_hidden_commands(client, pool, commands, names)
        aliases = find_aliases(client.name, commands)
        list(pool.map(lambda path: probe_command(client, path, commands, arguments), commands))
    facts = {path: command.write() for path, command in commands.items()}
    for alias, path in list(aliases.items()):
        if alias in facts and facts[alias] != facts.get(path):
            del aliases[alias]
        else:
            facts.pop(alias, None)
    return {"commands": facts, "aliases": aliases}


def read_commands(client: Client, pool: Executor, commands: dict[str, Command], paths: list[str]) -> list[str]:
    """Read the commands at these paths into commands: the paths of their subcommands."""
    found = zip(paths, pool.map(lambda path: read_help(client, path), paths), strict=True)
    # What is listed and cannot be asked hands its words on (`gh extension exec`) or stands for another command (`gh co`).
    known = {path: command or Command(free=True) for path, command in found}
    commands |= known
    children = (f"{path} {child}".strip() for path, command in known.items() for child in command.children)
    return [path for path in children if path not in commands]


def read_help(client: Client, path: str) -> Command | None:
    """Read the help of a command and the names of its subcommands, None when the client answers for another command."""
    text = client.ask(*path.split(), "--help")
    if not path and "options" in text:  # kubectl lists the flags that all commands share apart
        text += client.ask("options")
    usage = read_usage(client.name, text).split()
    if path and usage[: len(path.split())] != path.split():
        return None
    children = []
    inside = False
    for line in text.splitlines():
        if line and not line[0].isspace():
            inside = bool(re.search(r"\bcommands\b.*(:|^[A-Z ]+)$", line, re.I)) or bool(
                re.fullmatch(r"[A-Z ]*COMMANDS", line)
            )
        elif inside and (match := re.match(r" {1,4}([a-z][\w-]*)[*:]? +\S", line)):
            children.append(match[1])
    return Command(help=text, children=children)


def read_usage(name: str, text: str) -> str:
    """Read the command that a help text is about, by its usage line: lower-case words are names, the rest arguments."""
    call = rf"{re.escape(name)}((?: [a-z_][\w-]*)*)"
    # Examples may stand before the usage, and may call other commands.
    match = re.search(rf"^usage:?\s*{call}", text, re.I | re.M) or re.search(rf"^\s*{call}", text, re.I | re.M)
    words = match[1].split() if match else []
    return " ".join(itertools.takewhile(lambda word: word[0].islower() or word[0] == "_", words))


def find_hidden_commands(client: Client, pool: Executor, commands: dict[str, Command], names: set[str]) -> list[str]:
    """Find the paths of subcommands that a group knows and does not list, among names."""
    wanted = []
    for path, command in commands.items():
        if command.children and not command.searched:
            command.searched = True
            wanted += [child for name in sorted(names) if (child := f"{path} {name}".strip()) not in commands]
    return [
        path for path, command in zip(wanted, pool.map(lambda p: read_help(client, p), wanted), strict=True) if command
    ]


def find_aliases(name: str, commands: dict[str, Command]) -> dict[str, str]:
    """Find aliases: alias -> command, the deepest of the paths that a help text calls the same."""
    aliases: dict[str, str] = {}
    for path, command in commands.items():
        match = re.search(r"^aliases:?\s*\n(.+)$", command.help, re.I | re.M)
        same = [path]
        for alias in re.split(r",\s*", match[1].strip()) if match else []:
            words = alias.split()
            same.append(" ".join(words[1:] if words[0] == name else [*path.split()[:-1], *words]))
        canonical = max((p for p in same if p in commands), key=lambda p: p.count(" "))
        aliases |= {alias: canonical for alias in same if alias != canonical}
    return aliases


def read_flags(text: str) -> dict[str, tuple[str, str]]:
    """Read the flags that a help text lists: flag -> (short, name of the kind)."""
    found = {}
    for short, name, kind in re.findall(
        r"^ +(?:-(\w), )? *--([a-z][\w.-]*)(?:\[?=\S*| (\S+))?(?:  .*|:| *)$", text, re.M
    ):
        found[name] = (short, kind)
    return found


def probe_command(client: Client, path: str, commands: dict[str, Command], arguments: bool) -> None:
    """Fill in flags, shorthands, and where flags end, by what the command's parser says."""
    words, command = path.split(), commands[path]
    if command.free or (path and "unknown flag" not in client.ask(*words, PROBE[0])):
        command.free = True
        return
    listed = {other: read_flags(peer.help) for other, peer in commands.items()}
    _probe_names(client, path, command, listed)
    letters = {letter: name for flags in listed.values() for name, (letter, _) in flags.items() if letter}
    _probe_letters(client, words, command, letters)
    if not command.children:
        command.stops = "unknown flag" not in client.ask(*words, "x", PROBE[0])
        if arguments:
            command.arguments = count_arguments(client, words)


def _probe_names(client: Client, path: str, command: Command, listed: dict[str, dict[str, tuple[str, str]]]) -> None:
    """Fill in the flags that a command lists, and those that its parents and namesakes list and it takes all the same."""
    words = path.split()
    near = {"help"} | set(get_profile(client.name).hidden_flags)
    for other, flags in listed.items():
        steps = other.split()
        if steps[-1:] == words[-1:] or words[: len(steps)] == steps:
            near |= set(flags)
    for name in sorted(set(listed[path]) | near):
        letter, kind = listed[path].get(name, ("", ""))
        if kind in TYPES:  # the help says what it takes
            answer = ""
        else:
            answer = client.ask(*words, f"--{name}", *PROBE)
            if f"unknown flag: --{name}\n" in answer + "\n" or not answer:
                continue
            kind = judge_kind(client, words, f"--{name}", answer, kind.partition("[")[0])
        if re.search(rf"--{re.escape(name)}\b.* deprecated", answer):
            command.deprecated.add(name)
        command.flags[name] = kind
        if letter:
            command.shorts[letter] = name
        if name not in listed[path] and name != "help":
            command.hidden.add(name)


def _probe_letters(client: Client, words: list[str], command: Command, letters: dict[str, str]) -> None:
    """Fill in the shorthands that a command takes and does not list. letters: what each means to other commands."""
    for letter in sorted({*letters, *string.ascii_lowercase} - set(command.shorts)):
        answer = client.ask(*words, f"-{letter}", *PROBE)
        if f"unknown shorthand flag: '{letter}'" in answer or not answer:
            continue
        if match := re.search(rf"-{letter}, --([\w-]+)", answer):
            name = match[1]
        else:
            name = "help" if letter == "h" and "help" in command.flags else letters.get(letter, "")
        kind = judge_kind(client, words, f"-{letter}", answer, "")
        if name not in command.flags:  # a shorthand whose long name we do not know
            name = f"-{letter}"
            command.flags[name] = kind
            command.hidden.add(name)
        command.shorts[letter] = name
        if re.search(rf"shorthand -{letter} has been deprecated", answer):
            command.deprecated.add(f"-{letter}")


def judge_kind(client: Client, words: list[str], dashes: str, answer: str, listed: str) -> str:
    """Find the kind of a flag's value by the parser's complaint about a wrong one."""
    optional = ""
    if f"unknown flag: {PROBE[0]}" in answer:
        optional, answer = "?", client.ask(*words, f"{dashes}={PROBE[0]}", PROBE[1])
    kind = next((kind for pattern, kind in KINDS_BY_COMPLAINT if re.search(pattern, answer)), "")
    if kind == "bool" and optional:
        return "bool"
    if kind in ("int", "uint") and re.fullmatch(r"u?int\d+", listed):
        kind = listed
    return (kind or listed or "string") + optional


def count_arguments(client: Client, words: list[str]) -> tuple[int, int | None]:
    """Find the fewest and the most arguments that a command takes (None: any number), by running it."""
    taken = [n for n in (0, 1, 2, 3, 4, 12) if not REFUSED_ARGUMENTS.search(client.ask(*words, *["x"] * n))]
    if not taken:
        return (0, None)
    return (taken[0], None if taken[-1] == 12 else taken[-1])


def crawl_plugins(client: Client, plugins: str, facts: dict[str, Any], arguments: bool) -> None:
    """Add to the facts about a docker client the commands of its plugins, and what it hands on to them.

    `docker build` is the classic builder where buildx is missing and `docker buildx build` where it is not: both parsers
    are real, so what either accepts exists.
    """
    commands, aliases = facts["commands"], facts["aliases"]
    known = {*commands, *aliases}
    with open_client(client.name, client.path, plugins) as extended:
        listed = {child for child in (read_help(extended, "") or Command()).children if child not in known}
        roots = [child for child in sorted(listed) if read_help(extended, child)]
        added = crawl_client(extended, roots, arguments)
        usage = {path: read_usage(client.name, extended.ask(*path.split(), "--help")) for path in {*commands, *listed}}
    aliases |= {alias: path for alias, path in added["aliases"].items() if alias.split()[0] in roots}
    for path, target in sorted(usage.items()):
        if path == target or target not in added["commands"]:
            continue
        if path not in commands:
            aliases[path] = target
            continue
        own, other = commands[path], added["commands"][target]
        own["hidden"] = sorted({*own.get("hidden", ()), *other.get("hidden", ())})
        own["flags"] = other.get("flags", {}) | own.get("flags", {})
        for child in added["commands"]:
            moved = f"{path} {child.removeprefix(target + ' ')}"
            if child.startswith(f"{target} ") and moved not in commands:
                aliases.setdefault(moved, child)
    commands |= added["commands"]


def find_persistent(commands: dict[str, Any]) -> dict[str, str]:
    """Find the flags of the client itself that each of its commands takes too, and take them out of the commands."""
    root = commands[""].get("flags", {})
    others = [c["flags"] for path, c in commands.items() if path and not c.get("free")]
    shared = {name: kind for name, kind in root.items() if all(name in flags for flags in others)}
    for path, command in commands.items():
        for name, kind in shared.items():
            if path and command.get("flags", {}).get(name) == kind:
                del command["flags"][name]
        if path and "hidden" in command:
            command["hidden"] = [name for name in command["hidden"] if name not in shared]
            if not command["hidden"]:
                del command["hidden"]
    return shared


def find_traversal(client: Client, commands: dict[str, Any]) -> bool:
    """Find out whether a flag of a subcommand is refused before the subcommand's name (cobra's TraverseChildren)."""
    for path, command in commands.items():
        for flag in command.get("flags", {}):
            if " " not in path and path and flag not in commands[""]["flags"] and len(flag) > 2:
                return f"unknown flag: --{flag}" in client.ask(f"--{flag}=x", path, PROBE[0])
    return False
