"""The explorer's numbers follow its sliders; what a model wrote stays text."""

import pandas as pd
import pytest

import synthdata as sd
from synthdata.plots import get_range


def make_frame() -> pd.DataFrame:
    n = 21
    return pd.DataFrame(
        {
            "id": [f"i{k}" for k in range(n)],
            "instruction": [f"q{k} <b>bold</b>" for k in range(n)],
            "response": ["<script>alert(1)</script>"] * n,
            "finish_reason": "stop",
            "error": [None] * n,
            "helpfulness": pd.array([k / 5 for k in range(20)] + [None], dtype="Float64"),
            "verbosity": pd.array([2.0] * 20 + [None], dtype="Float64"),
            "reward": pd.array([k - 10.0 for k in range(20)] + [None], dtype="Float64"),
            "reward_form": ["logprobs"] * 20 + [None],
        }
    )


def test_sliders_move_counts_rows_and_literal() -> None:
    df = make_frame()
    explorer = sd.explore_thresholds(df, sd.Thresholds(helpfulness=(3.0, None)))
    assert set(explorer.sliders) == {"helpfulness", "verbosity", "reward"}
    assert "5 of 21 rows stay" in explorer._show_counts().data
    explorer.sliders["helpfulness"].value = (2.0, 4.0)
    assert repr(explorer.thresholds) == "Thresholds(helpfulness=(2.0, None))"
    assert "10 of 21 rows stay" in explorer._show_counts().data
    assert list(df.columns) == list(make_frame().columns)


def test_the_literal_to_paste_decides_the_same_rows() -> None:
    df = make_frame()
    explorer = sd.explore_thresholds(df, sd.Thresholds())
    explorer.sliders["reward"].value = (-3.0, 5.0)
    literal = eval(repr(explorer), {"Thresholds": sd.Thresholds})
    assert sd.apply_thresholds(df, literal)["keep"].sum() == explorer.df["reward"].between(-3.0, 5.0).sum() == 9


def test_model_output_is_escaped() -> None:
    explorer = sd.explore_thresholds(make_frame(), sd.Thresholds(helpfulness=(3.0, None)))
    page = explorer._show_rows().data + explorer._show_counts().data
    assert "<script>" not in page
    assert "<b>bold" not in page
    assert "&lt;script&gt;" in page


def test_rows_at_the_cut_are_the_nearest_on_both_sides() -> None:
    rows = sd.list_at_cut(make_frame(), sd.Thresholds(helpfulness=(3.0, None)), n=2)
    assert rows["score"].tolist() == [3.0, 3.2, 2.8, 2.6]
    assert rows["side"].tolist() == ["passes", "passes", "is cut", "is cut"]


def test_ranges_hold_scores_beyond_four() -> None:
    df = make_frame()
    assert get_range(df, "helpfulness") == (0.0, 4.0)
    df.loc[0, "helpfulness"] = 4.25
    assert get_range(df, "helpfulness") == (0.0, 4.25)


def test_a_picture_is_a_png_and_the_same_each_time() -> None:
    thresholds = sd.Thresholds(helpfulness=(3.0, None))
    first, second = (sd.plot_scores(make_frame(), thresholds).data for _ in range(2))
    assert first.startswith(b"\x89PNG")
    assert first == second
    assert first != sd.plot_scores(make_frame(), sd.Thresholds(helpfulness=(1.0, None))).data


def test_a_frame_without_scores_is_refused() -> None:
    df = make_frame().iloc[20:]
    for call in (lambda: sd.plot_scores(df), lambda: sd.explore_thresholds(df, sd.Thresholds())):
        with pytest.raises(sd.InputError, match="no row has a score"):
            call()


def test_scalar_rewards_get_no_global_slider() -> None:
    df = make_frame().assign(reward_form="scalar")
    assert "reward" not in sd.explore_thresholds(df, sd.Thresholds()).sliders
