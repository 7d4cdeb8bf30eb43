"""The programs that read a response's files and scripts, hadolint and shellcheck, started for batches of them.

Both only parse; nothing is run. They get files in a temporary folder, which is also their working folder and home, so that no
configuration of the machine changes a verdict, within limits of time and size.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from synthdata.base.extras import report_missing

BATCH = 200

SECONDS, SECONDS_EACH = 5, 0.2  # for a batch, and for each of its texts: about 40 times what a text takes

MAX_CHARACTERS = 20_000

ROUNDS = 3  # of a batch's time, for finding the texts that bring a program down
_running: set[subprocess.Popen[bytes]] = set()
_stops = 0  # how often a person has interrupted: what was begun before starts no further program

_ARGUMENTS = {
    "hadolint": ("--no-fail", "--no-color", "--disable-ignore-pragma", "-f", "json"),
    "shellcheck": ("--norc", "--shell=bash", "--severity=error", "--format=json"),
}


def lint_texts(program: str, texts: Sequence[str]) -> list[list[dict[str, Any]]]:
    """Lint texts with "hadolint" or "shellcheck": for each text its messages as the program gives them.

    Each message has line (1-based), level, code and message. A text above MAX_CHARACTERS, or one on which the program
    fails or takes too long, has none. All texts together get a few times what one batch may take: texts made to hurt, or by a
    model that repeats itself, hold up nobody. Raises InputError when the program is not installed.
    """
    stops = _stops
    deadline = time.monotonic() + ROUNDS * (SECONDS + SECONDS_EACH * len(texts))
    results: list[list[dict[str, Any]]] = [[] for _ in texts]
    small = [number for number, text in enumerate(texts) if len(text) <= MAX_CHARACTERS]
    batches = [small[start : start + BATCH] for start in range(0, len(small), BATCH)]
    while batches and time.monotonic() < deadline and stops == _stops:
        batch = batches.pop(0)
        messages = _run_linter(program, [texts[number] for number in batch])
        if messages is None and len(batch) > 1:
            # One text that brings the program down must not hide what it says of the others.
            batches += [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
        for message in messages or ():
            results[batch[int(message["file"])]].append(message)
    return results


def _run_linter(program: str, texts: Sequence[str]) -> list[dict[str, Any]] | None:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    found = shutil.which(program, path=path)
    if found is None:
        raise report_missing(f"the program {program!r}", "verify", "checking this answer")
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            Path(folder, str(number)).write_bytes(text.encode("utf-8", "replace"))
        command = [found, *_ARGUMENTS[program], *map(str, range(len(texts)))]
        try:
            messages = orjson.loads(run_program(command, folder, SECONDS + SECONDS_EACH * len(texts)))
        except (subprocess.TimeoutExpired, orjson.JSONDecodeError):
            return None
    return messages if isinstance(messages, list) else None


def run_program(command: Sequence[str], folder: str, seconds: float) -> bytes:
    """Run a program that only reads, in a folder that is its home too; returns what it printed.

    Raises subprocess.TimeoutExpired when it takes longer than `seconds`.
    """
    environment = {"HOME": folder, "XDG_CONFIG_HOME": folder, "PATH": os.defpath, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        _running.add(process)
        try:
            return process.communicate(timeout=seconds)[0]
        except BaseException:
            process.kill()
            raise
        finally:
            _running.discard(process)


def stop_programs() -> None:
    """End the programs that are running, and start none of those that were to follow: a person has interrupted the stage."""
    global _stops
    _stops += 1
    for process in list(_running):
        process.kill()
