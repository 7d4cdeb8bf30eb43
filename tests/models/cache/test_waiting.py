"""A file that another program holds: answers are kept and stored later, it is said, and an interrupt is heard at once."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import synthdata as sd
from synthdata.base.errors import CacheError
from synthdata.models.cache import Cache, faults
from tests.conftest import ROOT, ask
from tests.models.cache.files import make_cache, make_exchange
from tests.nim_server import Answer, NimServer, make_chat

HOLDER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[2] == "all":
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(float(sys.argv[3]))
connection.execute("COMMIT")
"""


@contextmanager
def held(path: Path, kind: str, seconds: float) -> Iterator[None]:
    """Have another process hold a file: "writing" alone, or "all" of it, so that it cannot be read either."""
    command = [sys.executable, "-c", HOLDER, str(path), kind, str(seconds)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        yield
    finally:
        holder.kill()
        holder.communicate()


@pytest.mark.parametrize("kind", ["writing", "all"])
def test_answers_that_arrive_meanwhile_are_kept_and_stored_when_it_is_free(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.sqlite"
    make_cache(path, 1)
    with NimServer() as server:
        client = sd.Client(f"{server.url}#m", sd.open_cache(path), concurrency=16)
        with held(path, kind, 3.0):
            began = time.monotonic()
            first = client.complete([ask(str(n)) for n in range(64)], quiet=True)
            assert 2.0 < time.monotonic() - began < 6.0
        again = sd.Client(f"{server.url}#m", sd.open_cache(path))
        assert again.complete([ask(str(n)) for n in range(64)], quiet=True) == first
        assert len(server.requests) == 64
    said = capsys.readouterr().out
    assert said.count(f"waiting for another program that holds {path}") == 1
    if kind == "writing":
        assert "16 answers kept in memory, waiting" in said


INTERRUPTED = """
import signal, sys
import synthdata as sd
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
client = sd.Client(sys.argv[1], sd.open_cache(sys.argv[2]), concurrency=8)
print("go", flush=True)
try:
    client.complete([{"messages": [{"role": "user", "content": str(n)}]} for n in range(int(sys.argv[3]))])
except KeyboardInterrupt as stop:
    print(type(stop).__name__, stop, flush=True)
"""


@pytest.mark.parametrize("kind", ["writing", "all"])
@pytest.mark.parametrize("delay", [0.0, 30.0], ids=["answered", "in flight"])
def test_an_interrupt_ends_a_run_that_waits_for_the_file(kind: str, delay: float, tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    make_cache(path, 1)

    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return Answer(200, make_chat("x"), delay=delay)

    with NimServer(behave) as server, held(path, kind, 60.0):
        process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, f"{server.url}#m", str(path), "40"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        waits = kind == "all" or not delay  # it says so
        lines = [process.stdout.readline()] if waits else []
        while kind == "writing" and len(server.requests) < 8 and process.poll() is None:
            time.sleep(0.01)
        time.sleep(0.5)  # the last of them are on their way, or answered
        os.kill(process.pid, signal.SIGINT)
        rest, errors = process.communicate(timeout=20)  # the file is held for 60, the answers take 30
        said = "".join(lines) + rest
    assert process.returncode == 0, errors
    assert "InterruptedRun requests: " in said
    assert errors == ""
    if kind == "writing" and not delay:
        assert re.search(r"8 of 40 are answered and stored, except for the last 8 answers: another program held", said)


def test_a_file_that_is_never_free_ends_the_run_with_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.sqlite"
    make_cache(path, 1)
    monkeypatch.setattr(faults, "LOCKED_SECONDS", 0.4)
    with NimServer() as server, held(path, "writing", 60.0):
        client = sd.Client(f"{server.url}#m", sd.open_cache(path), concurrency=4)
        with pytest.raises(
            CacheError, match=r"held by another program for more than 0 s: close it.*run the cell again"
        ):
            client.complete([ask(str(n)) for n in range(40)], quiet=True)
        assert len(server.requests) == 4
        with pytest.raises(CacheError, match=r"held by another program"), Cache(path).open() as store:
            store.store([make_exchange(7)])


def test_what_is_stored_is_read_while_another_program_writes(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    replies = make_cache(path, 40)
    with held(path, "writing", 60.0):
        began = time.monotonic()
        with Cache(path).open() as store:
            assert store.look_up(list(replies)) == replies
            assert not store.try_store([make_exchange(99)])
        assert time.monotonic() - began < 2.0


def test_a_new_file_that_is_held_before_it_has_tables_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    sqlite3.connect(path).close()
    with held(path, "all", 2.0):
        late = make_exchange(1)
        with Cache(path).open() as store:
            store.store([late])
            assert store.look_up([late[0]]) == {late[0]: late[3]}
