"""The client against a real server on loopback, faults included."""

import asyncio
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

import synthdata as sd
from synthdata.models import sender
from synthdata.models.cache import Cache
from synthdata.models.replies import Completion, Failure, read_completion
from synthdata.models.transport import read_retry_after
from tests.conftest import ROOT, ask
from tests.nim_server import GENERATOR, GONE, NOT_FOUND, TOO_MANY, Answer, NimServer, make_chat

Connect = Callable[..., sd.Client]


@pytest.fixture(autouse=True)
def _short_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "BACKOFF_SECONDS", 0.02)


def test_replies_come_in_the_order_of_the_requests(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        number = int(body["messages"][0]["content"])
        return Answer(200, make_chat(str(number)), delay=0.02 * (number % 3))

    with NimServer(behave) as server:
        replies = connect(server, concurrency=8).complete([ask(str(n)) for n in range(40)])
    assert [reply.text for reply in replies] == [str(n) for n in range(40)]


def test_nothing_is_asked_twice(connect: Connect) -> None:
    bodies = [ask(f"q{n % 10}") for n in range(30)]
    with NimServer() as server:
        first = connect(server).complete(bodies)
        assert len(server.requests) == 10
        again = connect(server)
        assert again.complete(bodies) == first
        assert len(server.requests) == 10
        assert again.usage["requests"].from_cache == 30
        again.complete([ask("q0", temperature=0.1)])
        assert len(server.requests) == 11


def test_several_requests_are_in_flight(connect: Connect) -> None:
    together = threading.Barrier(8, timeout=20)

    def behave(server: NimServer, body: dict[str, Any]) -> None:
        together.wait()

    with NimServer(behave) as server:
        assert len(connect(server, concurrency=8).complete([ask(str(n)) for n in range(16)])) == 16


def test_turns_of_one_conversation_go_out_one_after_another(connect: Connect) -> None:
    with NimServer(lambda server, body: Answer(200, make_chat("x"), delay=0.02)) as server:
        connect(server, concurrency=3).complete([ask(f"{c}:{t}") for c in range(3) for t in range(4)], in_turn=4)
        sent = [body["messages"][0]["content"] for body in server.requests]
    for conversation in "012":
        assert [text[2] for text in sent if text[0] == conversation] == list("0123")


def test_it_works_inside_a_running_loop(connect: Connect) -> None:
    async def main(server: NimServer) -> str:
        return connect(server).complete([ask("hello")])[0].text

    with NimServer() as server:
        assert "hello" in asyncio.run(main(server))


def _complete_in_worker(arguments: tuple[sd.Client, str]) -> str:
    client, text = arguments
    return client.complete([ask(text)], quiet=True)[0].text


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_it_works_in_worker_processes(connect: Connect, method: str) -> None:
    with NimServer() as server:
        client = connect(server)
        client.complete([ask("before")])
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            answers = pool.map(_complete_in_worker, [(client, f"w{n}") for n in range(4)])
        pool.join()
    assert answers == [f"An answer to: w{n}" for n in range(4)]


HEALING: dict[str, Any] = {
    "429": Answer(429, TOO_MANY, {"Retry-After": "0"}),
    "500": Answer(500, b"oops"),
    "502 html": Answer(502, b"<html>Bad Gateway</html>"),
    "503": Answer(503, {"status": 503}),
    "504": Answer(504, b""),
    "529": Answer(529, b"overloaded"),
    "reset": Answer(200, make_chat("never"), cut=0),
    "reset mid-body": Answer(200, make_chat("never"), cut=30),
    "truncated": Answer(200, json.dumps(make_chat("never")).encode()[:60]),
    "html 200": Answer(200, b"<html><body>Please log in</body></html>"),
    "no chat": Answer(200, {"error": {"message": "busy"}}),
    "empty choices": Answer(200, {"choices": []}),
    "not an object": Answer(200, b"[1, 2]"),
}


@pytest.mark.parametrize("fault", HEALING)
def test_a_fault_that_heals_costs_nothing_but_time(connect: Connect, fault: str) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return HEALING[fault] if len(server.requests) <= 2 else None

    with NimServer(behave) as server:
        client = connect(server, concurrency=1)
        assert client.complete([ask("a"), ask("b")])[0].text == "An answer to: a"
        assert client.usage["requests"].sent == 4
        assert connect(server).complete([ask("a")])[0].text == "An answer to: a"
        assert len(server.requests) == 4


@pytest.mark.parametrize("fault", [name for name in HEALING if name != "429"])
def test_a_fault_that_stays_fails_its_row_alone(connect: Connect, fault: str) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return HEALING[fault] if body["messages"][0]["content"] == "bad" else None

    with NimServer(behave) as server:
        client = connect(server)
        good, bad = client.complete([ask("good"), ask("bad")])
        assert isinstance(good, Completion)
        assert isinstance(bad, Failure)
        assert f"after {sender.ATTEMPTS} attempts" in bad.reason
        server.behave = None
        assert isinstance(client.complete([ask("bad")])[0], Completion)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_row_that_is_refused_fails_at_once_with_what_was_said(connect: Connect, status: int) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return Answer(status, {"detail": "too long for us"}) if body["messages"][0]["content"] == "bad" else None

    with NimServer(behave) as server:
        good, bad = connect(server).complete([ask("good"), ask("bad")])
        assert isinstance(good, Completion)
        assert "too long for us" in bad.reason
        assert "too long for us" in bad.raw
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(401, {"title": "Unauthorized"}), "SYNTHDATA_API_KEY"),
        (Answer(402, b"pay"), "out of credits"),
        (Answer(403, {"detail": "Cloud credits expired"}), "out of credits"),
        (Answer(410, GONE), "has ended .*llama-4-70b"),
        (Answer(404, NOT_FOUND), "no model"),
    ],
)
def test_a_fault_of_the_account_stops_the_run_and_keeps_what_came(connect: Connect, answer: Answer, said: str) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return answer if len(server.requests) > 5 else None

    with NimServer(behave) as server:
        client = connect(server, concurrency=2)
        with pytest.raises(sd.EndpointError, match=said):
            client.complete([ask(str(n)) for n in range(50)])
        assert len(server.requests) <= 8
        server.behave = None
        client.complete([ask(str(n)) for n in range(50)])
        assert client.usage["requests"].from_cache == 5


