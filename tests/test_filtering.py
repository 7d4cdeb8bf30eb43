"""Thresholds decide, the ledger adds up."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthdata as sd


def make_frame(**columns: list[Any]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    base: dict[str, Any] = {
        "instruction": [f"q{i}" for i in range(n)],
        "response": ["r"] * n,
        "finish_reason": ["stop"] * n,
        "error": [None] * n,
    }
    return pd.DataFrame(base | columns)


def test_bounds_are_inclusive_and_the_first_miss_is_the_reason() -> None:
    df = make_frame(helpfulness=[3.0, 2.99, 4.25, None, 3.5], verbosity=[2.5, 9.0, 2.51, 1.0, 2.0])
    decided = sd.apply_thresholds(df, sd.Thresholds(helpfulness=(3.0, None), verbosity=(None, 2.5)))
    assert decided["keep"].tolist() == [True, False, False, False, True]
    assert decided["reject_reason"].tolist()[1:4] == ["helpfulness < 3", "verbosity > 2.5", "helpfulness missing"]
    assert "keep" not in df


def test_failed_cut_off_and_duplicate_rows_are_never_kept() -> None:
    df = make_frame(
        finish_reason=["stop", "length", "stop", "stop", None],
        error=["reward: no scores", None, None, None, None],
        response=["r", "r", "r", "r", None],
        duplicate_of=[None, None, "id0", None, None],
    )
    decided = sd.apply_thresholds(df, sd.Thresholds())
    assert decided["reject_reason"].tolist()[:3] == ["failed: reward", "cut off", "duplicate"]
    assert decided["keep"].tolist() == [False, False, False, True, False]
    assert decided.loc[4, "reject_reason"] == "failed: response"


def test_a_bound_on_similarity_decides_in_place_of_the_mark_and_null_passes() -> None:
    df = make_frame(similarity=pd.array([None, 0.9, 0.8], dtype="Float64"), duplicate_of=[None, "id0", "id0"])
    kept = {bound: sd.apply_thresholds(df, sd.Thresholds(similarity=(None, bound))) for bound in (None, 1.0, 0.9, 0.8)}
    assert {bound: decided["keep"].tolist() for bound, decided in kept.items()} == {
        None: [True, True, True],
        1.0: [True, True, True],
        0.9: [True, False, True],
        0.8: [True, False, False],
    }
    assert kept[0.8]["reject_reason"].tolist()[1:] == ["duplicate", "duplicate"]
    assert sd.apply_thresholds(df, sd.Thresholds())["keep"].tolist() == [True, False, False]


@pytest.mark.parametrize(
    "bounds",
    [(4.0, 3.0), (1.0,), 3.0, "ab", (float("nan"), None), ("3", None), (True, None), None],
)
def test_senseless_bounds_are_refused_by_name(bounds: Any) -> None:
    with pytest.raises(sd.InputError, match="threshold helpfulness="):
        sd.Thresholds(helpfulness=bounds)


def test_a_threshold_on_a_missing_column_names_it() -> None:
    with pytest.raises(sd.InputError, match="apply_thresholds needs the column 'helpfulness'"):
        sd.apply_thresholds(make_frame(error=[None]), sd.Thresholds(helpfulness=(1, None)))
    with pytest.raises(sd.InputError, match="not numbers"):
        sd.apply_thresholds(make_frame(topic=["Docker"]), sd.Thresholds(topic=(1, None)))


def test_the_repr_is_the_literal() -> None:
    thresholds = sd.Thresholds(helpfulness=(3.0, None), verbosity=(None, 2.5))
    assert repr(thresholds) == "Thresholds(helpfulness=(3.0, None), verbosity=(None, 2.5))"
    assert eval(repr(thresholds), {"Thresholds": sd.Thresholds}) == thresholds


def test_scalar_rewards_are_compared_within_an_instruction_only() -> None:
    df = make_frame(
        instruction=["a", "a", "b", "b"],
        reward=[-9.0, -8.0, 3.0, None],
        reward_form=["scalar", "scalar", "scalar", None],
    )
    with pytest.raises(sd.InputError, match="rank_within_instruction"):
        sd.apply_thresholds(df, sd.Thresholds(reward=(0, None)))
    decided = sd.apply_thresholds(sd.rank_within_instruction(df), sd.Thresholds(reward_rank=(None, 1)))
    assert decided["keep"].tolist() == [False, True, True, False]
    assert decided.loc[3, "reject_reason"] == "reward_rank missing"


scores = st.lists(st.one_of(st.none(), st.floats(0, 4.25)), min_size=1, max_size=30)
bound = st.one_of(st.none(), st.floats(0, 4.5))


@given(scores, bound, bound, st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_ledger_always_adds_up(values: list[float | None], low: Any, high: Any, missing: int, random: Any) -> None:
    if low is not None and high is not None and low > high:
        low, high = high, low
    error = [random.choice([None, None, "response: x", "reward: y"]) for _ in values]
    df = make_frame(helpfulness=pd.array(values, dtype="Float64"), error=error)
    decided = sd.apply_thresholds(df, sd.Thresholds(helpfulness=(low, high)))
    ledger = sd.make_ledger(decided, requested=len(df) + missing)
    assert ledger["rows"].iloc[:-1].sum() == ledger["rows"].iloc[-1] == len(df) + missing
    for value, fault, keep in zip(values, error, decided["keep"], strict=True):
        inside = value is not None and (low is None or value >= low) and (high is None or value <= high)
        assert keep == (fault is None and (inside or (low is None and high is None and value is not None)))


def test_a_ledger_refuses_rows_without_an_outcome() -> None:
    df = pd.DataFrame({"keep": [True, False], "reject_reason": ["why", None]})
    with pytest.raises(sd.InputError, match="no single outcome"):
        sd.make_ledger(df, 2)
    with pytest.raises(sd.InputError, match="only 1 requested"):
        sd.make_ledger(df.assign(reject_reason=[None, "x"]), 1)
