"""The command: what a file holds, whether it is whole, and making it smaller."""

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from synthdata.base.errors import CacheError, InputError
from synthdata.models.cache import Cache, check_cache, prune_cache
from synthdata.models.cache.__main__ import main
from tests.models.cache.files import (
    ENDPOINT,
    PAGE,
    list_pages,
    look_up_all,
    make_cache,
    make_exchange,
    make_first_version,
)

OTHER = "http://127.0.0.1:8/v1#\x1b[31mn"


def read_numbers(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM replies ORDER BY number")]


def test_check_says_what_a_whole_file_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.sqlite"
    make_cache(path, 30)
    with Cache(path).open() as store:
        store.store([make_exchange(n, endpoint=OTHER) for n in range(12)])
    before = path.read_bytes()
    assert main(["check", str(path)]) == 0
    said = capsys.readouterr().out
    assert re.search(rf"^{path}: 42 answers, 0\.\d MB, the oldest of {time.strftime('%Y-%m-%d')}$", said, re.M)
    assert re.search(rf"^ +30  {re.escape(ENDPOINT)}$", said, re.M)
    assert "       12  http://127.0.0.1:8/v1#\\x1b[31mn\n" in said
    assert said.endswith("nothing is damaged\n")
    assert path.read_bytes() == before


def test_check_counts_damaged_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.sqlite"
    make_cache(path, 30)
    data = bytearray(path.read_bytes())
    data[data.index(b"An answer to: q4 ") + 3] ^= 1
    data[data.index(b'"content":"q9"') + 12] ^= 1
    path.write_bytes(data)
    assert main(["check", str(path)]) == 1
    assert "2 answers are damaged: they count as not stored" in capsys.readouterr().out


def test_check_of_a_damaged_file_names_the_repair_that_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "with space.sqlite"
    replies = make_cache(path, 200)
    data = bytearray(path.read_bytes())
    at = list_pages(data)["rows"][3]
    data[at : at + PAGE] = bytes(PAGE)
    path.write_bytes(data)
    assert main(["check", str(path)]) == 1
    assert f"run python -m synthdata.models.cache repair '{path}'\n" in capsys.readouterr().out
    assert main(["repair", str(path)]) == 0
    said = capsys.readouterr().out
    saved = int(re.search(r"damaged: (\d+) of 200 answers were saved", said)[1])  # type: ignore[index]
    assert 190 < saved < 200
    assert len(look_up_all(path, replies)) == saved
    assert main(["check", str(path)]) == 0
    assert main(["repair", str(path)]) == 0
    assert f"nothing is damaged, {saved} answers stay as they are" in capsys.readouterr().out
    assert len(list(tmp_path.glob("*damaged*"))) == 1


@pytest.mark.parametrize(("good", "bad"), [(b"reply BLOB", b"rfply BLOB"), (b"CREATE TABLE", b"CREATE T\xc1BLE")])
def test_check_of_a_garbled_table_names_the_repair(
    good: bytes, bad: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.sqlite"
    make_cache(path, 20)
    path.write_bytes(path.read_bytes().replace(good, bad, 1))
    assert main(["check", str(path)]) == 1
    assert "the file is damaged" in capsys.readouterr().out
    assert main(["repair", str(path)]) == 0
    assert "20 of 20 answers were saved" in capsys.readouterr().out


def test_check_of_the_first_version_says_what_cannot_be_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.sqlite"
    replies = make_first_version(path, 8)
    before = path.read_bytes()
    assert main(["check", str(path)]) == 0
    assert "8 were stored before digests were kept" in capsys.readouterr().out
    assert path.read_bytes() == before
    assert main(["repair", str(path)]) == 0
    assert "8 answers stay as they are, 8 were given digests" in capsys.readouterr().out
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out.endswith("m\nnothing is damaged\n")
    assert look_up_all(path, replies) == replies


@pytest.mark.parametrize("command", [["check"], ["repair"], ["prune", "--days", "1"]])
def test_what_is_no_cache_is_said(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes").write_bytes(b"important notes, " * 100)
    for name, said in (("notes", "not a readable cache|holds no answer"), ("none", "no cache at .*none|No such file")):
        assert main([command[0], str(tmp_path / name), *command[1:]]) == 2
        assert re.search(said, capsys.readouterr().err)
    assert (tmp_path / "notes").read_bytes() == b"important notes, " * 100
    assert [each.name for each in tmp_path.iterdir()] == ["notes"]


def test_prune_by_age(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.sqlite"
    replies = make_cache(path, 300)
    with closing(sqlite3.connect(path)) as connection:
        old = int(time.time()) - 40 * 86_400
        connection.execute("UPDATE replies SET stored = ? WHERE number <= 200", (old,))
        connection.commit()
    before = path.stat().st_size
    assert main(["prune", str(path), "--days", "30"]) == 0
    assert re.search(r"200 of 300 answers removed, 0\.\d MB before, 0\.\d MB now", capsys.readouterr().out)
    assert read_numbers(path) == list(range(201, 301))
    assert path.stat().st_size < before / 2
    assert len(look_up_all(path, replies)) == 100
    assert prune_cache(path, days=30).removed == 0


def test_prune_by_endpoint(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    replies = make_cache(path, 20)
    with Cache(path).open() as store:
        store.store([make_exchange(n, endpoint=OTHER) for n in range(12)])
    done = prune_cache(path, endpoint=OTHER)
    assert (done.removed, done.answers) == (12, 32)
    assert look_up_all(path, replies) == replies


@pytest.mark.parametrize("words", [5, 60, 900])
@pytest.mark.parametrize("share", [0.7, 0.3, 0.05])
def test_prune_by_size_keeps_the_newest_that_fit(words: int, share: float, tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    make_cache(path, 400, words)
    limit = int(path.stat().st_size * share)
    done = prune_cache(path, megabytes=limit / 1e6)
    left = read_numbers(path)
    assert left == list(range(401 - len(left), 401))
    assert done.bytes_after == path.stat().st_size <= max(limit, 3 * PAGE)
    assert done.bytes_after > 0.6 * limit - 4 * PAGE
    assert prune_cache(path, megabytes=limit / 1e6).removed == 0


def test_what_the_first_version_held_is_as_old_as_its_first_opening(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    make_first_version(path, 10)
    assert prune_cache(path, days=1).removed == 0
    assert prune_cache(path, days=0.0).removed in (0, 10)  # within the same second
    time.sleep(1.1)
    prune_cache(path, days=0.0)
    assert read_numbers(path) == []


def test_prune_wants_to_know_what(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    make_cache(path, 1)
    with pytest.raises(InputError, match="give an age in days, an endpoint or a size"):
        prune_cache(path)
    for bad in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="give a number from 0 up"):
            prune_cache(path, days=bad)
    assert check_cache(path).answers == 1


def test_prune_of_a_damaged_file_names_the_repair(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    make_cache(path, 300)
    data = bytearray(path.read_bytes())
    at = list_pages(data)["index"][0]
    data[at : at + PAGE] = bytes(PAGE)
    path.write_bytes(data)
    with pytest.raises(CacheError, match="cache repair"):
        prune_cache(path, days=0, endpoint=ENDPOINT)
    assert path.read_bytes() == data
