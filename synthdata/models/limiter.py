"""How often an account may ask: one limiter for each provider and key, shared by all clients of a process.

Covers limits the user gives (never exceeded in any 60-second window), Retry-After, and limits learned from 429 replies,
whether the server counts in a sliding window, in windows that follow the clock, or refills a bucket. Not covered: other
processes on the same key, whose requests only show as 429; limits counted in tokens.

What a first 429 leaves open, the next admitted request tells: one let in two seconds later means a bucket, one let in when
the clock's minute turns means fixed windows, one let in when the oldest request is a window old means a sliding one.
"""

import asyncio
import hashlib
import threading
import time
from collections import deque
from weakref import WeakKeyDictionary

from synthdata.models.probing import WINDOW_SECONDS, Bucket, count_after

MARGIN_SECONDS = 0.25  # a request may reach the server later than it left here, the one after it sooner

# The first wave leaves spread out, so that a first 429 comes before its end; so do the next, which its replies set off.
RAMP_WAVES, RAMP_SECONDS, RAMP_GAP_SECONDS = 4, 0.2, 0.003

DRAIN_SECONDS, DRAIN_GAP_SECONDS = 1.0, 0.02  # the same, to find out how much a server that lets us in early allows

PROBE_SECONDS = 2.0  # a bucket of 30 requests a minute or more has refilled by one

FEW = 10  # so few requests before a first 429 may be all that a slow bucket holds: it is probed more than once

POLL_SECONDS = 0.05

_limiters: dict[tuple[str, str], "Limiter"] = {}

_lock = threading.Lock()


