"""Variety in figures: what they say of rows made to measure."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import synthdata as sd


def measure(df: pd.DataFrame) -> pd.DataFrame:
    return sd.measure_diversity(df).set_index("measure")


def test_repetition_shows_and_the_cut_mends_it() -> None:
    varied = [(f"How do I stop w{n}?", " ".join(f"x{n}y{m}" for m in range(20)), f"s{n % 4}", True) for n in range(20)]
    repeated = [("How do I stop it?", "just stop it", "s0", False)] * 60
    df = pd.DataFrame([*varied, *repeated], columns=["instruction", "response", "subtopic", "keep"])
    table = measure(df)
    assert table.loc["rows"].tolist() == [80, 20]
    assert table.loc["rows measured"].tolist() == [20, 20]
    for name in ("distinct-1", "distinct-2", "distinct-3", "subtopic balance"):
        assert table.loc[name, "all"] < table.loc[name, "kept"] <= 1
    assert table.loc["mean similarity", "all"] > table.loc["mean similarity", "kept"]
    assert table.loc["subtopic balance", "kept"] == 1
    assert table.loc["verbs", "all"] == "stop 100%"
    assert measure(df).equals(table)


def test_an_emptied_subtopic_lowers_the_balance() -> None:
    df = pd.DataFrame({"instruction": "a", "response": "b", "subtopic": ["x", "y", "z"], "keep": [True, True, False]})
    assert measure(df).loc["subtopic balance"].tolist() == [1.0, 0.631]  # ln 2 / ln 3


def test_the_verb_stands_after_the_lead() -> None:
    asked = [
        "How do I remove a volume?",
        "Show me how to remove a volume",
        "Remove volume",
        "What is the way to remove a volume",
    ]
    table = measure(pd.DataFrame({"instruction": asked, "response": "x"}))
    assert table.loc["verbs", "all"] == "remove 100%"
    assert table.loc["nouns", "all"] == "volume 100%"


def test_few_rows_or_none_leave_nulls() -> None:
    df = pd.DataFrame({"instruction": ["a", "b"], "response": ["x", None], "keep": [False, False]})
    table = measure(df)
    assert table.loc["rows"].tolist() == [1, 0]
    assert table.loc["mean similarity"].isna().all()
    with pytest.raises(sd.InputError, match="measure_diversity needs the column 'response'"):
        sd.measure_diversity(df[["instruction"]])


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=8))
def test_figures_stay_in_range(rows: list[tuple[str, str]]) -> None:
    table = measure(pd.DataFrame(rows, columns=["instruction", "response"], dtype=object))
    for name in ("distinct-1", "distinct-2", "distinct-3", "mean similarity"):
        value = table.loc[name, "all"]
        assert pd.isna(value) or 0 <= value <= 1
