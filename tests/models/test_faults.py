"""What can go wrong around a run: every fault through every stage, a full disk, a torn log, a forged certificate."""

import email.utils
import random
import re
import shutil
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

import synthdata as sd
from synthdata.models import sender
from synthdata.models.cache import Cache, make_key, write_body
from synthdata.models.replies import Failure
from tests.conftest import ROOT, ask
from tests.nim_server import GENERATOR, REWARD, TOO_MANY, Answer, NimServer, make_chat, make_reward

KEY = "very-secret-key-0123456789"
ROW_FAULTS: dict[str, Callable[[], Any]] = {
    "400": lambda: Answer(400, f"you sent Bearer {KEY}".encode()),
    "413": lambda: Answer(413, {"detail": "too large"}),
    "500": lambda: Answer(500, f"trace: Authorization: Bearer {KEY}".encode()),
    "503": lambda: Answer(503, b""),
    "reset": lambda: Answer(200, make_chat("never"), cut=30),
    "truncated": lambda: Answer(200, f'{{"choices": [{{"key": "{KEY}"'.encode()),
    "html": lambda: Answer(200, f"<html>{KEY}</html>".encode()),
    "empty choices": lambda: Answer(200, {"choices": []}),
    "choices of no objects": lambda: Answer(200, {"choices": ["x"]}),
    "null content": lambda: make_chat(None),
    "content filter": lambda: make_chat("partly", "content_filter"),
    "cut off": lambda: make_chat("one two", "length"),
    "no scores": lambda: make_chat("I would rather not say"),
    "half the scores": lambda: make_reward({"helpfulness": 3.0, "correctness": 2.0}),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "BACKOFF_SECONDS", 0.01)


def run_all(server: NimServer, cache: Any) -> Any:
    generator, reward = (sd.Client(f"{server.url}#{model}", cache, timeout=5) for model in (GENERATOR, REWARD))
    subtopics = sd.generate_subtopics("Knots", 4, generator)
    questions = sd.generate_questions(subtopics, 5, generator)
    scored = sd.score_responses(sd.generate_responses(questions, generator), reward)
    return sd.apply_thresholds(scored, sd.Thresholds(helpfulness=(2.0, None)))


def test_the_ledger_adds_up_under_every_fault_and_no_key_gets_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYNTHDATA_API_KEY", KEY)
    chance = random.Random(5)
    faults = list(ROW_FAULTS)
    met: dict[str, str] = {}

    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        text = orjson.dumps(body["messages"]).decode()
        if "line" in body["messages"][-1]["content"] and "reward" not in body["model"]:
            return None
        name = met.setdefault(f"{body['model']} {text}", chance.choice([*faults, "", "", ""]))
        return ROW_FAULTS[name]() if name else None

    with NimServer(behave, key=KEY) as server:
        cache = sd.open_cache(tmp_path / "c.sqlite", record=True)
        decided = run_all(server, cache)
        cache.write_recording(tmp_path / "r.jsonl")
        ledger = sd.make_ledger(decided, requested=20)
        sd.export_dataset(decided, tmp_path)
        before = len(server.requests)
        again = run_all(server, cache)
        stored = {name for name in met.values() if name}
        assert len(stored) > 8
        assert len(server.requests) - before < before  # what was answered is not asked again
    assert ledger["rows"].iloc[0] == 20 == ledger["rows"].iloc[1:].sum()
    assert decided["reject_reason"].str.startswith("failed").any()
    assert decided.loc[decided["error"].notna(), "keep"].sum() == 0
    assert decided.loc[decided["reward"].notna(), "helpfulness"].notna().all()
    assert again["reject_reason"].fillna("").tolist() == decided["reject_reason"].fillna("").tolist()
    said = "".join(capfd.readouterr())
    assert KEY not in said + decided.to_csv()
    for path in tmp_path.iterdir():
        assert KEY.encode() not in path.read_bytes(), path.name


STOPPING = {
    "401": Answer(401, {"detail": f"revoked {KEY}"}),
    "402": Answer(402, f"pay for {KEY}".encode()),
    "403": Answer(403, {"detail": f"credits of {KEY} expired"}),
    "410": Answer(410, {"detail": f"gone {KEY}"}),
    "429 for ever": Answer(429, f"{KEY}".encode(), {"Retry-After": "0"}),
    "all rows": Answer(400, f"{KEY}".encode()),
}


