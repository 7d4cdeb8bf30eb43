"""What a refusal may mean: explanations of a server that says 429, each of which predicts when the next request is let in.

Providers count in different ways, and say so nowhere. A **sliding window** lets in N requests in any W seconds. A **fixed
window** lets in N between two turns of the clock, so that N may leave shortly before a turn and N more right behind it. A
**bucket** gains tokens at a steady rate, up to a size, and a request takes one. And a single 429 may mean nothing at all: a
server was busy for a moment. Each is a small model here with a number that it learns (N, or the bucket's rate), and with the
times it was wrong (`misses`): it had predicted that a request would be let in and it was refused, or the other way round.

What they share: `find_due` says when the next request may leave by this explanation, `note_refused` and `note_admitted` take
in what came of one that left, by the departures so far (those that were not refused).
"""

import bisect
import math
import time

# Full windows without a refusal after which a window may allow more than was seen, and by what share; doubled where that failed.
GROW_AFTER, LONGEST_CALM, GROW_BY = 2, 32, 0.05
SOON = 5  # fewer requests than these between two refusals make a limit likely
FEW = 10  # so few requests before a first refusal may be all that a slow bucket holds: it gets more time to show itself


class Departures:
    """When requests left that were not refused, oldest first (monotonic seconds); older ones than `keep` are only counted."""

    def __init__(self, keep: float) -> None:
        self.times: list[float] = []
        self.keep = keep
        self.dropped = 0

    def add(self, now: float) -> float:
        """Note a departure and return it: departures name requests, so no two are equal."""
        if self.times and now <= self.times[-1]:
            now = self.times[-1] + 1e-7
        self.times.append(now)
        if len(self.times) % 1024 == 0:
            old = bisect.bisect_right(self.times, now - self.keep)
            del self.times[:old]
            self.dropped += old
        return now

    def remove(self, at: float) -> None:
        """Take a departure back that was refused or not used."""
        place = bisect.bisect_left(self.times, at)
        if place < len(self.times) and self.times[place] == at:
            del self.times[place]

    def find_last(self, before: float) -> float:
        """The last departure before a moment."""
        place = bisect.bisect_left(self.times, before)
        return self.times[place - 1] if place else -math.inf

    def count(self, after: float, until: float = math.inf) -> int:
        """Departures later than `after`, and not later than `until`."""
        return max(0, bisect.bisect_right(self.times, until) - bisect.bisect_right(self.times, after))


class Incident:
    """The server has no limit; it refused in a moment of its own. Wrong when it refuses again soon, or at regular intervals."""

    def __init__(self) -> None:
        self.misses = 0.0
        self._admitted = 0
        self._before = 0  # admitted between the two refusals before
        self._regular = 0  # intervals in a row that were about as long as the one before

    def find_due(self, departures: Departures, now: float) -> float:
        return now

    def find_gap(self) -> float:
        return 0.001

    def is_surprised(self, departures: Departures, at: float) -> bool:
        """Tell whether a refusal would speak against what was seen so far, so that it may be one without a meaning."""
        return self._admitted >= SOON and self._regular + self._is_regular() < 2

    def note_admitted(self, departures: Departures, at: float) -> None:
        self._admitted += 1

    def note_doubted(self) -> None:
        """Take note of a refusal that is not learned from."""
        self._regular = self._regular + 1 if self._is_regular() else 0
        self._before, self._admitted = self._admitted, 0

    def note_refused(self, departures: Departures, at: float) -> None:
        if not self.is_surprised(departures, at):
            self.misses += 1.0
        self.note_doubted()

    def _is_regular(self) -> bool:
        return abs(self._admitted - self._before) <= 0.2 * self._before


class Window:
    """N requests in a window of `seconds`: any such window, or (`by_clock`) between two turns of the clock.

    margin: a request may reach the server later than it left, and the one after it sooner.
    """

    def __init__(self, seconds: float, by_clock: bool = False) -> None:
        self.seconds, self.by_clock = seconds, by_clock
        self.misses = 0.0
        self.allowed: int | None = None
        self.margin = min(0.25, 0.03 * seconds)
        self._counted_miss = False  # one too many admitted is one miss, however many follow
        self._calm, self._calm_since = GROW_AFTER, -math.inf
        self._grown_from: int | None = None
        self._step = GROW_BY
        self._suspected = False

    def find_due(self, departures: Departures, now: float) -> float:
        if self.allowed is None:
            return now
        if self.by_clock:
            began = self._find_turn(now)
            if departures.count(began) >= self.allowed:
                return began + self.seconds + self.margin
            full = departures.count(began - self.seconds, began) >= self.allowed
            return max(now, began + self.margin) if full else now
        times = departures.times
        if len(times) < self.allowed:
            return now
        return max(now, times[-self.allowed] + self.seconds + self.margin)

    def find_gap(self) -> float:
        """Seconds between two departures that make few leave before a refusal is known, and cost a window little."""
        return min(0.01, 0.01 * self.seconds / (self.allowed or 1))

    def is_surprised(self, departures: Departures, at: float) -> bool:
        return self._grown_from is None and departures.count(self._find_begin(at), at) < (self.allowed or 0)

    def grow(self, now: float) -> None:
        """After a calm spell, try whether a window allows more: others may have drawn from it, or it was raised."""
        if self.allowed is not None and now - self._calm_since > self._calm * self.seconds + self.margin:
            self._grown_from = self.allowed
            self.allowed += max(1, int(self.allowed * self._step))
            self._calm_since, self._step = now, min(1.0, 2 * self._step)

    def note_admitted(self, departures: Departures, at: float) -> None:
        if self.allowed is None:
            return
        count = departures.count(self._find_begin(at), at)
        if count >= self.allowed:
            self._suspected = False  # as many as it allows were let in
        if count > self.allowed:
            self.allowed = count
            if not self._counted_miss:
                self.misses += 1.0
                self._counted_miss = True

    def note_refused(self, departures: Departures, at: float) -> None:
        began = self._find_begin(at)
        count = departures.count(began, at)
        if self.allowed is not None and count < self.allowed:
            if self._grown_from is not None and count >= self._grown_from:
                self._calm = min(LONGEST_CALM, 2 * self._calm)  # it was an attempt
            elif departures.count(began - 4 * self.margin, at) >= self.allowed and self.margin < 0.25:
                self.margin = min(0.25, 2 * self.margin)
                count = self.allowed
            else:
                self.misses += 1.0
                if not self._suspected:
                    self._suspected, count = True, self.allowed  # once is an accident, twice is a limit
        else:
            self._suspected = False
        self.allowed = max(1, count if self.allowed is None else min(count, self.allowed))
        self._counted_miss, self._grown_from, self._calm_since, self._step = False, None, at, GROW_BY

    def _find_begin(self, at: float) -> float:
        return self._find_turn(at) if self.by_clock else at - self.seconds

    def _find_turn(self, at: float) -> float:
        """When the clock's window began in which a moment lies."""
        offset = time.time() - time.monotonic()
        return at - (at + offset) % self.seconds


