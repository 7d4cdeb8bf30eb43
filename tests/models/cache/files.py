"""Cache files for the tests: full ones, old ones, and what a page of one is."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from synthdata.models.cache import Cache, make_key, write_body

ENDPOINT = "http://127.0.0.1:9/v1#m"
FIRST_TABLE = (
    "CREATE TABLE replies (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, endpoint TEXT NOT NULL, "
    "request BLOB NOT NULL, reply BLOB NOT NULL)"
)
PAGE = 4096

Exchange = tuple[bytes, str, bytes, bytes]


def make_exchange(number: int, words: int = 60, endpoint: str = ENDPOINT) -> Exchange:
    body = write_body({"model": "m", "messages": [{"role": "user", "content": f"q{number}"}]})
    said = f"An answer to: q{number} " + " ".join(f"word{at}" for at in range(words))
    reply = orjson.dumps(
        {"choices": [{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}]}
    )
    return make_key(endpoint, body), endpoint, body, reply


def make_cache(path: Path, count: int, words: int = 60) -> dict[bytes, bytes]:
    """Fill a cache; every seventh answer is too long for one page. Returns reply by key."""
    exchanges = [make_exchange(number, words * 30 if number % 7 == 3 else words) for number in range(count)]
    with Cache(path).open() as store:
        for start in range(0, count, 50):
            store.store(exchanges[start : start + 50])
    return {key: reply for key, _, _, reply in exchanges}


def make_first_version(path: Path, count: int) -> dict[bytes, bytes]:
    """Fill a file as the version before digests wrote it."""
    exchanges = [make_exchange(number) for number in range(count)]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(FIRST_TABLE)
        connection.executemany("INSERT INTO replies (key, endpoint, request, reply) VALUES (?, ?, ?, ?)", exchanges)
        connection.execute("PRAGMA user_version=1")
        connection.commit()
    return {key: reply for key, _, _, reply in exchanges}


def look_up_all(path: Path, keys: Any) -> dict[bytes, bytes]:
    keys = list(keys)
    found: dict[bytes, bytes] = {}
    with Cache(path).open() as store:
        for start in range(0, len(keys), 500):
            found |= store.look_up(keys[start : start + 500])
    return found


def list_pages(data: bytes) -> dict[str, list[int]]:
    """Where the pages of each kind begin, the first page left out."""
    kinds = {13: "rows", 10: "index", 5: "tree of rows", 2: "tree of index"}
    pages: dict[str, list[int]] = {}
    for at in range(PAGE, len(data), PAGE):
        pages.setdefault(kinds.get(data[at], "rest of long rows"), []).append(at)
    return pages
