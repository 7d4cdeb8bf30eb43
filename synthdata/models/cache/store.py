"""The store that a client uses: a Cache names the file, a CacheConnection looks replies up and keeps them."""

import os
import sqlite3
import time
import uuid
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import orjson

from synthdata.base.errors import CacheError
from synthdata.base.jsonl import replace_file
from synthdata.base.progress import say
from synthdata.models.cache.database import MEMORY, Database, open_database, open_memory
from synthdata.models.cache.faults import FAULTS, explain_fault, is_damage, is_full, is_locked, wait_while_locked
from synthdata.models.cache.keys import LOOK_UP_BATCH, NO_DIGEST, is_asked, is_plausible, is_whole, make_digest
from synthdata.models.cache.repair import mend_in_place
from synthdata.models.replies import parse_json

MAX_DEPTH = 100
NOISE = frozenset({"id", "created", "object", "system_fingerprint", "timings", "bytes", "service_tier"})

Exchange = tuple[bytes, str, bytes, bytes]  # key, endpoint identity, request body, reply
Result = TypeVar("Result")


class Cache:
    """A folder's replies, in SQLite with a write-ahead log, safe for several processes at once.

    path: the database file, made when missing; ":memory:" keeps replies as long as this object lives. recording: keeps the
    keys of this run for write_recording; a path is where the recording is written after each call of a client. Connections
    are opened for each use, so a Cache can be pickled and cross a fork (one in memory arrives empty).
    """

    def __init__(self, path: str | os.PathLike[str], recording: bool | str | os.PathLike[str] = False) -> None:
        self.path = Path(path)
        self.recording = None if isinstance(recording, bool) else Path(recording)
        self._used: dict[bytes, None] | None = {} if recording else None
        self._memory: tuple[str, Database] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_memory": None}

    def open(self) -> "CacheConnection":
        """Open the store for one run of requests. Raises CacheError when the file cannot serve."""
        return CacheConnection(self, self._connect())

    def write_recording(self, path: str | os.PathLike[str] | None = None) -> int:
        """Write the exchanges this run used to a reviewable JSONL file, sorted, and return how many.

        path: the file, the one that the cache was opened with when None. Fields that change from call to call (ids, times)
        are left out; headers were never kept.
        Raises CacheError when the cache was not opened with recording=True, or the file cannot be written.
        """
        path = path or self.recording
        if self._used is None or path is None:
            raise CacheError(
                "this cache keeps no list of the run's requests: open it with recording=True and run again."
            )
        with self.open() as store:
            lines = [
                orjson.dumps({"endpoint": identity, "request": orjson.loads(body), "reply": _drop_noise(reply)})
                for identity, body, reply in store.read_exchanges(list(self._used))
            ]
        replace_file(path, b"".join(line + b"\n" for line in sorted(lines)))
        return len(lines)

    def _connect(self) -> Database:
        """Open the file, waiting for whoever holds it, and mending it once when it is damaged."""
        if str(self.path) == MEMORY:
            return self._connect_memory()
        try:
            try:
                return wait_while_locked(lambda: open_database(self.path), self.path)
            except FAULTS as cause:
                if not is_damage(cause):
                    raise
                say(mend_in_place(self.path, cause))
            return wait_while_locked(lambda: open_database(self.path), self.path)
        except (*FAULTS, OSError, ValueError) as cause:
            raise explain_fault(self.path, cause) from cause

    def _connect_memory(self) -> Database:
        if self._memory is None:
            name = f"synthdata-{uuid.uuid4()}"
            self._memory = name, open_memory(name)  # held open: the last connection takes its replies along
            weakref.finalize(self, self._memory[1].connection.close)
        return open_memory(self._memory[0])


