"""Make the specification of terraform, whose commands read flags with Go's flag package, by asking each of them.

Names of commands and flags come from the help texts. Every flag is put to every command together with one that cannot exist, so
that nothing is ever run. One command (import) does not name what it refuses: it gets no arguments, and then counts them only where
it took its flags.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from synthdata.verify.cli.profiles import get_profile
from synthdata.verify.crawl.installed import Client

PROBE = ["-zzprobe-one", "-zzprobe-two"]
# Of a value of the wrong kind the parser says no more than "parse error".
VALUES = (("string", "=zz"), ("int", "=7"), ("duration", "=1s"))


def crawl_terraform(client: Client) -> dict[str, Any]:
    """Make the specification of the installed terraform, in the form that `python -m synthdata.verify.crawl` writes."""
    helps = {"": client.ask("-help")}
    profile = get_profile(client.name)
    for name in [*find_children(helps[""]), *profile.hidden_commands]:
        helps[name] = client.ask(name, "-help")
        helps |= {f"{name} {child}": client.ask(name, child, "-help") for child in find_children(helps[name])}
    aliases = {name: shown for name in profile.hidden_commands if (shown := read_usage(helps[name])) != name}
    paths = [path for path in helps if path and path.split()[0] not in aliases]
    names = sorted({name for text in helps.values() for name in find_flags(text)} | set(profile.hidden_flags))
    with ThreadPoolExecutor(3) as pool:
        facts = list(pool.map(lambda path: probe_command(client, path, helps[path], names), paths))
    commands = {"": {"flags": {"chdir": "string", "help": "bool", "version": "bool"}, "group": True}} | dict(
        zip(paths, facts, strict=True)
    )
    for path in paths:
        if " " in path:
            commands[path.split()[0]]["group"] = True
    return {
        "program": client.name,
        "version": re.findall(r"v(\d+\.\d+\.\d+\S*)", client.ask("-version"))[0],
        "grammar": profile.grammar,
        "external": [],
        "commands": commands,
        "aliases": aliases,
    }


def find_children(text: str) -> list[str]:
    """Find the names of the subcommands that a help text lists."""
    lists = re.findall(r"^(?:\w+ commands|Subcommands|All other commands):\n((?:  .*\n?)+)", text, re.M)
    return [name for listed in lists for name in re.findall(r"^ +([a-z][\w-]*)  ", listed, re.M)]


def find_flags(text: str) -> list[str]:
    """Find the names of the flags that a help text defines."""
    return re.findall(r"^ {2,4}-([a-z][\w-]*)", text, re.M)


def read_usage(text: str) -> str:
    """Read the command that a help text is about."""
    match = re.search(r"^Usage: terraform \[global options\] ((?:[a-z][\w-]* ?)+)", text, re.M)
    return match[1].strip() if match else ""


def probe_command(client: Client, path: str, text: str, names: list[str]) -> dict[str, Any]:
    """Find the flags of a command by what its parser says."""
    words = path.split()
    flags: dict[str, str] = {}
    if is_refused(client.ask(*words, PROBE[0]), PROBE[0]):
        for name in names:
            answer = client.ask(*words, f"-{name}", *PROBE)
            if is_refused(
                answer, PROBE[0]
            ):  # some are taken out before the flags are read, and only as they are: -no-color
                flags[name] = "bool" + "!" * is_refused(client.ask(*words, f"--{name}", *PROBE), f"-{name}")
            elif is_refused(answer, PROBE[1]) or f"for flag -{name}:" in answer:
                tried = (k for k, v in VALUES if is_refused(client.ask(*words, f"-{name}{v}", *PROBE), PROBE[0]))
                flags[name] = next(tried, "string")
    elif re.search(r"^Usage: .*\[options\] [A-Z]", text, re.M):
        for name in names:
            tried = (k for k, v in (("bool", ""), *VALUES) if "expects" in client.ask(*words, f"-{name}{v}"))
            if kind := next(tried, ""):
                flags[name] = kind
    elif "ubcommand" not in text:
        flags = {"no-color": "bool!"}
    return {"flags": flags}


def is_refused(answer: str, flag: str) -> bool:
    """Tell whether terraform says of this flag that there is none."""
    return re.search(rf"not defined: {re.escape(flag)}(?![\w-])", answer) is not None
