"""The verification stage: each response is read once, and everything in it that can be checked is.

What a row gets: `verified` is False when a problem is fatal, True when something was checked and nothing is wrong, and null
when nothing in it could be checked; the number of things checked stands beside it.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns
from synthdata.verify.checks.commands import check_commands, find_aliases, find_flag_mentions, list_clients
from synthdata.verify.checks.linters import BATCH, stop_programs
from synthdata.verify.checks.linters import MAX_CHARACTERS as MAX_FILE_CHARACTERS
from synthdata.verify.cli.profiles import list_programs
from synthdata.verify.parse.classify import classify_block, is_prose, list_language, prepare_commands
from synthdata.verify.parse.embedded import find_scripts
from synthdata.verify.parse.markdown import MAX_CHARACTERS, Block, parse_markdown
from synthdata.verify.parse.shell import Script, parse_shell
from synthdata.verify.problems import Problem
from synthdata.verify.registry import VERIFIERS, Verifier, choose_verifiers, find_readers

_SHELL_KINDS = ("shell", "session", "unlabelled")


@dataclass(slots=True)
class Reading:
    """One response as it is read: what was found wrong, and how many things were checked."""

    problems: list[Problem] = field(default_factory=list)
    checked: int = 0
    foreign: set[str] = field(default_factory=set)  # programs whose commands nobody here can judge


@dataclass(slots=True)
class _Queue:
    """Texts for one batched verifier, each with where its problems go; sent in batches while rows are still being read."""

    verifier: Verifier
    pool: ThreadPoolExecutor
    waiting: list[tuple[str, int, Reading]] = field(default_factory=list)
    sent: list[tuple[Future[list[list[Problem]]], list[tuple[str, int, Reading]]]] = field(default_factory=list)

    def add(self, text: str, line: int, reading: Reading) -> None:
        """Put one text into the queue; a full batch is sent."""
        self.waiting.append((text, line, reading))
        if len(self.waiting) >= BATCH:
            self.send()

    def send(self) -> None:
        """Send what is waiting."""
        if self.waiting and self.verifier.check_batch is not None:
            texts = [text for text, _, _ in self.waiting]
            self.sent.append((self.pool.submit(self.verifier.check_batch, texts), self.waiting))
            self.waiting = []

    def collect(self) -> None:
        """Wait for all that was sent, and give each response its problems."""
        self.send()
        for future, places in self.sent:
            for found, (_, line, reading) in zip(future.result(), places, strict=True):
                reading.problems += _move(found, line)


def verify_responses(df: pd.DataFrame, verifiers: Sequence[str] | None = None) -> pd.DataFrame:
    """Verify every response: are its commands, files and code real, and is the answer whole?

    Input columns: instruction, response; topic and finish_reason when present: finish_reason says which answers were cut off,
    and commands of a program that the topic names are not passed over when nobody here can judge them. verifiers: names of
    list_verifiers() instead of all. Everything is checked under any topic.
    Output columns: verified (nullable boolean), see the module's docstring; checked: how many commands, files and pieces of
    code were checked, null without a response; problems: a list of dicts of kind, text, line (1-based in the response, 0 for
    the whole), suggestion and fatal, sorted by line, empty when there is none.
    Nothing of a response is run. Raises InputError for a missing column, an unknown verifier, a response that is no text,
    or a linter that is not installed.
    """
    check_columns(df, "verify_responses", ("instruction", "response"))
    names = choose_verifiers(verifiers)
    clients = tuple(client for client in list_clients() if client in names)
    rows = zip(
        df["instruction"],
        [_check_text(response, position) for position, response in enumerate(df["response"])],
        df["topic"].tolist() if "topic" in df else [""] * len(df),
        df["finish_reason"].tolist() if "finish_reason" in df else [None] * len(df),
        strict=True,
    )
    readings = []
    with ThreadPoolExecutor(2) as pool, _stop_on_interrupt(pool):
        queues = {v.name: _Queue(v, pool) for v in VERIFIERS if v.check_batch is not None and v.name in names}
        for instruction, text, topic, reason in rows:
            reading = Reading() if text is not None else None
            readings.append(reading)
            if reading is not None and text is not None:
                blocks = parse_markdown(text)
                _check_answer(instruction, text, blocks, reason, names, reading)
                _check_blocks(blocks, names, clients, queues, reading)
                _note_foreign(reading, topic if isinstance(topic, str) else "", clients)
        for queue in queues.values():
            queue.collect()
    verified = [_judge(reading) for reading in readings]
    listed = [[asdict(p) for p in sorted(set(reading.problems), key=_order)] if reading else [] for reading in readings]
    return df.assign(
        verified=pd.array(verified, dtype="boolean"),
        checked=pd.array([reading.checked if reading else None for reading in readings], dtype="Int64"),
        problems=pd.Series(listed, index=df.index, dtype=object),
    )


@contextmanager
def _stop_on_interrupt(pool: ThreadPoolExecutor) -> Iterator[None]:
    """End the programs that read files for us, and those still to be started, when the stage is interrupted or fails."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        stop_programs()
        raise


