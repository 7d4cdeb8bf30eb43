"""Make the specification of git, whose commands have parsers of several kinds, by asking each of them.

Candidates for commands, subcommands and options come from `-h`, `--help-all`, the completion helper and, when
a folder of man pages is given, from those, and each is put to the command's own parser in an empty repository that is
thrown away. Each probe carries an option that cannot exist, so that nothing is ever run. A command whose parser does not
name the option it refuses (shell and Perl scripts) is marked free: its options are not judged.
"""

import gzip
import re
import string
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from synthdata.verify.cli.profiles import get_profile
from synthdata.verify.crawl.installed import Client

PROBE = ["--zzprobe-one", "--zzprobe-two"]

SHARED_CANDIDATES = "help help-all version quiet verbose force dry-run all".split()  # noqa: SIM905


def crawl_git(client: Client, man: str = "") -> dict[str, Any]:
    """Make the specification of the installed git, in the form that `python -m synthdata.verify.crawl` writes."""
    client.ask("init", "-q", ".")
    identity = ["-c", "user.name=n", "-c", "user.email=e@localhost"]
    client.ask(*identity, "commit", "-q", "--allow-empty", "-m", "m")
    names = client.ask("--list-cmds=builtins,main,others").split()
    names = sorted({name for name in names if "--" not in name and re.fullmatch(r"[a-z][\w-]*", name)})
    with ThreadPoolExecutor(3) as pool:
        children = dict(zip(names, pool.map(lambda name: find_subcommands(client, name), names), strict=True))
        paths = ["", *names, *(f"{name} {child}" for name in names for child in children[name])]
        facts = list(pool.map(lambda path: probe_command(client, path, man), paths))
    commands = dict(zip(paths, facts, strict=True))
    for name in names:
        if children[name]:
            commands[name]["group"] = True
            # a word that is no subcommand may be an argument, or a term of bisect's that its user chose
            if name == "bisect" or not re.search(r"subcommand|usage:", client.ask(name, "zzword")):
                commands[name]["open"] = True
    commands[""]["group"] = True
    return {
        "program": "git",
        "version": client.ask("--version").split()[2],
        "grammar": "git",
        "external": [name for name in get_profile("git").external if name not in names],
        "commands": commands,
        "aliases": {},
    }


def find_subcommands(client: Client, name: str) -> list[str]:
    """Find the subcommands of a command in its usage and its completion helper."""
    usage = client.ask(name, "-h")
    found = set(re.findall(rf"git {re.escape(name)} (?:\[[^\]]*\] )*\(?([a-z][a-z-]+)\b", usage))
    found |= set(re.findall(rf"git {re.escape(name)} \[([a-z][a-z-]+) ", usage))
    for line in re.findall(rf"git {re.escape(name)} \[([a-z|-]+)\]", usage):
        found |= {word for word in line.split("|") if word[:1].isalpha()}
    if not found and "subcommand" not in client.ask(name, "zzword"):
        return []
    helper = client.ask(name, "--git-completion-helper-all")
    if "usage:" not in helper and "error" not in helper:
        found |= {word for word in helper.split() if re.fullmatch(r"[a-z][a-z-]+", word)}
    return sorted(found)


def probe_command(client: Client, path: str, man: str) -> dict[str, Any]:
    """Find the options of a command: name -> kind, with "!" behind it when the name may not be abbreviated."""
    words = path.split()
    if not is_refused(client.ask(*words, PROBE[0]), PROBE[0]):
        return declare_command(client, words, man)
    flags = {}
    for name in sorted(find_candidates(client, words, man)):
        answer = client.ask(*words, f"--{name}", *PROBE)
        if is_refused(answer, f"--{name}"):
            # Some take their value behind "=" alone: `git log --format=oneline`.
            joined = f"--{name}=oneline"
            if not is_refused(client.ask(*words, joined, *PROBE), joined):
                flags[name] = "string!"
            continue
        if "ambiguous option" in answer:
            continue
        exact = is_refused(client.ask(*words, f"--{name[:-1]}", *PROBE), f"--{name[:-1]}")
        flags[name] = judge_kind(client, words, f"--{name}", answer) + "!" * exact
    known: dict[str, Any] = {"flags": flags}
    if is_refused(client.ask(*words, "-~", *PROBE), "-~"):
        for letter in string.ascii_letters:
            answer = client.ask(*words, f"-{letter}", *PROBE)
            if not is_refused(answer, f"-{letter}"):
                flags[f"-{letter}"] = judge_kind(client, words, f"-{letter}", answer)
        if not is_refused(client.ask(*words, "-7", *PROBE), "-7"):
            known["numbers"] = True
    else:
        known["any_short"] = True  # the parser does not name a short option that it refuses
    answer = client.ask(*words, "HEAD", PROBE[0])
    if not is_refused(answer, PROBE[0]) and "usage:" not in answer:
        known["stops"] = True
    return known


