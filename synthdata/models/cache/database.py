"""The file itself: its tables, its version and the step from the one before, opened to write or, failing that, to read."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from synthdata.base.errors import CacheError
from synthdata.models.cache.faults import TRY_SECONDS, is_full, is_locked, is_unwritable

VERSION = 2
LAST_VERSION = 255  # more than there will ever be: a number beyond it is damage

CHECKPOINT_PAGES = 16_384  # 64 MB: copying the log into the file waits for the disk, so it is done seldom

MEMORY = ":memory:"

# Rows in order of arrival, found through an index of keys alone: measured four times faster to write than a
# tree of whole rows in the order of their hashes. stored: seconds since 1970. digest: of key and reply; empty where the row
# is older than digests are.
TABLE = (
    "CREATE TABLE IF NOT EXISTS replies (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, "
    "endpoint TEXT NOT NULL, request BLOB NOT NULL, reply BLOB NOT NULL, "
    "stored INTEGER NOT NULL DEFAULT 0, digest BLOB NOT NULL DEFAULT x'')"
)


@dataclass(frozen=True)
class Database:
    """An open file. version: of its tables. writable: False where only reading is possible. obstacle: why, where known."""

    connection: sqlite3.Connection
    version: int = VERSION
    writable: bool = True
    obstacle: Exception | None = None


def open_database(path: Path) -> Database:
    """Open a cache file, made when missing, brought to this version when older; read-only where it cannot be written.

    Raises CacheError for a file of a newer version, else what SQLite or the system raised.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = connect(path)
        with _closed_on_fault(connection):
            _prepare(connection, path)
            return Database(connection, writable=os.access(path, os.W_OK))  # else it opens without a word
    except (sqlite3.Error, OSError) as cause:
        if not (is_unwritable(cause) or is_full(cause, path)) or not path.is_file():
            raise
        database = open_readonly(path)
        if not database.version:  # a file that was to be made
            database.connection.close()
            raise
        return replace(database, obstacle=cause)


def connect(address: Path | str) -> sqlite3.Connection:
    """Connect to a file, or to a URI when it is text. Rows bring text as bytes: damage makes a wrong value, not an error."""
    # Absolute: some builds of SQLite take any name that begins with "file:" for a URI.
    named = address.absolute() if isinstance(address, Path) else address
    connection = sqlite3.connect(
        named, timeout=TRY_SECONDS, isolation_level=None, check_same_thread=False, uri=isinstance(named, str)
    )
    connection.text_factory = bytes
    return connection


def open_memory(name: str) -> Database:
    """Open a database in memory, which lives as long as one connection to it is open and is shared within the process."""
    connection = connect(f"file:{name}?mode=memory&cache=shared")
    connection.execute(TABLE)
    return Database(connection)


def open_readonly(path: Path) -> Database:
    """Open a file to read alone, also in a folder where SQLite cannot put its index of the log."""
    address = path.absolute().as_uri()
    log = path.resolve().with_name(path.resolve().name + "-wal")
    # A log is read where its index is there too. Without a log nothing can change, so the file is read as it stands.
    modes = ["mode=ro"] if log.is_file() and log.stat().st_size else ["mode=ro", "mode=ro&immutable=1"]
    for mode in modes:
        connection = connect(f"{address}?{mode}")
        try:
            with _closed_on_fault(connection):
                return Database(connection, read_version(connection, path), writable=False)
        except sqlite3.Error as cause:
            if mode == modes[-1] or is_locked(cause):
                raise
    raise AssertionError("unreachable")


def read_version(connection: sqlite3.Connection, path: Path) -> int:
    """Read the version of a file's tables, 0 when it has none.

    Raises CacheError when it is newer than this library, sqlite3.DatabaseError when it is none that will ever be.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if VERSION < version <= LAST_VERSION:
        raise CacheError(
            f"{path} was written by a newer version of this library (format {version}, this one reads "
            f"{VERSION}): update the library, or name another file in open_cache."
        )
    if not 0 <= version <= VERSION:
        fault = sqlite3.DatabaseError(f"its head says format {version}")
        fault.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise fault
    return version


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    version = read_version(connection, path)
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    if version == VERSION:
        return  # a version is written last, so the table is there and the log is on
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(TABLE)
    present = {row[1] for row in connection.execute("PRAGMA table_info(replies)")}
    # Adding columns touches no row, however many there are. When older rows came is not known: at the latest now.
    if b"stored" not in present:
        connection.execute(f"ALTER TABLE replies ADD COLUMN stored INTEGER NOT NULL DEFAULT {int(time.time())}")
    if b"digest" not in present:
        connection.execute("ALTER TABLE replies ADD COLUMN digest BLOB NOT NULL DEFAULT x''")
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


@contextlib.contextmanager
def _closed_on_fault(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise
