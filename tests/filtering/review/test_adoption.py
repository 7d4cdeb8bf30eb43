"""What is adopted decides, and it is never left unsaid whether it does; bounds are typed and chosen by share."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthdata as sd
from synthdata.filtering.decide import Decider
from synthdata.filtering.review.shares import bound_best
from synthdata.filtering.review.typed import parse_bounds, write_bounds
from tests.filtering.review.test_explorer import make_frame

LITERAL = sd.Thresholds(helpfulness=(3.0, None))


def open_explorer(folder: Path, df: pd.DataFrame | None = None, literal: sd.Thresholds = LITERAL) -> Any:
    df = make_frame().assign(topic="T") if df is None else df
    return sd.explore_thresholds(df, sd.read_decision(df, literal, folder), literal, folder)


def test_adopting_decides_in_this_run_and_the_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explorer = open_explorer(tmp_path)
    explorer.sliders["helpfulness"].value = (2.0, 4.0)
    assert dict(explorer.decides) == dict(LITERAL)
    assert "Not adopted" in explorer._tools._status.value
    assert "helpfulness=(3.0, None)" in explorer._tools._status.value
    explorer.adopt()
    assert dict(explorer.decides) == {"helpfulness": (2.0, None)}
    assert "Adopted: kept in" in explorer._tools._status.value
    assert "run the cells below" in explorer._tools._status.value
    assert "Adopted" not in capsys.readouterr().out
    again = open_explorer(tmp_path)
    assert "Adopted from the sliders, and decides instead of the literal" in capsys.readouterr().out
    assert dict(again.decides) == {"helpfulness": (2.0, None)}
    assert again.cut.decision.keep.sum() == 10
    again.sliders["helpfulness"].value = (1.0, 4.0)
    assert "Not adopted" in again._tools._status.value


def test_a_literal_that_was_changed_afterwards_wins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explorer = open_explorer(tmp_path)
    explorer.sliders["helpfulness"].value = (2.0, 4.0)
    explorer.adopt()
    changed = sd.Thresholds(helpfulness=(1.0, None))
    assert open_explorer(tmp_path, literal=changed).decides == changed
    assert "Not used: Thresholds(scale='attributes', helpfulness=(2.0, None))" in capsys.readouterr().out
    assert dict(open_explorer(tmp_path).decides) == {"helpfulness": (2.0, None)}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"topic": "U"}, "these rows are about 'U'"),
        ({"reward_form": "judge"}, "these scores are on the scale 'judge of m'"),
    ],
)
def test_rows_of_another_topic_or_scale_are_not_decided_by_it(
    tmp_path: Path, columns: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    explorer = open_explorer(tmp_path)
    explorer.sliders["helpfulness"].value = (2.0, 4.0)
    explorer.adopt()
    df = make_frame().assign(**{"topic": "T", **columns})
    assert sd.read_decision(df, LITERAL, tmp_path) == LITERAL
    assert said in capsys.readouterr().out


def test_adopting_the_literal_takes_the_file_away(tmp_path: Path) -> None:
    explorer = open_explorer(tmp_path)
    explorer.sliders["helpfulness"].value = (2.0, 4.0)
    explorer.adopt()
    explorer.move(LITERAL)
    explorer.adopt()
    assert not (tmp_path / sd.THRESHOLDS_FILE).exists()
    assert "the literal of this cell" in explorer._tools._status.value


def test_a_position_that_was_not_adopted_is_not_lost_in_silence(tmp_path: Path) -> None:
    explorer = open_explorer(tmp_path)
    explorer.sliders["helpfulness"].value = (2.0, 4.0)
    again = open_explorer(tmp_path)
    assert dict(again.thresholds) == dict(LITERAL)
    assert (
        "left at Thresholds(scale=&#x27;attributes&#x27;, helpfulness=(2.0, None)), not adopted"
        in again._tools._status.value
    )
    again.undo()
    assert dict(again.thresholds) == {"helpfulness": (2.0, None)}
    again.adopt()
    assert "left at" not in open_explorer(tmp_path)._tools._status.value


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"topic":"T","scale":null,"bounds":{"a":3},"instead_of":"x"}'])
def test_a_spoilt_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / sd.THRESHOLDS_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(sd.InputError, match=r"synthetic_data_thresholds\.json holds no adopted thresholds"):
        sd.read_decision(make_frame(), LITERAL, tmp_path)


def test_sliders_of_likeness_alone_work() -> None:
    df = pd.DataFrame(
        {"response": "r", "instruction": "q", "finish_reason": "stop", "error": None, "similarity": [0.8, 0.9, 1.0]}
    )
    explorer = sd.explore_thresholds(df, sd.Thresholds())
    explorer.sliders["similarity"].value = (0.5, 0.95)
    assert explorer.cut.decision.keep.sum() == 2


def test_without_a_folder_nothing_can_be_adopted() -> None:
    with pytest.raises(sd.InputError, match="explorer.adopt: give"):
        sd.explore_thresholds(make_frame(), LITERAL).adopt()


@pytest.mark.parametrize(
    ("text", "column", "bounds"),
    [
        ("3", "reward", (3, None)),
        ("3 - 4.6", "reward", (3, 4.6)),
        ("3-4.6", "reward", (3, 4.6)),
        ("3 – 4,6", "reward", (3, 4.6)),
        ("3 to 4", "reward", (3, 4)),
        (">= 3", "reward", (3, None)),
        ("≥3", "verbosity", (3, None)),
        ("2.5", "verbosity", (None, 2.5)),
        ("<= 2.5", "reward", (None, 2.5)),
        ("-3", "reward", (-3, None)),
        ("-10 - -3", "reward", (-10, -3)),
        ("3+", "verbosity", (3, None)),
        ("- 4", "reward", (None, 4)),
        ("", "reward", (None, None)),
        ("any", "reward", (None, None)),
        (".5", "reward", (0.5, None)),
    ],
)
def test_bounds_are_read_as_they_are_typed(text: str, column: str, bounds: Any) -> None:
    assert parse_bounds(text, column) == bounds


@pytest.mark.parametrize("text", ["good", "3 - ", "4 - 3", "1 2 3", "1e3", "nan", "3 %", "≥"])
def test_what_is_no_bound_is_said(text: str) -> None:
    with pytest.raises(sd.InputError, match="reward: "):
        parse_bounds(text, "reward")


number = st.none() | st.decimals(-100, 100, places=2).map(float)


@given(number, number, st.sampled_from(["reward", "verbosity"]))
def test_what_is_written_is_read_again(low: float | None, high: float | None, column: str) -> None:
    if low is not None and high is not None and low > high:
        low, high = high, low
    assert parse_bounds(write_bounds((low, high)), column) == (low, high)


def test_a_typed_bound_moves_the_slider_and_a_wrong_one_is_put_back(tmp_path: Path) -> None:
    explorer = open_explorer(tmp_path)
    field = explorer.sliders.get_field("helpfulness")
    assert field.value == "≥ 3"
    field.value = "2"
    assert explorer.thresholds["helpfulness"] == (2.0, None)
    field.value = "2 - 3"
    assert explorer.thresholds["helpfulness"] == (2.0, 3.0)
    for wrong in ("good", "77"):
        field.value = wrong
        assert explorer.thresholds["helpfulness"] == (2.0, 3.0)
        assert field.value == "2 – 3"
        assert f"&#x27;{wrong}&#x27;" in explorer._tools._status.value


def test_the_best_share_and_the_best_rows_stay() -> None:
    explorer = sd.explore_thresholds(make_frame(), sd.Thresholds())
    explorer.keep_best("reward", 0.5)
    assert explorer.cut.decision.keep.sum() == 10
    assert explorer.thresholds["reward"] == (0.0, None)
    explorer.keep_best("helpfulness", 3, share=False)
    assert explorer.cut.decision.keep.sum() == 3
    assert set(explorer.thresholds) == {"reward", "helpfulness"}
    for rows, share in ((0, False), (1.2, True), (-1, False)):
        with pytest.raises(sd.InputError, match="keep the best"):
            explorer.keep_best("reward", rows, share)


@given(st.lists(st.integers(0, 40).map(lambda n: n / 7), min_size=1, max_size=40), st.floats(0.01, 1), st.booleans())
def test_at_least_the_share_stays_and_no_worse_row_with_it(values: list[float], share: float, lowest: bool) -> None:
    column = "verbosity" if lowest else "helpfulness"
    n = len(values)
    df = pd.DataFrame({"response": "r", "finish_reason": "stop", "error": [None] * n, column: values})
    decider = Decider(df)
    keep = decider.decide(bound_best(decider, sd.Thresholds(), column, share)).keep
    assert keep.sum() >= max(1, round(share * n))
    if not keep.all():
        kept, gone = df.loc[keep, column], df.loc[~keep, column]
        assert (kept.max() < gone.min()) if lowest else (kept.min() > gone.max())
        assert sum(value != (kept.max() if lowest else kept.min()) for value in kept) < max(1, round(share * n))


def test_without_scores_the_cause_is_named() -> None:
    df = make_frame().iloc[20:].assign(error="reward: not sent: the budget of 20 requests is used up")
    with pytest.raises(sd.InputError, match="not sent: the budget of 20 requests is used up. Raise BUDGET"):
        sd.explore_thresholds(df, sd.Thresholds())
