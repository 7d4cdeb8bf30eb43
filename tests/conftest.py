"""What every test gets: no keys or settings of the machine, a cache of its own, a client for a loopback server."""

import os
from collections.abc import Callable
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


def ask(text: str, **params: Any) -> dict[str, Any]:
    """A request body with one user message."""
    return {"messages": [{"role": "user", "content": text}], **params}
