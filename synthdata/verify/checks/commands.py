"""Check the commands of known CLIs in one piece of code, judged by their specification as strictly as the place allows."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from synthdata.verify.cli.grammar import judge_command
from synthdata.verify.cli.profiles import get_profile, list_programs
from synthdata.verify.cli.specification import Specification, list_specifications, load_specification
from synthdata.verify.parse.markdown import Block
from synthdata.verify.parse.shell import Command
from synthdata.verify.problems import Problem, Word

_COUNT_KINDS = {"wrong number of arguments", "missing value", "missing flag"}
_NEGATION = re.compile(
    r"\b(?:no|not|never|avoid|instead of|rather than|unlike|without|invalid|non-?existent|deprecated|obsolete|removed|unsupported"
    r"|hypothetical|formerly|isn['’]t|aren['’]t|doesn['’]t|don['’]t|didn['’]t|won['’]t|can['’]?t|cannot)\b"
    r"(?!\s+(?:forget|hesitate|worry|only|fail|need to worry))(?:(?!\b(?:but|so|then|and|to)\b)[^.!?;:\n]){0,40}$",
    re.I,
)
_DENIAL = re.compile(
    r"^[`'\"”*)]*\s*(?:command|option|flag|switch|subcommand|parameter|argument)?s?\s*(?:which |that )?(?:is|are|was|were|has been"
    r"|have been|does|do|did|no longer|will|can)?\s*(?:not\b|n['’]t\b|no longer\b|never\b|deprecated|removed|obsolete|invalid"
    r"|unsupported|hypothetical|replaced|isn['’]t|doesn['’]t|don['’]t|aren['’]t|wasn['’]t|didn['’]t|cannot|can['’]t|won['’]t)",
    re.I,
)
# Words that stand for a command's name where usage is explained.
_GENERIC = frozenset({"command", "subcommand", "cmd", "commands", "option", "options", "args", "compose-command"})


def check_commands(
    commands: Sequence[Command], block: Block, clients: Sequence[str], aliases: frozenset[tuple[str, str]] = frozenset()
) -> tuple[list[Problem], int]:
    """Judge the commands of one block that belong to the clients given. Returns problems, and how many were judged.

    aliases: what find_aliases found in the whole answer.
    """
    problems: list[Problem] = []
    judged = 0
    programs = list_programs(tuple(clients))
    spoken = block.form in ("inline", "prose")
    if spoken and (len(commands) != 1 or is_denied(block)):
        return [], 0
    for command in commands:
        said = _cut_label(command.words) if spoken else command.words
        program = said[0].text.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
        if program not in programs or (spoken and not _is_command(said, block.form)) or _is_generic(said):
            continue
        if any((program, " ".join(word.text for word in said[1:end])) in aliases for end in (2, 3)):
            continue
        # PowerShell keeps "--%" to itself.
        words = [Word(program, True, said[0].line), *(word for word in said[1:] if word.text != "--%")]
        client, path = programs[program]
        specification = load_specification(client)
        found = judge_command(words, specification)
        if block.form == "prose" and any(problem.kind == "bad value" for problem in found):
            found = []
        if spoken or not command.exact:
            found = [problem for problem in found if problem.kind not in _COUNT_KINDS]
        judged += is_judged(words, specification, path)
        # What is missing has no line of its own.
        problems += [problem if problem.line else replace(problem, line=command.line) for problem in found]
    return problems, judged


def is_judged(words: Sequence[Word], specification: Specification, path: str) -> bool:
    """Tell whether the specification says anything of a command: not of a program alone, nor of parts installed apart."""
    texts = [word.text for word in words[1:]]
    path = path if path in specification.commands else ""
    # Flags of the client itself may stand first, with values: git -C folder status, kubectl -n web get pods.
    first = next((place for place, text in enumerate(texts) if specification.resolve(path, text)), 0)
    path, _ = specification.follow(path, "", texts[first:])
    command = specification.commands.get(path)
    return bool(texts) and bool(path) and command is not None and (command.group or not command.free)


def find_aliases(commands: Sequence[Command]) -> frozenset[tuple[str, str]]:
    """Find the program and name of each command that these commands define, as `git config alias.NAME …` does."""
    found = set()
    for command in commands:
        program, *words = (word.text for word in command.words)
        profile = get_profile(program)
        for word in words if profile.alias_prefix else ():
            if word.startswith(profile.alias_prefix):
                found.add((program, word.removeprefix(profile.alias_prefix).partition("=")[0]))
        for path, pattern in profile.defines.items():
            if words[: path.count(" ") + 1] == path.split():
                matches = (re.fullmatch(pattern, word) for word in words[path.count(" ") + 1 :] if word[:1] != "-")
                found |= {(program, match[1]) for match in list(filter(None, matches))[:1]}
    return frozenset(found)


def is_denied(block: Block) -> bool:
    """Tell whether the sentence of an inline span says of it that it does not exist or should not be used."""
    before = re.split(r"[.!?:;\n]\s", block.before)[-1]
    after = re.split(r"[.!?;\n]\s|[.!?]$", block.after, maxsplit=1)[0]
    return _NEGATION.search(before.rstrip("`'\"“*( ")) is not None or _DENIAL.search(after) is not None


def list_clients() -> tuple[str, ...]:
    """List the clients whose commands can be judged."""
    return tuple(list_specifications())


def _cut_label(words: tuple[Word, ...]) -> tuple[Word, ...]:
    # "**docker ps:** lists containers"
    place = next((place for place, word in enumerate(words) if place and word.text[-1:] == ":"), None)
    return words if place is None else (*words[:place], replace(words[place], text=words[place].text[:-1]))


def _is_command(words: tuple[Word, ...], form: str) -> bool:
    # `docker pull/push` and `docker start|stop` name two; `docker` alone names a program, `helm v3` and `helm chart` a thing.
    if len(words) < 2 or re.search(r"[/|,]", words[1].text):
        return False
    thing = words[1].text in get_profile(words[0].text).nouns or re.fullmatch(r"v?\d+(\.[\dx]+)*\+?", words[1].text)
    named = thing and (len(words) < 4 or form == "prose") and not any(word.text[:1] == "-" for word in words)
    return not named


def _is_generic(words: tuple[Word, ...]) -> bool:
    return len(words) > 1 and words[1].text.lower() in _GENERIC


def find_flag_mentions(blocks: Sequence[Block], programs: Mapping[str, tuple[str, str]]) -> list[Problem]:
    """Judge flags that prose names beside their command: "use the `--dns` flag with `docker build`".

    blocks: of a response, in order; its inline spans are read. A flag is judged only where the sentence ties it to one
    command, and is no fault where that command, its parents or another command of the sentence has it.
    """
    problems = []
    for block in blocks:
        flag = re.fullmatch(r"(--[A-Za-z][\w-]+|-[A-Za-z])(?:[ =].*)?", block.text.strip())
        if block.form != "inline" or flag is None or is_denied(block) or _RETRACTION.search(block.after):
            continue
        sentence_before = re.split(r"[.!?;\n]\s|:\n", block.before)[-1]
        sentence_after = re.split(r"[.!?;\n]\s|[.!?]$", block.after, maxsplit=1)[0]
        sentence = f"{sentence_before} \0 {sentence_after}"  # \0 stands where the flag does
        found = find_mentions(sentence, programs)
        if not found or any(_takes(command, flag[1]) for command, _ in found):
            continue
        if _make_tie(tuple(programs)).search(sentence):
            command, shown = found[0]
            if command is not None and command.flags:
                problems.append(Problem("unknown flag", f"{shown} {flag[1]}", block.line))
    return problems


# The text takes back what it said: "However, this command does not support it."
_RETRACTION = re.compile(
    r"\b(?:however|but|unfortunately|actually|note that|keep in mind|instead)\b[^.\n]{0,160}?(?:\bnot\b|n['’]t\b|\bno\b|instead)",
    re.I,
)


@functools.cache
def _make_tie(programs: tuple[str, ...]) -> re.Pattern[str]:
    """Make the pattern of a sentence that ties a flag (\0) to a command.

    "the \0 flag with docker build"; "docker run takes the \0 flag"; "docker stop with \0"; "docker stop command followed by the
    name of the container and the -f or \0 option". Nothing else in code may stand between the two: it could own the flag.
    """
    names = "|".join(map(re.escape, programs))
    others = r"(?:[`*]*--?[\w-]+[`*]*(?:,|,? or|,? and|/)\s*){0,3}"
    return re.compile(
        r"\0[`*]*\s*(?:flags?|options?|parameters?|switch|argument)?"
        r"\s*(?:of|with|for|in|to|on|when using|when running|while using)\s"
        rf"(?:the\s|your\s)?[`*]*(?:{names})"
        rf"|(?:{names})[^`\0]*`?(?:\s+command)?[^`\0.;:()]{{0,80}}?"
        r"\b(?:with|has|takes|supports|plus|provides|accepts|offers|using|together with|along with|and|followed by)"
        rf"\s(?:its\s|the\s|a\s|an\s)?{others}[`*]*\s*\0\s*[`*]*(?:,?\s(?:or|and)\s[`*]*--?[\w-]+[`*]*)?"
        r"\s*(?:flag|option|parameter|switch)"
        rf"|(?:{names})[^`\0]*`(?:\s+command)?\s+with\s(?:the\s)?[`*]*\s*\0",
        re.I,
    )


def find_mentions(text: str, programs: Mapping[str, tuple[str, str]]) -> list[tuple[Any, str]]:
    """Find the commands of known clients that a text names: what the specification says of each, and how it is called."""
    mentions: list[tuple[Any, str]] = []
    names = "|".join(sorted(map(re.escape, programs), key=len, reverse=True))
    for match in re.finditer(rf"(?<![\w/-])({names})(?:\.exe)?((?:[ \t]+[\w-]+)*)", text):
        client, start = programs[match[1]]
        specification = load_specification(client)
        path, shown = specification.follow(start if start in specification.commands else "", match[1], match[2].split())
        command = specification.commands.get(path)
        if command is not None and path and not command.group and not command.free:
            mentions.append((command, shown))
        elif path or match[2]:
            mentions.append((None, shown))
    return mentions


def _takes(command: Any, flag: str) -> bool:
    name = flag.lstrip("-")
    if command is not None and len(name) == 1:
        return name in command.shorts or flag in command.flags
    return (
        command is None
        or name in command.flags
        or flag in command.flags
        or any(f.startswith(name) for f in command.flags)
    )
