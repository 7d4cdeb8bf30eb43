"""The explorer's page follows its sliders; what a model wrote stays text; moves do not pile up."""

import asyncio
import html
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from IPython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output

import synthdata as sd
from synthdata.base.text import clean_text
from synthdata.filtering.review.explorer import Explorer
from synthdata.filtering.review.pages import write_row
from synthdata.filtering.review.plots import BINS, assign_bins, get_range


def make_frame() -> pd.DataFrame:
    n = 21
    return pd.DataFrame(
        {
            "id": [f"i{k}" for k in range(n)],
            "subtopic": ["first"] * 10 + ["second <i>"] * 11,
            "instruction": [f"q{k} <b>bold</b>" for k in range(n)],
            "response": ["<script>alert(1)</script>\x1b[31m"] * n,
            "finish_reason": "stop",
            "error": [None] * n,
            "helpfulness": pd.array([k / 5 for k in range(20)] + [None], dtype="Float64"),
            "verbosity": pd.array([2.0] * 20 + [None], dtype="Float64"),
            "reward": pd.array([k - 10.0 for k in range(20)] + [None], dtype="Float64"),
            "reward_model": ["m"] * 20 + [None],
            "reward_form": ["logprobs"] * 20 + [None],
        }
    )


def read_page(explorer: Explorer) -> str:
    return (
        explorer._board.write_counts(explorer.cut)["text/html"] + explorer._board.write_rows(explorer.cut)["text/html"]
    )


def read_counts(explorer: Explorer) -> str:
    return explorer._board.write_counts(explorer.cut)["text/plain"]


@pytest.fixture
def shell() -> Any:
    """An IPython shell, in which display gives handles."""
    shell = get_ipython() or InteractiveShell.instance()
    yield shell
    InteractiveShell.clear_instance()


def test_sliders_move_counts_rows_and_literal() -> None:
    df = make_frame()
    explorer = sd.explore_thresholds(df, sd.Thresholds(helpfulness=(3.0, None)))
    assert set(explorer.sliders) == {"helpfulness", "verbosity", "reward"}
    assert "5 of 21 rows stay" in read_page(explorer)
    explorer.sliders["helpfulness"].value = (2.0, 4.0)
    assert repr(explorer.thresholds) == repr(explorer) == "Thresholds(scale='attributes', helpfulness=(2.0, None))"
    assert "10 of 21 rows stay" in read_page(explorer)
    assert html.escape("THRESHOLDS = sd.Thresholds(scale='attributes', helpfulness=(2.0, None))") in read_page(explorer)
    assert df.equals(make_frame())


def test_the_literal_to_paste_decides_the_same_rows() -> None:
    df = make_frame()
    explorer = sd.explore_thresholds(df, sd.Thresholds())
    explorer.sliders["reward"].value = (-3.0, 5.0)
    literal = eval(repr(explorer), {"Thresholds": sd.Thresholds})
    assert sd.apply_thresholds(df, literal)["keep"].sum() == explorer.df["reward"].between(-3.0, 5.0).sum() == 9


def test_a_literal_nobody_moved_stays_as_it_was_written() -> None:
    df = make_frame().assign(words=pd.array(range(21), dtype="Int64"), empty=pd.array([None] * 21, dtype="Float64"))
    start = sd.Thresholds(words=(3, None), helpfulness=(-1.0, 9.12345), empty=(0.0, None))
    explorer = sd.explore_thresholds(df, start)
    assert "empty" not in explorer.sliders
    explorer.sliders["verbosity"].value = (0.0, 3.0)
    assert dict(explorer.thresholds) == {**start, "verbosity": (None, 3.0)}


def test_rows_that_flip_are_counted_and_shown() -> None:
    explorer = sd.explore_thresholds(make_frame(), sd.Thresholds(helpfulness=(3.0, None)))
    explorer.sliders["helpfulness"].value = (2.6, 4.0)
    page = read_page(explorer)
    assert "2 rows came in and 0 went out" in page
    assert page.count("came in") == 3  # the sentence and two rows
    assert "q13" in page.split("Nearest to each bound")[0]
    explorer.sliders["helpfulness"].value = (3.0, 4.0)
    assert "0 rows came in and 2 went out" in read_page(explorer)
    assert "helpfulness &lt; 3" in read_page(explorer).split("Nearest to each bound")[0]


def test_a_subtopic_of_which_nothing_stays_is_named() -> None:
    explorer = sd.explore_thresholds(make_frame(), sd.Thresholds(helpfulness=(1.0, None)))
    assert "No row stays" not in read_page(explorer)
    explorer.sliders["helpfulness"].value = (3.0, 4.0)
    assert "No row stays of: first." in read_page(explorer)
    assert "No row stays of: first." in read_counts(explorer)


def test_many_subtopics_show_those_that_lose_most() -> None:
    df = make_frame().assign(subtopic=[f"s{k:02}" for k in range(21)])
    counts = read_counts(sd.explore_thresholds(df, sd.Thresholds(helpfulness=(3.0, None))))
    assert "The 12 subtopics of 21 that lose most:" in counts
    assert "and 6 more." in counts


