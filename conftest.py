"""A run of the tests leaves the committed data as it was, and of a notebook that fails it shows the cell that failed first.

The notebook, run by nbval where it stands, writes beside itself. After its first failure the cells below would fail too, each
with a message that says less.
"""

import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent
DATA = [ROOT / f"synthetic_data{part}" for part in (".jsonl", "_filtered.jsonl", "_ledger.json")]
KEPT = pytest.StashKey[dict[Path, bytes]]()
MOVED = pytest.StashKey[set[Path]]()
FAILED = pytest.StashKey[str]()


def list_data() -> list[Path]:
    return [*DATA, *(path for path in (ROOT / "dataset").glob("*") if path.is_file())]


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # one process looks before and after, not each worker of xdist
        config.stash[KEPT] = {path: path.read_bytes() for path in list_data() if path.exists()}
        config.stash[MOVED] = set(ROOT.glob("earlier-*"))


def pytest_unconfigure(config: pytest.Config) -> None:
    for path, data in config.stash.get(KEPT, {}).items():
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
    if MOVED in config.stash:
        for folder in (
            set(ROOT.glob("earlier-*")) - config.stash[MOVED]
        ):  # the data that this run moved away, put back above
            shutil.rmtree(folder)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.parent is not None and item.parent.stash.get(FAILED, ""):
        pytest.skip(f"{item.parent.stash[FAILED]} failed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    if report.failed and type(item).__name__ == "IPyNbCell" and item.parent is not None:
        item.parent.stash.setdefault(FAILED, item.name)
    return report
