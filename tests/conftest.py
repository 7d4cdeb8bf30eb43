"""What every test gets: no keys or settings of the machine, a cache of its own, a client for a loopback server."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

import synthdata as sd
from synthdata.models import limiter
from synthdata.models.cache import Cache
from tests.nim_server import GENERATOR, NimServer

hypothesis.settings.register_profile("no clock", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("no clock")

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in os.environ.items():
        if value.startswith("nvapi-") or name in ("NVIDIA_API_KEY", "SYNTHDATA_API_KEY", "SYNTHDATA_REPLAY"):
            monkeypatch.delenv(name)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(limiter, "_limiters", {})


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return sd.open_cache(tmp_path / "cache.sqlite", record=True)


@pytest.fixture
def connect(cache: Cache) -> Callable[..., sd.Client]:
    def make(server: NimServer, model: str = GENERATOR, **options: Any) -> sd.Client:
        return sd.Client(f"{server.url}#{model}", options.pop("cache", cache), **options)

    return make


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True).returncode
    ):
        pytest.skip("NO SMALL DISK: the full-disk test did not run; it mounts a tmpfs, which takes root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def ask(text: str, **params: Any) -> dict[str, Any]:
    """A request body with one user message."""
    return {"messages": [{"role": "user", "content": text}], **params}
