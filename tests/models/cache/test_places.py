"""Where a cache may stand: odd names, folders that cannot be written, memory, the user's modes and links."""

import copy
import os
import pickle
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import synthdata as sd
from synthdata.base.errors import CacheError
from synthdata.models.cache import Cache, check_cache
from tests.conftest import ROOT, ask
from tests.models.cache.files import look_up_all, make_cache, make_exchange, make_first_version
from tests.nim_server import NimServer

ODD_NAMES = [
    "a b.sqlite",
    "100%.sqlite",
    "50%20off.sqlite",
    "a#b.sqlite",
    "what?mode=memory",
    "file:c.sqlite",
    "Grüße aus Zürich 数据 🙂.sqlite",
    'it\'s "quoted".sqlite',
    "-dash.sqlite",
]


@pytest.fixture
def readonly_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with caches in it that nobody can write to, root neither."""
    folder = tmp_path / "readonly"
    folder.mkdir()
    mount = [shutil.which("mount") or "mount"]
    if os.geteuid():
        yield folder
        folder.chmod(0o755)
        return
    try:
        subprocess.run([*mount, "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("NO READ-ONLY FOLDER: root writes everywhere, and a tmpfs could not be mounted")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def close_folder(folder: Path) -> None:
    if os.geteuid():
        folder.chmod(0o555)
    else:
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("inside", [True, False], ids=["absolute", "relative"])
def test_names_of_every_kind(name: str, inside: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / name.removesuffix(".sqlite")
    folder.mkdir()
    monkeypatch.chdir(folder)
    path = folder / name if inside else Path(name)
    replies = make_cache(path, 5)
    assert look_up_all(path, replies) == replies
    assert [each.name for each in folder.iterdir()] == [name]
    assert (folder / name).stat().st_size > 8000


@pytest.mark.parametrize("name", ["c.sqlite", *ODD_NAMES[:5]])
def test_answers_in_a_folder_that_cannot_be_written_are_read(name: str, readonly_folder: Path) -> None:
    path = readonly_folder / name
    with NimServer() as server:
        endpoint = f"{server.url}#m"
        first = sd.Client(endpoint, sd.open_cache(path)).complete([ask("a"), ask("b")])
        close_folder(readonly_folder)
        client = sd.Client(endpoint, sd.open_cache(path))
        assert client.complete([ask("a"), ask("b")]) == first
        with pytest.raises(CacheError, match=r"cannot be written.*nothing was sent.*open_cache"):
            client.complete([ask("a"), ask("new")])
        assert len(server.requests) == 2
        assert client.complete([ask("new")], fresh=True, quiet=True)[0].text.endswith("new")  # preflight asks so
        assert check_cache(path).answers == 2


@pytest.mark.parametrize("left", [0, 4096, 20_000])
def test_answers_on_a_full_disk_are_read_and_nothing_is_asked(left: int, small_disk: Path) -> None:
    path = small_disk / "c.sqlite"
    with NimServer() as server:
        endpoint = f"{server.url}#m"
        first = sd.Client(endpoint, sd.open_cache(path)).complete([ask("a"), ask("b")])
        make_first_version(small_disk / "first.sqlite", 5)
        with (small_disk / "rest").open("wb") as rest:
            rest.write(bytes(shutil.disk_usage(small_disk).free - left))
        client = sd.Client(endpoint, sd.open_cache(path))
        assert client.complete([ask("a"), ask("b")]) == first
        for each in (client, sd.Client(endpoint, sd.open_cache(small_disk / "new.sqlite"))):
            with pytest.raises(CacheError, match=r"the disk is full.*free some space"):
                each.complete([ask("new")])
        assert len(server.requests) == 2
        assert len(look_up_all(small_disk / "first.sqlite", [make_exchange(n)[0] for n in range(5)])) == 5


def test_a_first_version_that_cannot_be_written_is_read(readonly_folder: Path) -> None:
    replies = make_first_version(readonly_folder / "c.sqlite", 20)
    close_folder(readonly_folder)
    assert look_up_all(readonly_folder / "c.sqlite", replies) == replies
    assert check_cache(readonly_folder / "c.sqlite").undigested == 20


def test_a_log_beside_a_file_that_cannot_be_written_is_read(readonly_folder: Path, tmp_path: Path) -> None:
    origin = tmp_path / "o.sqlite"
    make_cache(origin, 3)
    late = make_exchange(50)
    with Cache(origin).open() as store:
        store.store([late])
        for ending in ("", "-wal", "-shm"):
            shutil.copy(f"{origin}{ending}", readonly_folder / f"c.sqlite{ending}")
            if ending != "-shm":
                shutil.copy(f"{origin}{ending}", readonly_folder / f"d.sqlite{ending}")
    close_folder(readonly_folder)
    assert look_up_all(readonly_folder / "c.sqlite", [late[0]]) == {late[0]: late[3]}
    with pytest.raises(CacheError, match="cannot be written"):  # rather than fewer answers than there are
        Cache(readonly_folder / "d.sqlite").open()


def test_a_folder_that_cannot_be_made_is_said(readonly_folder: Path) -> None:
    close_folder(readonly_folder)
    for path in (readonly_folder / "c.sqlite", readonly_folder / "deep" / "c.sqlite"):
        with pytest.raises(CacheError, match=f"{path} cannot be written .*name another file in open_cache"):
            Cache(path).open()


def test_a_folder_or_an_impossible_name_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "c.sqlite", Path(f"{tmp_path}/{'x' * 300}"), Path("a\0b")):
        with pytest.raises(CacheError, match="open_cache"):
            Cache(path).open()


def test_a_cache_in_memory_lasts_as_long_as_its_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with NimServer() as server:
        cache = sd.open_cache(":memory:", record=True)
        client = sd.Client(f"{server.url}#m", cache, concurrency=8)
        bodies = [ask(str(n)) for n in range(50)]
        first = client.complete(bodies)
        assert client.complete(bodies) == first
        threads = [threading.Thread(target=client.complete, args=([ask(f"{t} {n}") for n in range(40)],)) for t in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.requests) == 50 + 80
        assert cache.write_recording(tmp_path / "r.jsonl") == 130
        for other in (sd.open_cache(":memory:"), copy.copy(cache), pickle.loads(pickle.dumps(cache))):
            with other.open() as store:
                assert store.look_up([make_exchange(1)[0]]) == {}
    assert [each.name for each in tmp_path.iterdir()] == ["r.jsonl"]


HOMELESS = """
import sys
import synthdata as sd
cache = sd.open_cache(sys.argv[2])
print(sd.Client(sys.argv[1], cache).complete([{"messages": [{"role": "user", "content": "x"}]}], quiet=True)[0].text)
"""


def test_no_home_is_needed(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("HOME", "USER", "LOGNAME")}
    environment["PYTHONPATH"] = str(ROOT)
    with NimServer() as server:
        for _ in range(2):
            command = [sys.executable, "-c", HOMELESS, f"{server.url}#m", ".synthdata/cache.sqlite"]
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            assert (done.stdout, done.stderr) == ("An answer to: x\n", "")
        assert len(server.requests) == 1


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o027, 0o640), (0o022, 0o644)])
def test_no_file_is_more_open_than_the_user_lets_it(umask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        path = tmp_path / "c.sqlite"
        with Cache(path).open() as store:
            store.store([make_exchange(1)])
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
        assert modes == dict.fromkeys(("c.sqlite", "c.sqlite-wal", "c.sqlite-shm"), mode)
        os.umask(0o022)
        path.chmod(0o600)
        with Cache(path).open() as store:
            store.store([make_exchange(2)])
            assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}
    finally:
        os.umask(before)


def test_a_link_stays_and_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link, dangling = tmp_path / "c.sqlite", tmp_path / "d.sqlite"
    link.symlink_to(Path("disk") / "real.sqlite")
    dangling.symlink_to(tmp_path / "gone" / "c.sqlite")
    replies = make_cache(link, 20)
    assert link.is_symlink()
    assert look_up_all(tmp_path / "disk" / "real.sqlite", replies) == replies
    assert sorted(each.name for each in tmp_path.iterdir()) == ["c.sqlite", "d.sqlite", "disk"]
    with pytest.raises(CacheError, match="open_cache"):
        Cache(dangling).open()


def test_a_newer_version_is_refused_by_everything_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    make_cache(path, 5)
    data = bytearray(path.read_bytes())
    data[60:64] = (3).to_bytes(4, "big")
    path.write_bytes(data)
    command = [sys.executable, "-m", "synthdata.models.cache"]
    for arguments in (["check", path], ["repair", path], ["prune", path, "--days", "0"]):
        done = subprocess.run([*command, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "was written by a newer version of this library (format 3, this one reads 2)" in done.stderr
    assert path.read_bytes() == data
    assert [each.name for each in tmp_path.iterdir()] == ["c.sqlite"]
