"""Plain diagnosis before any work."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

import synthdata as sd
from tests.nim_server import GONE, NOT_FOUND, REWARD, TOO_MANY, Answer, NimServer, make_chat

Connect = Callable[..., sd.Client]


def test_both_models_are_called_once_and_named(connect: Connect) -> None:
    with NimServer() as server:
        report = sd.check_endpoints(connect(server), connect(server, REWARD), {"max_tokens": 1488})
        assert [body["model"] for body in server.requests] == ["meta/llama-3.1-405b-instruct", REWARD]
        assert [m["role"] for m in server.requests[1]["messages"]] == ["user", "assistant"]
        sd.check_endpoints(connect(server), connect(server, REWARD))
        assert len(server.requests) == 4
    assert report["answers"].tolist() == ["text", "five attributes"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(401, {"title": "Unauthorized"}), "wants a key; put the right one in SYNTHDATA_API_KEY"),
        (Answer(403, {"title": "Forbidden"}), "this key may not use"),
        (Answer(410, GONE), "has ended .*Listed there \\(not tried\\): http.*#meta/llama-4-70b-instruct"),
        (Answer(404, NOT_FOUND), "no model 'meta/llama-3.1-405b-instruct' for this account"),
        (Answer(429, TOO_MANY), "limit of requests is reached; wait a minute"),
        (Answer(400, {"error": "maximum context length is 128 tokens"}), "context window .* too small"),
        (Answer(200, b"<html>Welcome to nginx</html>"), "HTML instead of JSON"),
        (Answer(404, b"<html>nginx</html>"), "no model"),
        (Answer(405, b""), "no OpenAI-compatible chat server"),
        (Answer(500, b"boom"), "HTTP 500"),
        (Answer(301, b"", {"Location": "http://127.0.0.1:1/"}), "answered 301"),
    ],
)
def test_what_is_wrong_is_said_at_once(connect: Connect, answer: Answer, said: str) -> None:
    with NimServer(lambda server, body: answer) as server:
        with pytest.raises(sd.EndpointError, match=said) as caught:
            sd.check_endpoints(connect(server), connect(server, REWARD))
        assert len(server.requests) == 1
    assert "\n" not in str(caught.value)


def test_nothing_listening_is_said_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = sd.Client(f"http://127.0.0.1:{taken.getsockname()[1]}/v1#m")
        with pytest.raises(sd.EndpointError, match="nothing answers at"):
            sd.check_endpoints(client, client)


def test_a_server_that_speaks_no_tls_is_said() -> None:
    with NimServer() as server:
        client = sd.Client(f"{server.url.replace('http:', 'https:')}#m")
        with pytest.raises(sd.EndpointError, match="TLS connection failed.*SSL_CERT_FILE"):
            sd.check_endpoints(client, client)


def test_a_proxy_that_is_down_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    client = sd.Client("http://example.invalid/v1#m")
    with pytest.raises(sd.EndpointError, match="HTTPS_PROXY"):
        sd.check_endpoints(client, client)


def test_a_small_declared_context_is_refused_before_the_call(connect: Connect) -> None:
    models = [{"id": "small", "max_model_len": 512}, {"id": "big-chat"}]
    with NimServer(models=models) as server:
        with pytest.raises(sd.EndpointError, match="context of 512 tokens, this run needs 2,000.*#big-chat"):
            sd.check_endpoints(connect(server, "small"), connect(server, REWARD), {"max_tokens": 1488})
        assert not server.requests


def test_a_chat_model_named_like_a_reward_model_is_found_out(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return make_chat("Yes, 2 is right!")

    with (
        NimServer(behave) as server,
        pytest.raises(sd.EndpointError, match="'Yes, 2 is right!', which holds no scores"),
    ):
        sd.check_endpoints(connect(server), connect(server, "my/reward-model"))


def test_a_scalar_reward_model_says_what_it_can_compare(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return make_chat("reward:-19.875") if "reward" in body["model"] else None

    with NimServer(behave) as server:
        report = sd.check_endpoints(connect(server), connect(server, "nvidia/llama-3.1-nemotron-70b-reward"))
    assert "within an instruction only" in report["answers"].iloc[1]


def test_the_estimate_counts_what_a_run_sends(connect: Connect) -> None:
    with NimServer() as server:
        generator = connect(server, requests_per_minute=600)
        reward = connect(server, REWARD, requests_per_minute=600)
        estimate = sd.estimate_run(3, 4, 1, generator, reward).set_index("stage")
        sd.check_endpoints(generator, reward)
        questions = sd.generate_questions(sd.generate_subtopics("T", 3, generator), 4, generator)
        sd.score_responses(sd.generate_responses(questions, generator), reward)
        assert len(server.requests) == estimate.loc["total", "requests"]
    assert estimate.loc["total", "minutes"] == pytest.approx(len(server.requests) / 600, abs=0.2)
    twice = sd.estimate_run(3, 4, 1, generator, reward, repairs=2).set_index("stage")
    assert twice.loc["repair", "requests"] == 2 * 3  # a fifth of twelve rows, rounded up
    assert twice.loc["total", "requests"] == estimate.loc["total", "requests"] + 6
    assert sd.summarize_usage(generator, reward)["sent"].sum() == len(server.requests)


def test_an_unknown_speed_is_not_invented(connect: Connect) -> None:
    with NimServer() as server:
        client = connect(server)
        assert sd.estimate_run(1, 1, 1, client, client)["minutes"].isna().all()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sd.Client("http://127.0.0.1:9/v1#m", requests_per_minute=0), "requests_per_minute is 0"),
        (lambda: sd.Client("http://127.0.0.1:9/v1#m", requests_per_minute="40"), "requests_per_minute is '40'"),
        (lambda: sd.Client("http://127.0.0.1:9/v1#m", timeout="5"), "timeout is '5'"),
        (lambda: sd.Client("http://127.0.0.1:9/v1#m", concurrency=0), "concurrency is 0"),
        (lambda: sd.Client("http://127.0.0.1:9/v1#m", concurrency=1.5), "concurrency is 1.5: give a whole number"),
        (lambda: sd.Client("http://127.0.0.1:9/v1#m", requests_per_minute=float("inf")), "requests_per_minute is inf"),
        (lambda: sd.parse_endpoint("nim:", role="reward"), "nemotron-4-340b-reward"),
        (lambda: sd.estimate_run(1, 1, 1, *[sd.Client("http://127.0.0.1:9/v1#m")] * 2, repairs=-1), "REPAIRS is -1"),
        (lambda: sd.prepare_folder(__file__), "no folder that can be written"),
    ],
)
def test_a_wrong_parameter_is_named_before_anything_is_asked(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(sd.InputError, match=said):
        call()
