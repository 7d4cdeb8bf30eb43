"""What an installed client's own help says of its commands and options, a line each; nothing is run but `--help`."""

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from synthdata.base.errors import InputError
from synthdata.verify.crawl.installed import open_client

LONGEST = 160
_FLAG = re.compile(
    r"^\s{1,8}(?:-\w,\s*)?--?(?:\[no-\])?([A-Za-z][\w.-]*)(?:\[?=\S*)?(?:\s(?!\s)\S+)?(?:\s{2,}|:?\s*$|:\s)(.*)$"
)


def describe_commands(program: str, paths: Iterable[str]) -> dict[str, tuple[str, dict[str, str]]]:
    """Ask an installed client for the help of some of its commands.

    Returns what each command does, and what each of its options does by name; nothing, which is said, where the client is not
    installed. The texts are the client's, so keep them out of what you publish where its licence wants that.
    """
    wanted = sorted(paths)
    try:
        with open_client(program) as client, ThreadPoolExecutor(3) as pool:
            texts = list(pool.map(lambda path: client.ask(*path.split(), "--help"), wanted))
    except InputError:
        print(f"{program} is not installed here: its options are known by name alone, which makes poorer questions")
        return {}
    return {path: read_description(text) for path, text in zip(wanted, texts, strict=True) if _is_about(text, path)}


def read_description(text: str) -> tuple[str, dict[str, str]]:
    """Read a help text: its first sentence about the command, and what it says of each option."""
    options: dict[str, list[str]] = {}
    current: list[str] | None = None
    about = ""
    for line in text.splitlines():
        if match := _FLAG.match(line):
            current = options.setdefault(match[1], [match[2].strip()])
        elif current is not None and re.match(r"\s{9,}\S|\t\S", line):
            current.append(line.strip())
        else:
            current = None
            plain = line.strip()
            if (
                not about
                and line[:1].strip()
                and not re.match(r"(?:usage|aliases|examples?|options|flags|NAME)\b", plain, re.I)
            ):
                about = plain
    return _cut(about), {name: said for name, lines in options.items() if (said := _cut(" ".join(filter(None, lines))))}


def _is_about(text: str, path: str) -> bool:
    """Tell whether a help text is that of a command: without a plugin, a client answers with the help of its own."""
    usages = [text[match.start() : match.start() + 200].split() for match in re.finditer(r"^usage", text, re.I | re.M)]
    return any(set(path.split()) <= set(usage) for usage in usages)


def _cut(text: str) -> str:
    text = re.split(r":\s+'", re.sub(r"\s*\(default [^)]*\)", "", text), maxsplit=1)[0]
    return re.split(r"(?<=[a-z)])\.\s", text, maxsplit=1)[0].rstrip(". ")[:LONGEST]
