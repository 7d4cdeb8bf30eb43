"""How often an account may ask: one limiter for each provider and key, shared by all clients of a process.

A limit that the user gives is kept (known.py); one that nobody gave is found out from refusals (probing.py). Here is what both
have in common: whoever waits first leaves first, in whichever thread or loop it waits. Limits counted in tokens are not known
here: they show as refusals, whose Retry-After is obeyed.
"""

import asyncio
import hashlib
import threading
from pathlib import Path
from weakref import WeakKeyDictionary

from synthdata.models.known import KnownLimit, find_shared_file
from synthdata.models.probing import POLL_SECONDS, Learner

WINDOW_SECONDS = 60.0

_limiters: dict[tuple[str, str], "Limiter"] = {}

_lock = threading.Lock()


class Limiter:
    """Hands out the moments at which requests may leave.

    requests_per_minute: the limit when known; None sends freely until the first 429 and learns from there.
    window: seconds in which a known limit is counted. shared: the file in which processes share it.
    """

    def __init__(
        self, requests_per_minute: float | None = None, window: float = WINDOW_SECONDS, shared: Path | None = None
    ) -> None:
        self._window, self._shared = window, shared
        self._lock = threading.Lock()
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        self.set_limit(requests_per_minute)

    def set_limit(self, requests_per_minute: float | None) -> None:
        """Take a limit, or with None begin to find it out."""
        self.requests_per_minute = requests_per_minute
        if requests_per_minute is None:
            self._pace: KnownLimit | Learner = Learner()
        else:
            self._pace = KnownLimit(requests_per_minute, self._window, self._shared)

    async def acquire(self, concurrency: int = 1) -> float:
        """Wait for a moment at which a request may leave, first come first served, and return it: it names the departure."""
        with self._lock:
            if self._pace.is_free(concurrency):
                return self._pace.take(concurrency)[1]
            turn = self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        async with turn:
            while True:
                with self._lock:
                    wait, at = self._pace.take(concurrency)
                if wait <= 0:
                    return at
                await asyncio.sleep(min(wait, POLL_SECONDS))

    def is_waiting(self) -> bool:
        """Tell whether the provider has just refused and requests are held back."""
        return self._pace.is_held()

    def release(self, at: float) -> None:
        """Give a departure back that was not used."""
        with self._lock:
            self._pace.release(at)

    def report_lost(self, sent_at: float) -> None:
        """Take note that a request ended without an answer; if it was to find out whether we are let in, another one goes."""
        with self._lock:
            self._pace.report_lost(sent_at)

    def report_accepted(self, sent_at: float) -> None:
        """Take note that the request that left at `sent_at` was let in."""
        with self._lock:
            self._pace.report_accepted(sent_at)

    def report_limited(self, retry_after: float | None, sent_at: float) -> None:
        """Take note of a 429: learn from what was let in before it, and hold requests back."""
        with self._lock:
            self._pace.report_refused(sent_at, retry_after)


def get_limiter(url: str, api_key: str, requests_per_minute: float | None) -> Limiter:
    """Find the limiter of a provider and key, made on first use; a limit given later replaces the one before."""
    name = (url, hashlib.sha256(api_key.encode()).hexdigest())
    with _lock:
        limiter = _limiters.get(name)
        if limiter is None:
            limiter = _limiters[name] = Limiter(requests_per_minute, shared=find_shared_file(url, api_key))
        elif requests_per_minute is not None and requests_per_minute != limiter.requests_per_minute:
            limiter.set_limit(requests_per_minute)
    return limiter
