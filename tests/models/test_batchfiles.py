"""Batch files: what is written, what is read back whatever became of it, and a batch service on loopback."""

import json
import random
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given, settings

import synthdata as sd
from synthdata.models import batchfiles
from synthdata.models.cache import Cache
from synthdata.models.replies import Failure
from tests.conftest import ask
from tests.models.batch_server import BatchServer, answer_line, expire_line
from tests.nim_server import GENERATOR, REWARD, NimServer

BODIES = [ask(f"question {n}", temperature=0.5) for n in range(12)]
URL = "http://127.0.0.1:9/v1"


def make_client(folder: Path, url: str = URL, model: str = "m", **options: Any) -> sd.Client:
    return sd.Client(f"{url}#{model}", sd.open_cache(folder / "cache.sqlite"), batch=folder / "batches", **options)


def write(client: sd.Client, bodies: list[dict[str, Any]] = BODIES) -> list[str]:
    """Ask, and return the lines of the request files."""
    with pytest.raises(sd.BatchPending):
        client.complete(bodies, label="responses")
    assert client.batch is not None
    return [line for path in sorted(client.batch.glob("*.jsonl")) for line in path.read_text().splitlines()]


def save(path: Path, results: list[Any]) -> Path:
    path.write_text("".join(json.dumps(result) + "\n" for result in results))
    return path


def read_texts(client: sd.Client) -> list[str]:
    return [reply.text for reply in client.complete(BODIES, label="responses")]


EXPECTED = [f"An answer to: question {n}" for n in range(12)]


def test_a_client_writes_requests_and_goes_on_where_the_replies_are(tmp_path: Path) -> None:
    client = make_client(tmp_path)
    with pytest.raises(
        sd.BatchPending, match=r"responses: 12 requests are written to .*0001-responses-m\.jsonl\. Send"
    ):
        client.complete([*BODIES, BODIES[0]], label="responses")
    with pytest.raises(sd.BatchPending, match="responses: 12 requests are already waiting"):
        client.complete(BODIES, label="responses")
    lines = write(client)
    assert len(lines) == 12
    first = json.loads(lines[0])
    assert (first["method"], first["url"], first["body"]["model"]) == ("POST", "/v1/chat/completions", "m")
    report = sd.import_batch(save(tmp_path / "out.jsonl", [answer_line(line) for line in reversed(lines)]), client)
    assert report.empty
    assert read_texts(client) == EXPECTED


def test_the_replies_are_those_of_the_direct_way(tmp_path: Path) -> None:
    with NimServer() as server:
        live = sd.Client(f"{server.url}#m", sd.open_cache(tmp_path / "live.sqlite")).complete(BODIES)
    client = make_client(tmp_path)
    sd.import_batch(save(tmp_path / "out.jsonl", [answer_line(line) for line in write(client)]), client)
    assert client.complete(BODIES, label="responses") == live


def test_files_keep_to_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batchfiles, "MAX_LINES", 5)
    client = make_client(tmp_path)
    write(client)
    assert client.batch is not None
    assert [len(p.read_text().splitlines()) for p in sorted(client.batch.glob("*.jsonl"))] == [5, 5, 2]
    monkeypatch.setattr(batchfiles, "MAX_BYTES", 500)
    other = make_client(tmp_path, model="other")
    write(other)
    sizes = [p.stat().st_size for p in other.batch.glob("*-other.jsonl")] if other.batch else []
    assert len(sizes) > 3
    assert max(sizes) <= 500


def test_expired_lines_are_asked_again_and_refused_ones_are_not(tmp_path: Path) -> None:
    client = make_client(tmp_path)
    lines = write(client)
    results = [answer_line(line) for line in lines[:9]] + [expire_line(line) for line in lines[9:11]]
    refused = {"status_code": 400, "body": {"error": {"message": "the prompt is too long"}}}
    results.append({"custom_id": json.loads(lines[11])["custom_id"], "response": refused, "error": None})
    report = sd.import_batch(save(tmp_path / "out.jsonl", results), client)
    assert report["outcome"].value_counts().to_dict() == {"expired": 2, "failed": 1}
    with pytest.raises(sd.BatchPending, match=r"2 requests are written to .*0002-responses-m"):
        client.complete(BODIES, label="responses")
    assert client.batch is not None
    again = (client.batch / "0002-responses-m.jsonl").read_text().splitlines()
    sd.import_batch(save(tmp_path / "again.jsonl", [answer_line(line) for line in again]), client)
    replies = client.complete(BODIES, label="responses")
    assert isinstance(replies[11], Failure)
    assert "too long" in replies[11].reason
    assert [reply.text for reply in replies[:11]] == EXPECTED[:11]


