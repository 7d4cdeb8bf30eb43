"""A run of the tests leaves the committed data as it was: the notebook, run by nbval where it stands, writes beside itself."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
DATA = [ROOT / f"synthetic_data{part}" for part in (".jsonl", "_filtered.jsonl", "_ledger.json")]
KEPT = pytest.StashKey[dict[Path, bytes]]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # one process looks before and after, not each worker of xdist
        config.stash[KEPT] = {path: path.read_bytes() for path in DATA if path.exists()}


def pytest_unconfigure(config: pytest.Config) -> None:
    for path, data in config.stash.get(KEPT, {}).items():
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