def test_what_is_in_flight_when_a_run_ends_is_stored(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        slow = body["messages"][0]["content"] == "slow"
        return Answer(200, make_chat("paid for"), delay=0.7) if slow else Answer(401, b"revoked", delay=0.2)

    with NimServer(behave) as server:
        client = connect(server, concurrency=2)
        with pytest.raises(sd.EndpointError, match="wants a key"):
            client.complete([ask("slow"), ask("fast")])
        assert client.complete([ask("slow")])[0].text == "paid for"
        assert len(server.requests) == 2


def test_every_row_failing_is_one_error_with_the_common_cause(connect: Connect) -> None:
    with (
        NimServer(lambda server, body: Answer(422, {"detail": "no such parameter: top_q"})) as server,
        pytest.raises(sd.EndpointError, match="the first 5 requests were all refused: .*top_q.*change the parameter"),
    ):
        connect(server, concurrency=1).complete([ask(str(n)) for n in range(20)])
    assert len(server.requests) == 5


def test_nothing_listening_is_said(cache: Cache) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        client = sd.Client(f"http://127.0.0.1:{port}/v1#m", cache)
        with pytest.raises(sd.EndpointError, match="nothing answers at .*Start the server"):
            client.complete([ask("a"), ask("b")])


def test_a_server_that_comes_up_late_is_waited_for(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "BACKOFF_SECONDS", 0.3)
    with NimServer() as server:
        port = server.http.server_port
    client = sd.Client(f"http://127.0.0.1:{port}/v1#{GENERATOR}", cache)
    script = f"import time; time.sleep(0.3); from tests.nim_server import NimServer\nwith NimServer(port={port}): time.sleep(20)"
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    try:
        assert "late" in client.complete([ask("late")])[0].text
    finally:
        process.kill()
        process.wait()


def test_a_hang_ends_at_the_timeout(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "ATTEMPTS", 2)

    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        text = body["messages"][0]["content"]
        return {"hang": Answer(200, b"", delay=30), "drip": Answer(200, make_chat("x"), drip=0.2)}.get(text)

    with NimServer(behave) as server:
        good, hang, drip = connect(server, timeout=0.5).complete([ask("good"), ask("hang"), ask("drip")], attempts=2)
    assert isinstance(good, Completion)
    assert "no reply within 0.5 s" in hang.reason
    assert "no reply within 0.5 s" in drip.reason


def test_the_budget_is_hard_and_everything_is_kept(connect: Connect) -> None:
    with NimServer() as server:
        budget = sd.Budget(7)
        client = connect(server, budget=budget, concurrency=4)
        replies = client.complete([ask(str(n)) for n in range(20)])
        assert len(server.requests) == 7
        assert sum(isinstance(reply, Completion) for reply in replies) == 7
        assert {reply.reason for reply in replies if isinstance(reply, Failure)} == {
            "not sent: the budget of 7 requests is used up"
        }
        assert connect(server).complete([ask(str(n)) for n in range(20)])[0].text
        assert len(server.requests) == 20


def test_a_budget_used_up_before_a_stage_leaves_failed_rows_not_an_error(connect: Connect) -> None:
    with NimServer() as server:
        replies = connect(server, budget=sd.Budget(0)).complete([ask("a"), ask("b")])
        assert not server.requests
    assert all(isinstance(reply, Failure) and "budget of 0 requests" in reply.reason for reply in replies)


def test_a_server_that_dies_in_the_middle_ends_the_run(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        if len(server.requests) < 5:
            return None
        server.http.socket.close()
        return Answer(200, make_chat("never"), cut=0)

    with NimServer(behave) as server:
        client = connect(server, concurrency=2)
        with pytest.raises(sd.EndpointError, match="nothing answers at"):
            client.complete([ask(str(n)) for n in range(500)])
        assert client.usage["requests"].sent < 100


def test_retry_after_of_a_busy_server_is_obeyed(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return Answer(503, b"busy", {"Retry-After": "1"}) if len(server.requests) == 1 else None

    with NimServer(behave) as server:
        connect(server).complete([ask("a")])
        assert server.times[1] - server.times[0] >= 1.0


def test_identical_answers_print_one_deterministic_line(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    with NimServer() as server:
        connect(server).complete([ask("a"), ask("b")], label="responses")
        first = capsys.readouterr()
        connect(server).complete([ask("a"), ask("b")], label="responses")
        second = capsys.readouterr()
    assert first.out == second.out == "responses: 2 asked, 2 answered, 0 failed\n"
    assert first.err == ""


def test_a_replay_sends_nothing_and_names_what_it_lacks(connect: Connect, cache: Cache, tmp_path: Path) -> None:
    with NimServer() as server:
        live = connect(server)
        live.complete([ask("known")])
        endpoint = live.endpoint
    cache.write_recording(tmp_path / "r.jsonl")
    replay = sd.Client(endpoint, sd.open_cache(tmp_path / "c.sqlite", replay=tmp_path / "r.jsonl"))
    assert "known" in replay.complete([ask("known")])[0].text
    with pytest.raises(sd.RecordingError, match="unheard.*'temperature': 0.3.*make record"):
        replay.complete([ask("known"), ask("unheard of", temperature=0.3)])


INTERRUPTED = """
import signal, sys
import synthdata as sd
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
client = sd.Client(sys.argv[1], sd.open_cache(sys.argv[2]), concurrency=4)
print("go", flush=True)
try:
    client.complete([{"messages": [{"role": "user", "content": str(n)}]} for n in range(100)])
except KeyboardInterrupt:
    print("interrupted")
"""


WAITING = """
import sys, threading
import synthdata as sd
enter, main = threading.Condition.__enter__, threading.get_ident()
def interrupt(self):  # as a signal that comes just when the lock has been taken, and nobody is there yet to give it back
    taken = enter(self)
    if threading.get_ident() == main and sys._getframe(2).f_code.co_name == "send":
        raise KeyboardInterrupt
    return taken
client = sd.Client(sys.argv[1], None, concurrency=4)
threading.Condition.__enter__ = interrupt
answers = client.complete([{"messages": [{"role": "user", "content": str(n)}]} for n in range(20)])
print(len(answers))
"""


def test_the_thread_that_waits_takes_no_lock_that_an_interrupt_can_leave_held() -> None:
    with NimServer(lambda server, body: Answer(200, make_chat("x"), delay=0.1)) as server:
        command = [sys.executable, "-c", WAITING, f"{server.url}#m"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1:] == ["20"], done.stderr


def test_an_interrupt_returns_and_keeps_what_came(tmp_path: Path) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return Answer(200, make_chat("x"), delay=0.01 if int(body["messages"][0]["content"]) < 8 else 600)

    with NimServer(behave) as server:
        path = tmp_path / "c.sqlite"
        process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, f"{server.url}#m", str(path)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        for _ in range(12_000):  # four at once: with the twelfth, eight were answered
            if len(server.requests) >= 12 or process.poll() is not None:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said, faults = process.communicate(timeout=120)
        assert "interrupted" in said, faults
        server.behave = None
        client = sd.Client(f"{server.url}#m", sd.open_cache(path))
        client.complete([ask(str(n)) for n in range(12)])
        assert client.usage["requests"].from_cache == 8


def test_kill_9_costs_at_most_what_was_in_flight(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with NimServer(lambda server, body: Answer(200, make_chat("x"), delay=0.01)) as server:
        for pause in (0.1, 0.02, 0.2):
            process = subprocess.Popen(
                [sys.executable, "-c", INTERRUPTED, f"{server.url}#m", str(path)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(pause)
            os.kill(process.pid, signal.SIGKILL)
            process.stdout.close()
            process.wait()
        before = len(server.requests)
        client = sd.Client(f"{server.url}#m", sd.open_cache(path))
        client.complete([ask(str(n)) for n in range(100)])
        assert before + client.usage["requests"].sent <= 100 + 3 * 4


def test_keys_reach_no_file_and_no_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "very-secret-key-0123456789"
    monkeypatch.setenv("SYNTHDATA_API_KEY", key)

    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return Answer(400, f"you sent Bearer {key}".encode()) if body["messages"][0]["content"] == "bad" else None

    with NimServer(behave, key=key) as server:
        cache = sd.open_cache(tmp_path / "c.sqlite", record=True)
        client = sd.Client(f"{server.url}#m", cache)
        _, bad = client.complete([ask("good"), ask("bad")])
        cache.write_recording(tmp_path / "r.jsonl")
        server.key = "another-key"
        with pytest.raises(sd.EndpointError) as caught:
            client.complete([ask("later")])
    seen = (
        repr(client) + repr(client.endpoint) + bad.reason + bad.raw + str(caught.value) + "".join(capsys.readouterr())
    )
    assert key not in seen
    for path in tmp_path.iterdir():
        assert key.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        ({"content": "answer"}, "answer", ""),
        ({"content": "<think>hm</think>\n\nanswer"}, "answer", "hm"),
        ({"content": "hm</think>answer"}, "answer", "hm"),
        ({"content": "<think>never ends"}, "", "never ends"),
        ({"content": "<think>a</think>Use it.<think>b</think>"}, "Use it.", "a\n\n<think>b</think>"),
        ({"content": "[THINK]hm[/THINK]Use it."}, "Use it.", "hm"),
        ({"content": "<thinking>hm</thinking>\nUse it."}, "Use it.", "hm"),
        (
            {"content": "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Use it."},
            "Use it.",
            "analysis hm  assistant",
        ),
        ({"content": "Two tags: <think> and </think>, of R1."}, "Two tags: <think> and </think>, of R1.", ""),
        ({"content": "```py\ntext.split('</think>')\n```"}, "```py\ntext.split('</think>')\n```", ""),
        ({"content": "The mark </think> ends it."}, "The mark </think> ends it.", ""),
        ({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Use it."}]}, "Use it.", "hm"),
        ({"content": "answer", "reasoning_content": "hm"}, "answer", "hm"),
        ({"content": None}, "", ""),
        ({"content": "use `<think>` tags"}, "use `<think>` tags", ""),
    ],
)
def test_reasoning_is_kept_apart(message: dict[str, Any], text: str, reasoning: str) -> None:
    reply = make_chat(None)
    reply["choices"][0]["message"] = message
    completion = read_completion(reply)
    assert (completion.text, completion.reasoning) == (text, reasoning)


def test_retry_after_is_read_in_both_forms() -> None:
    assert read_retry_after({"Retry-After": "7"}) == 7.0
    soon = read_retry_after({"Retry-After": formatdate(time.time() + 30, usegmt=True)})
    assert soon is not None
    assert 25 < soon <= 30
    assert read_retry_after({"Retry-After": "soon"}) is None
    assert read_retry_after({"retry-after-ms": "1500", "Retry-After": "9"}) == 1.5
    assert read_retry_after({}) is None
    assert read_retry_after({"Retry-After": "nan"}) is None
    assert read_retry_after({"Retry-After": "-5"}) == 0.0


@pytest.mark.parametrize("options", [{"concurrency": -1}, {"requests_per_minute": -3}, {"timeout": 0}])
def test_options_below_one_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(sd.InputError, match="above zero"):
        sd.Client("http://host/v1#m", **options)


@pytest.mark.parametrize("limit", [-1, 1.5, "10"])
def test_a_budget_is_a_count(limit: Any) -> None:
    with pytest.raises(sd.InputError, match="whole number"):
        sd.Budget(limit)


def test_what_every_request_carries_is_sent_and_a_request_s_own_word_comes_first(
    connect: Callable[..., sd.Client],
) -> None:
    with NimServer() as server:
        client = connect(server, params={"chat_template_kwargs": {"enable_thinking": False}, "temperature": 0.1})
        client.complete([ask("a"), {**ask("b"), "temperature": 0.9}], quiet=True)
        sent = sorted((body["messages"][0]["content"], body["temperature"]) for body in server.requests)
        assert sent == [("a", 0.1), ("b", 0.9)]
        assert all(body["chat_template_kwargs"] == {"enable_thinking": False} for body in server.requests)