def test_undo_and_reset_go_back() -> None:
    explorer = sd.explore_thresholds(make_frame(), sd.Thresholds(helpfulness=(3.0, None)))
    for low in (2.0, 1.0):
        explorer.sliders["helpfulness"].value = (low, 4.0)
    explorer.undo()
    assert explorer.thresholds == sd.Thresholds("attributes", helpfulness=(2.0, None))
    assert explorer.sliders["helpfulness"].value == (2.0, 4.0)
    explorer.undo()
    explorer.undo()
    assert explorer.thresholds == sd.Thresholds("attributes", helpfulness=(3.0, None))
    explorer.move(sd.Thresholds(verbosity=(None, 1.0)))
    assert explorer.thresholds == sd.Thresholds("attributes", verbosity=(None, 1.0))
    assert explorer.cut.decision.keep.sum() == 0
    with pytest.raises(sd.InputError, match="'coherence' has no slider"):
        explorer.move(sd.Thresholds(coherence=(1.0, None)))


def test_moves_that_arrive_together_are_drawn_once(shell: Any) -> None:
    explorer = sd.explore_thresholds(make_frame(), sd.Thresholds())
    drawn: list[sd.Thresholds] = []
    explorer.followers.append(lambda: drawn.append(explorer.thresholds))

    async def move() -> None:
        for step in range(50):
            explorer.sliders["helpfulness"].value = (step / 20, 4.0)
        assert explorer.thresholds == sd.Thresholds(
            "attributes", helpfulness=(2.45, None)
        )  # at once, whatever is drawn
        assert not drawn
        await asyncio.sleep(0.5)

    asyncio.run(move())
    assert drawn == [sd.Thresholds("attributes", helpfulness=(2.45, None))]


def test_what_is_shown_is_updated_in_place(shell: Any) -> None:
    with capture_output() as captured:
        explorer = sd.explore_thresholds(make_frame(), sd.Thresholds(helpfulness=(3.0, None)))
        explorer.sliders["helpfulness"].value = (1.0, 4.0)
    shown: list[RichOutput] = captured.outputs
    pictures = [output.data["text/html"] for output in shown if "<img " in output.data.get("text/html", "")]
    assert len(pictures) == 2
    assert pictures[0] != pictures[1]
    said = [
        output.data["text/plain"] for output in shown if re.match(r"\d+ of \d+ rows stay", output.data["text/plain"])
    ]
    assert [text.splitlines()[0] for text in said] == ["5 of 21 rows stay (24%)", "15 of 21 rows stay (71%)"]
    assert "object at 0x" not in "".join(output.data["text/plain"] for output in shown)


def test_model_output_is_text_on_the_page_and_in_a_terminal() -> None:
    explorer = sd.explore_thresholds(make_frame(), sd.Thresholds(helpfulness=(3.0, None)))
    page = read_page(explorer)
    for live in ("<script>", "<b>bold", "<i>", "\x1b"):
        assert live not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m" in page
    assert clean_text("a\u202eb\x1b]0;x\x07\tc\n") == "a\\u202eb\\x1b]0;x\\x07\tc\n"


def test_a_long_instruction_is_cut_in_the_summary_and_whole_inside() -> None:
    row = write_row("why " * 100, None)
    summary, inside = row.split("</summary>")
    assert len(summary) < 150
    assert "why " * 100 in inside
    assert "(no response)" in inside


def test_rows_at_the_cut_are_the_nearest_that_nothing_else_decides() -> None:
    df = make_frame()
    rows = sd.list_borderline_rows(df, sd.Thresholds(helpfulness=(3.0, None)), n=2)
    assert rows["score"].tolist() == [3.0, 3.2, 2.8, 2.6]
    assert rows["side"].tolist() == ["passes", "passes", "is cut", "is cut"]
    df.loc[14, "finish_reason"] = "length"  # helpfulness 2.8, and lost anyway
    df.loc[15, "verbosity"] = 4.0  # helpfulness 3.0, and lost anyway
    rows = sd.list_borderline_rows(df, sd.Thresholds(helpfulness=(3.0, None), verbosity=(None, 3.0)), n=2)
    assert rows.loc[rows["bound"] == "helpfulness ≥ 3", "score"].tolist() == [3.2, 3.4, 2.6, 2.4]
    assert rows.loc[rows["bound"] == "verbosity ≤ 3", "score"].tolist() == [2.0, 2.0, 4.0]


def test_ranges_are_the_scale_of_the_scorer_and_hold_every_score() -> None:
    df = make_frame()
    assert get_range(df, "helpfulness") == (0.0, 4.0)
    assert get_range(df.assign(helpfulness=4.25), "helpfulness") == (0.0, 4.25)
    judged = df.assign(reward_form="judge", helpfulness=pd.array([3.47, 3.9] * 10 + [None], dtype="Float64"))
    assert get_range(judged, "helpfulness") == (3.4, 3.9)
    assert get_range(df.assign(similarity=0.9), "similarity") == (0.5, 1.0)


