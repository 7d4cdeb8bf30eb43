"""What preflight learns of a judge, and what the scoring that follows does with it."""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import synthdata as sd
from tests.nim_server import Answer, NimServer, make_chat

Connect = Callable[..., sd.Client]
SCORES = '{"helpfulness": 3, "correctness": 3, "coherence": 3, "complexity": 1, "verbosity": 1}'
ROWS = pd.DataFrame(
    {"instruction": list("abcd"), "response": list("efgh"), "error": None, "prompt_tokens": 1, "completion_tokens": 1}
)


def answer_with(*tokens: dict[str, Any], text: str = "Yes", **message: Any) -> dict[str, Any]:
    reply = make_chat(text, **message)
    reply["choices"][0]["logprobs"] = {"content": [{**tokens[0], "top_logprobs": list(tokens)}]}
    return reply


def say(token: str, chance: float, **more: Any) -> dict[str, Any]:
    return {"token": token, "logprob": math.log(chance), **more}


def judge(body: dict[str, Any]) -> dict[str, Any]:
    """A judge that takes whatever it is sent."""
    if "JSON object" in body["messages"][-1]["content"]:
        return make_chat(SCORES)
    return answer_with(say("Yes", 0.8), say("No", 0.2)) if body.get("logprobs") else make_chat("Yes")


def refuse(said: str) -> Answer:
    return Answer(400, {"error": {"message": said}})


REFUSALS: dict[str, tuple[Callable[[dict[str, Any]], bool], str, str, int]] = {
    "few logprobs": (lambda body: body.get("top_logprobs", 0) > 5, "at most 5 top_logprobs", "probability", 20),
    "no logprobs": (lambda body: "logprobs" in body, "unknown field logprobs", "JSON", 4),
    "long answers only": (lambda body: body.get("max_tokens", 99) < 16, "max_tokens is below 16", "JSON", 4),
}


@pytest.mark.parametrize(("refuses", "said", "form", "requests"), REFUSALS.values(), ids=REFUSALS)
def test_what_a_server_refuses_is_asked_in_another_form(
    connect: Connect, refuses: Callable[[dict[str, Any]], bool], said: str, form: str, requests: int
) -> None:
    with NimServer(lambda server, body: refuse(said) if refuses(body) else judge(body)) as server:
        client = connect(server)
        assert form in sd.check_endpoints(client, client)["answers"].iloc[1]
        before = len(server.requests)
        scored = sd.score_responses(ROWS, client)
        assert len(server.requests) - before == requests
    assert scored["helpfulness"].notna().all()


def test_a_judge_without_logprobs_is_asked_once_for_each_row_after_preflight(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return judge({**body, "logprobs": False})

    with NimServer(behave) as server:
        client = connect(server)
        sd.check_endpoints(client, client)
        before = len(server.requests)
        assert sd.score_responses(ROWS, client)["helpfulness"].tolist() == [3.0] * 4
        assert len(server.requests) - before == 4


@pytest.mark.parametrize(
    "token",
    [
        {"token": "▁yes"}, {"token": "ĠYes"}, {"token": '"Yes'}, {"token": "Yes."}, {"token": "**YES"}, {"token": " yes,"},
        {"token": "token_id:42", "bytes": [89, 101, 115]},
    ],
)  # fmt: skip
def test_yes_is_read_from_the_tokens_of_any_vocabulary(connect: Connect, token: dict[str, Any]) -> None:
    reply = answer_with({**token, "logprob": math.log(0.8)}, say("ĠNo", 0.2))
    with NimServer(lambda server, body: reply) as server:
        client = connect(server)
        sd.check_endpoints(client, client)
        assert sd.score_responses(ROWS, client)["helpfulness"].tolist() == pytest.approx([3.2] * 4)


THINKERS = {
    "a mark as the first token": answer_with(say("<think>", 0.97), say("No", 0.01), text="<think>"),
    "a thought beside the answer": make_chat(None, "length", reasoning_content="Okay"),
    "another language": answer_with(say("是", 0.9), say("否", 0.1), text="是"),
    "a line end": answer_with(say("\n", 0.99), text="\n"),
    "nothing": answer_with(say("", 0.99), text=""),
}


@pytest.mark.parametrize("reply", THINKERS.values(), ids=THINKERS)
def test_a_judge_that_answers_neither_yes_nor_no_is_refused(connect: Connect, reply: dict[str, Any]) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return reply if "yes or no" in body["messages"][-1]["content"] else None

    with NimServer(behave) as server, pytest.raises(sd.EndpointError, match="where yes or no was asked"):
        sd.check_endpoints(connect(server), connect(server))


def test_a_generator_that_takes_no_limit_passes(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        refused = "max_tokens" in body and len(server.requests) < 3
        return refuse("max_tokens must be at least 16") if refused else judge(body)

    with NimServer(behave) as server:
        assert len(sd.check_endpoints(connect(server), connect(server))) == 2


def test_parameters_of_a_client_go_with_all_its_requests(connect: Connect) -> None:
    quiet = {"chat_template_kwargs": {"enable_thinking": False}}

    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        if body.get("chat_template_kwargs") != quiet["chat_template_kwargs"]:
            return refuse("only without thinking")
        return judge(body)

    with NimServer(behave) as server:
        client = connect(server, params={**quiet, "max_tokens": 3})
        sd.check_endpoints(client, client)
        assert sd.score_responses(ROWS, client)["helpfulness"].notna().all()
        assert [body["max_tokens"] for body in server.requests[:2]] == [8, 1]  # what a call names itself counts


def test_a_judge_that_fails_is_not_taken_for_one_that_says_nothing(connect: Connect) -> None:
    with NimServer(lambda server, body: Answer(500, b"boom") if "logprobs" in body else None) as server:
        client = connect(server)
        with pytest.raises(sd.EndpointError, match="^preflight: HTTP 500"):
            sd.check_endpoints(client, client)
