"""Make a command specification by asking the installed client itself, with no server to reach.

    python -m synthdata.verify.crawl docker [--plugins FOLDER] [--arguments] [--out docker.json]
    python -m synthdata.verify.crawl kubectl [--program PATH] [--arguments]
    python -m synthdata.verify.crawl git

Covers clients built on cobra and pflag (docker, kubectl, helm, gh, ...): names come from the `--help` of each command, and
each name, with those that other commands of the client have and those that were once known to be hidden, is then put to
the parser of each command. Every such probe carries a flag that cannot exist, so that nothing is ever run. Git is in
crawl_git.py. The result holds facts only: names, kinds of value, numbers of arguments. Not covered: descriptions, the
values that a server would refuse, clients of other libraries.
"""

import argparse
import itertools
import json
import os
import re
import shutil
import string
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synthdata.errors import InputError

# Names that clients accept and do not list, from their sources and lists of deprecated features.
HIDDEN_FLAGS = """
all all-resources ansi builder check compress debug detach-keys disable-content-trust details entrypoint export-cache
filter force force-rm format generator help host-port image import-cache include-uninitialized index insecure-registry
interactive isolation label last limits metadata-file name net net-alias no-ansi no-cache-filter no-deps no-headers no-rm
no-trunc output overrides parallel print progress project-directory quiet record registry-mirror replicas requests
restart root schedule secret security-opt service-account serviceaccount short show-all since squash ssh stack-orchestrator
orchestrator stream tty ulimit until use-api-socket verbose volume wait workdir volumes-only workdir delete-local-data
export heapster-namespace kubeconfig namespace context email cluster-store cluster-advertise rootless memory cpus
cpu-period cpu-quota cpu-shares cpuset-cpus cpuset-mems memory-swap add-host platform pull shm-size target tag load push
allow annotation attest cache-from cache-to cgroup-parent network no-cache provenance sbom invoke call on bootstrap
"""
HIDDEN_COMMANDS = """
alpha app attestation checkpoint completion convert dap debug dial-stdio engine generate help install kui options
rolling-update run-container scan publish uninstall viz watch __complete __completeNoDesc desktop remote
"""
# Commands of plugins that are installed apart: real, but nothing here can ask them.
EXTERNAL = {
    "docker": "ai cagent cloud debug desktop extension feedback init mcp model offload pass sandbox sbom scout",
    "kubectl": "argo cert-manager cnpg ctx df-pv krew neat ns oidc-login stern tree view-secret who-can",
}
PROBE = ["--zzprobe-one", "--zzprobe-two"]
KINDS_BY_COMPLAINT = [
    (r"strconv\.ParseBool|parse bool", "bool"),
    (r"strconv\.(ParseInt|Atoi)", "int"),
    (r"strconv\.ParseUint", "uint"),
    (r"rational number|strconv\.ParseFloat", "decimal"),
    (r"invalid duration", "duration"),
    (r"invalid size", "bytes"),
]
REFUSED_ARGUMENTS = re.compile(r"requires .*\d+ arg|requires exactly|accepts .*arg|unknown command \"")


