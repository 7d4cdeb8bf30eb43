"""The scalar of the embedded judge: the weighted sum it says, within its range, lower for what is faulty."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdata.quality.scores.shape import INTERCEPT, WEIGHTS, measure_shape, weigh_shape


@given(st.text(max_size=300), st.text(max_size=3_000), st.booleans())
def test_the_scalar_is_from_0_to_4_whatever_comes(instruction: str, response: str, faulty: bool) -> None:
    assert 0 <= weigh_shape(instruction, response, faulty) <= 4


@given(st.text(max_size=300), st.text(max_size=3_000))
def test_a_fault_lowers_it(instruction: str, response: str) -> None:
    assert weigh_shape(instruction, response, True) < weigh_shape(instruction, response, False)


def test_it_is_the_weighted_sum_it_says() -> None:
    text = "one **two** two"
    assert set(WEIGHTS) == set(measure_shape("x", text, False))
    total = INTERCEPT + WEIGHTS["bold"] / len(text) * 1_000 + WEIGHTS["variety"] * 2 / 3
    assert weigh_shape("List all.", text, False) == pytest.approx(4 / (1 + math.exp(-total)), abs=1e-6)
    total += WEIGHTS["open"] + WEIGHTS["fault"]
    assert weigh_shape("How do I list all?", text, True) == pytest.approx(4 / (1 + math.exp(-total)), abs=1e-6)


def test_length_counts_from_the_free_characters_on_only() -> None:
    short, medium, long = ("word " * count for count in (100, 200, 800))
    assert weigh_shape("x", short, False) == weigh_shape("x", medium, False) > weigh_shape("x", long, False)