class CacheConnection:
    """An open Cache: look replies up and store them. damaged: keys of replies that are no longer what was stored."""

    def __init__(self, cache: Cache, database: Database) -> None:
        self._cache, self._database = cache, database
        self.damaged: set[bytes] = set()

    def __enter__(self) -> "CacheConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The file."""
        return self._cache.path

    @property
    def is_writable(self) -> bool:
        """Whether new replies can be kept."""
        return self._database.writable

    def refuse_questions(self, fresh: bool) -> None:
        """Refuse to ask what cannot be kept. fresh: a question that is asked each time anyway may go unkept.

        Raises CacheError.
        """
        if self.is_writable or fresh:
            return
        obstacle = self._database.obstacle
        if obstacle is not None and is_full(obstacle, self.path):
            raise explain_fault(self.path, obstacle)
        raise CacheError(
            f"{self.path} cannot be written: what it holds is read, but a new answer could not be kept, so nothing was "
            "sent. Make the file and its folder writable for you, or name another file in open_cache."
        )

    def close(self) -> None:
        """Close the connection; what was stored stays. Says how many damaged answers were met."""
        self._database.connection.close()
        if self.damaged:
            count = len(self.damaged)
            what = (
                "1 stored answer is damaged: it counts"
                if count == 1
                else f"{count:,} stored answers are damaged: they count"
            )
            say(f"{self.path}: {what} as not stored, and a run that needs it asks again")
            self.damaged.clear()

    def look_up(self, keys: Sequence[bytes], wait: bool = True) -> dict[bytes, bytes]:
        """Find the replies of up to LOOK_UP_BATCH keys; keys without a reply, or with a damaged one, are absent.

        wait: for another program that holds the file; without it nothing is found meanwhile.
        """
        found = {}
        for key, _, _, reply in self._read(keys, self._cache._used is not None, wait):
            if reply is None:
                self.damaged.add(key)
            else:
                found[key] = reply
        if self._cache._used is not None:
            self._cache._used.update((key, None) for key in keys if key in found)
        return found

    def store(self, exchanges: Sequence[Exchange]) -> None:
        """Keep replies, all or none, durable against the death of this process from the moment of return.

        exchanges: key, endpoint identity, request body and reply of each. Waits while another program holds the file.
        """
        self.refuse_questions(fresh=False)
        self._run(lambda connection: _insert(connection, exchanges))
        self._note_used(exchanges)

    def try_store(self, exchanges: Sequence[Exchange]) -> bool:
        """Keep replies as store does; False at once when another program holds the file."""
        if not self.is_writable:
            return True  # see refuse_questions: these are asked each time
        try:
            self._run(lambda connection: _insert(connection, exchanges), wait=False)
        except _Held:
            return False
        self._note_used(exchanges)
        return True

    def read_exchanges(self, keys: Sequence[bytes]) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield endpoint identity, request body and reply of each key that is stored and whole."""
        for start in range(0, len(keys), LOOK_UP_BATCH):
            for key, endpoint, request, reply in self._read(keys[start : start + LOOK_UP_BATCH], True, True):
                if reply is None:
                    self.damaged.add(key)
                else:
                    yield endpoint.decode(), request, reply

    def _read(self, keys: Sequence[bytes], whole: bool, wait: bool) -> Iterator[tuple[bytes, Any, Any, bytes | None]]:
        """Yield key, endpoint, request and reply of keys that are stored; the reply is None where the row is damaged.

        whole: read endpoint and request too, and check them.
        """
        digest = "digest" if self._database.version > 1 else "x''"
        asked = (
            "endpoint, request"
            if whole
            else f"CASE {digest} WHEN x'' THEN endpoint END, CASE {digest} WHEN x'' THEN request END"
        )
        query = f"SELECT key, {asked}, reply, {digest} FROM replies WHERE key IN ({','.join('?' * len(keys))})"
        try:
            rows = self._run(lambda connection: connection.execute(query, keys).fetchall(), wait=wait)
        except _Held:
            return
        for key, endpoint, request, reply, written in rows:
            if written == NO_DIGEST:
                good = is_plausible(key, endpoint, request, reply)
            else:
                good = is_whole(key, reply, written) and (not whole or is_asked(key, endpoint, request))
            yield key, endpoint, request, reply if good else None

    def _run(self, work: Callable[[sqlite3.Connection], Result], wait: bool = True) -> Result:
        """Run statements: wait while another program holds the file, mend a damaged one and run them once more.

        wait: raises _Held instead when False. Raises CacheError.
        """
        for attempt in (1, 2):
            try:
                return wait_while_locked(
                    lambda: work(self._database.connection), self.path, seconds=None if wait else 0.0
                )
            except FAULTS as cause:
                if is_locked(cause) and not wait:
                    raise _Held from cause
                if attempt == 2 or not is_damage(cause) or not self.is_writable:
                    raise explain_fault(self.path, cause) from cause
                self._database.connection.close()
                say(mend_in_place(self.path, cause))
                self._database = self._cache._connect()
        raise AssertionError("unreachable")

    def _note_used(self, exchanges: Sequence[Exchange]) -> None:
        if self._cache._used is not None:
            self._cache._used.update((exchange[0], None) for exchange in exchanges)


class _Held(Exception):  # noqa: N818 - it is no error: the caller tries again later
    """Another program holds the file."""


def _insert(connection: sqlite3.Connection, exchanges: Sequence[Exchange]) -> None:
    now = int(time.time())
    rows = [(key, name, body, reply, now, make_digest(key, reply)) for key, name, body, reply in exchanges]
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(
            "INSERT OR REPLACE INTO replies (key, endpoint, request, reply, stored, digest) VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk ends some transactions by itself
            connection.execute("ROLLBACK")
        raise


def _drop_noise(reply: bytes) -> Any:
    def clean(value: Any, depth: int = 0) -> Any:
        if depth > MAX_DEPTH:
            return None  # no reply that means something nests so deep, and JSON writers refuse it
        if isinstance(value, dict):
            return {key: clean(item, depth + 1) for key, item in value.items() if key not in NOISE}
        return [clean(item, depth + 1) for item in value] if isinstance(value, list) else value

    return clean(parse_json(reply))
