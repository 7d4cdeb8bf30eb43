"""Servers with limits in simulated time: how a provider may count, and a client that asks as fast as a learner lets it."""

import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from synthdata.models import explanations, probing
from synthdata.models.probing import POLL_SECONDS, Learner

BUCKET_SHARE = 10  # a bucket holds a tenth of what its window allows


class Clock:
    """Stands for the module `time`: seconds pass when the simulation says so. offset: what the wall clock shows at 0."""

    def __init__(self, offset: float) -> None:
        self.now, self.offset = 0.0, offset

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now + self.offset


class Gate:
    """Counts as a provider would: "sliding" or "fixed" windows, a "bucket", or "none"; lone: share refused for no reason."""

    def __init__(self, kind: str, limit: int, window: float, clock: Clock, lone: float = 0.0) -> None:
        self.kind, self.limit, self.window, self.clock, self.lone = kind, limit, window, clock, lone
        self.taken: deque[float] = deque()
        self.size = max(1.0, limit / BUCKET_SHARE)
        self.tokens, self.filled_at, self.number, self.count = self.size, 0.0, -1, 0
        self.random = random.Random(1)

    def admit(self, now: float) -> bool:
        if self.random.random() < self.lone:
            return False
        return self.kind == "none" or {"sliding": self._slide, "fixed": self._turn, "bucket": self._fill}[self.kind](
            now
        )

    def find_ideal(self, count: int) -> float:
        """Seconds until a client that knows everything has sent its last request."""
        if self.kind == "none":
            return 0.0
        if self.kind == "bucket":
            return max(0.0, count - self.size) * self.window / self.limit
        begun = self.clock.offset % self.window if self.kind == "fixed" else 0.0
        return max(0.0, (count - 1) // self.limit * self.window - begun)

    def _slide(self, now: float) -> bool:
        while self.taken and self.taken[0] <= now - self.window:
            self.taken.popleft()
        if len(self.taken) >= self.limit:
            return False
        self.taken.append(now)
        return True

    def _turn(self, now: float) -> bool:
        number = int((now + self.clock.offset) // self.window)
        if number != self.number:
            self.number, self.count = number, 0
        self.count += 1
        return self.count <= self.limit

    def _fill(self, now: float) -> bool:
        self.tokens = min(self.size, self.tokens + (now - self.filled_at) * self.limit / self.window)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def simulate(
    gate: Gate,
    count: int,
    monkeypatch: pytest.MonkeyPatch,
    concurrency: int = 64,
    latency: float = 0.5,
    retry_after: Callable[[int], float | None] = lambda refused: None,
) -> tuple[float, int]:
    """Ask until `count` requests are answered; returns the seconds it took over the ideal, and how often the gate refused."""
    clock, way = gate.clock, 0.002
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
                accepted = gate.admit(clock.now + way / 2)
                heapq.heappush(replies, (clock.now + (latency if accepted else way), next(numbers), accepted, at))
                continue
        clock.now = max(
            clock.now + 1e-6, min(replies[0][0] if replies else math.inf, clock.now + min(wait, POLL_SECONDS))
        )
        assert clock.now < 7200, f"{answered} of {count} answered"
    ideal = max(gate.find_ideal(count) + latency, count * latency / concurrency)
    return clock.now / ideal, refused
