"""The scoring stage against a loopback NIM: what is sent, what becomes a column."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import synthdata as sd
from synthdata.quality.scores.judge import JUDGE_QUESTIONS
from synthdata.quality.scores.reward import ATTRIBUTES
from tests.nim_server import REWARD, Answer, NimServer, draw_scores, make_chat

Connect = Callable[..., sd.Client]


def make_frame(*responses: str | None) -> pd.DataFrame:
    n = len(responses)
    return pd.DataFrame(
        {
            "instruction": [f"question {i}" for i in range(n)],
            "response": responses,
            "error": [None if text else "response: HTTP 500" for text in responses],
            "prompt_tokens": pd.array([None] * n, dtype="Int64"),
            "completion_tokens": pd.array([None] * n, dtype="Int64"),
        }
    )


def test_each_response_is_sent_as_user_and_assistant_and_scored(connect: Connect) -> None:
    df = make_frame("one", "two", None)
    with NimServer() as server:
        scored = sd.score_responses(df, connect(server, REWARD))
        sent = [body["messages"] for body in server.requests]
    assert sorted(pair[1]["content"] for pair in sent) == ["one", "two"]
    assert all([message["role"] for message in pair] == ["user", "assistant"] for pair in sent)
    assert scored["helpfulness"].tolist()[:2] == [draw_scores(text)["helpfulness"] for text in ("one", "two")]
    assert scored.iloc[2][[*ATTRIBUTES, "reward", "reward_form"]].isna().all()
    assert scored.loc[2, "error"] == "response: HTTP 500"
    assert scored["reward_form"].tolist()[:2] == ["logprobs", "logprobs"]
    assert list(df.columns) == ["instruction", "response", "error", "prompt_tokens", "completion_tokens"]


def test_rows_that_are_lost_already_are_not_paid_for(connect: Connect) -> None:
    df = make_frame("fine", "invented", "again", "unknown").assign(
        verified=pd.array([True, False, True, None], dtype="boolean"), duplicate_of=[None, None, "a", None]
    )
    with NimServer() as server:
        scored = sd.score_responses(df, connect(server, REWARD))
        assert sorted(body["messages"][1]["content"] for body in server.requests) == ["fine", "unknown"]
        everything = sd.score_responses(df, connect(server, REWARD), score_all=True)
    assert scored["reward"].isna().tolist() == [False, True, True, False]
    assert scored["error"].isna().all()
    assert everything["reward"].notna().all()


def test_unreadable_and_failed_replies_are_null_with_their_text(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        text = body["messages"][-1]["content"]
        return {"odd": make_chat("I like it"), "bad": Answer(400, {"detail": "refused"})}.get(text)

    with NimServer(behave) as server:
        scored = sd.score_responses(make_frame("fine", "odd", "bad"), connect(server, REWARD))
    assert scored["reward"].isna().tolist() == [False, True, True]
    assert "no scores" in scored.loc[1, "error"]
    assert scored.loc[1, "raw_reply"] == "I like it"
    assert "refused" in scored.loc[2, "error"]


def test_a_conversation_beyond_the_context_is_not_sent_and_says_so(connect: Connect) -> None:
    df = make_frame("short", "long " * 4000)
    with NimServer() as server:
        scored = sd.score_responses(df, connect(server, REWARD))
        assert len(server.requests) == 1
    assert scored.loc[1, "error"].startswith("reward: not sent: about 6,6")
    counted = df.assign(prompt_tokens=[10, 10], completion_tokens=[10, 4500])
    with NimServer() as server:
        assert "4,510 tokens" in sd.score_responses(counted, connect(server, REWARD)).loc[1, "error"]


def test_a_judge_is_asked_as_the_next_turn(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        reply = make_chat("Yes")
        tops = [{"token": "Yes", "logprob": -0.2231435}, {"token": "No", "logprob": -1.6094379}]
        reply["choices"][0]["logprobs"] = {"content": [{"token": "Yes", "logprob": -0.2, "top_logprobs": tops}]}
        return reply

    with NimServer(behave) as server:
        scored = sd.score_responses(make_frame("one", "two"), connect(server, "some/chat-model"))
        assert len(server.requests) == 2 * len(JUDGE_QUESTIONS)
        assert [message["role"] for message in server.requests[0]["messages"]] == ["user", "assistant", "user"]
    for name, (_, yes_is_good) in JUDGE_QUESTIONS.items():
        assert scored[name].tolist() == pytest.approx([3.2 if yes_is_good else 0.8] * 2, abs=1e-5)
    assert set(scored["reward_form"]) == {"judge"}


def test_a_judge_without_logprobs_is_asked_for_json(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        if "JSON" in body["messages"][-1]["content"]:
            return make_chat('{"helpfulness":3,"correctness":3.5,"coherence":4,"complexity":1,"verbosity":2}')
        return make_chat("Yes")

    with NimServer(behave) as server:
        scored = sd.score_responses(make_frame("one"), connect(server, "some/chat-model"))
    assert scored.loc[0, "correctness"] == 3.5
    assert scored.loc[0, "reward_form"] == "judge-json"


def test_a_missing_column_names_stage_and_column(connect: Connect) -> None:
    with NimServer() as server, pytest.raises(sd.InputError, match="score_responses needs the column 'response'"):
        sd.score_responses(make_frame("x").drop(columns="response"), connect(server, REWARD))


def test_scoring_an_empty_frame_is_an_empty_frame(connect: Connect) -> None:
    with NimServer() as server:
        scored = sd.score_responses(make_frame(), connect(server, REWARD))
    assert scored.empty
    assert set(ATTRIBUTES) <= set(scored.columns)
