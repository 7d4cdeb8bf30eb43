"""How often an account may ask: one limiter for each provider and key, shared by all clients of a process.

Covers limits the user gives (never exceeded in any 60-second window), Retry-After, and limits learned from 429
replies, whether the server counts in a sliding or fixed window or refills a bucket. Not covered: other processes on the
same key, whose requests only show as 429; limits counted in tokens.
"""

import asyncio
import hashlib
import threading
import time
from collections import deque
from weakref import WeakKeyDictionary

WINDOW_SECONDS = 60.0
MARGIN_SECONDS = 0.25  # a request may reach the server later than it left here, the one after it sooner
# The first wave leaves spread out, so that a first 429 comes before its end; so do the next, which its replies set off.
RAMP_WAVES, RAMP_SECONDS, RAMP_GAP_SECONDS = 4, 0.2, 0.003
DRAIN_SECONDS, DRAIN_GAP_SECONDS = 2.0, 0.02  # the same, to find out how much a server that answers early allows
PROBE_SECONDS = 2.0  # a bucket of 30 requests a minute or more has refilled by one
GROW_AFTER, GROW_BY, SHRINK_BY = 20, 1.01, 0.97  # a bucket's rate, near the truth
SEEK_AFTER, SEEK_BY = 4, 1.05  # the same before the first 429 confirms it
POLL_SECONDS = 0.05

_limiters: dict[tuple[str, str], "Limiter"] = {}
_lock = threading.Lock()


