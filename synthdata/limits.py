"""How often an account may ask: one limiter for each provider and key, shared by all clients of a process.

Covers limits the user gives (never exceeded in any 60-second window) and limits learned from 429 replies.
Not covered: other processes on the same key; limits counted in tokens.
"""

import asyncio
import hashlib
import threading
import time
from collections import deque

WINDOW_SECONDS = 60.0
MARGIN_SECONDS = 0.25  # a request may reach the server later than it left here, the one after it sooner

_limiters: dict[tuple[str, str], "Limiter"] = {}
_lock = threading.Lock()


class Limiter:
    """Hands out the times at which requests may leave.

    requests_per_minute: the limit when known; None learns it from the first 429.
    """

    def __init__(self, requests_per_minute: float | None = None, window: float = WINDOW_SECONDS) -> None:
        self.requests_per_minute = requests_per_minute
        self._window = window
        self._sent: deque[float] = deque()  # departure times, granted and reserved, oldest first
        self._paused_until = 0.0
        self._lock = threading.Lock()

    async def acquire(self) -> float:
        """Wait until a request may leave, and return that moment (monotonic seconds)."""
        while True:
            with self._lock:
                at = self._reserve(time.monotonic())
            try:
                await asyncio.sleep(max(0.0, at - time.monotonic()))
            except asyncio.CancelledError:
                self.release(at)
                raise
            if at >= self._paused_until:
                return at
            self.release(at)

    def release(self, at: float) -> None:
        """Give a reserved moment back, unused."""
        with self._lock:
            if at in self._sent:
                self._sent.remove(at)

    def report_limited(self, retry_after: float | None, sent_at: float) -> float:
        """Take note of a 429: learn the limit from what passed before it, and pause. Returns the pause in seconds."""
        now = time.monotonic()
        with self._lock:
            if sent_at in self._sent:
                self._sent.remove(sent_at)  # refused requests do not count against the limit
            if retry_after is not None:
                pause = retry_after
            else:
                recent = [at for at in self._sent if now - self._window < at <= now]
                if self.requests_per_minute is None and recent:
                    self.requests_per_minute = max(1.0, len(recent) * 60.0 / self._window)
                pause = max(0.5, recent[0] + self._window - now) if recent else 2.0
            self._paused_until = max(self._paused_until, now + pause)
        return pause

    def _reserve(self, now: float) -> float:
        limit = self.requests_per_minute
        at = max(now, self._paused_until)
        if limit is None:
            self._sent.append(at)
            while self._sent and self._sent[0] < now - self._window:
                self._sent.popleft()
            return at
        count = max(1, int(limit * self._window / 60.0))
        while len(self._sent) > count and self._sent[0] < now - 2 * self._window:
            self._sent.popleft()
        if len(self._sent) >= count:
            at = max(at, self._sent[-count] + self._window + MARGIN_SECONDS)
        self._sent.append(at)
        return at


def get_limiter(url: str, api_key: str, requests_per_minute: float | None) -> Limiter:
    """Find the limiter of a provider and key, made on first use; a limit given later tightens it."""
    name = (url, hashlib.sha256(api_key.encode()).hexdigest())
    with _lock:
        limiter = _limiters.setdefault(name, Limiter(requests_per_minute))
    if requests_per_minute is not None:
        limiter.requests_per_minute = requests_per_minute
    return limiter
