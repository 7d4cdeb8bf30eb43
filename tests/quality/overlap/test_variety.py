"""How varied questions are: what the figures say of questions made to measure, the map, the diverse choice."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthdata as sd
from synthdata.quality.overlap.variety import make_vectors, measure_nearest, measure_vendi

WORDS = """amber bridge copper delta ember falcon glacier harbor iris jasper kelp lantern maple nectar orchid
pearl""".split()  # noqa: SIM905
ALIKE = [f"How do I list all the {word} of a host?" for word in WORDS[:8]]
VARIED = [" ".join([WORDS[n], WORDS[n + 1] + "s", WORDS[n] * 2, "x" + WORDS[n]] * (n % 3 + 1)) for n in range(8)]


def measure(questions: list[str], **columns: object) -> pd.DataFrame:
    return sd.measure_questions(pd.DataFrame({"instruction": questions, **columns})).set_index("measure")


def test_alike_questions_are_told_and_advised_on() -> None:
    alike, varied = measure(ALIKE), measure(VARIED)
    assert alike.loc["commonest opening", "all"] == 1
    assert alike.loc["opening", "all"] == "how do"
    assert alike.loc["nearest alike", "all"] == 1
    assert varied.loc["nearest alike", "all"] == 0
    assert alike.loc["vendi", "all"] < varied.loc["vendi", "all"] <= 8
    assert "near-repeats" in alike.loc["nearest alike", "advice"]
    assert varied.loc["nearest alike", "advice"] == ""


def test_kept_rows_are_measured_apart_and_balance_counts() -> None:
    table = measure(ALIKE + VARIED, keep=[False] * 8 + [True] * 8, subtopic=["a"] * 15 + ["b"], kind=["x", "y"] * 8)
    assert table.loc["questions"].tolist()[:2] == [16, 8]
    assert table.loc["nearest alike", "kept"] == 0
    assert table.loc["kind balance", "all"] == 1
    assert table.loc["subtopic balance", "all"] < 0.5
    assert "few" in table.loc["subtopic balance", "advice"]


@pytest.mark.parametrize("questions", [[], ["One only?"], [None, "Same?", "Same?"]])
def test_too_few_to_measure_is_no_fault(questions: list[str]) -> None:
    assert measure(questions).loc["questions", "all"] == min(len(questions), 1)


def test_nearest_is_rouge_l() -> None:
    near = measure_nearest([["a", "b", "c", "d"], ["a", "x", "c", "d"], ["q"]])
    assert near.tolist() == pytest.approx([0.75, 0.75, 0])


@given(st.integers(1, 12), st.integers(1, 5))
def test_vendi_counts_different_texts(different: int, copies: int) -> None:
    texts = [[f"w{n}"] for n in range(different)] * copies
    assert measure_vendi(make_vectors(texts)) == pytest.approx(different, rel=1e-3)


def test_the_map_shows_every_question() -> None:
    df = pd.DataFrame(
        {"instruction": ALIKE + VARIED, "subtopic": ["a", "b"] * 8, "keep": [True, False, False, True] * 4}
    )
    axes = sd.plot_questions(df).axes[0]
    points = np.vstack([part.get_offsets() for part in axes.collections])
    assert len(points) == 16
    assert np.isfinite(points).all()
    with pytest.raises(sd.InputError, match="three"):
        sd.plot_questions(df.head(2))


def test_a_map_of_questions_without_a_word_is_a_map() -> None:
    assert sd.plot_questions(pd.DataFrame({"instruction": ["", "?", "same"], "subtopic": [None, 1, "x"]})).axes


def test_a_diverse_choice_takes_one_of_each_before_a_second() -> None:
    df = pd.DataFrame({"instruction": [*ALIKE, *VARIED[:2]], "reward": [2.0] * 10})
    out = sd.select_diverse(df, 3)
    assert {8, 9} < set(out["diverse_rank"].dropna().index)
    assert sorted(out["diverse_rank"].dropna()) == [1, 2, 3]
    assert "diverse_rank" not in df


def test_quality_decides_among_equals_and_rejected_rows_are_not_chosen() -> None:
    df = pd.DataFrame({"instruction": ["same words here"] * 3, "reward": [1.0, None, 2.0], "keep": [True, True, True]})
    assert sd.select_diverse(df, 1)["diverse_rank"].first_valid_index() == 2
    out = sd.select_diverse(df.assign(keep=[True, True, False]), 9)
    assert out["diverse_rank"].tolist()[0] == 1
    assert out["diverse_rank"].isna().tolist() == [False, False, True]
    with pytest.raises(sd.InputError):
        sd.select_diverse(df, 0)
