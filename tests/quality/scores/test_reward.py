"""Every form of reward reply, and none that becomes a number by accident."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdata.models.replies import Failure
from synthdata.quality.scores.judge import parse_judge_json, parse_yes_no
from synthdata.quality.scores.reward import ATTRIBUTES, Reward, weigh_attributes
from synthdata.quality.scores.scale import parse_reward
from tests.nim_server import make_chat, make_reward

SCORES = {
    "helpfulness": 4.09375,
    "correctness": 4.03125,
    "coherence": 4.25,
    "complexity": 0.5703125,
    "verbosity": 1.109375,
}


@pytest.mark.parametrize(
    ("reply", "form"),
    [
        (make_reward(SCORES), "logprobs"),
        (make_reward(SCORES, as_list=False), "logprobs"),
        (make_reward(SCORES, content=False), "logprobs"),
        (make_reward(SCORES, logprobs=False), "content"),
        (make_reward(SCORES, logprobs=False, as_list=False), "content"),
        (make_chat(", ".join(f"{name}: {value}" for name, value in SCORES.items())), "content"),
        (make_chat("\n".join(f"{name.title()} = {value}" for name, value in reversed(SCORES.items()))), "content"),
    ],
)
def test_attributes_are_read_by_name_in_every_form(reply: dict[str, Any], form: str) -> None:
    reward = parse_reward(reply)
    assert isinstance(reward, Reward)
    assert dict(reward.scores) == SCORES
    assert list(reward.scores) == list(ATTRIBUTES)
    assert (reward.form, round(reward.reward or 0, 3)) == (form, 6.068)


def test_a_scalar_has_no_attributes() -> None:
    reward = parse_reward(make_chat("reward:-19.875"))
    assert isinstance(reward, Reward)
    assert (reward.scores, reward.reward, reward.form) == ({}, -19.875, "scalar")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "I think it is good.",
        "helpfulness:4.0,correctness:4.0,coherence:4.0,complexity:1.0",
        "helpfulness:4.0,correctness:nan,coherence:4.0,complexity:1.0,verbosity:1",
        "helpfulness:4.0,helpfulness:3.0,correctness:1,coherence:4.0,complexity:1.0,verbosity:1",
        "helpfulness:,correctness:1,coherence:4.0,complexity:1.0,verbosity:1",
        "helpfulness:4.0x,correctness:1,coherence:4.0,complexity:1.0,verbosity:1",
        "reward:inf",
        "reward: 3 or so",
        "3.5",
    ],
)
def test_what_cannot_be_read_is_a_failure_with_its_text(content: str) -> None:
    failure = parse_reward(make_chat(content))
    assert isinstance(failure, Failure)
    assert content in failure.raw


@pytest.mark.parametrize("logprob", [None, "x", math.nan, True])
def test_logprobs_without_numbers_fall_back_to_the_content(logprob: Any) -> None:
    reply = make_reward(SCORES)
    reply["choices"][0]["logprobs"]["content"][1]["logprob"] = logprob
    reward = parse_reward(reply)
    assert isinstance(reward, Reward)
    assert reward.form == "content"


@pytest.mark.parametrize("reply", [{}, {"choices": []}, {"choices": [{}]}, {"choices": [{"message": []}]}])
def test_a_reply_without_a_message_is_a_failure(reply: dict[str, Any]) -> None:
    assert isinstance(parse_reward(reply), Failure)


@given(st.fixed_dictionaries({name: st.floats(-10, 10, allow_nan=False) for name in ATTRIBUTES}), st.booleans())
def test_what_is_written_is_read_back_exactly(scores: dict[str, float], logprobs: bool) -> None:
    reward = parse_reward(make_reward(scores, logprobs=logprobs))
    assert isinstance(reward, Reward)
    assert dict(reward.scores) == scores
    assert reward.reward == weigh_attributes(scores)


@given(st.text(max_size=200))
def test_any_content_gives_a_reward_or_a_failure(content: str) -> None:
    result = parse_reward(make_chat(content))
    assert isinstance(result, Failure) or (result.reward is not None and math.isfinite(result.reward))


def make_yes_no(tops: list[tuple[str, float]]) -> dict[str, Any]:
    reply = make_chat(tops[0][0] if tops else "")
    entries = [{"token": token, "logprob": logprob} for token, logprob in tops]
    reply["choices"][0]["logprobs"] = {"content": [{"token": "x", "logprob": 0, "top_logprobs": entries}]}
    return reply


def test_a_judge_is_read_by_the_probability_of_yes() -> None:
    tops = [("Yes", math.log(0.5)), ("No", math.log(0.2)), (" yes", math.log(0.1)), ("Maybe", math.log(0.1))]
    assert parse_yes_no(make_yes_no(tops)) == pytest.approx(0.6 / 0.8)


def test_a_judge_that_says_neither_gives_no_score() -> None:
    assert isinstance(parse_yes_no(make_yes_no([("The", -0.1), ("Yes", -9.0)])), Failure)
    assert isinstance(parse_yes_no(make_chat("Yes")), Failure)


@given(st.lists(st.tuples(st.sampled_from(["Yes", "no", " NO", "The", ""]), st.floats(-30, 0)), min_size=1, max_size=8))
def test_a_judges_score_is_a_probability_or_a_failure(tops: list[tuple[str, float]]) -> None:
    result = parse_yes_no(make_yes_no(tops))
    assert isinstance(result, Failure) or 0 <= result <= 1


def test_a_judges_json_is_read_in_a_fence_and_refused_out_of_range() -> None:
    good = '```json\n{"helpfulness": 3, "correctness": 4.0, "coherence": 4, "complexity": 1, "verbosity": 2}\n```'
    reward = parse_judge_json(make_chat(good))
    assert isinstance(reward, Reward)
    assert (reward.scores["correctness"], reward.form) == (4.0, "judge-json")
    assert isinstance(parse_judge_json(make_chat(good.replace("4.0", "7"))), Failure)
    assert isinstance(parse_judge_json(make_chat("All good!")), Failure)
