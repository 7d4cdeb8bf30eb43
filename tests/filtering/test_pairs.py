"""Pairs compare within an instruction, prefer nothing faulty, and name what they rest on."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthdata as sd

PROBLEM = [{"kind": "invented command", "text": "docker fly", "line": 1, "suggestion": "", "fatal": True}]


def make_frame(rewards: list[float | None], **columns: list[Any]) -> pd.DataFrame:
    n = len(rewards)
    base = {
        "id": [f"i{k}" for k in range(n)], "instruction": ["q"] * n, "response": [f"answer {k}" for k in range(n)],
        "reward": pd.array(rewards, dtype="Float64"), "finish_reason": ["stop"] * n, "error": [None] * n,
    }  # fmt: skip
    return pd.DataFrame(base | columns)


def list_ids(pairs: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(pairs["chosen_id"], pairs["rejected_id"], strict=True))


def test_the_best_is_paired_with_the_worst_of_the_same_instruction() -> None:
    df = make_frame([1.0, 3.0, -2.0, 50.0, None], instruction=["a", "a", "a", "b", "a"])
    (pair,) = sd.make_pairs(df).to_dict("records")
    assert (pair["chosen_id"], pair["rejected_id"], pair["gap"], pair["basis"]) == ("i1", "i2", 5.0, "reward")
    assert (pair["score_chosen"], pair["score_rejected"], pair["length_chosen"]) == (3.0, -2.0, 8)
    assert list_ids(sd.make_pairs(df, min_gap=5)) == [("i1", "i2")]
    assert sd.make_pairs(df, min_gap=5.1).empty


def test_a_fault_alone_makes_a_pair_only_when_asked_and_says_so() -> None:
    df = make_frame([2.0, 2.0], verified=[True, False], problems=[[], PROBLEM])
    assert sd.make_pairs(df).empty
    (pair,) = sd.make_pairs(df, faults=True).to_dict("records")
    assert (pair["chosen_id"], pair["basis"], pair["rejected_problem"]) == ("i0", "fault", "invented command")


def test_what_did_not_verify_is_never_chosen_however_high_its_reward() -> None:
    df = make_frame([9.0, 2.0, 1.0], verified=[False, True, None], problems=[PROBLEM, [], []])
    assert list_ids(sd.make_pairs(df)) == [("i1", "i2")]
    assert sd.mark_best_of_n(df)["best"].tolist() == [False, True, False]


def test_cut_off_failed_contaminated_and_equal_texts_take_no_part() -> None:
    df = make_frame(
        [5.0, 4.0, 3.0, 2.0, 1.0], finish_reason=["length", "stop", "stop", "stop", "stop"],
        error=[None, "reward: x", None, None, None], contaminated_by=[None, None, "gsm8k", None, None],
        response=["a", "b", "c", "same", "same"],
    )  # fmt: skip
    assert sd.make_pairs(df).empty


def test_one_question_after_other_turns_is_another_question() -> None:
    turn = [{"role": "user", "content": "Hello"}]
    df = make_frame([2.0, 1.0], history=[None, turn])
    assert sd.make_pairs(df).empty
    assert len(sd.make_pairs(df.assign(history=[turn, turn]))) == 1


def test_verified_comes_before_reward_and_no_row_is_dropped() -> None:
    df = make_frame([9.0, 2.0, 3.0, None], verified=[None, True, True, True])
    marked = sd.mark_best_of_n(df)
    assert marked["best"].tolist() == [False, False, True, False]
    assert "best" not in df
    assert sd.mark_best_of_n(df.iloc[:0])["best"].tolist() == []


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({"id": ["a", "a"]}, {}, "'a' stands in more than one row"),
        ({}, {"min_gap": -1}, "min_gap is -1: give a number"),
        ({}, {"min_gap": float("nan")}, "min_gap is nan"),
        ({"reward_form": ["judge", "scalar"]}, {}, "scored by 2 scorers"),
    ],
)
def test_what_cannot_be_paired_is_said(change: dict[str, Any], options: dict[str, Any], said: str) -> None:
    with pytest.raises(sd.InputError, match=said):
        sd.make_pairs(make_frame([1.0, 2.0], **change), **options)


rows = st.tuples(st.sampled_from("ab"), st.none() | st.integers(-3, 3), st.sampled_from([True, False, None]))


@given(st.lists(rows, max_size=12), st.integers(0, 4), st.booleans())
def test_pairs_hold_whatever_the_rows(drawn: list[Any], min_gap: int, faults: bool) -> None:
    df = make_frame([row[1] for row in drawn], instruction=[r[0] for r in drawn], verified=[r[2] for r in drawn])
    before, by_id = df.copy(), df.set_index("id")
    pairs = sd.make_pairs(df, min_gap, faults=faults)
    pd.testing.assert_frame_equal(df, before)
    assert not pairs.duplicated(["instruction", "basis"]).any()
    for pair in pairs.to_dict("records"):
        chosen, rejected = by_id.loc[pair["chosen_id"]], by_id.loc[pair["rejected_id"]]
        assert chosen["instruction"] == rejected["instruction"] == pair["instruction"]
        assert pd.isna(chosen["verified"]) or chosen["verified"]
        if pair["basis"] == "reward":
            assert pair["gap"] == chosen["reward"] - rejected["reward"] >= max(min_gap, 1)
        else:
            assert faults
            assert not pd.isna(rejected["verified"])
            assert not rejected["verified"]
    best = sd.mark_best_of_n(df)
    assert best.groupby("instruction")["best"].sum().le(1).all()


def test_no_pair_rests_on_the_embedded_judge_s_rewards(capsys: pytest.CaptureFixture[str]) -> None:
    columns = {"verified": [True, False], "problems": [[], PROBLEM], "reward_form": ["judge"] * 2}
    df = make_frame([3.0, 1.0], **columns, reward_model=["qwen2.5-coder-1.5b-instruct-q4_k_m"] * 2)
    assert sd.make_pairs(df).empty
    assert "cannot rank two answers to one question" in capsys.readouterr().out
    assert sd.make_pairs(df, faults=True)["basis"].tolist() == ["fault"]
    assert len(sd.make_pairs(df.assign(reward_model="gpt-4o"))) == 1
