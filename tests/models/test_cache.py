"""The store: keys, durability, recordings."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdata.base.errors import CacheError, RecordingError
from synthdata.models.cache import Cache, make_key, write_body
from synthdata.models.recording import Recording, open_cache

BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.7}
REPLY = b'{"choices":[{"message":{"content":"yes"}}],"id":"x","created":7,"usage":{"prompt_tokens":1}}'

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=5))
def test_the_key_ignores_the_order_of_parameters_and_nothing_else(body: dict[str, Any]) -> None:
    key = make_key("http://a", write_body(body))
    assert key == make_key("http://a", write_body(dict(reversed(body.items()))))
    assert key != make_key("http://b", write_body(body))
    assert key != make_key("http://a", write_body({**body, "one more": 1}))


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.8},
        {"seed": 1},
        {"model": "n"},
        {"messages": [{"role": "system", "content": "s"}, *BODY["messages"]]},
        {"messages": [{"role": "user", "content": "hi "}]},
    ],
)
def test_a_changed_request_is_another_key(change: dict[str, Any]) -> None:
    assert make_key("e", write_body(BODY)) != make_key("e", write_body({**BODY, **change}))


def test_what_is_stored_is_found_by_another_connection(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "deep" / "c.sqlite")
    key = make_key("e", write_body(BODY))
    with cache.open() as store:
        store.store([(key, "e", write_body(BODY), REPLY)])
        with Cache(cache.path).open() as other:
            assert other.look_up([key, b"0" * 32]) == {key: REPLY}


def test_a_cache_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with Cache(path).open():
        pass
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(CacheError, match="newer version .*format 99"), Cache(path).open():
        pass


def test_a_file_that_is_no_cache_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"important notes, " * 100)
    with pytest.raises(CacheError, match="not a readable cache"), Cache(path).open():
        pass
    assert path.read_bytes().startswith(b"important")


def test_a_recording_answers_like_the_cache_it_came_from(tmp_path: Path) -> None:
    cache = open_cache(tmp_path / "c.sqlite", record=True)
    assert isinstance(cache, Cache)
    with cache.open() as store:
        store.store([(make_key("e", write_body(BODY)), "e", write_body(BODY), REPLY)])
    assert cache.write_recording(tmp_path / "r.jsonl") == 1
    first = (tmp_path / "r.jsonl").read_bytes()
    assert b'"created"' not in first
    cache.write_recording(tmp_path / "r.jsonl")
    assert (tmp_path / "r.jsonl").read_bytes() == first
    recording = open_cache(tmp_path / "unused.sqlite", replay=tmp_path / "r.jsonl")
    assert isinstance(recording, Recording)
    key = make_key("e", write_body(BODY))
    assert orjson.loads(recording.look_up([key])[key])["choices"] == orjson.loads(REPLY)["choices"]
    assert not (tmp_path / "unused.sqlite").exists()


def test_the_environment_names_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "r.jsonl").write_bytes(b"")
    monkeypatch.setenv("SYNTHDATA_REPLAY", str(tmp_path / "r.jsonl"))
    assert isinstance(open_cache(tmp_path / "c.sqlite"), Recording)


@pytest.mark.parametrize("line", [b"{not json", b"{}", b'"text"', b'{"endpoint":"e","request":3}'])
def test_a_damaged_recording_names_its_line(tmp_path: Path, line: bytes) -> None:
    good = orjson.dumps({"endpoint": "e", "request": BODY, "reply": {}})
    (tmp_path / "r.jsonl").write_bytes(good + b"\n" + line + b"\n")
    with pytest.raises(RecordingError, match="line 2"):
        Recording(tmp_path / "r.jsonl")


def test_a_missing_recording_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="RECORD="):
        Recording(tmp_path / "none.jsonl")


def test_recording_needs_to_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="recording=True"):
        Cache(tmp_path / "c.sqlite").write_recording(tmp_path / "r.jsonl")


WRITER = """
import sys
from synthdata.models.cache import Cache, make_key
with Cache(sys.argv[1]).open() as store:
    number = int(sys.argv[2])
    while True:
        store.store([(make_key("e", b'{"n":%d}' % n), "e", b"{}", b'{"n":%d}' % n) for n in (number, number + 1)])
        print(number, number + 1, sep="\\n", flush=True)
        number += 2
"""


def test_two_writers_killed_at_random_lose_nothing_they_reported(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    reported: list[int] = []
    for round_number in range(5):
        starts = [round_number * 1_000_000, 500_000 + round_number * 1_000_000]
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(start)], stdout=subprocess.PIPE, text=True)
            for start in starts
        ]
        first = [writer.stdout.readline() for writer in writers if writer.stdout]
        time.sleep(0.05 * round_number)
        for writer in writers:
            os.kill(writer.pid, signal.SIGKILL)
        for writer, line in zip(writers, first, strict=True):
            assert writer.stdout is not None
            reported += [int(line)] + [int(text) for text in writer.stdout.read().split("\n")[:-1]]
            writer.stdout.close()
            writer.wait()
    with Cache(path).open() as store:
        for start in range(0, len(reported), 500):
            batch = {make_key("e", b'{"n":%d}' % number): number for number in reported[start : start + 500]}
            found = store.look_up(list(batch))
            assert {key: orjson.loads(reply)["n"] for key, reply in found.items()} == batch
    assert len(reported) > 10


OPENER = """
import sys, time
from synthdata.models.cache import Cache
while time.time() < float(sys.argv[2]):
    pass
with Cache(sys.argv[1]).open() as store:
    store.look_up([b"x"])
"""


def test_processes_that_make_a_cache_together_do_not_trip_over_each_other(tmp_path: Path) -> None:
    for number in range(4):
        start = str(time.time() + 1.0)
        command = [sys.executable, "-c", OPENER, str(tmp_path / f"{number}.sqlite"), start]
        openers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
        assert [opener.communicate()[1] for opener in openers] == [""] * 4
