"""Thresholds decide, each row for one reason."""

from typing import Any

import pandas as pd
import pytest

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
    assert kept[0.8]["reject_reason"].tolist()[1:] == ["duplicate: similarity ≥ 0.8"] * 2
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


def test_faults_come_before_bounds_in_their_order() -> None:
    problems = [
        [{"kind": "deprecated", "fatal": False}, {"kind": "unknown flag", "fatal": True}, {"kind": "unknown command"}],
        [],
        None,
    ]
    df = make_frame(
        helpfulness=[1.0] * 8,
        error=["response: lost"] + [None] * 7,
        finish_reason=["length"] * 2 + ["stop"] * 6,
        verified=pd.array([False, False, False, False, True, None, None, None], dtype="boolean"),
        problems=[*problems[:1] * 3, *problems[1:2], *problems[2:] * 4],
        duplicate_of=["x"] * 5 + [None] * 3,
        contaminated_by=["a prompt"] * 7 + [None],
    )
    decided = sd.apply_thresholds(df, sd.Thresholds(helpfulness=(3.0, None)))
    assert decided["reject_reason"].tolist() == [
        "failed: response", "cut off", "unverified: unknown flag", "unverified", "duplicate", "contaminated", "contaminated",
        "helpfulness < 3",
    ]  # fmt: skip


def test_a_verdict_read_from_json_counts_as_the_same() -> None:
    df = make_frame(verified=[True, False, None])
    assert sd.apply_thresholds(df, sd.Thresholds())["keep"].tolist() == [True, False, True]


def test_a_bound_on_similarity_takes_the_place_of_the_mark() -> None:
    similarity = pd.array([None, 0.8, 0.9, 1.0], dtype="Float64")
    df = make_frame(similarity=similarity, duplicate_of=[None, "a", "a", "a"], contaminated_by=[None, None, None, "p"])
    assert sd.apply_thresholds(df, sd.Thresholds())["reject_reason"].tolist()[1:] == ["duplicate"] * 3
    decided = sd.apply_thresholds(df, sd.Thresholds(similarity=(None, 0.85)))
    assert decided["keep"].tolist() == [True, True, False, False]
    assert decided["reject_reason"].tolist()[2:] == ["duplicate: similarity ≥ 0.85"] * 2
    loose = sd.apply_thresholds(df, sd.Thresholds(similarity=(None, 1.0)))
    assert loose["reject_reason"].tolist()[3] == "duplicate: similarity ≥ 1"
    loose = sd.apply_thresholds(df, sd.Thresholds(similarity=(None, None)))
    assert loose["reject_reason"].tolist()[3] == "contaminated"


@pytest.mark.parametrize("column", ["reward_model", "reward_form"])
def test_scores_of_two_scorers_are_refused_where_a_bound_would_compare_them(column: str) -> None:
    df = make_frame(
        helpfulness=[1.0, 3.0, None], reward_model=["m", "m", None], reward_form=["logprobs", "content", None]
    )
    assert sd.apply_thresholds(df, sd.Thresholds(helpfulness=(2.0, None)))["keep"].sum() == 1
    mixed = df.assign(length=[1, 2, 3])
    mixed.loc[1, column] = "judge"
    with pytest.raises(sd.InputError, match="2 scorers") as raised:
        sd.apply_thresholds(mixed, sd.Thresholds(helpfulness=(2.0, None)))
    assert "m as attributes: 1 rows" in str(raised.value)
    assert "score all rows with one model" in str(raised.value)
    assert sd.apply_thresholds(mixed, sd.Thresholds(length=(2, None)))["keep"].sum() == 2


def test_margins_are_leads_over_the_best_other_response() -> None:
    df = make_frame(instruction=["a", "a", "a", "b", "c", "c"], reward=[1.0, 3.0, 2.5, 9.0, 2.0, None])
    ranked = sd.rank_within_instruction(df)
    assert ranked["reward_rank"].tolist() == [3, 1, 2, 1, 1, pd.NA]
    assert ranked["reward_margin"].tolist() == [-2.0, 0.5, -0.5, pd.NA, pd.NA, pd.NA]
    decided = sd.apply_thresholds(ranked, sd.Thresholds(reward_margin=(0.5, None)))
    assert decided["keep"].tolist() == [False, True, False, False, False, False]
    tied = sd.rank_within_instruction(make_frame(instruction=["a", "a"], reward=[1.0, 1.0]))
    assert tied["reward_rank"].tolist() == [1, 2]
    assert tied["reward_margin"].tolist() == [0.0, 0.0]


def test_attributes_that_a_scalar_scorer_never_gave_are_refused() -> None:
    df = make_frame(helpfulness=pd.array([None], dtype="Float64"), reward=[1.0], reward_form=["scalar"])
    with pytest.raises(sd.InputError, match="'helpfulness': the scorer gave one scalar"):
        sd.apply_thresholds(df, sd.Thresholds(helpfulness=(3.0, None)))


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