@dataclass
class Client:
    """An installed client, asked in a home folder that is thrown away and with no server to reach."""

    name: str
    path: str
    environment: dict[str, str]
    folder: str
    timeout: float = 10

    def ask(self, *words: str) -> str:
        """What the client prints, errors first; "" when it does not end in time."""
        try:
            done = subprocess.run(
                [self.path, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self.timeout,
                env=self.environment,
                cwd=self.folder,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return ""
        return (done.stderr + done.stdout).decode(errors="replace")


@contextmanager
def open_client(name: str, program: str = "", plugins: str = "") -> Iterator[Client]:
    """A client in a throwaway home. Raises InputError when the program is not installed."""
    path = shutil.which(program or name)
    if path is None:
        raise InputError(f"{program or name!r} is not installed: install it, or name its file with --program.")
    with tempfile.TemporaryDirectory() as folder:
        home, empty = Path(folder) / "home", Path(folder) / "empty"
        (home / ".docker").mkdir(parents=True)
        empty.mkdir()
        if plugins:
            shutil.copytree(plugins, home / ".docker/cli-plugins")
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "DOCKER_HOST": "tcp://127.0.0.1:1",
            "KUBECONFIG": str(home / "kubeconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "LC_ALL": "C",
            "COLUMNS": "200",
            "NO_COLOR": "1",
        }
        yield Client(name, path, environment, str(empty))


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
    """Commands and aliases of a cobra client, below the named commands only when roots are given.

    arguments: also find how many arguments each command takes, which runs it: only for a client that can do nothing
    without a server.
    """
    commands: dict[str, Command] = {}
    aliases: dict[str, str] = {}
    with ThreadPoolExecutor(3) as pool:
        level = list(roots) or [""]
        while level:
            level = read_commands(client, pool, commands, level)
            names = {path.split()[-1] for path in commands if path} | set(HIDDEN_COMMANDS.split())
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
    """Add the commands at these paths; the paths of their subcommands are returned."""
    found = zip(paths, pool.map(lambda path: read_help(client, path), paths), strict=True)
    known = {path: command for path, command in found if command}
    commands |= known
    children = (f"{path} {child}".strip() for path, command in known.items() for child in command.children)
    return [path for path in children if path not in commands]


def read_help(client: Client, path: str) -> Command | None:
    """The help of a command and the names of its subcommands, None when the client answers for another command."""
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
    """The command that a help text is about, by its usage line: lower-case words are names, the rest arguments."""
    match = re.search(rf"^\s*(?:usage:\s*)?{re.escape(name)}((?: [a-z_][\w-]*)*)", text, re.I | re.M)
    words = match[1].split() if match else []
    return " ".join(itertools.takewhile(lambda word: word[0].islower() or word[0] == "_", words))


def find_hidden_commands(client: Client, pool: Executor, commands: dict[str, Command], names: set[str]) -> list[str]:
    """Paths of subcommands that a group knows and does not list, among names."""
    wanted = []
    for path, command in commands.items():
        if command.children and not command.searched:
            command.searched = True
            wanted += [child for name in sorted(names) if (child := f"{path} {name}".strip()) not in commands]
    return [
        path for path, command in zip(wanted, pool.map(lambda p: read_help(client, p), wanted), strict=True) if command
    ]


def find_aliases(name: str, commands: dict[str, Command]) -> dict[str, str]:
    """Alias -> command, the deepest of the paths that a help text calls the same."""
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
    """Flag -> (short, name of the kind), of the flags that a help text lists."""
    found = {}
    for short, name, kind in re.findall(
        r"^ +(?:-(\w), )? *--([a-z][\w.-]*)(?:\[?=\S*| (\S+))?(?:  .*|:| *)$", text, re.M
    ):
        found[name] = (short, kind)
    return found


def probe_command(client: Client, path: str, commands: dict[str, Command], arguments: bool) -> None:
    """Fill in flags, shorthands, and where flags end, by what the command's parser says."""
    words, command = path.split(), commands[path]
    if path and "unknown flag" not in client.ask(*words, PROBE[0]):
        command.free = True
        return
    listed = read_flags(command.help)
    near = {"help"} | set(HIDDEN_FLAGS.split())
    for other, peer in commands.items():
        steps = other.split()
        if steps[-1:] == words[-1:] or steps[:-1] == words[:-1] or words[: len(steps)] == steps:
            near |= set(read_flags(peer.help))
    shorts = {
        letter: name for peer in commands.values() for name, (letter, _) in read_flags(peer.help).items() if letter
    }
    for name in sorted(set(listed) | near):
        answer = client.ask(*words, f"--{name}", *PROBE)
        if f"unknown flag: --{name}\n" in answer + "\n" or not answer:
            continue
        if re.search(rf"--{re.escape(name)}\b.* deprecated", answer):
            command.deprecated.add(name)
        letter, kind = listed.get(name, ("", ""))
        command.flags[name] = judge_kind(client, words, f"--{name}", answer, kind)
        if letter:
            command.shorts[letter] = name
        if name not in listed and name != "help":
            command.hidden.add(name)
    for letter in sorted((set(shorts) | set(string.ascii_lowercase)) - set(command.shorts)):
        answer = client.ask(*words, f"-{letter}", *PROBE)
        if f"unknown shorthand flag: '{letter}'" in answer or not answer:
            continue
        if match := re.search(rf"-{letter}, --([\w-]+)", answer):
            name = match[1]
        else:
            name = "help" if letter == "h" and "help" in command.flags else shorts.get(letter, "")
        kind = judge_kind(client, words, f"-{letter}", answer, "")
        if name not in command.flags:  # a shorthand whose long name we do not know
            name = f"-{letter}"
            command.flags[name] = kind
            command.hidden.add(name)
        command.shorts[letter] = name
        if re.search(rf"shorthand -{letter} has been deprecated", answer):
            command.deprecated.add(f"-{letter}")
    if not command.children:
        command.stops = "unknown flag" not in client.ask(*words, "x", PROBE[0])
        if arguments:
            command.arguments = count_arguments(client, words)


def judge_kind(client: Client, words: list[str], dashes: str, answer: str, listed: str) -> str:
    """The kind of a flag's value, by the parser's complaint about a wrong one."""
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
    with open_client(client.name, client.path, plugins) as extended:
        listed = {child for child in (read_help(extended, "") or Command()).children if child not in commands}
        roots = [child for child in sorted(listed) if read_help(extended, child)]
        added = crawl_client(extended, roots, arguments)
        usage = {path: read_usage(client.name, extended.ask(*path.split(), "--help")) for path in {*commands, *listed}}
    aliases |= added["aliases"]
    for path, target in sorted(usage.items()):
        if path == target or target not in added["commands"]:
            continue
        if path not in commands:
            aliases[path] = target
            continue
        own, other = commands[path], added["commands"][target]
        own["flags"] = other.get("flags", {}) | own.get("flags", {})
        own["hidden"] = sorted(set(own.get("hidden", [])) | (set(other.get("flags", {})) - set(own["flags"])))
        for child in added["commands"]:
            if (
                child.startswith(f"{target} ")
                and (known := f"{path} {child.removeprefix(target + ' ')}") not in commands
            ):
                aliases.setdefault(known, child)
    commands |= added["commands"]


def find_persistent(commands: dict[str, Any]) -> dict[str, str]:
    """Flags of the client itself that each of its commands takes too; taken out of the commands."""
    root = commands[""].get("flags", {})
    others = [c["flags"] for path, c in commands.items() if path and not c.get("free")]
    shared = {name: kind for name, kind in root.items() if all(name in flags for flags in others)}
    for path, command in commands.items():
        for name, kind in shared.items():
            if path and command.get("flags", {}).get(name) == kind:
                del command["flags"][name]
    return shared


def crawl(name: str, program: str = "", plugins: str = "", man: str = "", arguments: bool = False) -> dict[str, Any]:
    """The specification of an installed client. Raises InputError when it is not installed."""
    with open_client(name, program, plugins="") as client:
        if name == "git":
            from synthdata.verify.crawl_git import crawl_git

            return crawl_git(client, man)
        said = client.ask("version", "--client") + client.ask("--version")
        version = re.search(r"v?(\d+\.\d+\.\d+[\w.+-]*)", said)
        facts = crawl_client(client, arguments=arguments)
        traverses = find_traversal(client, facts["commands"])
        if plugins:
            crawl_plugins(client, plugins, facts, arguments)
    return {
        "program": name,
        "version": version[1] if version else "",
        "grammar": "pflag",
        "traverses": traverses,
        "persistent": find_persistent(facts["commands"]),
        "external": [other for other in EXTERNAL.get(name, "").split() if other not in facts["commands"]],
        **facts,
    }


def find_traversal(client: Client, commands: dict[str, Any]) -> bool:
    """Whether a flag of a subcommand is refused before the subcommand's name (cobra's TraverseChildren)."""
    for path, command in commands.items():
        for flag in command.get("flags", {}):
            if " " not in path and path and flag not in commands[""]["flags"] and len(flag) > 2:
                return f"unknown flag: --{flag}" in client.ask(f"--{flag}=x", path, PROBE[0])
    return False


def write_specification(specification: dict[str, Any], path: Path) -> None:
    """Write sorted JSON, one command a line, so that two versions can be compared line by line."""
    parts = []
    for key, value in sorted(specification.items()):
        if isinstance(value, dict) and value:
            rows = (
                f"{json.dumps(k)}: {json.dumps(v, sort_keys=True, ensure_ascii=False)}"
                for k, v in sorted(value.items())
            )
            parts.append(f"{json.dumps(key)}: {{\n" + ",\n".join(rows) + "\n}")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m synthdata.verify.crawl", description=__doc__.split("\n")[0])
    parser.add_argument("name", help="docker, git, kubectl, or any client built on cobra")
    parser.add_argument("--program", default="", help="file to run, when it is not the one on PATH")
    parser.add_argument("--plugins", default="", help="folder of docker CLI plugins to include")
    parser.add_argument("--man", default="", help="folder of git's man pages, for options that its help leaves out")
    parser.add_argument("--source", default=[], action="append", help="where the client or a plugin came from")
    parser.add_argument("--arguments", action="store_true", help="find numbers of arguments by running each command")
    parser.add_argument("--out", help="file to write, else the one that the checker reads")
    chosen = parser.parse_args(words)
    try:
        specification = crawl(chosen.name, chosen.program, chosen.plugins, chosen.man, chosen.arguments)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    specification["sources"] = chosen.source
    path = Path(chosen.out) if chosen.out else Path(__file__).parent / "specs" / f"{chosen.name}.json"
    write_specification(specification, path)
    print(f"{path.name}: {len(specification['commands'])} commands of {chosen.name} {specification['version']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
