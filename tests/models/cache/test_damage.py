"""Damaged files: what comes back is right or nothing, what is lost is said, and one page never locks the rest."""

import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import synthdata as sd
from synthdata.base.errors import CacheError
from synthdata.models.cache import Cache, repair_cache
from tests.conftest import ROOT, ask
from tests.models.cache.files import (
    PAGE,
    list_pages,
    look_up_all,
    make_cache,
    make_exchange,
    make_first_version,
)
from tests.nim_server import NimServer


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[bytes, bytes]]:
    path = tmp_path_factory.mktemp("whole") / "c.sqlite"
    replies = make_cache(path, 150)
    return path.read_bytes(), replies


def damage_page(path: Path, at: int, fill: bytes = b"") -> None:
    data = bytearray(path.read_bytes())
    data[at : at + PAGE] = (fill or bytes(PAGE))[:PAGE]
    path.write_bytes(data)


flips = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=12)


@given(flips=flips, cut=st.none() | st.floats(0.02, 1))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flips_and_cuts_never_give_a_wrong_answer_back(
    whole: tuple[bytes, dict[bytes, bytes]], tmp_path_factory: pytest.TempPathFactory, flips: list, cut: float | None
) -> None:
    data, replies = bytearray(whole[0]), whole[1]
    for where, bit in flips:
        data[int(where * len(data))] ^= 1 << bit
    folder = tmp_path_factory.mktemp("flipped")
    path = folder / "c.sqlite"
    path.write_bytes(data[: len(data) if cut is None else int(cut * len(data))])
    try:
        found = look_up_all(path, replies)
        late = make_exchange(1_000)
        with Cache(path).open() as store:
            store.store([late])
        after = look_up_all(path, [*replies, late[0]])
    except CacheError as fault:
        assert "repair" in str(fault) or "newer version" in str(fault)  # noqa: PT017 - most damage raises nothing
    else:
        assert found.items() <= replies.items()
        assert after.items() <= replies.items() | {(late[0], late[3])}
        assert late[0] in after
    shutil.rmtree(folder)


def test_a_damaged_answer_is_asked_again_and_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.sqlite"
    with NimServer() as server:
        client = sd.Client(f"{server.url}#m", sd.open_cache(path))
        first = client.complete([ask(str(n)) for n in range(40)])
        data = bytearray(path.read_bytes())
        for number in (3, 17, 30):
            at = data.index(b'An answer to: %d"' % number)
            data[at + 4] ^= 4
        path.write_bytes(data)
        capsys.readouterr()
        again = client.complete([ask(str(n)) for n in range(40)], quiet=True)
        assert again == first
        assert len(server.requests) == 43
        assert capsys.readouterr().out.count("3 stored answers are damaged") == 1
        assert client.complete([ask(str(n)) for n in range(40)], quiet=True) == first
        assert len(server.requests) == 43
        assert "damaged" not in capsys.readouterr().out


