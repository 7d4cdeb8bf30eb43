"""A limit that the user gives: never exceeded in any window, by all processes of this machine that share the key.

What left within the last window stands in a small file in the folder for temporary files, one for each provider and key (its
name is a hash of both). Whoever wants to send writes itself into it first, in a transaction, and waits where the window is
full. The file is worth nothing after a window, so it may be deleted at any time that nobody sends. Other machines on the same
key are not seen: their share of the limit has to be given to each.
"""

import getpass
import hashlib
import os
import sqlite3
import tempfile
import time
import warnings
from pathlib import Path

MARGIN_SECONDS = 0.25  # a request may reach the server later than it left here, the one after it sooner
PAUSE_SECONDS, LONGEST_PAUSE = 2.0, 30.0  # after a refusal in spite of the limit, doubled with each that follows
LOCK_SECONDS = 10.0


class KnownLimit:
    """Plans departures under a given limit. path: the file that processes share; None keeps count in this object alone."""

    def __init__(self, requests_per_minute: float, window: float, path: Path | None = None) -> None:
        # Less than one in a window is one in a longer window.
        self.window = max(window, window / requests_per_minute)
        self.allowed = max(1, int(requests_per_minute * window / 60.0))
        self._path = path
        self._file: sqlite3.Connection | None = None  # opened by the first departure
        self._held_until, self._pause = 0.0, PAUSE_SECONDS

    def is_free(self, concurrency: int) -> bool:
        return False

    def is_held(self) -> bool:
        return time.time() < self._held_until

    def take(self, concurrency: int) -> tuple[float, float]:
        """Seconds to wait, or 0 and the moment (seconds since 1970) at which the request leaves."""
        wait = self._held_until - time.time()
        if wait > 0:
            return wait, 0.0
        try:
            return self._write_departure()
        except sqlite3.Error as fault:
            warnings.warn(
                f"The limit of {self.allowed} requests in {self.window:g} s holds for this process only: {self._path} cannot be "
                f"written ({fault}). Other processes on the same key send as many again.",
                stacklevel=2,
            )
            self._path = self._file = None
            return self._write_departure()

    def release(self, at: float) -> None:
        """Give a departure back that was not used."""
        try:
            self._open().execute("DELETE FROM departures WHERE at = ?", (at,))
        except sqlite3.Error:
            return  # it counts as sent, which is safe

    def report_accepted(self, at: float) -> None:
        self._pause = PAUSE_SECONDS

    def report_refused(self, at: float, retry_after: float | None) -> None:
        """Take note of a refusal: others draw from the same limit, or the server's is lower than the one given."""
        if retry_after is None:
            retry_after, self._pause = self._pause, min(LONGEST_PAUSE, 2 * self._pause)
        self._held_until = max(self._held_until, time.time() + retry_after)

    def report_lost(self, at: float) -> None:
        pass

    def _open(self) -> sqlite3.Connection:
        if self._file is None:
            name = self._path or ":memory:"
            file = sqlite3.connect(name, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
            file.execute("PRAGMA synchronous = OFF")  # after a crash of the machine a window has passed
            file.execute("CREATE TABLE IF NOT EXISTS departures (at REAL PRIMARY KEY)")
            self._file = file
        return self._file

    def _write_departure(self) -> tuple[float, float]:
        file = self._open()
        file.execute("BEGIN IMMEDIATE")
        try:
            now = time.time()
            # Later than now: the clock was put back.
            file.execute("DELETE FROM departures WHERE at < ? OR at > ?", (now - 2 * self.window, now + 1.0))
            found = file.execute(
                "SELECT at FROM departures ORDER BY at DESC LIMIT 1 OFFSET ?", (self.allowed - 1,)
            ).fetchone()
            wait = found[0] + self.window + MARGIN_SECONDS - now if found else 0.0
            if wait > 0:
                return wait, 0.0
            (last,) = file.execute("SELECT MAX(at) FROM departures").fetchone()
            at = max(now, (last or 0.0) + 1e-6)  # departures name requests, so no two are equal
            file.execute("INSERT INTO departures VALUES (?)", (at,))
            return 0.0, at
        finally:
            file.execute("COMMIT")


def find_shared_file(url: str, api_key: str) -> Path | None:
    """Where processes of this user share the departures under a provider and key; None where there is no such place."""
    try:
        folder = Path(tempfile.gettempdir()) / f"synthdata-{getpass.getuser()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
            return None  # somebody else made it
    except (OSError, KeyError, ImportError):
        return None
    return folder / f"{hashlib.sha256(f'{url} {api_key}'.encode()).hexdigest()[:32]}.sqlite"
