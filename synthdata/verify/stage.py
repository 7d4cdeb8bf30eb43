"""The verification stage: every response read, its commands, files and completeness judged.

Covers which verifiers a topic gets, one pass over the rows, and the two linters started for batches of what the rows hold.
Not covered: the verifiers themselves (cli.py, files.py, yamlfiles.py, completeness.py); repair.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns
from synthdata.verify.checks.commands import check_commands, list_programs
from synthdata.verify.checks.completeness import check_completeness
from synthdata.verify.checks.dockerfile import check_dockerfiles
from synthdata.verify.checks.jsonfiles import check_daemon_json, check_json
from synthdata.verify.checks.linters import BATCH
from synthdata.verify.checks.linters import MAX_CHARACTERS as MAX_FILE_CHARACTERS
from synthdata.verify.checks.scripts import check_scripts
from synthdata.verify.checks.yamlfiles import check_compose, check_yaml
from synthdata.verify.parse.classify import classify_block, keep_commands
from synthdata.verify.parse.markdown import MAX_CHARACTERS, Block, parse_markdown
from synthdata.verify.parse.shell import parse_shell
from synthdata.verify.problems import Problem
from synthdata.verify.registry import CLI_VERIFIERS, choose_row_verifiers, has_cli_verifier


@dataclass(slots=True)
class _Queue:
    # Texts for one linter, each with where its problems go; sent in batches while the rows are still being read.
    check: Callable[[Sequence[str]], list[list[Problem]]]
    pool: ThreadPoolExecutor
    waiting: list[tuple[str, int, list[Problem]]] = field(default_factory=list)
    sent: list[tuple[Future[list[list[Problem]]], list[tuple[str, int, list[Problem]]]]] = field(default_factory=list)

    def add(self, text: str, line: int, problems: list[Problem]) -> None:
        self.waiting.append((text, line, problems))
        if len(self.waiting) >= BATCH:
            self.send()

    def send(self) -> None:
        if self.waiting:
            self.sent.append((self.pool.submit(self.check, [text for text, _, _ in self.waiting]), self.waiting))
            self.waiting = []

    def collect(self) -> None:
        self.send()
        for future, places in self.sent:
            for found, (_, line, problems) in zip(future.result(), places, strict=True):
                problems += _move(found, line)


def verify_responses(df: pd.DataFrame, verifiers: Sequence[str] | None = None) -> pd.DataFrame:
    """Verify every response: are its commands and files real, and is the answer whole?

    Input columns: instruction, response; topic when present picks verifiers_for(topic), finish_reason when present says
    which answers were cut off. verifiers: names of VERIFIERS for all rows instead; without these and without a topic, all.
    Output columns: verified (nullable boolean): False when a problem is fatal; null when there is no response, or nothing is
    wrong but no CLI verifier exists for the topic; problems: a list of dicts of kind, text, line (1-based in the response,
    0 for the whole), suggestion and fatal, sorted by line, empty when there is none.
    Nothing of a response is run. Raises InputError for a missing column, an unknown verifier, a response that is no text,
    or a linter that is not installed.
    """
    check_columns(df, "verify_responses", ("instruction", "response"))
    chosen = choose_row_verifiers(df, verifiers)
    specifications = _load_specifications(chosen)
    reasons = df["finish_reason"].tolist() if "finish_reason" in df else [None] * len(df)
    problems: list[list[Problem]] = [[] for _ in range(len(df))]
    answered = [False] * len(df)
    with ThreadPoolExecutor(2) as pool:
        queues = {"dockerfile": _Queue(check_dockerfiles, pool), "shell": _Queue(check_scripts, pool)}
        rows = zip(df["instruction"], df["response"], reasons, chosen, problems, strict=True)
        for position, (instruction, response, reason, names, found) in enumerate(rows):
            text = _check_text(response, position)
            if text is None:
                continue
            answered[position] = True
            blocks = parse_markdown(text)
            if len(text) > MAX_CHARACTERS:
                found.append(Problem("too long", f"{len(text):,} characters", 0, f"{MAX_CHARACTERS:,} are read"))
            if "completeness" in names:
                asked = instruction if isinstance(instruction, str) else ""
                found += check_completeness(asked, text, blocks, reason if isinstance(reason, str) else None)
            programs = list_programs(names)
            for block in blocks:
                _check_block(block, names, programs, specifications, queues, found)
        for queue in queues.values():
            queue.collect()
    # Verifiers that were named are all that was asked for; those of a topic may lack the one that matters.
    judged = [verifiers is not None or has_cli_verifier(names) for names in chosen]
    verified = [_judge(*row) for row in zip(answered, problems, judged, strict=True)]
    listed = [[asdict(problem) for problem in sorted(set(found), key=_order)] for found in problems]
    return df.assign(
        verified=pd.array(verified, dtype="boolean"), problems=pd.Series(listed, index=df.index, dtype=object)
    )


def _check_block(
    block: Block,
    names: tuple[str, ...],
    programs: dict[str, str],
    specifications: dict[str, Any],
    queues: dict[str, _Queue],
    found: list[Problem],
) -> None:
    kind = classify_block(block)
    if kind == "other" or (block.form == "inline" and not _may_be_command(block.text, programs)):
        return
    if kind in ("shell", "session", "unlabelled"):
        text = keep_commands(block.text) if kind == "session" else block.text
        script = parse_shell(text, block.line)
        found += check_commands(script.commands, block, programs, specifications)
        if kind == "shell" and "shell" in names:
            found += script.problems
            if script.broken:
                queues["shell"].add(text, block.line, found)
        return
    if len(block.text) > MAX_FILE_CHARACTERS:
        found.append(Problem("too long", f"a file of {len(block.text):,} characters", block.line, "", fatal=False))
    elif kind == "dockerfile" and "dockerfile" in names:
        queues["dockerfile"].add(block.text, block.line, found)
    elif kind == "daemon.json" and "daemon.json" in names:
        found += _move(check_daemon_json(block.text), block.line)
    elif kind in ("json", "daemon.json") and "json" in names:
        found += _move(check_json(block.text), block.line)
    elif kind == "compose" and "compose" in names:
        found += _move(check_compose(block.text), block.line)
    elif kind in ("yaml", "compose") and "yaml" in names:
        found += _move(check_yaml(block.text), block.line)


def _may_be_command(text: str, programs: dict[str, str]) -> bool:
    # Most inline spans are names and flags: a word tells, before any parser is asked.
    words = text.lstrip("$ ").split(None, 2)
    return len(words) > 1 and (words[0] in programs or words[0] == "sudo")


def _move(problems: list[Problem], line: int) -> list[Problem]:
    return [replace(problem, line=problem.line + line - 1) for problem in problems]


def _order(problem: Problem) -> tuple[int, bool, str, str]:
    return problem.line, not problem.fatal, problem.kind, problem.text


def _judge(answered: bool, problems: list[Problem], judged: bool) -> bool | None:
    if any(problem.fatal for problem in problems):
        return False
    return True if answered and judged else None


def _check_text(response: Any, position: int) -> str | None:
    if isinstance(response, str):
        # Half of a surrogate pair cannot be written as UTF-8, and so neither to a file nor to a parser.
        return response.encode("utf-8", "replace").decode()
    missing = pd.isna(response)
    if isinstance(missing, bool) and missing:
        return None
    raise InputError(
        f"verify_responses: the response of row {position + 1} is a {type(response).__name__}: make it text or null."
    )


def _load_specifications(chosen: list[tuple[str, ...]]) -> dict[str, Any]:
    from synthdata.verify.cli.specification import load_specification

    wanted = {name for names in set(chosen) for name in names if name in CLI_VERIFIERS}
    return {name: load_specification(name) for name in sorted(wanted)}
