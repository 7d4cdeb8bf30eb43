"""What stands between a sender's loop and the store: answers wait here for the next commit, and for whoever holds the file."""

import asyncio
import time

from synthdata.base.errors import CacheError, SynthdataError
from synthdata.base.progress import say
from synthdata.models.cache import faults
from synthdata.models.cache.store import CacheConnection, Exchange


class Writer:
    """Stores replies, in one transaction all that arrived in the same turn of the loop.

    While another program holds the file, they are kept in memory, no more than are in flight, and stored when it is free.

    store: an open cache connection. arrived: what the next commit stores. stored: done when it has. held_since: when the
    file was first found held, None while it is free.
    """

    def __init__(self, store: CacheConnection, identity: str) -> None:
        self.store, self.identity = store, identity
        self.arrived: list[Exchange] = []
        self.stored: asyncio.Future[None] | None = None
        self.held_since: float | None = None
        self.has_said = False

    def look_up(self, keys: list[bytes]) -> dict[bytes, bytes]:
        """Find what is stored of these keys; nothing while another program holds the file."""
        return self.store.look_up(keys, wait=False)

    async def keep(self, key: bytes, body: bytes, raw: bytes) -> None:
        """Store a reply; returns when it is stored."""
        if self.stored is None:
            self.stored = asyncio.get_running_loop().create_future()
            self.stored.get_loop().call_soon(self._commit)
        self.arrived.append((key, self.identity, body, raw))
        await asyncio.shield(self.stored)

    def describe(self) -> str:
        """Say beside the progress that answers wait to be stored; empty when none does."""
        if self.held_since is None or time.monotonic() - self.held_since < faults.SAY_SECONDS:
            return ""
        kept = "1 answer" if len(self.arrived) == 1 else f"{len(self.arrived):,} answers"
        return f" · {kept} kept in memory, {faults.describe_wait(self.store.path)}"

    def finish(self) -> int:
        """Try once more to store what is left when the sender ends; returns how many answers are lost."""
        try:
            if self.arrived and self.store.try_store(self.arrived):
                self.arrived = []
        except SynthdataError:
            pass  # the same that ended the run
        return len(self.arrived)

    def _commit(self) -> None:
        stored = self.stored
        assert stored is not None
        try:
            if not self.store.try_store(self.arrived):
                self._wait(stored.get_loop())
                return
        except SynthdataError as fault:
            self.stored = None
            stored.set_exception(fault)
            return
        self.stored, self.arrived, self.held_since = None, [], None
        stored.set_result(None)

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        """Try again soon. Raises CacheError when the file has been held for too long."""
        now = time.monotonic()
        self.held_since = self.held_since or now
        if not self.has_said and self.describe():
            self.has_said = True
            say(self.describe().removeprefix(" · "))
        if now - self.held_since > faults.LOCKED_SECONDS:
            raise CacheError(faults.describe_hold(self.store.path))
        loop.call_later(faults.RETRY_SECONDS, self._commit)