class Bucket:
    """A bucket's rate, between two bounds that each answer narrows.

    When a bucket refuses it holds less than one token. So with K requests let in during T seconds since then, the last
    admission means a rate above (K - 1) / T; and a refusal, one below (K + 1) / T since any moment when it was not full,
    which is so behind the first request after a wait. We also never sent much faster than the rate we believed in.
    """

    GROW_AFTER, GROW_BY = 20, 1.01  # it may allow more than was seen: others drew from it
    NARROW = 1.05

    def __init__(self) -> None:
        self.misses = 0.0
        self.low, self.high = 0.0, math.inf  # requests a second
        self._refused_at = -math.inf
        self._since: float | None = None  # when counting for the upper bound began
        self._slowest = 0.0
        self._suspected = False
        self._spacing = 0.8  # what it allowed while there was nothing to send is made up for, if it keeps tokens
        self._calm = 0
        self._step = self.GROW_BY

    def find_due(self, departures: Departures, now: float) -> float:
        return max(now, self._find_moment(departures, math.inf))

    def find_gap(self) -> float:
        return 0.01 if math.isinf(self.high) else 0.0

    def is_surprised(self, departures: Departures, at: float) -> bool:
        narrow = self.low > 0 and self.high / self.low < self.NARROW and self._step == self.GROW_BY
        return narrow and self._find_moment(departures, at) <= at

    def grow(self, now: float) -> None:
        """After a calm spell allow more, ever faster, until it refuses."""
        if self._calm >= self.GROW_AFTER:
            self.high, self._step, self._calm = self.high * self._step, min(2.0, self._step**2), 0
            self._since, self._suspected = None, False  # it may have been full meanwhile

    def note_admitted(self, departures: Departures, at: float) -> None:
        """Raise the lower bound, and the upper one with it."""
        if at <= self._refused_at or self._refused_at == -math.inf:
            return
        self._calm += 1
        if self._since is None:
            self._since = at
        self.low = max(self.low, (departures.count(self._refused_at, at) - 1) / (at - self._refused_at))
        self.high = max(self.high, self.low)

    def note_refused(self, departures: Departures, at: float) -> None:
        """Lower the upper bound; and the lower one where the two contradict each other."""
        if self._refused_at == -math.inf:
            self._slowest = 4.0 if departures.count(-math.inf) + departures.dropped >= FEW else 1 / 16
        else:
            high = math.inf
            if departures.count(self._refused_at, at) == 0:
                high = 1 / (at - self._refused_at)
            elif self._since is not None and at > self._since:
                high = (departures.count(self._since, at) + 1) / (at - self._since)
            if math.isfinite(self.high) and self._find_moment(departures, at) <= at:  # it left at the rate believed in
                pause = 2 / (self.low + self.high)
                high = min(high, 1 / pause / self._spacing)
                if self.low and at - departures.find_last(at) < pause:
                    self._spacing = 1.02
            contradicts = high < self.low / self.NARROW
            if contradicts or self.is_surprised(departures, at):
                self.misses += 1.0
            if contradicts and not self._suspected:
                self._suspected, high = True, self.high  # once is an accident; twice, it allows less than it did
            else:
                self._suspected = False
            if high < self._slowest and not self.low:
                self.misses += 0.6  # rare, but a window that was wrong once is rarer
            self.high = min(self.high, high)
            if departures.count(self._refused_at, at) == 0:
                at = self._refused_at  # nothing was let in meanwhile: the time adds up
        self.low = min(self.low, self.high / self.GROW_BY)
        self._refused_at, self._calm, self._step, self._since = at, 0, self.GROW_BY, None

    def _find_moment(self, departures: Departures, before: float) -> float:
        """When the next request after those `before` a moment may leave."""
        if math.isinf(self.high):
            return -math.inf
        pause = 2 / (self.low + self.high)
        due = self._refused_at + (departures.count(self._refused_at, before) + 1) * pause
        return max(due, departures.find_last(before) + self._spacing * pause)