def _check_answer(
    instruction: Any, text: str, blocks: list[Block], reason: Any, names: tuple[str, ...], reading: Reading
) -> None:
    """Check a response as a whole."""
    if len(text) > MAX_CHARACTERS:
        said = f"{len(text):,} characters"
        reading.problems.append(Problem("too long", said, 0, f"{MAX_CHARACTERS:,} are read"))
    asked, why = instruction if isinstance(instruction, str) else "", reason if isinstance(reason, str) else None
    for verifier in VERIFIERS:
        if verifier.check_answer is not None and verifier.name in names:
            reading.problems += verifier.check_answer(asked, text, blocks, why)


def _check_blocks(
    blocks: list[Block], names: tuple[str, ...], clients: tuple[str, ...], queues: dict[str, _Queue], reading: Reading
) -> None:
    """Check the blocks of one response, and then all its commands, so that an alias counts wherever it is defined."""
    scripts: list[tuple[Block, Script]] = []
    for block in blocks:
        kind = classify_block(block)
        if kind == "other" or (block.form in ("inline", "prose") and not _may_be_command(block, clients)):
            continue
        broken = False
        if kind in _SHELL_KINDS:
            text = prepare_commands(block, kind)
            script = parse_shell(text, block.line)
            scripts.append((block, script))
            broken = script.broken
            if kind == "shell" and "shell" in names:
                reading.problems += script.problems
            block = replace(block, text=text)
        else:
            inner = kind if kind != "code" else list_language(block)
            found = find_scripts(inner, block.text)
            scripts += [(block, parse_shell(text, block.line + line - 1)) for text, line in found]
        _check_block(block, find_readers(kind, block, broken, names), queues, reading)
    _check_scripts(scripts, clients, reading)
    if clients:
        reading.problems += find_flag_mentions(blocks, list_programs(clients))


def _check_block(block: Block, readers: list[Verifier], queues: dict[str, _Queue], reading: Reading) -> None:
    """Put a block to the verifiers that read it; it counts once, however many they are."""
    if readers and len(block.text) > MAX_FILE_CHARACTERS:
        said = f"a file of {len(block.text):,} characters"
        reading.problems.append(Problem("too long", said, block.line, "", fatal=False))
        return
    for verifier in readers:
        if verifier.check is not None:
            reading.problems += _move(verifier.check(block), block.line)
        elif verifier.check_batch is not None:
            queues[verifier.name].add(block.text, block.line, reading)
    reading.checked += any(verifier.counts(block) for verifier in readers)


def _check_scripts(scripts: list[tuple[Block, Script]], clients: tuple[str, ...], reading: Reading) -> None:
    """Judge the commands of a response, and note the programs that they call."""
    aliases = find_aliases([command for _, script in scripts for command in script.commands])
    for block, script in scripts:
        found, judged = check_commands(script.commands, block, clients, aliases)
        reading.problems += found
        reading.checked += judged
        reading.foreign |= {command.words[0].text for command in script.commands if len(command.words) > 1}


def _note_foreign(reading: Reading, topic: str, clients: tuple[str, ...]) -> None:
    """Keep of the programs that a response calls those that its topic names and nobody here can judge, and say so."""
    known = list_programs(clients)
    reading.foreign = {
        name for name in reading.foreign - set(known) if re.search(rf"\b{re.escape(name)}\b", topic, re.I)
    }
    for name in sorted(reading.foreign):
        advice = f"python -m synthdata.verify.crawl {name}"
        reading.problems.append(Problem("no verifier", name, 0, advice, fatal=False))


def _may_be_command(block: Block, clients: tuple[str, ...]) -> bool:
    """Tell by its first words, before any parser is asked, whether a span or a line of prose may be a command."""
    words = block.text.lstrip("$#>% ❯➜").split(None, 2)
    if len(words) < 2:
        return False
    name = words[0].replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
    known = name in list_programs(clients) or words[0] in ("sudo", "sh", "bash", "ssh", "watch")
    return known and (block.form != "prose" or not is_prose(block.text))


def _move(problems: list[Problem], line: int) -> list[Problem]:
    return [replace(problem, line=problem.line + line - 1) for problem in problems]


def _order(problem: Problem) -> tuple[int, bool, str, str, str]:
    return problem.line, not problem.fatal, problem.kind, problem.text, problem.suggestion


def _judge(reading: Reading | None) -> bool | None:
    if reading is None:
        return None
    if any(problem.fatal for problem in reading.problems):
        return False
    return True if reading.checked and not reading.foreign else None


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
