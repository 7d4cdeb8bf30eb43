"""Looking after a cache file: what is in it, whether it is whole, and making it smaller."""

import contextlib
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from synthdata.base.errors import CacheError, InputError
from synthdata.models.cache.database import open_database, open_readonly
from synthdata.models.cache.faults import (
    FAULTS,
    explain_fault,
    is_damage,
    wait_while_locked,
)
from synthdata.models.cache.keys import NO_DIGEST, is_asked, is_plausible, is_whole, make_digest

DAY_SECONDS = 86_400
ROW_BYTES = 120  # of a row besides request and reply: key twice, digest, endpoint, heads
PATIENCE_SECONDS = 10.0  # with another program that holds the file


@dataclass
class Check:
    """What a file holds. damaged: rows whose digest does not fit. undigested: stored before digests were kept. fault: what is
    wrong with the file itself, empty when nothing is."""

    path: Path
    answers: int = 0
    damaged: int = 0
    undigested: int = 0
    file_bytes: int = 0
    oldest: int = 0
    endpoints: Counter[str] = field(default_factory=Counter)
    fault: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damaged and not self.fault


@dataclass
class Pruned:
    """What pruning did."""

    path: Path
    removed: int
    answers: int
    bytes_before: int
    bytes_after: int


def check_cache(path: str | os.PathLike[str]) -> Check:
    """Read a whole cache file and say what it holds and what of it is damaged; nothing is changed.

    Raises CacheError for a file that is not there, is no database, or is of a newer version.
    """
    shown = Path(path)
    check = Check(shown)
    with _explained(shown), contextlib.closing(_open(shown)) as connection:
        check.file_bytes = shown.stat().st_size
        try:
            said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0].decode(errors="replace")
            check.fault = "" if said == "ok" else said
            for row in connection.execute(_list_columns(connection)):
                _note_row(check, *row)
        except FAULTS as cause:
            if not is_damage(cause):
                raise
            check.fault = str(cause)
    return check


def prune_cache(
    path: str | os.PathLike[str], days: float | None = None, endpoint: str | None = None, megabytes: float | None = None
) -> Pruned:
    """Remove answers from a cache and give their room back.

    days: answers stored longer ago (the age of those stored before dates were kept counts from when this version first
    opened the file). endpoint: all answers of the endpoint of this identity, as check lists it. megabytes: the oldest, until
    the file is no larger. What is given adds up. Raises InputError when nothing is given or a number is no size or age,
    CacheError when the file cannot serve or is damaged.
    """
    if days is None and endpoint is None and megabytes is None:
        raise InputError("prune needs to know what to remove: give an age in days, an endpoint or a size in megabytes.")
    for name, value in (("days", days), ("megabytes", megabytes)):
        if value is not None and not 0 <= value < 1e9:
            raise InputError(f"{name} is {value!r}: give a number from 0 up.")
    shown = Path(path)
    if not shown.is_file():
        raise CacheError(f"there is no cache at {shown}: check the path.")
    with _explained(shown):
        connection = wait_while_locked(lambda: open_database(shown), shown, PATIENCE_SECONDS).connection
        with contextlib.closing(connection):
            before = shown.stat().st_size
            held = _count(connection)
            _hold_to_write(connection, shown)
            if days is not None:
                connection.execute("DELETE FROM replies WHERE stored < ?", (int(time.time() - days * DAY_SECONDS),))
            if endpoint is not None:
                connection.execute("DELETE FROM replies WHERE endpoint = ?", (endpoint,))
            if megabytes is not None:
                _keep_newest(connection, int(megabytes * 1e6))
            connection.execute("COMMIT")
            left = _count(connection)
            wait_while_locked(lambda: connection.execute("VACUUM"), shown, PATIENCE_SECONDS)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Pruned(shown, held - left, held, before, shown.stat().st_size)


def add_digests(path: str | os.PathLike[str]) -> int:
    """Give digests to what was stored before they were kept, and return how many; what is damaged gets none.

    Raises CacheError when the file cannot serve or is damaged.
    """
    shown = Path(path)
    with _explained(shown):
        connection = wait_while_locked(lambda: open_database(shown), shown, PATIENCE_SECONDS).connection
        with contextlib.closing(connection):
            _hold_to_write(connection, shown)
            numbers = connection.execute("SELECT number FROM replies WHERE digest = x''").fetchall()
            count = 0
            for (number,) in numbers:
                row = connection.execute(
                    "SELECT key, endpoint, request, reply FROM replies WHERE number = ?", (number,)
                ).fetchone()
                if is_plausible(*row):
                    digest = make_digest(row[0], row[3])
                    connection.execute("UPDATE replies SET digest = ? WHERE number = ?", (digest, number))
                    count += 1
            connection.execute("COMMIT")
    return count


def _keep_newest(connection: sqlite3.Connection, room: int) -> None:
    """Remove the oldest rows, those that fit into so many bytes stay."""
    page: int = connection.execute("PRAGMA page_size").fetchone()[0]
    room -= 4 * page  # the head, the roots of table and index
    used = 0
    # Leaf pages of rows in order of arrival are nearly full, those of the index about 70 %: ROW_BYTES allows for both.
    query = "SELECT number, length(request) + length(reply) + length(endpoint) FROM replies ORDER BY number DESC"
    for number, size in connection.execute(query):
        # What does not fit into one page goes on in whole ones.
        used += ROW_BYTES + (size if size < page // 4 else -(-size // page) * page)
        if used > room:
            connection.execute("DELETE FROM replies WHERE number <= ?", (number,))
            return


def _note_row(
    check: Check, key: bytes, endpoint: bytes, request: bytes, reply: bytes, stored: int, digest: bytes
) -> None:
    check.answers += 1
    if digest == NO_DIGEST:
        check.undigested += 1
        good = is_plausible(key, endpoint, request, reply)
    else:
        good = is_whole(key, reply, digest) and is_asked(key, endpoint, request)
    check.damaged += not good
    if isinstance(endpoint, bytes):
        check.endpoints[endpoint.decode(errors="replace")] += 1
    if isinstance(stored, int) and stored:
        check.oldest = min(check.oldest or stored, stored)


def _list_columns(connection: sqlite3.Connection) -> str:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    rest = "stored, digest" if version > 1 else "0, x''"
    return f"SELECT key, endpoint, request, reply, {rest} FROM replies"


def _open(shown: Path) -> sqlite3.Connection:
    if not shown.is_file():
        raise CacheError(f"there is no cache at {shown}: check the path.")
    return wait_while_locked(lambda: open_readonly(shown), shown, PATIENCE_SECONDS).connection


def _hold_to_write(connection: sqlite3.Connection, shown: Path) -> None:
    wait_while_locked(lambda: connection.execute("BEGIN IMMEDIATE"), shown, PATIENCE_SECONDS)


def _count(connection: sqlite3.Connection) -> int:
    count: int = connection.execute("SELECT count(*) FROM replies").fetchone()[0]
    return count


@contextlib.contextmanager
def _explained(shown: Path) -> Iterator[None]:
    try:
        yield
    except (*FAULTS, OSError) as cause:
        raise explain_fault(shown, cause) from cause