def test_bins_are_those_of_numpy_and_leave_out_what_has_no_score() -> None:
    values = np.array([0.0, 0.1, 2.0, 3.99, 4.0, np.nan, 4.3, -1.0])
    counts = np.bincount(assign_bins(values, (0.0, 4.0)), minlength=BINS + 1)
    assert counts[:BINS].tolist() == np.histogram(values[:5], bins=BINS, range=(0.0, 4.0))[0].tolist()
    assert counts[BINS] == 3


def test_a_picture_is_a_png_and_the_same_each_time() -> None:
    thresholds = sd.Thresholds(helpfulness=(3.0, None))
    first, second = (sd.plot_scores(make_frame(), thresholds).data for _ in range(2))
    assert first.startswith(b"\x89PNG")
    assert first == second
    assert first != sd.plot_scores(make_frame(), sd.Thresholds(helpfulness=(1.0, None))).data


def test_a_moved_picture_is_the_one_drawn_from_scratch() -> None:
    explorer = sd.explore_thresholds(make_frame(), sd.Thresholds(helpfulness=(3.0, None)))
    explorer.sliders["helpfulness"].value = (1.0, 4.0)
    moved = explorer._board.draw_picture(explorer.cut)["text/html"]
    explorer.sliders["helpfulness"].value = (2.0, 4.0)
    explorer.sliders["helpfulness"].value = (1.0, 4.0)
    assert explorer._board.draw_picture(explorer.cut)["text/html"] == moved
    fresh = sd.explore_thresholds(make_frame(), sd.Thresholds(helpfulness=(1.0, None)))
    assert fresh._board.draw_picture(fresh.cut)["text/html"] == moved


def test_a_frame_without_scores_is_refused() -> None:
    df = make_frame().iloc[20:]
    for call in (lambda: sd.plot_scores(df), lambda: sd.explore_thresholds(df, sd.Thresholds())):
        with pytest.raises(sd.InputError, match="no row has a score"):
            call()


def test_scalar_rewards_get_sliders_for_rank_and_margin_only() -> None:
    df = make_frame().assign(reward_form="scalar", instruction=[f"q{k // 2}" for k in range(21)])
    df = df.drop(columns=["helpfulness", "verbosity"])
    with pytest.raises(sd.InputError, match="run rank_within_instruction on the frame first"):
        sd.explore_thresholds(df, sd.Thresholds())
    explorer = sd.explore_thresholds(sd.rank_within_instruction(df), sd.Thresholds(reward_rank=(None, 1)))
    assert set(explorer.sliders) == {"reward_rank", "reward_margin"}
    assert explorer.cut.decision.keep.sum() == 10
    explorer.sliders["reward_rank"].value = (0, 2)
    assert explorer.thresholds == sd.Thresholds("scalar")  # no instruction has a third response
    assert "only within an instruction" in read_page(explorer)


def test_a_judges_scores_are_said_to_be_a_judges() -> None:
    explorer = sd.explore_thresholds(make_frame().assign(reward_form="judge"), sd.Thresholds())
    assert "Attributes are a judge's" in read_counts(explorer)
    assert "judge" not in read_counts(sd.explore_thresholds(make_frame(), sd.Thresholds()))


def test_scores_of_two_scorers_are_refused() -> None:
    df = make_frame()
    df.loc[:3, "reward_model"] = "another"
    with pytest.raises(sd.InputError, match=r"explore_thresholds.*2 scorers \(another as attributes: 4 rows; m as"):
        sd.explore_thresholds(df, sd.Thresholds())


def test_the_similarity_slider_starts_at_the_marks_and_can_loosen_them() -> None:
    near = [0.82, 0.9, 1.0] + [None] * 18
    df = make_frame().assign(
        similarity=pd.array(near, dtype="Float64"), duplicate_of=[None if s is None else "i9" for s in near]
    )
    explorer = sd.explore_thresholds(df, sd.Thresholds())
    assert explorer.sliders["similarity"].value == (0.5, 0.82)
    assert explorer.cut.decision.keep.sum() == 18
    explorer.sliders["helpfulness"].value = (0.1, 4.0)
    assert "similarity" not in explorer.thresholds  # not moved: the marks decide
    explorer.move(sd.Thresholds())
    explorer.sliders["similarity"].value = (0.5, 0.95)
    assert explorer.thresholds == sd.Thresholds("attributes", similarity=(None, 0.95))
    assert explorer.cut.decision.keep.sum() == 20
    explorer.sliders["similarity"].value = (0.5, 1.0)
    assert explorer.cut.decision.keep.sum() == 21
    assert sd.apply_thresholds(df, explorer.thresholds)["keep"].all()


def test_the_picture_of_length_says_how_far_the_reward_follows_it() -> None:
    df = make_frame().assign(response=["x" * (100 - n) for n in range(21)])
    assert sd.measure_length_bias(df) == -1.0
    image = sd.plot_length(df)
    assert image.data == sd.plot_length(df).data
    assert "-1.00" in image.alt
    with pytest.raises(sd.InputError, match="no row has a score"):
        sd.plot_length(df.assign(reward=None))