@pytest.mark.parametrize("fault", STOPPING)
def test_no_key_gets_out_of_a_run_that_stops(
    fault: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("SYNTHDATA_API_KEY", KEY)
    monkeypatch.setattr(sender, "LIMITED_SECONDS", 0.3)
    with NimServer(lambda server, body: STOPPING[fault], key=KEY) as server:
        client = sd.Client(f"{server.url}#m", sd.open_cache(tmp_path / "c.sqlite"))
        with pytest.raises(sd.EndpointError) as caught:
            client.complete([ask("a"), ask("b")])
    seen = "".join(traceback.format_exception(caught.value)) + "".join(capfd.readouterr())
    assert str(caught.value) in seen
    assert KEY not in seen + repr(client) + repr(vars(client)["endpoint"])
    assert KEY.encode() not in (tmp_path / "c.sqlite").read_bytes()


def test_retry_after_as_a_date_is_obeyed(connect: Callable[..., sd.Client]) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        if len(server.requests) > 1:
            return None
        return Answer(429, TOO_MANY, {"Retry-After": email.utils.formatdate(time.time() + 2.5, usegmt=True)})

    with NimServer(behave) as server:
        connect(server).complete([ask("a")])
        assert server.times[1] - server.times[0] >= 1.0  # dates have whole seconds


def test_a_full_disk_stops_the_run_with_words_and_keeps_what_was_stored(small_disk: Path) -> None:
    cache = sd.open_cache(small_disk / "c.sqlite")
    with NimServer(lambda server, body: make_chat("word " * 4000)) as server:
        client = sd.Client(f"{server.url}#m", cache, concurrency=4)
        with pytest.raises(sd.CacheError, match=r"the disk is full.*free some space and run the cell again"):
            client.complete([ask(str(n)) for n in range(200)])
        assert len(server.requests) < 200
    with closing(sqlite3.connect(cache.path)) as connection:
        replies = [orjson.loads(row[0]) for row in connection.execute("SELECT reply FROM replies")]
    assert 1 <= len(replies) < 200
    assert all(reply["choices"][0]["message"]["content"].startswith("word") for reply in replies)


def test_a_torn_log_costs_its_last_records_alone(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    script = f"""
import os, signal
from synthdata.models.cache import Cache, make_key
with Cache({str(origin / "c.sqlite")!r}).open() as store:
    for n in range(60):
        store.store([(make_key("e", b"%d" % n), "e", b"{{}}", b'{{"n":%d}}' % n)])
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", script], cwd=ROOT)
    assert killed.returncode < 0
    log = (origin / "c.sqlite-wal").read_bytes()
    assert len(log) > 50_000
    keys = [make_key("e", b"%d" % n) for n in range(60)]
    chance = random.Random(3)
    counts = []
    for attempt in range(30):
        folder = tmp_path / str(attempt)
        shutil.copytree(origin, folder)
        (folder / "c.sqlite-shm").unlink()
        torn = log[: chance.randrange(len(log))]
        if attempt % 2 and torn:  # or written over in the middle
            at = chance.randrange(len(torn))
            torn = torn[:at] + bytes([torn[at] ^ 0xFF]) + torn[at + 1 :]
        (folder / "c.sqlite-wal").write_bytes(torn)
        with Cache(folder / "c.sqlite").open() as store:
            found = store.look_up(keys)
            assert all(orjson.loads(found[key])["n"] == n for n, key in enumerate(keys) if key in found)
            assert [key in found for key in keys] == sorted((key in found for key in keys), reverse=True)
            store.store([(make_key("e", write_body({})), "e", b"{}", b"{}")])
        counts.append(len(found))
    assert min(counts) < max(counts)


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("NO OPENSSL: the certificate test did not run")
    name = tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", name, "-out", tmp_path / "public.pem",
         "-days", "2", "-subj", "/CN=localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "public.pem", name)

    class Quiet(HTTPServer):
        def handle_error(self, *_: Any) -> None:
            pass

    with Quiet(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        client = sd.Client(f"https://localhost:{server.server_port}/v1#m")
        with pytest.raises(sd.EndpointError, match="TLS connection failed.*verification stays on"):
            client.complete([ask("a")])
        server.shutdown()


def test_what_a_model_says_cannot_steer_the_terminal(
    connect: Callable[..., sd.Client], capfd: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\rresponses: 999 asked, 999 answered\n\x1b[31m"
    with NimServer(lambda server, body: Answer(422, evil.encode())) as server:
        client = connect(server)
        with pytest.raises(sd.EndpointError) as caught:
            client.complete([ask("a"), ask("b")])
        server.behave = lambda server, body: (
            Answer(422, evil.encode()) if body["messages"][0]["content"] == "a" else None
        )
        good = client.complete([ask("a"), ask("b")])
        assert isinstance(good[0], Failure)
        frame = sd.generate_subtopics("Knots", 2, client)
    said = "".join(capfd.readouterr()) + str(caught.value)
    assert len(frame) == 2
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x9b]", said)
    assert not [line for line in said.splitlines() if line.startswith("responses: 999")]
