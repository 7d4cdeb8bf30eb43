"""The ledger adds up, whatever happened to the rows; its file and picture say the same."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthdata as sd

FAULTS: dict[str, list[Any]] = {
    "helpfulness": [None, 0.0, 2.0, 4.25],
    "error": [None, None, None, "response: x", "reward: y", "odd"],
    "response": ["r", "r", "r", None],
    "finish_reason": ["stop", "stop", "length"],
    "verified": [True, False, None],
    "problems": [None, [], [{"kind": "unknown flag", "fatal": True}], [{"kind": "remark", "fatal": False}]],
    "duplicate_of": [None, None, "an id"],
    "similarity": [None, 0.7, 1.0],
    "contaminated_by": [None, None, "a prompt"],
}
rows = st.lists(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in FAULTS.items()}), max_size=25)
bound = st.one_of(st.none(), st.floats(0, 4.5))


def make_frame(lines: list[dict[str, Any]]) -> pd.DataFrame:
    df = pd.DataFrame(lines, columns=list(FAULTS), dtype=object)
    return df.astype({"helpfulness": "Float64", "similarity": "Float64", "verified": "boolean"})


def make_usage() -> pd.DataFrame:
    lines = [
        ("preflight", "e", 1, 0, 1, 0, 5, 1, 1.0),
        ("questions", "e", 4, 1, 3, 0, 40, 60, 30.0),
        ("responses", "e", 10, 0, 11, 1, 100, 900, 90.0),
        ("judge", "e", 50, 50, 0, 0, 5000, 50, 0.0),
        ("embed", "e", 7, 7, 0, 0, 70, 0, 6.0),
    ]
    names = ["stage", "endpoint", "asked", "from_cache", "sent", "failed", "tokens_in", "tokens_out", "seconds"]
    return pd.DataFrame(lines, columns=names)


def make_decided() -> pd.DataFrame:
    reasons = ["failed: reward", "failed: response", "cut off", "unverified: unknown flag", "duplicate",
               "duplicate: similarity ≥ 0.9", "contaminated", "helpfulness < 3", "helpfulness < 3", None, None]  # fmt: skip
    verified = pd.array([True] * 9 + [None, True], dtype="boolean")
    return pd.DataFrame(
        {"keep": [reason is None for reason in reasons], "reject_reason": reasons, "verified": verified}
    )


@given(rows, bound, bound, st.one_of(st.none(), st.floats(0, 1)), st.integers(0, 5))
def test_the_ledger_always_adds_up(lines: list[dict[str, Any]], low: Any, high: Any, near: Any, missing: int) -> None:
    if low is not None and high is not None and low > high:
        low, high = high, low
    df = make_frame(lines)
    bounds = {"helpfulness": (low, high)} | ({} if near is None else {"similarity": (None, near)})
    decided = sd.apply_thresholds(df, sd.Thresholds(**bounds))
    ledger = sd.make_ledger(decided, requested=len(df) + missing)
    assert ledger["rows"].iloc[0] == ledger["rows"].iloc[1:].sum() == len(df) + missing
    assert ledger["left"].tolist() == [
        len(df) + missing,
        *(len(df) + missing - ledger["rows"].iloc[1:-1].cumsum()),
        decided["keep"].sum(),
    ]
    assert ledger["rows"].iloc[1] == missing
    kept = 0
    for row in df.itertuples():
        value = row.helpfulness
        scored = value is not pd.NA and (low is None or value >= low) and (high is None or value <= high)
        similar = (
            row.similarity is not pd.NA and row.similarity >= near if near is not None else row.duplicate_of is not None
        )
        fault = row.error is not None or row.response is None or row.finish_reason == "length"
        false = row.verified is not pd.NA and not row.verified
        kept += scored and not (fault or similar or false or row.contaminated_by is not None)
    assert ledger["rows"].iloc[-1] == kept


def test_lines_stand_in_the_order_of_the_stages() -> None:
    ledger = sd.make_ledger(make_decided(), requested=12)
    found = ledger[["stage", "outcome", "reason", "rows", "left"]].values.tolist()
    assert found == [
        ["", "requested", "", 12, 12],
        ["questions", "not generated", "subtopic or question not obtained", 1, 11],
        ["responses", "failed", "response", 1, 10],
        ["responses", "rejected", "cut off", 1, 9],
        ["verification", "unverified", "unknown flag", 1, 8],
        ["duplicates", "duplicate", "", 1, 7],
        ["duplicates", "duplicate", "similarity ≥ 0.9", 1, 6],
        ["contamination", "contaminated", "", 1, 5],
        ["scores", "failed", "reward", 1, 4],
        ["thresholds", "rejected", "helpfulness < 3", 2, 2],
        ["", "kept", "", 2, 2],
    ]
    assert ledger["share"].iloc[-1] == 0.167
    assert ledger["remark"].iloc[-1] == "1 of them not verified"
    assert ledger["remark"].iloc[:-1].eq("").all()
    assert sd.make_ledger(make_decided().drop(columns="verified"), 12)["remark"].eq("").all()


def test_a_ledger_refuses_rows_without_an_outcome() -> None:
    df = pd.DataFrame({"keep": [True, False], "reject_reason": ["why", None]})
    with pytest.raises(sd.InputError, match="no single outcome"):
        sd.make_ledger(df, 2)
    with pytest.raises(sd.InputError, match="only 1 requested"):
        sd.make_ledger(df.assign(reject_reason=[None, "x"]), 1)


def test_costs_stand_beside_what_each_stage_lost_and_nothing_spent_is_left_out() -> None:
    table = sd.add_costs(sd.make_ledger(make_decided(), requested=12), make_usage()).set_index("stage")
    assert table.loc["questions"].tolist() == [1, 11, 5, 1, 45, 61, 0.52]
    assert table.loc["responses", ["lost", "left", "requests", "minutes"]].tolist() == [2, 9, 10, 1.5]
    assert table.loc["scores", ["requests", "from_cache"]].tolist() == [50, 50]
    assert table.loc["embed", ["lost", "requests", "minutes"]].tolist() == [0, 7, 0.1]
    assert table.loc["total", ["lost", "left", "requests", "tokens_in"]].tolist() == [10, 2, 72, 5215]
    empty = sd.add_costs(sd.make_ledger(make_decided(), requested=12), sd.summarize_usage())
    assert empty.iloc[-1][["requests", "minutes"]].tolist() == [0, 0]


def test_the_file_says_the_same_and_its_bytes_depend_on_the_ledger_alone(tmp_path: Path) -> None:
    ledger = sd.make_ledger(make_decided(), requested=12)
    path = sd.write_ledger(ledger, tmp_path)
    assert path.name == sd.LEDGER_FILE
    first = path.read_bytes()
    content = json.loads(first)
    assert content["requested"] == content["kept"] + sum(line["rows"] for line in content["lines"][1:-1]) == 12
    assert content["lines"][1]["reason"] == "subtopic or question not obtained"
    assert sd.write_ledger(ledger.copy(), tmp_path).read_bytes() == first
    costly = json.loads(sd.write_ledger(ledger, tmp_path, make_usage()).read_bytes())
    assert costly["cost"][-1]["requests"] == 72
    assert {**costly, "cost": None} == {**content, "cost": None}


def test_the_waterfall_is_a_png_and_labels_are_plain_text() -> None:
    ledger = sd.make_ledger(make_decided(), requested=12)
    picture = sd.plot_ledger(ledger)
    assert picture.data.startswith(b"\x89PNG")
    assert picture.data == sd.plot_ledger(ledger).data
    odd = ledger.assign(reason=ledger["reason"].replace("unknown flag", "$\\frac{ broken \x1b[31m"))
    assert sd.plot_ledger(odd).data.startswith(b"\x89PNG")
    nothing = sd.make_ledger(make_decided().iloc[:0], requested=0)
    assert sd.plot_ledger(nothing).data.startswith(b"\x89PNG")
