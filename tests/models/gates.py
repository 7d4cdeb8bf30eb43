"""Servers with limits in simulated time: how a provider may count, and a client that asks as fast as a learner lets it."""

import heapq
import itertools
import math
import random
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from synthdata.models import explanations, probing
from synthdata.models.probing import POLL_SECONDS, Learner
from tests.benchmarks.loopback import Gate


class Clock:
    """Stands for the module `time`: seconds pass when the simulation says so. offset: what the wall clock shows at 0."""

    def __init__(self, offset: float) -> None:
        self.now, self.offset = 0.0, offset

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now + self.offset


class FaultyGate(Gate):
    """A gate that refuses a share of the requests for no reason."""

    def __init__(self, kind: str, limit: int, window: float, clock: Clock, lone: float) -> None:
        super().__init__(kind, limit, window, clock)
        self.lone, self.random = lone, random.Random(1)

    def admit(self) -> bool:
        return self.random.random() >= self.lone and super().admit()


class Run(NamedTuple):
    """A simulated run: how long it took, how long it would have taken a client that knows everything, and refused requests."""

    seconds: float
    ideal: float
    refused: int

    @property
    def ratio(self) -> float:
        return self.seconds / self.ideal


def simulate(
    gate: Gate,
    count: int,
    monkeypatch: pytest.MonkeyPatch,
    concurrency: int = 64,
    latency: float = 0.5,
    retry_after: Callable[[int], float | None] = lambda refused: None,
) -> Run:
    """Ask until `count` requests are answered."""
    clock, way = gate.clock, 0.002  # seconds that a refusal takes to arrive
    epoch = clock.time()
    monkeypatch.setattr(explanations, "time", clock)
    monkeypatch.setattr(probing, "time", clock)
    learner, numbers = Learner(), itertools.count()
    replies: list[tuple[float, int, bool, Any]] = []
    idle, left, answered, refused = concurrency, count, 0, 0
    while answered < count:
        while replies and replies[0][0] <= clock.now:
            _, _, accepted, at = heapq.heappop(replies)
            idle += 1
            if accepted:
                learner.report_accepted(at)
                answered += 1
            else:
                left, refused = left + 1, refused + 1
                learner.report_refused(at, retry_after(refused))
        wait = math.inf
        if idle and left:
            wait, at = learner.take(concurrency)
            if wait <= 0:
                idle, left = idle - 1, left - 1
                accepted = gate.admit()
                heapq.heappush(replies, (clock.now + (latency if accepted else way), next(numbers), accepted, at))
                continue
        clock.now = max(
            clock.now + 1e-6, min(replies[0][0] if replies else math.inf, clock.now + min(wait, POLL_SECONDS))
        )
        assert clock.now < 7200, f"{answered} of {count} answered"
    ideal = max(gate.find_ideal(count, epoch) + latency, count * latency / concurrency)
    return Run(clock.now, ideal, refused)
