"""What SQLite's errors mean for a cache: held by another program, damaged, full, or not to be written."""

import errno
import shlex
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from synthdata.base.errors import CacheError
from synthdata.base.progress import format_seconds, say

TRY_SECONDS = 0.1  # SQLite itself waits so long; beyond it Python waits, so that an interrupt is heard
RETRY_SECONDS = 0.05
SAY_SECONDS = 1.0  # a shorter wait is not worth a word
LOCKED_SECONDS = 600.0  # then the run ends: what holds the file will hardly let go by itself
LITTLE_ROOM = 256 * 1024  # bytes: SQLite calls a full disk an I/O error when the log's index does not fit

# What SQLite says of a damaged file quotes it, and may be no text.
FAULTS = (sqlite3.Error, UnicodeDecodeError)

Result = TypeVar("Result")


def is_locked(cause: BaseException) -> bool:
    """Tell whether another connection holds what was asked for, which passes."""
    return _get_code(cause) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)


def is_damage(cause: BaseException) -> bool:
    """Tell whether the file's pages are damaged: our own few statements fail in these ways for no other reason."""
    if isinstance(cause, UnicodeDecodeError):
        return True
    if _get_code(cause) == sqlite3.SQLITE_ERROR:  # a table or column that has another name now
        return "transaction" not in str(cause)
    return _get_code(cause) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH)


def is_no_database(cause: BaseException) -> bool:
    """Tell whether the file's head is not that of a database."""
    return _get_code(cause) == sqlite3.SQLITE_NOTADB


def is_unwritable(cause: BaseException) -> bool:
    """Tell whether file or folder cannot be written by this user."""
    if isinstance(cause, OSError):
        return cause.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
    return _get_code(cause) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


def is_full(cause: BaseException, path: Path) -> bool:
    """Tell whether there is no room left where the file is."""
    if isinstance(cause, OSError):
        return cause.errno in (errno.ENOSPC, errno.EDQUOT)
    if _get_code(cause) in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        try:
            return shutil.disk_usage(path.resolve().parent).free < LITTLE_ROOM
        except OSError:
            return False
    return _get_code(cause) == sqlite3.SQLITE_FULL


def wait_while_locked(work: Callable[[], Result], path: Path, seconds: float | None = None) -> Result:
    """Do work that SQLite may refuse because another program holds the file, until it is free; say so when it takes long.

    seconds: how long at most, LOCKED_SECONDS when None. An interrupt ends the wait at once. Raises what SQLite raised last.
    """
    began, said = time.monotonic(), False
    while True:
        try:
            return work()
        except sqlite3.Error as cause:
            waited = time.monotonic() - began
            if not is_locked(cause) or waited > (LOCKED_SECONDS if seconds is None else seconds):
                raise
        if waited > SAY_SECONDS and not said:
            said = True
            say(describe_wait(path))
        time.sleep(RETRY_SECONDS)


def describe_wait(path: Path) -> str:
    """Say what is waited for."""
    return f"waiting for another program that holds {path} (another run, a database viewer, a backup)"


def describe_hold(path: Path) -> str:
    """Say that a wait was given up."""
    return (
        f"{path} has been held by another program for more than {format_seconds(LOCKED_SECONDS)}: close it (another "
        "notebook's kernel, a database viewer, a backup), or name another file in open_cache, and run the cell again."
    )


def name_repair(path: Path) -> str:
    """Write the command that saves what can be read of a damaged file."""
    return f"python -m synthdata.models.cache repair {shlex.quote(str(path))}"


def explain_fault(path: Path, cause: Exception) -> CacheError:
    """Make the error that a user reads from what SQLite or the system said."""
    said = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    if is_full(cause, path):
        return CacheError(
            f"the disk is full: a reply could not be stored in {path}. What was stored stays readable; "
            "free some space and run the cell again."
        )
    if is_locked(cause):
        return CacheError(describe_hold(path))
    if is_damage(cause) or is_no_database(cause):
        return CacheError(
            f"{path} is not a readable cache ({said}): save what can be read with {name_repair(path)} and run the cell "
            "again, or name another file in open_cache."
        )
    if is_unwritable(cause):
        return CacheError(
            f"{path} cannot be written ({said}): make the file and its folder writable for you, or name another file in "
            "open_cache. What it holds stays readable."
        )
    return CacheError(
        f"the cache {path} cannot be used ({said}): check the folder, or name another file in open_cache."
    )


def _get_code(cause: BaseException) -> int:
    return getattr(cause, "sqlite_errorcode", 0) & 0xFF  # the rest of an extended code says where it happened
