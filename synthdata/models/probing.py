"""Learning an unknown limit: the rate of a bucket, between two bounds that each answer narrows."""

import bisect
import math
from collections import deque

WINDOW_SECONDS = 60.0

GROW_AFTER, GROW_BY = 20, 1.01  # a bucket may allow more than was seen: it had been full, or others drew from it

CATCH_UP = 0.8  # what a bucket allowed while there was nothing to send is made up for, but not all at once


class Bucket:
    """A bucket's rate, between two bounds that each answer narrows.

    When a bucket refuses it holds less than one token. So with K requests let in during T seconds since then, the last
    admission means a rate above (K - 1) / T; and a refusal, one below (K + 1) / T since any moment when it was not full.
    """

    def __init__(self, emptied_at: float) -> None:
        self._low, self._high = 0.0, math.inf  # requests a second
        self._refused_at = self._since = emptied_at  # since: when counting for the upper bound began
        self._calm = 0
        self._step = GROW_BY

    def plan(self, sent: deque[float]) -> float:
        """When the next request should leave. sent: departures so far that were not refused."""
        pause = 2 / (self._low + self._high)
        due = self._refused_at + (count_after(sent, self._refused_at) + 1) * pause
        return max(due, sent[-1] + CATCH_UP * pause if sent else 0.0)

    def report_accepted(self, at: float, sent: deque[float]) -> None:
        """Raise the lower bound; and the upper one after a calm spell, ever faster, until it refuses."""
        self._calm += 1
        if at > self._refused_at:
            let_in = bisect.bisect_right(sent, at) - bisect.bisect_right(sent, self._refused_at)
            self._low = max(self._low, (let_in - 1) / (at - self._refused_at))
        if self._calm >= GROW_AFTER:
            self._high, self._step, self._calm, self._since = self._high * self._step, min(2.0, self._step**2), 0, at
        self._high = max(self._high, self._low)

    def report_refused(self, at: float, sent: deque[float]) -> None:
        """Lower the upper bound; and the lower one where the two contradict each other."""
        if at > self._since:
            self._high = min(self._high / GROW_BY, (count_after(sent, self._since) + 1) / (at - self._since))
        self._low = min(self._low, self._high / GROW_BY)  # else it allows less than it did, or others draw from it
        self._refused_at, self._calm, self._step = at, 0, GROW_BY
        if (sent and self._since < sent[0]) or at - self._since > WINDOW_SECONDS:
            self._since = at


def count_after(sent: deque[float], at: float) -> int:
    """Departures later than a moment."""
    return len(sent) - bisect.bisect_right(sent, at)
