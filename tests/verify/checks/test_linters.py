"""The programs that read files end when a person interrupts."""

import threading
import time
from collections.abc import Sequence

import pytest

from synthdata.verify.checks import linters
from synthdata.verify.checks.linters import lint_texts, stop_programs

# A model that repeats itself: each holds hadolint up for as long as it may run.
POISONED = [f"FROM a{number}\n" + "".join(f"RUN <<E{line}\n" for line in range(1500)) for number in range(8)]


def test_an_interrupt_ends_the_programs_and_starts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[float] = []

    def run_program(command: Sequence[str], folder: str, seconds: float) -> bytes:
        started.append(seconds)
        return linters_run(command, folder, seconds)

    linters_run = linters.run_program
    monkeypatch.setattr(linters, "run_program", run_program)
    found: list[list[list[dict[str, object]]]] = []
    worker = threading.Thread(target=lambda: found.append(lint_texts("hadolint", POISONED)), daemon=True)
    worker.start()
    while not linters._running:
        time.sleep(0.01)
    stop_programs()
    worker.join(60)
    assert found == [[[]] * len(POISONED)]
    assert len(started) == 1  # by itself it would divide the batch and start again
    assert not linters._running