def test_an_answer_under_the_key_of_another_question_is_not_given(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    make_cache(path, 2)
    one, other = make_exchange(0), make_exchange(1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE replies SET key = x'00' WHERE number = 1")
        connection.execute("UPDATE replies SET key = ? WHERE number = 2", (one[0],))
        connection.commit()
    assert look_up_all(path, [one[0], other[0]]) == {}


def test_the_first_version_stays_readable_and_is_brought_along(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    replies = make_first_version(path, 30)
    late = make_exchange(99)
    with Cache(path).open() as store:
        assert store.look_up(list(replies)) == replies
        store.store([late])
    assert look_up_all(path, [*replies, late[0]]) == {**replies, late[0]: late[3]}
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        lengths = connection.execute("SELECT length(digest), count(*) FROM replies GROUP BY 1 ORDER BY 1").fetchall()
    assert lengths == [(0, 30), (16, 1)]


def test_rows_of_the_first_version_answer_their_own_question_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    replies = make_first_version(path, 3)
    one, other = list(replies)[:2]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE replies SET key = x'00' WHERE number = 1")
        connection.execute("UPDATE replies SET key = ? WHERE number = 2", (one,))
        connection.execute("UPDATE replies SET reply = substr(reply, 1, 50) WHERE number = 3")
        connection.commit()
    assert look_up_all(path, replies) == {}
    assert other != one


@pytest.mark.parametrize("kind", ["rows", "index", "tree of rows", "tree of index", "rest of long rows"])
@pytest.mark.parametrize("fill", [b"", random.Random(1).randbytes(PAGE)], ids=["zeros", "noise"])
def test_one_damaged_page_costs_its_own_answers_alone(
    kind: str, fill: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.sqlite"
    replies = make_cache(path, 600)
    path.chmod(0o640)
    pages = list_pages(path.read_bytes())[kind]
    damage_page(path, pages[len(pages) // 2], fill)
    found = look_up_all(path, replies)
    assert found.items() <= replies.items()
    assert len(found) >= 600 - (8 if "rows" in kind and "tree" not in kind else 0)
    late = make_exchange(1_000)
    with Cache(path).open() as store:
        store.store([make_exchange(number) for number in range(600)])
        store.store([late])
    assert look_up_all(path, [late[0]]) == {late[0]: late[3]}
    said = capsys.readouterr().out
    asides = sorted(tmp_path.glob("*.damaged-*"))
    if kind != "rest of long rows":  # there the digests alone show it
        assert f"{len(found):,} of 600 answers were saved" in said
        assert [aside.name for aside in asides] == ["c.sqlite.damaged-1"]
        assert asides[0].stat().st_mode & 0o777 == 0o640
    assert path.stat().st_mode & 0o777 == 0o640
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def run_command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "synthdata.models.cache", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("count", [100, PAGE], ids=["head", "first page"])
def test_a_file_without_a_head_is_repaired_by_the_command_that_the_error_names(count: int, tmp_path: Path) -> None:
    path = tmp_path / "disk" / "c.sqlite"
    replies = make_cache(path, 200)
    path.chmod(0o600)
    data = path.read_bytes()
    path.write_bytes(bytes(count) + data[count:])
    link = tmp_path / "c.sqlite"
    link.symlink_to(path)
    with pytest.raises(CacheError, match=f"python -m synthdata.models.cache repair {link} and run the cell again"):
        Cache(link).open()
    assert path.read_bytes()[count:] == data[count:]
    done = run_command("repair", link)
    assert (done.returncode, done.stderr) == (0, "")
    assert "200 of 200 answers were saved" in done.stdout
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.with_name("c.sqlite.damaged-1").read_bytes()[count:] == data[count:]
    assert look_up_all(link, replies) == replies


@pytest.mark.parametrize(
    ("at", "value"),
    [(20, 2), (62, 1), (31, 20), (18, 9)],
    ids=["room at the end of pages", "version", "count of pages", "form of writing"],
)
def test_a_damaged_field_of_the_head_costs_nothing(at: int, value: int, tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    replies = make_cache(path, 200)
    data = bytearray(path.read_bytes())
    data[at] = value
    path.write_bytes(data)
    try:
        assert look_up_all(path, replies) == replies
    except CacheError as fault:
        assert "cache repair" in str(fault)  # noqa: PT017 - which of them SQLite can open is its own affair
        assert repair_cache(path).saved == 200
    assert look_up_all(path, replies) == replies


def test_a_damaged_table_of_tables_mends_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.sqlite"
    replies = make_cache(path, 200)
    for good, bad in ((b"CREATE TABLE", b"CREATE T\xc1BLE"), (b"UNIQUE", b"TNIQUE"), (b"reply BLOB", b"rfply BLOB")):
        data = path.read_bytes()
        assert data.index(good) < PAGE
        path.write_bytes(data.replace(good, bad, 1))
        assert look_up_all(path, replies) == replies
        assert "200 of 200 answers were saved" in capsys.readouterr().out


def test_a_repair_reads_what_stands_in_the_log_alone(tmp_path: Path) -> None:
    origin, path = tmp_path / "o.sqlite", tmp_path / "c.sqlite"
    replies = make_cache(origin, 50)
    with Cache(origin).open() as store:
        late = [make_exchange(number) for number in range(100, 140)]
        store.store(late)
        shutil.copy(origin, path)
        shutil.copy(f"{origin}-wal", f"{path}-wal")
    data = bytearray(Path(f"{path}-wal").read_bytes())
    data[0] ^= 0xFF  # SQLite takes no such log
    Path(f"{path}-wal").write_bytes(data)
    path.write_bytes(bytes(100) + path.read_bytes()[100:])
    assert repair_cache(path).saved == 90
    assert look_up_all(path, [*replies, *(each[0] for each in late)]) == replies | {e[0]: e[3] for e in late}
    assert sorted(each.name for each in tmp_path.glob("c*")) == [
        "c.sqlite", "c.sqlite.damaged-1", "c.sqlite.damaged-1-wal"
    ]  # fmt: skip


def test_a_repair_of_the_first_version_gives_digests(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    replies = make_first_version(path, 60)
    pages = list_pages(path.read_bytes())["rows"]
    damage_page(path, pages[1])
    found = look_up_all(path, replies)
    assert 50 < len(found) < 60
    assert found.items() <= replies.items()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT DISTINCT length(digest) FROM replies").fetchall() == [(16,)]


def test_a_damaged_file_that_another_program_uses_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthdata.models.cache.repair.HOLDER_SECONDS", 0.3)
    path = tmp_path / "c.sqlite"
    replies = make_cache(path, 200)
    damage_page(path, list_pages(path.read_bytes())["index"][0])
    before = path.read_bytes()
    script = f"""
import sqlite3
connection = sqlite3.connect({str(path)!r})
connection.execute("PRAGMA user_version").fetchall()
print("held", flush=True)
input()
"""
    holder = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        with pytest.raises(CacheError, match="another program uses it.*close the other program.*cache repair"):
            look_up_all(path, replies)
        assert path.read_bytes() == before
        assert list(tmp_path.glob("*damaged*")) == []
    finally:
        holder.communicate("\n")
    assert look_up_all(path, replies) == replies


def test_what_holds_no_answer_is_left_as_it_is(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.write_bytes(b"important notes, " * 1000)
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE people (name TEXT)")
        connection.executemany("INSERT INTO people VALUES (?)", [(f"name {n}",) for n in range(2000)])
        connection.commit()
    damage_page(other, 2 * PAGE)
    for path in (notes, other):
        before = path.read_bytes()
        with pytest.raises(CacheError, match="holds no answer that can be read; it was left as it is"):
            repair_cache(path)
        assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["notes", "other.sqlite"]


def test_a_full_disk_during_a_repair_is_said_and_leaves_the_file(small_disk: Path, tmp_path: Path) -> None:
    path = small_disk / "c.sqlite"
    replies = make_cache(tmp_path / "c.sqlite", 200)
    damage_page(tmp_path / "c.sqlite", list_pages((tmp_path / "c.sqlite").read_bytes())["index"][0])
    shutil.copy(tmp_path / "c.sqlite", path)
    assert 400_000 < path.stat().st_size < 900_000
    before = path.read_bytes()
    with pytest.raises(CacheError, match="the disk is full.*no room beside it for a repaired copy.*cache repair"):
        look_up_all(path, replies)
    assert path.read_bytes() == before
    assert [each.name for each in small_disk.iterdir()] == ["c.sqlite"]


def test_a_recording_takes_no_damaged_question(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with NimServer() as server:
        cache = sd.open_cache(path, record=True)
        client = sd.Client(f"{server.url}#m", cache)
        first = client.complete([ask("alpha"), ask("beta")])
        data = bytearray(path.read_bytes())
        data[data.index(b'"content":"beta"') + 12] ^= 1
        path.write_bytes(data)
        assert client.complete([ask("alpha"), ask("beta")]) == first
        assert len(server.requests) == 3
        assert cache.write_recording(tmp_path / "r.jsonl") == 2
    lines = [orjson.loads(line) for line in (tmp_path / "r.jsonl").read_bytes().splitlines()]
    assert sorted(line["request"]["messages"][0]["content"] for line in lines) == ["alpha", "beta"]


@pytest.mark.parametrize("place", ["before", "after"])
def test_an_answer_of_another_time_does_not_come_back_with_a_repair(place: str, tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    replies = make_cache(path, 200)
    key, endpoint, body, _ = make_exchange(5)
    old = path.read_bytes()
    (stale,) = (old[at : at + PAGE] for at in list_pages(old)["rows"] if b"An answer to: q5 " in old[at : at + PAGE])
    with Cache(path).open() as store:
        store.store([(key, endpoint, body, b'{"choices":[],"newer":true}')])
    data = bytearray(path.read_bytes())
    data[:100] = bytes(100)  # without a head, pages that were given up are read too
    if place == "after":
        data += stale
    else:
        at = list_pages(data)["index"][0]
        data[at : at + PAGE] = stale
    path.write_bytes(data)
    assert repair_cache(path).saved == 200
    assert look_up_all(path, replies) == {**replies, key: b'{"choices":[],"newer":true}'}