@pytest.mark.parametrize(
    "body",
    [
        {"choices": []},
        {"error": {"message": "overloaded", "code": 503}},
        {"choices": [{"message": {"content": None}, "finish_reason": None}]},
        [1],
        None,
    ],
)
def test_what_is_no_answer_is_not_kept_as_one(tmp_path: Path, body: Any) -> None:
    client = make_client(tmp_path)
    key = json.loads(write(client, BODIES[:1])[0])["custom_id"]
    result = {"custom_id": key, "response": {"status_code": 200, "body": body}, "error": None}
    report = sd.import_batch(save(tmp_path / "out.jsonl", [result]), client)
    assert list(report["outcome"]) == ["failed"]
    with pytest.raises(sd.BatchPending, match="1 request is written"):
        client.complete(BODIES[:1], label="responses")


def damage(lines: list[bytes], moves: list[tuple[int, int]]) -> bytes:
    """Do to an output file what disks, editors and downloads do to one."""
    lines = list(lines)
    for kind, place in moves:
        at = place % max(len(lines), 1)
        if not lines:
            break
        if kind == 0:
            lines.insert(place % 7, lines[at])
        elif kind == 1:
            del lines[at]
        elif kind == 2:
            lines[at] = lines[at][: place % len(lines[at])] if lines[at] else b""
        elif kind == 3:
            lines.insert(at, b'{"custom_id": "someone-else", "response": null}')
        elif kind == 4:
            lines[at] += lines[-1]
        else:
            lines.insert(at, bytes([place % 256, 0xFF, 0x7B]))
    return b"\n".join(lines)


