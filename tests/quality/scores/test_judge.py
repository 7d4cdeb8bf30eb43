"""A judge's answers and a text's shape as one score."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdata.models.replies import Failure
from synthdata.quality.scores.judge import (
    INTERCEPT,
    JUDGE_QUESTIONS,
    NO_LOGPROBS,
    SCORE_WEIGHTS,
    SHAPE_WEIGHTS,
    measure_shape,
    parse_yes_no,
    weigh_judgement,
)
from synthdata.quality.scores.reward import ATTRIBUTES

scores = st.fixed_dictionaries({name: st.floats(0, 4) for name in ATTRIBUTES})


def test_there_is_a_question_for_each_attribute() -> None:
    assert tuple(JUDGE_QUESTIONS) == ATTRIBUTES
    assert set(SCORE_WEIGHTS) <= set(ATTRIBUTES)
    assert set(SHAPE_WEIGHTS) <= set(measure_shape("any text"))


@given(scores, st.text(max_size=300))
def test_the_score_is_from_0_to_4_whatever_comes(given_scores: dict[str, float], text: str) -> None:
    assert 0 <= weigh_judgement(given_scores, text) <= 4


@given(scores, st.floats(0, 4), st.floats(0, 4))
def test_a_better_helpfulness_never_lowers_it(given_scores: dict[str, float], a: float, b: float) -> None:
    low, high = sorted((a, b))
    text = "Use the **first** command, and read what it prints."
    lower, higher = (weigh_judgement({**given_scores, "helpfulness": value}, text) for value in (low, high))
    assert lower <= higher


def test_it_is_the_weighted_sum_it_says() -> None:
    text = "one **two** two"
    total = (
        INTERCEPT + SHAPE_WEIGHTS["length"] * math.log(15) + SHAPE_WEIGHTS["variety"] * 2 / 3 + SHAPE_WEIGHTS["bold"]
    )
    total += SCORE_WEIGHTS["helpfulness"] * math.log(3)  # the others are even: log 1
    even = dict.fromkeys(ATTRIBUTES, 2.0)
    assert weigh_judgement({**even, "helpfulness": 3.0}, text) == pytest.approx(4 / (1 + math.exp(-total)), abs=1e-6)


@pytest.mark.parametrize(
    "content", [True, 1.5, {"a": 1}, [None], ["x"], [{}], [{"top_logprobs": 3}], [{"top_logprobs": {"a": 1}}]]
)
def test_logprobs_of_another_form_are_none(content: object) -> None:
    reply = {"choices": [{"message": {"content": "Yes"}, "logprobs": {"content": content}}]}
    assert parse_yes_no(reply) == Failure(NO_LOGPROBS, "Yes")


def test_tokens_of_another_form_are_passed_over() -> None:
    tokens = ["Yes", None, {"token": "Yes", "logprob": 0.0}, {"token": "No", "logprob": "odd"}, {"logprob": 0}]
    reply = {"choices": [{"message": {"content": "Yes"}, "logprobs": {"content": [{"top_logprobs": tokens}]}}]}
    assert parse_yes_no(reply) == 1.0
