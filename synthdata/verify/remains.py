"""What a corrected answer still holds of what was called wrong, in whatever form, and what it lost on the way.

A model that is told of a wrong flag often keeps it where no checker looks: behind the image's name, in an inline span, in a
comment, in prose. So a correction is compared with the problems of the answer that it replaces, as text.
"""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synthdata.verify.checks.commands import is_denied, list_clients
from synthdata.verify.cli.profiles import get_profile, list_programs
from synthdata.verify.cli.specification import load_specification
from synthdata.verify.parse.classify import classify_block, prepare_commands
from synthdata.verify.parse.markdown import Block, parse_markdown
from synthdata.verify.parse.shell import parse_shell
from synthdata.verify.problems import Problem

# Of its commands and of its length: an answer that keeps less is no correction but another, shorter answer.
KEPT_SHARE = 0.5
SHORTEST_LINE = 8  # characters; a shorter line of a file ("}") says nothing about where it came from

_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+")
_BELONGS = re.compile(
    r"[`*]*\s*(?:flags?|options?|parameters?|switch)?\s*(?:of|with|for|in|to|on)\s(?:the\s)?[`*]*", re.I
)
_FENCE = re.compile(r"^[ \t>]*(?:[-*+]|\d+[.)])?[ \t]*(?:```|~~~)")


