"""The panel stores what is pressed, asks nothing twice, and its numbers are those of the functions."""

from pathlib import Path
from typing import Any

import pytest

import synthdata as sd
from synthdata.filtering.review.reviewer import Reviewer
from tests.filtering.review.test_precision import THRESHOLDS, make_frame


def open_panel(path: Path, n: int = 200, k: int = 20) -> Reviewer:
    return sd.review_rows(sd.explore_thresholds(make_frame(n)[0], THRESHOLDS), path, k=k)


def test_marks_are_stored_and_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    reviewer = open_panel(path)
    for verdict in ("good", "bad", "good"):
        reviewer.mark(verdict)
    reviewed = sd.read_judgements(path)
    assert reviewed["id"].tolist() == reviewer.round.sample["id"].tolist()[:3]
    assert reviewed["good"].tolist() == [True, False, True]
    assert reviewed["chance"].tolist() == reviewer.round.sample["chance"].tolist()[:3]
    again = open_panel(path)
    assert "3 of 20 rows reviewed" in again.panel.said.value
    again.mark("good")
    assert sd.read_judgements(path)["id"].tolist() == reviewer.round.sample["id"].tolist()[:4]


def test_undo_takes_back_and_skip_comes_again(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    reviewer = open_panel(path, k=5)
    first, second = reviewer.round.sample["id"][:2]
    reviewer.mark("skip")
    reviewer.mark("good")
    assert sd.read_judgements(path)["id"].tolist() == [second]
    reviewer.mark("undo")
    assert sd.read_judgements(path).empty
    for _ in range(5):
        reviewer.mark("bad")
    assert sd.read_judgements(path)["id"].tolist()[-1] == first
    reviewer.mark("good")
    assert "Every row drawn is reviewed" in reviewer.panel.said.value
    assert len(sd.read_judgements(path)) == 5
    with pytest.raises(sd.InputError, match="'maybe' is no verdict"):
        reviewer.mark("maybe")


def test_a_key_is_a_verdict_and_any_other_is_nothing(tmp_path: Path) -> None:
    reviewer = open_panel(tmp_path / "j.jsonl")
    for key in "gbxggu":
        reviewer.panel.aide._handle_custom_msg({"key": key}, [])
    assert sd.read_judgements(tmp_path / "j.jsonl")["good"].tolist() == [True, False, True]


def test_what_is_needed_is_said_at_the_start(tmp_path: Path) -> None:
    assert "within 0.15 takes about 16 judgements of kept rows" in open_panel(tmp_path / "j.jsonl").panel.said.value
    assert "10 of the rows drawn are kept, too few" in open_panel(tmp_path / "j.jsonl").panel.said.value
    assert "which can suffice" in open_panel(tmp_path / "j.jsonl", k=40).panel.said.value


def test_buttons_do_what_they_say(tmp_path: Path) -> None:
    reviewer = open_panel(tmp_path / "j.jsonl")
    reviewer.panel.buttons["good"].click()
    reviewer.panel.buttons["bad"].click()
    reviewer.panel.buttons["undo"].click()
    assert sd.read_judgements(tmp_path / "j.jsonl")["good"].tolist() == [True]
    row = reviewer.panel.row.value
    reviewer.panel.buttons["move"].click()
    assert "press Propose first" in reviewer.panel.said.value
    reviewer.panel.buttons["propose"].click()
    assert "1 of the rows drawn are reviewed" in reviewer.panel.said.value
    assert reviewer.panel.row.value == row


def test_estimates_follow_the_sliders_and_proposals_move_them(tmp_path: Path) -> None:
    df, truth = make_frame(200)
    good = dict(zip(df["id"], truth, strict=True))
    reviewer = open_panel(tmp_path / "j.jsonl", k=100)
    for row_id in reviewer.round.sample["id"]:
        reviewer.mark("good" if good[row_id] else "bad")
    reviewed, explorer = sd.read_judgements(tmp_path / "j.jsonl"), reviewer.explorer
    assert reviewer.estimates.equals(sd.estimate_precision(df, reviewed, THRESHOLDS))
    explorer.sliders["helpfulness"].value = (3.0, 4.0)
    moved = sd.estimate_precision(df, reviewed, sd.Thresholds(helpfulness=(3.0, None)))
    assert reviewer.estimates.equals(moved)
    assert f"{moved.loc['precision', 'estimate']:.3f}" in reviewer._write_numbers()["text/html"]
    reviewer.panel.precision.value = 0.7
    reviewer.panel.buttons["propose"].click()
    reviewer.panel.buttons["move"].click()
    proposed = sd.propose_thresholds(df, reviewed, 0.7, sd.Thresholds(helpfulness=(3.0, None)))
    assert repr(explorer.thresholds) == proposed.loc[0, "literal"]


def test_a_new_round_asks_only_what_is_unknown_and_keeps_its_sample_whole(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    reviewer = open_panel(path, n=40, k=30)
    for _ in range(20):
        reviewer.mark("good")
    reviewer.explorer.move(sd.Thresholds(helpfulness=(2.5, None)))
    reviewer.panel.buttons["draw"].click()
    while reviewer.round.find_next(sd.read_judgements(path)):
        reviewer.mark("bad")
    reviewed = sd.read_judgements(path)
    assert reviewed.groupby("id")["good"].nunique().eq(1).all()
    name = reviewer.round.sample["round"].iloc[0]
    here = reviewed[reviewed["round"] == name]
    known = reviewer.round.sample["id"].isin(reviewed.loc[reviewed["round"] != name, "id"])
    assert known.any()
    # All but known rows after the last one asked: those are noted when a later row is reviewed.
    asked = reviewer.round.sample["id"][~known]
    assert here["id"].tolist() == reviewer.round.sample["id"][: asked.index[-1] + 1].tolist()


def test_a_spoilt_file_is_said_on_the_page_and_stops_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    reviewer = open_panel(path)
    path.write_text("spoilt\n", encoding="utf-8")
    reviewer.explorer.sliders["helpfulness"].value = (1.0, 4.0)
    reviewer.panel.buttons["good"].click()
    assert "j.jsonl line 1 is not JSON" in reviewer.panel.said.value
    with pytest.raises(sd.InputError, match="line 1 is not JSON"):
        open_panel(path)


def test_what_is_read_is_text(tmp_path: Path) -> None:
    df: Any = make_frame(50)[0].assign(response="<img src=x onerror=alert(1)>", instruction="<b>x</b>")
    reviewer = sd.review_rows(sd.explore_thresholds(df, THRESHOLDS), tmp_path / "j.jsonl")
    assert "<img" not in reviewer.panel.row.value
    assert "<b>x" not in reviewer.panel.row.value
    assert "&lt;img src=x" in reviewer.panel.row.value