class Limiter:
    """Hands out the moments at which requests may leave.

    requests_per_minute: the limit when known; None sends freely until the first 429 and learns from there.
    """

    def __init__(self, requests_per_minute: float | None = None, window: float = WINDOW_SECONDS) -> None:
        self.requests_per_minute = requests_per_minute
        self._window = window
        self._sent: deque[float] = deque()  # departures of the last two windows that were not refused, oldest first
        self._dropped = 0  # how many older ones there were
        self._learned: int | None = None  # requests in a window
        self._window_at: float | None = None  # when a fixed window began, if windows are fixed
        self._bucket: Bucket | None = None
        self._probes: deque[float] | None = None  # when to try again while refused; None when not refused
        self._probe: float | None = None  # departure of the one request that is out meanwhile
        self._probing = False
        # Whether a probe was refused that left before the clock's minute turned, or a whole window after the first request.
        self._tried_early = self._tried_late = False
        self._refusal_took = 0.0  # the longest a 429 took to arrive
        self._drained_from: float | None = None  # departure of a probe let in early: what follows tells why
        self._refused_at = self._emptied_at = self._minute_at = self._next_at = 0.0
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
        if self._probe is None and self._bucket is None:
            return
        with self._lock:
            if self._probe == sent_at:
                self._let_in()
            if self._bucket is not None:
                self._bucket.report_accepted(sent_at, self._sent)

    def report_limited(self, retry_after: float | None, sent_at: float) -> None:
        """Take note of a 429: learn from what was let in before it, and hold requests back."""
        now = time.monotonic()
        with self._lock:
            self._forget(sent_at)
            self._refusal_took = max(self._refusal_took, now - sent_at)
            was_probe = self._probe == sent_at
            if was_probe:
                self._probe = None
                self._tried_early |= now < self._minute_at
                self._tried_late |= not self._is_early(sent_at)
            straggler = self._probes is not None or sent_at < self._refused_at  # of the wave that met the limit
            if retry_after is not None:
                if sent_at >= self._refused_at:
                    self._learn(now, sent_at)
                self._probes = deque([now + retry_after])
            elif was_probe and self._probes is not None:
                if not self._probes:
                    self._probes.append(now + min(30.0, max(PROBE_SECONDS, 2 * (now - self._refused_at))))
            elif straggler:
                if self._bucket is None and self._drained_from is None and self._window_at is None:
                    self._learned = max(1, self._count(now))
            else:
                self._learn(now, sent_at)
                self._probes = self._schedule(now) if self._bucket is None else None

    def _let_in(self) -> None:
        """Go on after a probe that was let in; what follows one that was let in early tells what the server counts."""
        if self._probe is not None and not (self.requests_per_minute or self._bucket or self._window_at):
            self._drained_from = self._probe if self._is_early(self._probe) or self._tried_late else None
        self._probe = self._probes = None

    def _is_early(self, at: float) -> bool:
        return bool(self._sent) and self._sent[0] > at - self._window

    def _learn(self, now: float, sent_at: float) -> None:
        """Conclude from a refusal what the server counts."""
        self._refused_at = now
        if self.requests_per_minute is not None:
            return
        if self._bucket is not None:
            self._bucket.report_refused(sent_at, self._sent)
        elif self._drained_from is None:
            self._learned = max(1, self._count(now))
            self._tried_early = self._tried_late = False
        else:
            probe, self._drained_from = self._drained_from, None
            drained = count_after(self._sent, probe) + 1
            by_clock = abs(probe - self._minute_at) < 2 * MARGIN_SECONDS
            if by_clock and drained > 2 and (self._tried_early or 2 * drained > (self._learned or 0)):
                self._window_at, self._learned = probe, drained
            else:
                self._bucket = Bucket(self._emptied_at)
                self._bucket.report_accepted(self._sent[-1], self._sent)
                self._bucket.report_refused(sent_at, self._sent)
        self._emptied_at = sent_at

    def _schedule(self, now: float) -> deque[float]:
        if self._window_at is not None:
            return deque([self._find_window(now) + self._window + MARGIN_SECONDS])
        expires = (self._sent[0] if self._sent else now) + self._window + MARGIN_SECONDS
        self._minute_at = now + self._window - time.time() % self._window + MARGIN_SECONDS
        steps = (1, 3, 7, 15) if (self._learned or 0) < FEW else (1,)
        early = [now + PROBE_SECONDS * step for step in steps]
        return deque(sorted({at for at in early if at < expires - 1.0} | {expires, self._minute_at}))

    def _plan(self, now: float) -> float:
        """Seconds until the next request may leave; 0 or less: now."""
        if self._probes is not None:
            if self._probe is not None and now - self._probe > 0.1 + 3 * self._refusal_took:
                self._let_in()  # a refusal would have come by now, an answer may take a minute
                return 0.0
            if self._probe is not None or not self._probes:
                return POLL_SECONDS  # its answer decides
            if self._probes[0] > now:
                return self._probes[0] - now
            self._probes.popleft()
            self._probing = True
            return 0.0
        wait = self._next_at - now
        if self._bucket is not None:
            return max(wait, self._bucket.plan(self._sent) - now)
        if self._drained_from is not None:
            return wait
        limit, window = self._learned, self._window
        if self.requests_per_minute is not None:
            window = max(window, window / self.requests_per_minute)
            limit = max(1, int(self.requests_per_minute * self._window / 60.0))
        if limit is not None and self._window_at is not None and self.requests_per_minute is None:
            began = self._find_window(now)
            if count_after(self._sent, began) >= limit:
                wait = max(wait, began + window + MARGIN_SECONDS - now)
        elif limit is not None and len(self._sent) >= limit:
            wait = max(wait, self._sent[-limit] + window + MARGIN_SECONDS - now)
        return wait

    def _is_free(self, concurrency: int) -> bool:
        known = self.requests_per_minute is not None or self._learned is not None or self._bucket is not None
        return not known and self._probes is None and self._dropped + len(self._sent) >= RAMP_WAVES * concurrency

    def _depart(self, now: float, concurrency: int) -> float:
        keep = 2 * self._window / min(1.0, self.requests_per_minute or 1.0)
        while self._sent and self._sent[0] <= now - keep:
            self._sent.popleft()
            self._dropped += 1
        if self._sent and now <= self._sent[-1]:
            now = self._sent[-1] + 1e-7  # departures name requests, so no two are equal
        self._sent.append(now)
        gap = 0.0
        if self._drained_from is not None:
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
        """Departures within the last window."""
        return count_after(self._sent, now - self._window)


def get_limiter(url: str, api_key: str, requests_per_minute: float | None) -> Limiter:
    """Find the limiter of a provider and key, made on first use; a limit given later replaces the one before."""
    name = (url, hashlib.sha256(api_key.encode()).hexdigest())
    with _lock:
        limiter = _limiters.setdefault(name, Limiter(requests_per_minute))
    if requests_per_minute is not None:
        limiter.requests_per_minute = requests_per_minute
    return limiter