def find_remains(text: str, problems: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Find what of an earlier version's fatal problems still stands in a text.

    problems: dicts of kind and text as verify_responses writes them, of the earlier version. Returns a fatal problem of kind
    "fault remains" for each passage that still holds one. A flag is no fault where its own command stands beside it, nothing
    is where the sentence says that it does not exist.
    """
    passages = list(_split_passages(text))
    found = []
    for problem in problems:
        holds = _make_test(problem) if problem.get("fatal", True) else None
        if holds is None:
            continue
        for line, passage, in_code in passages:
            sentences = [passage] if in_code else _SENTENCE_END.split(passage)
            if any(holds(sentence) and not _denies(sentence, problem["text"]) for sentence in sentences):
                found.append(Problem("fault remains", problem["text"], line))
                break
    return found


def find_losses(before: str, after: str, problems: Sequence[Mapping[str, Any]], whole: bool = True) -> list[Problem]:
    """Find out whether a correction lost most of the answer: a fatal problem of kind "shortened", or none.

    before, after: the two versions; problems: those of the earlier one. whole: whether the earlier version was complete, so
    that lengths compare; one that was cut off in the middle of a repetition may well become shorter.
    """
    right, kept = len(_list_content(before)) - _count_wrong(problems), len(_list_content(after))
    if kept < KEPT_SHARE * right or (right <= 0 < len(problems) and not kept and _count_wrong(problems)):
        return [Problem("shortened", f"{kept} of {max(right, 1)} commands and files left")]
    if _has_example(before) and not _has_example(after):  # what was shown is only spoken of
        return [Problem("shortened", "no example left")]
    if whole and len(after) < KEPT_SHARE * len(before):
        return [Problem("shortened", f"{len(after):,} of {len(before):,} characters left")]
    return []


def _make_test(problem: Mapping[str, Any]) -> Any:
    """Make the test that tells whether a passage holds what this problem is about; None for what only a parser can tell."""
    kind, text = problem["kind"], problem["text"]
    if kind in ("unknown flag", "option after the image", "unknown flag in prose"):
        flag = text.split()[-1]
        return lambda passage: _names_flag(passage, flag)
    if kind in ("unknown command", "removed command"):
        pattern = re.compile(r"(?<![\w-])" + r"\s+".join(map(re.escape, text.split())) + r"(?![\w-])")
        return lambda passage: pattern.search(passage) is not None
    if kind == "bad value":
        flag, _, value = text.partition(" -")[2].partition(" ")
        plain = re.sub(r"\s+", " ", value.strip("\"'"))
        return lambda passage: bool(plain) and f"-{flag}" in passage and plain in re.sub(r"\s+", " ", passage)
    if kind in ("compose key", "daemon.json key"):
        key = re.escape(text.rpartition(".")[2])
        pattern = re.compile(
            rf"(?<![\w.-])[\"'`]?{key}[\"'`]?\s*:" if kind == "compose key" else rf"(?<![\w-]){key}(?![\w-])"
        )
        # In a Compose file the schema has judged the key where it stands; elsewhere nothing has.
        return lambda passage: pattern.search(passage) is not None and not _is_mapping(passage)
    if kind in ("dockerfile", "shell syntax") and len(text) >= SHORTEST_LINE:
        plain = " ".join(text.split())
        return lambda passage: plain in " ".join(passage.split())
    if kind.startswith("unknown "):  # names of a programming language
        pattern = re.compile(rf"(?<![\w.]){re.escape(text)}(?!\w)")
        return lambda passage: pattern.search(passage) is not None
    return None


def _names_flag(passage: str, flag: str) -> bool:
    """Whether a flag stands in a passage beside a command that does not have it, or beside none."""
    places = [match.start() for match in re.finditer(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", passage)]
    places = [place for place in places if not _make_handed_on().search(passage[:place])]
    mentions = _find_mentions(passage) if places else []
    return any(not _has_flag(_choose_mention(passage, place + len(flag), mentions), flag) for place in places)


@functools.cache
def _make_handed_on() -> re.Pattern[str]:
    """Make the pattern of what stands before a flag that a command hands on: `gh repo clone NAME -- --depth 1`."""
    commands = [rf"{client}\s+{path}" for client in list_clients() for path in get_profile(client).hands_on]
    return re.compile(rf"(?<![\w/-])(?:{'|'.join(commands)})\s[^;&|\n]*(?<=\s)--\s[^;&|\n]*$")


def _choose_mention(passage: str, end: int, mentions: list[tuple[int, Any]]) -> Any:
    """Choose the command that a flag belongs to: "--x with `docker y`" names it, else the last one before, else the next."""
    before = [command for start, command in mentions if start < end]
    after = [(start, command) for start, command in mentions if start >= end]
    if after and (not before or _BELONGS.fullmatch(passage[end : after[0][0]])):
        return after[0][1]
    return before[-1] if before else None


def _find_mentions(passage: str) -> list[tuple[int, Any]]:
    """Find where known commands are named in a passage, each with what its specification says of it."""
    programs = list_programs(list_clients())
    names = "|".join(sorted(map(re.escape, programs), key=len, reverse=True))
    mentions = []
    for match in re.finditer(rf"(?<![\w/-])({names})(?:\.exe)?((?:\s+[\w-]+)*)", passage):
        client, start = programs[match[1]]
        specification = load_specification(client)
        path, _ = specification.follow(start, match[1], match[2].split())
        mentions.append((match.start(), specification.commands.get(path)))
    return mentions


def _has_flag(command: Any, flag: str) -> bool:
    name = flag.lstrip("-")
    return command is not None and (name in command.flags or flag in command.flags or name in command.shorts)


def _split_passages(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield line number, text and whether it is code, of each command line of a fence and each paragraph outside."""
    waiting: list[str] = []
    first, inside = 0, False
    for number, line in enumerate(text.split("\n"), start=1):
        fence = _FENCE.match(line)
        if waiting and (fence or not line.strip() or (inside and not waiting[-1].rstrip().endswith("\\"))):
            yield first, "\n".join(waiting), inside
            waiting = []
        if fence:
            inside = not inside
        elif line.strip():
            first = first if waiting else number
            waiting.append(line)
    if waiting:
        yield first, "\n".join(waiting), inside


def _denies(sentence: str, named: str) -> bool:
    """Tell whether a sentence says of what it names that it does not exist."""
    before, found, after = sentence.partition(named.split()[-1])
    return bool(found) and is_denied(Block("inline", "", "", 0, True, before, after))


def _is_mapping(passage: str) -> bool:
    return re.match(r"\s*(?:- )?[\w.\"'-]+\s*:(?:\s|$)", passage) is not None


def _list_content(text: str) -> list[Any]:
    """List the different commands and files of an answer."""
    programs = list_programs(list_clients())
    content: dict[Any, None] = {}
    for block in parse_markdown(text):
        kind = classify_block(block)
        if kind in ("shell", "session", "unlabelled"):
            for command in parse_shell(prepare_commands(block, kind), block.line).commands:
                words = tuple(word.text for word in command.words)
                if words[0] in programs and len(words) > 1:
                    content[words] = None
                elif block.form == "fence" and kind == "shell":
                    content[words[0], block.line] = None
        elif block.form == "fence":
            content[block.text] = None
    return list(content)


def _has_example(text: str) -> bool:
    return any(block.form == "fence" for block in parse_markdown(text))


def _count_wrong(problems: Sequence[Mapping[str, Any]]) -> int:
    """Count the places that the problems of commands and files stand in: these may go."""
    return len({problem["line"] for problem in problems if problem.get("fatal", True) and problem.get("line")})