class Limiter:
    """Hands out the moments at which requests may leave.

    requests_per_minute: the limit when known; None sends freely until the first 429 and learns from there: what was
    accepted before it is the size of a window, unless a single request soon after succeeds, which means a bucket that
    refills; its rate is then measured and kept a little below the next 429.
    """

    def __init__(self, requests_per_minute: float | None = None, window: float = WINDOW_SECONDS) -> None:
        self.requests_per_minute = requests_per_minute
        self._window = window
        self._sent: deque[float] = deque()  # departures within the window that were not refused, oldest first
        self._total = 0
        self._learned: int | None = None  # requests in a window
        self._window_at: float | None = None  # when a fixed window began, if windows are fixed
        self._rate: float | None = None  # requests in a second, of a bucket
        self._rate_found = False
        self._probes: deque[float] | None = None  # when to try again while refused; None when not refused
        self._probe: float | None = None  # departure of the one request that is out meanwhile
        self._probing = False
        self._refused_at = 0.0
        self._draining = False
        self._since_refused = 0
        self._next_at = 0.0
        self._probe_ok_at = self._minute_at = 0.0
        self._lock = threading.Lock()
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    async def acquire(self, concurrency: int = 1) -> float:
        """Wait for a moment at which a request may leave, first come first served, and return it (monotonic seconds)."""
        with self._lock:
            if self._is_free(concurrency):
                return self._depart(time.monotonic(), concurrency)
            turn = self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        async with turn:
            while True:
                with self._lock:
                    now = time.monotonic()
                    wait = self._plan(now)
                    if wait <= 0:
                        return self._depart(now, concurrency)
                await asyncio.sleep(min(wait, POLL_SECONDS))

    def is_waiting(self) -> bool:
        """Tell whether the provider has just refused and requests are held back."""
        return self._probes is not None

    def release(self, at: float) -> None:
        """Give a departure back that was not used."""
        with self._lock:
            self._forget(at)
            if self._probe == at:
                self._probe = None
                if self._probes is not None:
                    self._probes.appendleft(at)

    def report_lost(self, sent_at: float) -> None:
        """Take note that a request ended without an answer; if it was to find out whether we are let in, try again."""
        with self._lock:
            if self._probe == sent_at:
                self._probe = None
                if self._probes is not None:
                    self._probes.appendleft(time.monotonic() + PROBE_SECONDS)

    def report_accepted(self, sent_at: float) -> None:
        """Take note that the request that left at `sent_at` was let in."""
        if self._probe is None and self._rate is None and not self._draining:
            return
        with self._lock:
            self._since_refused += 1
            if self._probe == sent_at:
                early = self._sent[0] > sent_at - self._window if self._sent else False
                self._probe = self._probes = None
                self._draining = early and not (self.requests_per_minute or self._rate or self._window_at)
                self._probe_ok_at = sent_at
            elif self._rate is not None:
                after, by = (GROW_AFTER, GROW_BY) if self._rate_found else (SEEK_AFTER, SEEK_BY)
                if self._since_refused % after == 0:
                    self._rate *= by

    def report_limited(self, retry_after: float | None, sent_at: float) -> None:
        """Take note of a 429: learn from what was let in before it, and hold requests back."""
        now = time.monotonic()
        with self._lock:
            self._forget(sent_at)
            was_probe = self._probe == sent_at
            if was_probe:
                self._probe = None
            if retry_after is not None:
                if sent_at >= self._refused_at:
                    self._learn(now)
                    self._refused_at = now
                self._probes = deque([now + retry_after])
            elif was_probe and self._probes is not None:
                if not self._probes:
                    self._probes.append(now + min(30.0, max(PROBE_SECONDS, 2 * (now - self._refused_at))))
            elif self._probes is not None or sent_at < self._refused_at:
                if self._rate is None and not self._draining:
                    self._learned = self._count(now)  # a straggler of the wave in which the limit was met
            else:
                self._learn(now)
                self._refused_at = now
                self._probes = self._schedule(now)
            self._since_refused = 0

    def _learn(self, now: float) -> None:
        """Conclude from a refusal what the server counts."""
        if self.requests_per_minute is not None:
            return
        elapsed = now - self._refused_at
        if self._draining:  # the server had let us in early
            self._draining = False
            by_clock = abs(self._probe_ok_at - self._minute_at) < self._window / 60
            if by_clock and self._since_refused >= 0.8 * (self._learned or 1):  # to a whole new window
                self._window_at, self._learned = self._probe_ok_at, self._since_refused
            else:  # to what a bucket had refilled meanwhile
                self._rate = self._since_refused / max(elapsed, 0.1)
        elif self._rate is not None:
            self._rate, self._rate_found = self._rate * SHRINK_BY, True
        else:
            self._learned = max(1, self._count(now))

    def _schedule(self, now: float) -> deque[float]:
        if self._rate is not None:
            return deque([now + 1.0 / self._rate])
        if self._window_at is not None:
            return deque([self._find_window(now) + self._window + MARGIN_SECONDS])
        expires = (self._sent[0] if self._sent else now) + self._window + MARGIN_SECONDS
        minute = now + self._window - time.time() % self._window + MARGIN_SECONDS  # windows that follow the clock
        self._minute_at = minute
        return deque(sorted({at for at in (now + PROBE_SECONDS, minute) if at < expires - 1.0} | {expires}))

    def _plan(self, now: float) -> float:
        """Seconds until the next request may leave; 0 or less: now."""
        if self._probes is not None:
            if self._probe is not None or not self._probes:
                return POLL_SECONDS  # its answer decides
            if self._probes[0] > now:
                return self._probes[0] - now
            self._probes.popleft()
            self._probing = True
            return 0.0
        wait = self._next_at - now
        if self._rate is None:
            limit = self.requests_per_minute
            count = self._learned if limit is None else max(1, int(limit * self._window / 60.0))
            if count is not None and self._window_at is not None:
                began = self._find_window(now)
                if sum(at >= began for at in self._sent) >= count:
                    wait = max(wait, began + self._window + MARGIN_SECONDS - now)
            elif count is not None and not self._draining and len(self._sent) >= count:
                wait = max(wait, self._sent[-count] + self._window + MARGIN_SECONDS - now)
        return wait

    def _is_free(self, concurrency: int) -> bool:
        known = self.requests_per_minute is not None or self._learned is not None or self._rate is not None
        return not known and self._probes is None and self._total >= RAMP_WAVES * concurrency

    def _depart(self, now: float, concurrency: int) -> float:
        while self._sent and self._sent[0] <= now - 2 * self._window:
            self._sent.popleft()
        if self._sent and now <= self._sent[-1]:
            now = self._sent[-1] + 1e-7  # departures name requests, so no two are equal
        self._sent.append(now)
        self._total += 1
        gap = 0.0
        if self._rate is not None:
            gap = 1.0 / self._rate
        elif self._draining:
            gap = min(DRAIN_GAP_SECONDS, DRAIN_SECONDS / (self._learned or 1))
        elif self.requests_per_minute is None and self._learned is None:
            gap = min(RAMP_GAP_SECONDS, RAMP_SECONDS / concurrency)
        # Timers fire late: what was missed by less than a poll is made up for, or short gaps would all grow.
        behind = now - self._next_at < 2 * POLL_SECONDS
        self._next_at = (max(self._next_at, now - POLL_SECONDS) if behind else now) + gap
        if self._probing:
            self._probe, self._probing = now, False
        return now

    def _forget(self, at: float) -> None:
        if at in self._sent:
            self._sent.remove(at)

    def _find_window(self, now: float) -> float:
        """When the current fixed window began."""
        began = self._window_at or 0.0
        return began + (now - began) // self._window * self._window

    def _count(self, now: float) -> int:
        return sum(1 for at in self._sent if at > now - self._window)


def get_limiter(url: str, api_key: str, requests_per_minute: float | None) -> Limiter:
    """Find the limiter of a provider and key, made on first use; a limit given later replaces the one before."""
    name = (url, hashlib.sha256(api_key.encode()).hexdigest())
    with _lock:
        limiter = _limiters.setdefault(name, Limiter(requests_per_minute))
    if requests_per_minute is not None:
        limiter.requests_per_minute = requests_per_minute
    return limiter
