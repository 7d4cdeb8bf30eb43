"""Rows read straight from the pages of a damaged file, without the tree that should lead to them.

The form is that of https://www.sqlite.org/fileformat2.html: a leaf page of a table (13) holds cells, each a row; what does not
fit goes on in a chain of overflow pages; pages of the index (10, 2) hold each key and its row's number. Pages in the
write-ahead log are newer than those in the file. A row counts when its digest does, so that a stale or garbled page does
no harm.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from synthdata.models.cache.keys import KEY_BYTES, NO_DIGEST, is_plausible, is_whole

MAGIC = b"SQLite format 3\x00"
PAGE_BYTES = 4096  # SQLite's own default, for a file whose head says nothing
TABLE_LEAF, INDEX_LEAF, INDEX_INNER = 13, 10, 2
OLD_COLUMNS, COLUMNS = 5, 7  # number, key, endpoint, request, reply; then stored, digest
INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)  # by serial type; 7 is a float, 8 and 9 are the numbers 0 and 1


class Row(NamedTuple):
    """A row as it was read; damage may have made any type of a column. stored: None in rows that are older than dates."""

    number: int
    key: Any
    endpoint: Any
    request: Any
    reply: Any
    stored: Any
    digest: Any

    def is_whole(self) -> bool:
        """Tell whether its reply can be trusted."""
        if self.digest == NO_DIGEST:
            return is_plausible(self.key, self.endpoint, self.request, self.reply)
        asked = isinstance(self.endpoint, bytes) and isinstance(self.request, bytes)
        return asked and is_whole(self.key, self.reply, self.digest)


@dataclass
class Found:
    """What else a file told: numbers of rows that are damaged, and the number of the row of each key in the index."""

    broken: set[int] = field(default_factory=set)
    indexed: dict[bytes, int] = field(default_factory=dict)


class Pages:
    """A database's pages by number from 1, those of its log over those of its file; what cannot be read is zeros."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        head = self._read(0, 100)
        size = int.from_bytes(head[16:18], "big")
        size = 65536 if size == 1 else size
        self.size = size if head.startswith(MAGIC) and size >= 512 and size & (size - 1) == 0 else PAGE_BYTES
        # Some builds of SQLite leave room at the end of each page; what the head says of it may be damaged too.
        self.usable = sorted({self.size - head[20], self.size, self.size - 12})
        self.count = -(-os.fstat(self._file.fileno()).st_size // self.size)
        self._log = path.with_name(path.name + "-wal")
        self._newer = dict(self._read_log()) if self._log.is_file() else {}
        self.count = max([self.count, *self._newer])

    def __enter__(self) -> "Pages":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, number: int) -> bytes:
        """Read a page."""
        return self._newer.get(number) or self._read((number - 1) * self.size, self.size)

    def _read(self, start: int, count: int) -> bytes:
        try:
            self._file.seek(start)
            return self._file.read(count).ljust(count, b"\0")
        except OSError:  # a bad sector
            return bytes(count)

    def _read_log(self) -> Iterator[tuple[int, bytes]]:
        log = self._log.read_bytes()
        salts = log[16:24]  # frames of an earlier use of the log have others
        for start in range(32, len(log) - 23, 24 + self.size):
            if log[start + 8 : start + 16] != salts:
                return
            number = int.from_bytes(log[start : start + 4], "big")
            page = log[start + 24 : start + 24 + self.size]
            if number and number < self.count + len(log) // self.size + 1 and len(page) == self.size:
                yield number, page


def has_head(path: Path) -> bool:
    """Tell whether a file begins as a database does."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def carve_rows(pages: Pages, found: Found) -> Iterator[Row]:
    """Yield every row that is whole, in the order of pages, and note in `found` what else there was."""
    for number in range(1, pages.count + 1):
        page = pages.read(number)
        kind = page[100 if number == 1 else 0]
        if kind in (INDEX_LEAF, INDEX_INNER):
            for at in _list_cells(page, 12 if kind == INDEX_INNER else 8):
                _note_key(page, at + (4 if kind == INDEX_INNER else 0), found)
        elif kind == TABLE_LEAF and number > 1:
            for at in _list_cells(page, 8):
                row = _read_row(pages, page, at, found)
                if row is not None:
                    yield row


def _list_cells(page: bytes, head: int) -> Iterator[int]:
    count = min(int.from_bytes(page[3:5], "big"), (len(page) - head) // 2)
    for at in range(head, head + 2 * count, 2):
        yield int.from_bytes(page[at : at + 2], "big")


def _note_key(page: bytes, at: int, found: Found) -> None:
    try:
        size, at = _read_number(page, at)
        values = _read_values(page[at : at + size])
    except (IndexError, ValueError):
        return
    match values:
        case [bytes() as key, int() as number] if len(key) == KEY_BYTES:
            found.indexed[key] = number


def _read_row(pages: Pages, page: bytes, at: int, found: Found) -> Row | None:
    try:
        size, at = _read_number(page, at)
        number, at = _read_number(page, at)
    except IndexError:
        return None
    for usable in pages.usable:
        try:
            values = _read_values(_join_payload(pages, page, at, size, usable))
        except (IndexError, ValueError):
            continue
        if len(values) not in (OLD_COLUMNS, COLUMNS) or not isinstance(values[1], bytes) or len(values[1]) != KEY_BYTES:
            continue
        row = Row(number, *[*values[1:], None, NO_DIGEST][: COLUMNS - 1])
        if row.is_whole():
            found.broken.discard(number)
            return row
        found.broken.add(number)
    return None


def _join_payload(pages: Pages, page: bytes, at: int, size: int, usable: int) -> bytes:
    """Put a row together from its cell and its chain of overflow pages."""
    if size > pages.count * pages.size:
        raise ValueError("longer than the file")
    local, least = usable - 35, (usable - 12) * 32 // 255 - 23
    if size <= local:
        return page[at : at + size]
    fitting = least + (size - least) % (usable - 4)
    here = fitting if fitting <= local else least
    parts, left = [page[at : at + here]], size - here
    following = int.from_bytes(page[at + here : at + here + 4], "big")
    while left > 0:
        if not 0 < following <= pages.count:
            raise ValueError("a chain that leads nowhere")
        page = pages.read(following)
        parts.append(page[4 : 4 + min(left, usable - 4)])
        left -= usable - 4
        following = int.from_bytes(page[:4], "big")
    return b"".join(parts)


def _read_values(payload: bytes) -> list[Any]:
    """Read a record's columns; text stays bytes."""
    end, at = _read_number(payload, 0)
    if end > min(len(payload), 64):  # ours have two or seven columns
        raise ValueError("no head of a row")
    kinds = []
    while at < end:
        kind, at = _read_number(payload, at)
        kinds.append(kind)
    values: list[Any] = []
    for kind in kinds:
        size = (kind - 12) // 2 if kind >= 12 else INTEGER_BYTES[kind]
        part = payload[at : at + size]
        if len(part) < size:
            raise ValueError("a row cut short")
        values.append(part if kind >= 12 else None if kind in (0, 7) else kind - 8 if kind > 7 else _read_signed(part))
        at += size
    return values


def _read_signed(part: bytes) -> int:
    return int.from_bytes(part, "big", signed=True)


def _read_number(data: bytes, at: int) -> tuple[int, int]:
    """Read a variable-length integer; returns it and where it ends. Raises IndexError at the end of the data."""
    value = 0
    for length in range(1, 10):
        byte = data[at + length - 1]
        if length == 9:
            value = value << 8 | byte
            return (value - (1 << 64) if value >> 63 else value), at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at + length
