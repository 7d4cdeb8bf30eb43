"""A judge's answers as scores."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdata.models.replies import Failure
from synthdata.quality.scores.judge import (
    JUDGE_QUESTIONS,
    NO_LOGPROBS,
    parse_yes_no,
    weigh_judgement,
)
from synthdata.quality.scores.reward import ATTRIBUTES

scores = st.fixed_dictionaries({name: st.floats(0, 4) for name in ATTRIBUTES})


def test_there_is_a_question_for_each_attribute() -> None:
    assert tuple(JUDGE_QUESTIONS) == ATTRIBUTES


@given(scores, st.floats(0, 4), st.floats(0, 4))
def test_a_better_helpfulness_never_lowers_the_scalar(given_scores: dict[str, float], a: float, b: float) -> None:
    lower, higher = (weigh_judgement({**given_scores, "helpfulness": value}) for value in sorted((a, b)))
    assert 0 <= lower <= higher <= 4


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
