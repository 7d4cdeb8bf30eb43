"""The table of rows has every row, in its words, as text; pictures show what they say."""

from typing import Any

import pandas as pd
import pytest
from IPython.utils.capture import capture_output

import synthdata as sd
from synthdata.filtering.review.browse import make_lines, write_detail
from tests.filtering.review.test_explorer import make_frame, shell  # noqa: F401 - a fixture


def make_decided() -> pd.DataFrame:
    problem = {"kind": "unknown flag", "text": "docker run --nope", "line": 2, "suggestion": "<i>", "fatal": True}
    df = make_frame().assign(
        verified=[False] + [True] * 20, problems=[[problem]] + [[]] * 20, completion_tokens=range(21)
    )
    df["repair"] = ["no better"] + [None] * 20
    df["other_response"] = ["one\ntwo"] + [None] * 20
    return sd.apply_thresholds(df, sd.Thresholds(helpfulness=(3.0, None)))


def test_each_row_has_a_line_with_its_outcome_and_reason() -> None:
    df = make_decided()
    lines = make_lines(df)
    assert len(lines) == 21
    assert lines["outcome"].value_counts().to_dict() == {"rejected": 15, "kept": 5, "unverified": 1}
    assert lines.loc[0, "reason"] == "unknown flag"
    assert list(lines)[:5] == ["outcome", "reason", "subtopic", "instruction", "reward"]
    assert lines["text"].str.contains("alert").all()
    assert lines["helpfulness"].isna().sum() == 1


def test_a_row_is_written_in_full_and_as_text() -> None:
    page = write_detail(make_decided().iloc[0])
    assert "unverified: unknown flag" in page
    assert "docker run --nope" in page
    assert "Repair: no better" in page
    assert "-two" in page
    for live in ("<script", "<b>bold", "<i>", "\x1b"):
        assert live not in page
    assert "<b>kept</b>" in write_detail(make_decided().iloc[19])


def test_what_a_model_wrote_reaches_the_browser_escaped(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    import itables.widget

    made: list[Any] = []
    plain = itables.widget.ITable

    def make(*args: Any, **options: Any) -> Any:
        made.append(plain(*args, **options))
        return made[-1]

    monkeypatch.setattr(itables.widget, "ITable", make)
    with capture_output() as captured:
        sd.browse_rows(make_decided())
    sent = str(made[0]._dt_args)
    assert "<script" not in sent
    assert "&lt;script" in sent
    assert captured.outputs[0].data["text/plain"].startswith("(21 rows: open the notebook")


@pytest.mark.parametrize("plot", [sd.plot_curves, sd.plot_pairs, sd.plot_subtopics])
def test_a_picture_is_the_same_each_time_and_says_what_it_shows(plot: Any) -> None:
    df = make_decided()
    picture = plot(df)
    assert picture.data == plot(df).data
    assert picture.data.startswith(b"\x89PNG")
    assert picture.data != plot(df.assign(helpfulness=df["helpfulness"].iloc[::-1].to_numpy())).data
    assert "helpfulness" in picture.alt
    assert f'alt="{picture.alt[:20]}' in picture._repr_html_()
    assert plot(df.assign(subtopic="$x^2")).data  # no formula
    with pytest.raises(sd.InputError, match="no row has a score"):
        plot(df.iloc[20:])


def test_the_strongest_correlations_are_named() -> None:
    assert "helpfulness and reward 1.00" in sd.plot_pairs(make_decided()).alt
