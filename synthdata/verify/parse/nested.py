"""Commands that stand inside other commands: what a shell, ssh, find, alias and their like are given to run."""

import re
from collections.abc import Iterator, Sequence

from synthdata.verify.problems import Word

SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ash", "ksh", "fish"})
# Options of ssh that take the next word.
_SSH_VALUES = frozenset("bcDEeFIiJLlmOopQRSWw")
_SCHEDULED = re.compile(
    r"^\s*(?:(?:[\d*/,-]{1,20}[ \t]{1,8}){5}|@(?:hourly|daily|weekly|monthly|reboot|yearly)[ \t])(?=\S)"
)
_USERS = frozenset(
    "root www-data ubuntu debian deploy user admin nobody jenkins ec2-user git postgres app".split()  # noqa: SIM905
)


def find_inner(words: Sequence[Word]) -> Iterator[tuple[Word, ...] | Word]:
    """Yield what a command runs in turn: the words of a command, or one word whose text is a script.

    words: a command without prefixes such as sudo. Nothing is yielded for words whose text is not known.
    """
    name = words[0].text.rpartition("/")[2]
    rest = list(words[1:])
    for place, word in enumerate(words[:-2] if len(words) > 2 else ()):
        # sh -c "…", wherever it stands: docker exec web sh -c "…", kubectl exec pod -- bash -lc "…"
        option = words[place + 1].text
        if word.text.rpartition("/")[2] in SHELLS and re.fullmatch(r"-[a-z]*c", option):
            yield words[place + 2]
            return
    if name == "ssh":
        yield from _join(_skip_options(rest, _SSH_VALUES)[1:])
    elif name in ("watch", "eval"):
        yield from _join(_skip_options(rest, frozenset("n")) if name == "watch" else rest)
    elif name == "su":
        yield from (rest[place + 1] for place, word in enumerate(rest[:-1]) if word.text in ("-c", "--command"))
    elif name == "alias":
        for word in rest:
            if "=" in word.text:
                yield Word(word.text.partition("=")[2], word.known, word.line)
    elif name == "trap":
        plain = [word for word in rest if not word.text.startswith("-")]
        yield from plain[:1] if len(plain) > 1 else ()
    elif name == "find":
        for place, word in enumerate(rest):
            if word.text in ("-exec", "-execdir", "-ok"):
                ends = [p for p, w in enumerate(rest[place:], place) if w.text in (";", "\\;", "+")]
                yield (*rest[place + 1 : ends[0] if ends else len(rest)], Word("...", False, word.line))
    elif name == "parallel":
        inner = _skip_options(rest, frozenset("jnNPSIaL"))
        ends = [place for place, word in enumerate(inner) if re.fullmatch(r":{3,4}\+?", word.text)]
        inner = inner[: ends[0]] if ends else inner
        if len(inner) == 1:
            yield inner[0]
        elif inner:
            yield (*inner, Word("...", False, inner[-1].line))
    elif name in ("echo", "printf"):
        yield from (word for word in rest if _SCHEDULED.match(word.text))
    elif name in _USERS and rest and not rest[0].text.startswith("-"):
        yield tuple(rest)  # a crontab of the system names a user before the command


def names_script(path: str, text: str) -> bool:
    """Tell whether a file that is written from a heredoc holds shell commands."""
    return (
        path.endswith((".sh", ".bash"))
        or re.match(r"\s*#!\s*/\S*(?:ba|da|z|k)?sh\b|\s*#!\s*/usr/bin/env (?:ba)?sh", text) is not None
    )


def reads_script(words: Sequence[Word]) -> bool:
    """Tell whether a command reads a script from its standard input."""
    names = [word.text.rpartition("/")[2] for word in words]
    if names[0] == "ssh":
        return len(_skip_options(list(words[1:]), _SSH_VALUES)) <= 2
    return names[-1] in SHELLS or (
        len(names) > 1 and names[-2] in SHELLS and names[-1] in ("-s", "-x", "-e", "-ex", "-l", "-")
    )


def _skip_options(words: list[Word], with_value: frozenset[str]) -> list[Word]:
    place = 0
    while place < len(words) and words[place].text.startswith("-") and words[place].text != "-":
        text = words[place].text
        place += 1
        if text == "--":
            break
        if len(text) == 2 and text[1] in with_value:
            place += 1
    return words[place:]


def _join(words: list[Word]) -> Iterator[Word]:
    if words:
        yield Word(" ".join(word.text for word in words), all(word.known for word in words), words[0].line)