@settings(max_examples=40)
@given(st.randoms(use_true_random=False), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5000)), max_size=6))
def test_any_order_and_damage_gives_the_same_answers_or_a_counted_fault(
    tmp_path_factory: pytest.TempPathFactory, rng: random.Random, moves: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("batch")
    client = make_client(folder)
    lines = [json.dumps(answer_line(line)).encode() for line in write(client)]
    keys = {json.loads(line)["custom_id"]: text for line, text in zip(write(client), EXPECTED, strict=True)}
    rng.shuffle(lines)
    path = folder / "out.jsonl"
    path.write_bytes(damage(lines, moves))
    try:
        report = sd.import_batch(path, client)
    except sd.InputError:
        return  # nothing of it is ours any more
    assert isinstance(client.cache, Cache)
    with client.cache.open() as store:
        found = store.look_up([bytes.fromhex(key) for key in keys])
    for key, raw in found.items():
        assert json.loads(raw)["choices"][0]["message"]["content"] == keys[key.hex()]
    if found:
        assert set(keys) - {key.hex() for key in found} == set(report.loc[report["outcome"] == "missing", "custom_id"])
    sd.import_batch(save(folder / "whole.jsonl", [json.loads(line) for line in lines]), client)
    assert read_texts(client) == EXPECTED


def test_the_forms_of_other_services_are_read(tmp_path: Path) -> None:
    client = make_client(tmp_path)
    results = [answer_line(line) for line in write(client, BODIES[:4])]
    del results[0]["error"], results[0]["id"]  # Together
    results[1]["response"]["status_code"] = "200"
    body = {"object": "error", "message": "too long", "code": 400}  # offline vllm
    results[2] |= {"response": {"status_code": 400, "request_id": "r", "body": None}, "error": body}
    results[3] |= {"response": None, "error": "the server was overloaded"}
    report = sd.import_batch(save(tmp_path / "out.jsonl", results), client)
    assert sorted(report["detail"]) == ["HTTP 400: too long", "HTTP 503: the server was overloaded"]
    with pytest.raises(sd.BatchPending, match="1 request is written"):
        client.complete(BODIES[:4], label="responses")


def test_of_two_answers_the_same_one_counts_in_any_order(tmp_path: Path) -> None:
    kept = []
    for order in (1, -1):
        folder = tmp_path / str(order)
        folder.mkdir()
        client = make_client(folder)
        first = answer_line(write(client, BODIES[:1])[0])
        second = json.loads(json.dumps(first).replace("An answer", "Another answer"))
        failed = {"custom_id": first["custom_id"], "response": None, "error": {"code": "x", "message": "y"}}
        report = sd.import_batch(save(folder / "out.jsonl", [first, failed, second][::order]), client)
        assert set(report["outcome"]) == {"repeated"}
        kept.append(client.complete(BODIES[:1], label="responses")[0].text)
    assert kept[0] == kept[1]


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    client = make_client(tmp_path)
    lines = write(client)
    other = make_client(tmp_path, model="other")
    output = save(tmp_path / "out.jsonl", [answer_line(line) for line in lines])
    assert client.batch is not None
    request_file = next(client.batch.glob("*.jsonl"))
    for work, words in (
        (lambda: sd.import_batch(output, other), "of another model"),
        (lambda: sd.import_batch(tmp_path / "none.jsonl", client), "cannot be read"),
        (lambda: sd.import_batch(request_file, client), "is a request"),
        (lambda: sd.import_batch(output, sd.Client(f"{URL}#m", client.cache)), "no folder of request files"),
        (lambda: sd.fetch_batch(client, minutes=-1), "minutes is -1"),
        (
            lambda: sd.Client(f"{URL}#m", client.cache, batch=output).complete(BODIES[:1]),
            "no folder that can be written",
        ),
        (lambda: sd.Client(f"{URL}#m", batch=tmp_path), "need a cache"),
        (lambda: sd.Client("local:tiny", client.cache, batch=tmp_path), "reads no batch files"),
    ):
        with pytest.raises(sd.InputError, match=words):
            work()
    request_file.with_suffix(".state").write_text("{")
    with pytest.raises(sd.InputError, match="delete it and its"):
        sd.import_batch(output, client)


def test_a_budget_holds_for_what_is_written(tmp_path: Path) -> None:
    client = make_client(tmp_path, budget=sd.Budget(5))
    with pytest.raises(sd.BatchPending, match="5 requests are written .*7 more are over the budget"):
        client.complete(BODIES, label="responses")


def fetch_all(client: sd.Client) -> Any:
    sd.fetch_batch(client)
    return sd.fetch_batch(client)


def test_a_batch_is_sent_once_and_fetched(tmp_path: Path) -> None:
    with BatchServer() as server:
        client = make_client(tmp_path, server.url)
        write(client)
        assert list(sd.submit_batch(client)["status"]) == ["validating"]
        sd.submit_batch(make_client(tmp_path, server.url))  # another kernel
        assert len(server.batches) == 1
        assert list(fetch_all(client)["status"]) == ["completed"]
        assert read_texts(client) == EXPECTED
        assert list(sd.fetch_batch(client)["status"]) == ["completed"]


def test_an_expired_batch_leaves_the_rest_for_the_next(tmp_path: Path) -> None:
    with BatchServer(reach=8) as server:
        client = make_client(tmp_path, server.url)
        write(client)
        sd.submit_batch(client)
        assert list(fetch_all(client)["status"]) == ["expired"]
        with pytest.raises(sd.BatchPending, match="4 requests are written"):
            client.complete(BODIES, label="responses")
        server.reach = None
        assert len(sd.submit_batch(client)) == 2
        fetch_all(client)
        assert read_texts(client) == EXPECTED
        assert sum(len(server.files[b["input_file_id"]].splitlines()) for b in server.batches.values()) == 16


def test_a_batch_whose_creation_was_not_heard_of_is_found_again(tmp_path: Path) -> None:
    with BatchServer() as server:
        client = make_client(tmp_path, server.url)
        write(client)
        server.lose = True
        with pytest.raises(sd.EndpointError, match="nothing answers"):
            sd.submit_batch(client)
        assert list(sd.submit_batch(client)["batch"]) == ["batch_0"]
        assert len(server.batches) == 1


def test_failed_validation_and_a_full_queue_say_what_to_do(tmp_path: Path) -> None:
    limit = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached", "line": None}
    with BatchServer(refuse=limit) as server:
        client = make_client(tmp_path, server.url)
        write(client)
        sd.submit_batch(client)
        with pytest.raises(sd.EndpointError, match="too much is queued .* run sd.submit_batch"):
            sd.fetch_batch(client)
        server.refuse = {"code": "model_not_found", "message": "The model m does not exist", "line": 3}
        assert list(sd.submit_batch(client)["batch"]) == ["batch_1"]
        with pytest.raises(sd.EndpointError, match=r"\.jsonl line 3 was refused .*does not exist"):
            sd.fetch_batch(client)
        server.refuse = None
        sd.submit_batch(client)
        fetch_all(client)
        assert read_texts(client) == EXPECTED


@pytest.mark.parametrize(
    ("status", "words"), [(404, "vllm run-batch"), (429, "limit is used up"), (401, "check the key")]
)
def test_a_server_that_refuses_is_one_line(tmp_path: Path, status: int, words: str) -> None:
    with BatchServer() as server:
        server.status = status
        client = make_client(tmp_path, server.url)
        write(client)
        with pytest.raises(sd.EndpointError, match=words):
            sd.submit_batch(client)


def run_stages(generator: sd.Client, reward: sd.Client) -> Any:
    questions = sd.generate_questions(sd.generate_subtopics("Docker", 3, generator), 4, generator)
    return sd.score_responses(sd.verify_responses(sd.generate_responses(questions, generator)), reward)


def test_a_run_by_batch_is_the_direct_run_in_four_rounds(tmp_path: Path) -> None:
    with NimServer() as server:
        cache = sd.open_cache(tmp_path / "live.sqlite")
        live = run_stages(sd.Client(f"{server.url}#{GENERATOR}", cache), sd.Client(f"{server.url}#{REWARD}", cache))
    with BatchServer() as service:
        generator, reward = (make_client(tmp_path, service.url, model) for model in (GENERATOR, REWARD))
        for _ in range(4):
            with pytest.raises(sd.BatchPending):
                run_stages(generator, reward)
            for client in (generator, reward):
                sd.submit_batch(client)
                fetch_all(client)
        pd.testing.assert_frame_equal(run_stages(generator, reward), live)
    assert len(service.batches) == 4
