"""Repair: what can be read of a damaged file is written anew in its place, and the damaged one is kept aside."""

import contextlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from synthdata.base.errors import CacheError
from synthdata.models.cache.carve import Found, Pages, carve_rows, has_head
from synthdata.models.cache.database import TABLE, VERSION, connect, read_version
from synthdata.models.cache.faults import (
    FAULTS,
    explain_fault,
    is_full,
    is_locked,
    is_unwritable,
    name_repair,
    wait_while_locked,
)
from synthdata.models.cache.keys import make_digest

HOLDER_SECONDS = 5.0  # for other programs to let go of a file before it is repaired


class Repair(NamedTuple):
    """What a repair saved. aside: where the damaged file is kept."""

    path: Path
    saved: int
    total: int
    aside: Path

    def __str__(self) -> str:
        return (
            f"{self.path} was damaged: {self.saved:,} of {self.total:,} answers were saved, the damaged file is kept as "
            f"{self.aside}; what is missing is asked again when a run needs it"
        )


class _Unmendable(Exception):  # noqa: N818 - says which way is closed, never seen outside
    """SQLite cannot be used to repair this file."""


def mend_in_place(path: Path, cause: Exception) -> str:
    """Repair a file that a run met damaged, and say what was saved.

    Raises CacheError, naming the command, when another program uses the file, nothing can be read, or there is no room.
    """
    try:
        return str(_overwrite(path, path.resolve()))
    except _Unmendable:
        raise explain_fault(path, cause) from cause
    except (*FAULTS, OSError) as fault:
        raise _explain(path, fault) from fault


def repair_cache(path: str | os.PathLike[str]) -> Repair:
    """Save what can be read of a damaged file, whatever is damaged, in its place; the damaged one stays beside it.

    The file's mode, and a symbolic link to it, stand. Raises CacheError when nothing can be read, another program uses
    the file, it is of a newer version, or there is no room.
    """
    shown = Path(path)
    try:
        real = shown.resolve(strict=True)
        if not has_head(real):
            return _replace(shown, real)  # SQLite would clear away its log
        try:
            return _overwrite(shown, real)
        except _Unmendable:
            return _replace(shown, real)
        except FAULTS as fault:
            if is_locked(fault) or is_full(fault, real) or is_unwritable(fault):
                raise
            return _replace(shown, real)
    except _Unmendable as fault:
        raise CacheError(f"{path} holds no answer that can be read; it was left as it is.") from fault
    except (*FAULTS, OSError) as fault:
        raise _explain(shown, fault) from fault


def _explain(path: Path, fault: Exception) -> CacheError:
    if is_locked(fault):
        return CacheError(
            f"{path} is damaged, and another program uses it, so it cannot be repaired now: close the other program "
            f"(another notebook's kernel), then run {name_repair(path)} or the cell again."
        )
    if is_full(fault, path):
        return CacheError(
            f"the disk is full: {path} is damaged, and there is no room beside it for a repaired copy. It was left as it is; "
            f"free some space and run {name_repair(path)} or the cell again."
        )
    return explain_fault(path, fault)


def _overwrite(shown: Path, real: Path) -> Repair:
    """Repair through SQLite's own locks and one transaction: the file stays the same one, and nobody sees half of it."""
    with _hold(shown, real) as held:
        aside, overwritten = _make_aside(real), False
        try:
            # Not by reading the file: closing it would drop the locks that this process has on it.
            with contextlib.closing(connect(aside)) as copy:
                held.backup(copy)
            if real.stat().st_size > aside.stat().st_size:
                raise _Unmendable  # the head lies about the length, and SQLite sees less than there is
            with _write_fresh(aside, real.parent) as (fresh, saved, total):
                with contextlib.closing(connect(fresh)) as source:
                    overwritten = True
                    source.backup(held)
                return Repair(shown, saved, total, aside)
        finally:
            if not overwritten:
                aside.unlink(missing_ok=True)


def _replace(shown: Path, real: Path) -> Repair:
    """Repair a file that SQLite cannot open: put a new one in its place."""
    with _write_fresh(real, real.parent) as (fresh, saved, total):
        aside = _make_aside(real)
        os.chmod(fresh, real.stat().st_mode & 0o777)
        os.replace(real, aside)
        for ending in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{real}{ending}", f"{aside}{ending}")
        os.replace(fresh, real)
    return Repair(shown, saved, total, aside)


@contextlib.contextmanager
def _hold(shown: Path, real: Path) -> Iterator[sqlite3.Connection]:
    """Open a file so that no other connection reads or writes it until the end."""
    with contextlib.closing(connect(real)) as connection:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")  # a lock, once taken, stays after its transaction
        wait_while_locked(lambda: connection.execute("BEGIN EXCLUSIVE"), shown, HOLDER_SECONDS)
        connection.execute("COMMIT")
        with contextlib.suppress(sqlite3.DatabaseError):  # what is no version at all will be one again
            read_version(connection, shown)
        yield connection


def _make_aside(real: Path) -> Path:
    """Make an empty file of the same mode beside a damaged one."""
    mode = real.stat().st_mode & 0o777
    number = 1
    while True:
        aside = real.with_name(f"{real.name}.damaged-{number}")
        try:
            os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        except FileExistsError:
            number += 1
            continue
        os.chmod(aside, mode)
        return aside


@contextlib.contextmanager
def _write_fresh(damaged: Path, folder: Path) -> Iterator[tuple[Path, int, int]]:
    """Write what can be read into a new file, there until the end; yields it, how many rows it has, and of how many.

    Raises _Unmendable when nothing can be read.
    """
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=f".{damaged.name}.")
    os.close(descriptor)
    fresh = Path(name)
    try:
        with Pages(damaged) as pages, contextlib.closing(connect(fresh)) as connection:
            connection.execute(f"PRAGMA page_size={pages.size}")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN")
            connection.execute(TABLE)
            found = Found()
            _copy_rows(pages, found, connection)
            connection.execute(f"PRAGMA user_version={VERSION}")
            connection.execute("COMMIT")
            saved, lost = _count_rows(connection, found)
        if not saved:
            raise _Unmendable
        yield fresh, saved, saved + lost
    finally:
        for ending in ("", "-wal", "-shm"):
            Path(f"{name}{ending}").unlink(missing_ok=True)


def _copy_rows(pages: Pages, found: Found, connection: sqlite3.Connection) -> None:
    now = int(time.time())
    for row in carve_rows(pages, found):
        values: list[object] = [row.key, row.endpoint.decode(errors="replace"), row.request, row.reply]
        values += [row.stored if isinstance(row.stored, int) else now, make_digest(row.key, row.reply)]
        # A page that was given up may hold an older row of the same key: the newest stays. A number may be taken by a row
        # that is on such a page: then this one gets another.
        older = connection.execute("SELECT number FROM replies WHERE key = ?", (row.key,)).fetchone()
        if older is not None and older[0] >= row.number:
            continue
        taken = connection.execute("SELECT 1 FROM replies WHERE number = ?", (row.number,)).fetchone()
        connection.execute(
            "INSERT OR REPLACE INTO replies (number, key, endpoint, request, reply, stored, digest) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [None if taken else row.number, *values],
        )


def _count_rows(connection: sqlite3.Connection, found: Found) -> tuple[int, int]:
    """Count the rows that were saved, and those that are known to have been there besides."""
    numbers = {number for (number,) in connection.execute("SELECT number FROM replies")}
    keys = {key for (key,) in connection.execute("SELECT key FROM replies")}
    lost = found.broken | {number for key, number in found.indexed.items() if key not in keys}
    return len(numbers), len(lost - numbers)
