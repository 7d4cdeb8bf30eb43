"""The commands of known CLIs in one piece of code, judged by their specification.

Covers which commands of a block are worth judging and how strictly: a block is judged whole, an inline span or a usage line
only by its names. Not covered: the judgement itself (cli.py), reading the shell (shell.py).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from synthdata.verify.cli.pflag import check_command
from synthdata.verify.cli.profiles import PROGRAMS
from synthdata.verify.cli.specification import list_specifications
from synthdata.verify.parse.markdown import Block
from synthdata.verify.parse.shell import Command
from synthdata.verify.problems import Problem, Word

_NAME_KINDS = {"unknown command", "unknown flag", "removed command"}

_COUNT_KINDS = {"wrong number of arguments", "missing value"}

_DENIAL = re.compile(
    r"\b(?:no|not|never|without|isn['’]t|aren['’]t|doesn['’]t|don['’]t|didn['’]t|won['’]t|can['’]?t|cannot|nonexistent|invalid"
    r"|deprecated|removed|obsolete|unlike|unsupported|formerly|hypothetical)\b",
    re.I,
)


def list_programs(verifiers: tuple[str, ...]) -> dict[str, str]:
    """Map the names of programs to the CLI, of those chosen, whose specification covers them."""
    programs = PROGRAMS | {name: name for name in list_specifications()}
    return {program: name for program, name in programs.items() if name in verifiers}


def check_commands(
    commands: list[Command], block: Block, programs: Mapping[str, str], specifications: Mapping[str, Any]
) -> list[Problem]:
    """Judge the commands of one block that belong to the programs given."""
    problems = []
    inline = block.form == "inline"
    if inline and (len(commands) != 1 or is_denied(block)):
        return []
    for command in commands:
        program = command.words[0].text.rpartition("/")[2]
        if program not in programs or (inline and not _is_command(command.words)):
            continue
        words = [Word(program, True, command.words[0].line), *command.words[1:]]
        found = check_command(words, specifications[programs[program]])
        if inline:
            found = [problem for problem in found if problem.kind in _NAME_KINDS or not problem.fatal]
        elif not command.exact:
            found = [problem for problem in found if problem.kind not in _COUNT_KINDS]
        # What is missing has no line of its own.
        problems += [problem if problem.line else replace(problem, line=command.line) for problem in found]
    return problems


def is_denied(block: Block) -> bool:
    """Tell whether the sentence of an inline span speaks of something that does not exist or should not be used."""
    before = re.split(r"[.!?:;\n]\s", block.before)[-1]
    after = re.split(r"[.!?;\n]\s|[.!?]$", block.after, maxsplit=1)[0]
    return _DENIAL.search(f"{before} {after}") is not None


def _is_command(words: tuple[Word, ...]) -> bool:
    # `docker pull/push` and `docker start|stop` name two; `docker` alone names a program.
    return len(words) > 1 and not re.search(r"[/|,]", words[1].text)