def declare_command(client: Client, words: list[str], man: str) -> dict[str, Any]:
    """Declare the options of a command that refuses without a name: what it and its man page list, else it is free."""
    listed = client.ask(*words, "--git-completion-helper-all").split()
    if (
        not listed
        or "--git-completion-helper-all" in listed
        or not all(re.fullmatch(r"--[\w-]*=?", word) for word in listed)
    ):
        return {"flags": {}, "free": True}
    flags = {word[2:].rstrip("="): "string" if word.endswith("=") else "string?" for word in listed if word != "--"}
    flags |= {f"-{letter}": "string?" for letter in re.findall(r"^ +-(\w)\b", client.ask(*words, "-h"), re.M)}
    # A helper may list only what the command shares with others; a line of the manual that begins with a dash defines names.
    headings = "\n".join(re.findall(r"^(?:\\fB)?-.*$", read_manual(words, man), re.M))
    defined = re.findall(r"--(?:\[no-\])?([a-z][a-z0-9-]*[a-z0-9])", f"{headings}\n{client.ask(*words, '-h')}")
    flags = dict.fromkeys(defined, "string?") | flags
    flags |= {f"no-{name}": "bool" for name in flags if name[0] != "-" and not name.startswith("no-")}
    # Short options of the diff machinery (-p, -U) are in no list.
    return {"flags": flags | {"help": "bool"}, "any_short": True}


def find_candidates(client: Client, words: list[str], man: str) -> set[str]:
    """Find the names of options that may exist: those that help, helper and manual name, with and without `no-`."""
    text = "".join(client.ask(*words, flag) for flag in ("-h", "--help-all", "--git-completion-helper-all"))
    text += read_manual(words, man)
    text = text.replace("[no-]", "")
    found = set(re.findall(r"--([a-z][a-z0-9-]*[a-z0-9])", text)) | set(SHARED_CANDIDATES)
    positive = {name.removeprefix("no-") for name in found}
    return positive | {f"no-{name}" for name in positive}


def read_manual(words: list[str], man: str) -> str:
    """Read the manual page of a command as its source, "" when there is none."""
    page = Path(man) / f"git{'-' if words else ''}{words[0] if words else ''}.1.gz"
    if not man or not page.is_file():
        return ""
    return gzip.decompress(page.read_bytes()).decode(errors="replace").replace("\\-", "-")


def is_refused(answer: str, flag: str) -> bool:
    """Tell whether git complains of this option by name."""
    name = re.escape(flag.lstrip("-"))
    complaint = r"(unknown|unrecognized|invalid) (option|argument|switch|parameter)s?:? *[`'\"]?-{0,2}"
    late = rf"option '-{{1,2}}{name}' must come before"  # known to be no path, and not asked what else it is
    return bool(re.search(rf"{complaint}{name}(?![\w-])|{late}", answer, re.I))


def judge_kind(client: Client, words: list[str], dashes: str, answer: str) -> str:
    """Find the kind of an option's value by what the parser complains of next."""
    if re.search(r"numerical value|integer value|not an integer|not a number", answer):
        return "int"
    if is_refused(answer, PROBE[0]):
        joined = f"{dashes}={PROBE[0]}" if dashes.startswith("--") else f"{dashes}zzprobe-one"
        answer = client.ask(*words, joined, PROBE[1])
        if "takes no value" in answer or "unknown switch `z'" in answer or is_refused(answer, joined):
            return "bool"
        return "string?"
    if not words and is_refused(client.ask(dashes, ".", PROBE[0]), PROBE[0]):  # -C wants a folder that is there
        return "string"
    return "string" if is_refused(answer, PROBE[1]) else "string?"
