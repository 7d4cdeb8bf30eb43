"""A threshold means something only on the scale it was chosen for."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthdata as sd

USUAL = sd.Thresholds(scale="attributes", helpfulness=(3.0, None), verbosity=(None, 2.5))


def make_frame(form: str | None, model: str = "m", helpfulness: tuple[float, ...] = (3.9, 3.1, 2.0)) -> pd.DataFrame:
    n = len(helpfulness)
    frame = pd.DataFrame(
        {
            "instruction": ["a", "a", "b"][:n], "response": ["x"] * n, "finish_reason": ["stop"] * n, "error": [None] * n,
            "helpfulness": helpfulness, "verbosity": [1.0] * n, "reward": [2.0, 3.0, 1.0][:n],
            "reward_form": [form] * n, "reward_model": [model] * n,
        }
    )  # fmt: skip
    return sd.rank_within_instruction(frame)


@pytest.mark.parametrize(
    ("form", "model", "chosen", "kept"),
    [
        ("logprobs", "nvidia/nemotron-4-340b-reward", USUAL, 2),
        ("judge", "embedded:qwen-1.5b", sd.Thresholds(scale="judge of qwen-1.5b"), 3),
        ("judge-json", "gpt-x", sd.Thresholds(scale="judge-json of gpt-x"), 3),
        ("scalar", "skywork", sd.Thresholds(scale="scalar", reward_rank=(None, 1)), 2),
    ],
)
def test_each_scale_has_its_own_start(
    form: str, model: str, chosen: sd.Thresholds, kept: int, capsys: pytest.CaptureFixture[str]
) -> None:
    df = make_frame(form, model)
    if form == "scalar":
        df = df.assign(helpfulness=None, verbosity=None)
    bounds = sd.choose_thresholds(df, USUAL)
    assert bounds == chosen
    assert sd.apply_thresholds(df, bounds)["keep"].sum() == kept
    said = capsys.readouterr().out
    assert (repr(USUAL) in said and "another scale" in said) == (bounds != USUAL)


def test_bounds_of_another_scale_are_refused_and_those_of_this_one_obeyed() -> None:
    df = make_frame("judge", "embedded:qwen-1.5b")
    with pytest.raises(sd.InputError, match="chosen for another scale; these scores are on 'judge of qwen-1.5b'"):
        sd.apply_thresholds(df, USUAL)
    own = sd.Thresholds(scale="judge of qwen-1.5b", helpfulness=(3.5, None))
    assert sd.choose_thresholds(df, own) is own
    assert sd.apply_thresholds(df, own)["keep"].tolist() == [True, False, False]
    with pytest.raises(sd.InputError, match="another scale"):
        sd.apply_thresholds(make_frame("judge", "embedded:other"), own)


def test_what_is_no_score_stays_and_without_scores_the_literal_stays() -> None:
    near = sd.Thresholds(scale="attributes", helpfulness=(3.0, None), similarity=(None, 0.9))
    assert sd.choose_thresholds(make_frame("judge", "q"), near) == sd.Thresholds("judge of q", similarity=(None, 0.9))
    assert sd.choose_thresholds(make_frame(None), near) is near
    anything = sd.Thresholds(helpfulness=(3.0, None))
    assert sd.choose_thresholds(make_frame("judge", "q"), anything) is anything


def test_what_is_pasted_from_the_sliders_names_its_scale() -> None:
    explorer = sd.explore_thresholds(make_frame("judge", "q"), sd.Thresholds())
    explorer.move(sd.Thresholds(helpfulness=(3.0, None)))
    assert explorer.thresholds.scale == "judge of q"
    assert eval(repr(explorer.thresholds), {"Thresholds": sd.Thresholds}) == explorer.thresholds


def test_the_ledger_says_what_decided(tmp_path: Path) -> None:
    decided = sd.apply_thresholds(make_frame("logprobs"), USUAL)
    ledger = sd.make_ledger(decided.assign(subtopic="s"), requested=3)
    path = sd.write_ledger(ledger, tmp_path, thresholds=USUAL)
    said = json.loads(path.read_text())["thresholds"]
    assert said == {"scale": "attributes", "bounds": {"helpfulness": [3.0, None], "verbosity": [None, 2.5]}}


@given(st.sampled_from([None, "attributes", "judge of x"]), st.floats(-5, 5), st.floats(-5, 5))
def test_a_literal_reads_back_as_what_it_was(scale: str | None, low: float, high: float) -> None:
    thresholds = sd.Thresholds(scale, helpfulness=(min(low, high), max(low, high)), verbosity=(None, high))
    again = eval(repr(thresholds), {"Thresholds": sd.Thresholds})
    assert again == thresholds
    assert hash(again) == hash(thresholds)
    assert again.scale == scale
    assert thresholds != sd.Thresholds("another", **dict(thresholds))


def test_a_scale_that_is_no_name_is_refused() -> None:
    with pytest.raises(sd.InputError, match="scale is 3"):
        sd.Thresholds(3)  # type: ignore[arg-type]
