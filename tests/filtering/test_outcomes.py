"""Reasons are data, and their sentence says all of it."""

from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

import synthdata as sd
from synthdata.filtering.decide import Decider
from synthdata.filtering.outcomes import CONTAMINATED, CUT_OFF, Reason, fail_at, mark_as, read_reason, write_reason
from synthdata.run.costs import STAGES
from tests.filtering.test_decide import make_frame
from tests.run.test_ledger import make_frame as make_faulty
from tests.run.test_ledger import rows


def test_each_reason_has_the_words_of_its_column() -> None:
    written = [
        fail_at("reward"), CUT_OFF, mark_as("unverified", "unknown flag"), mark_as("unverified"), mark_as("duplicate"),
        CONTAMINATED, Reason("thresholds", "rejected", "helpfulness < 3"),
    ]  # fmt: skip
    assert [write_reason(reason) for reason in written] == [
        "failed: reward", "cut off", "unverified: unknown flag", "unverified", "duplicate", "contaminated", "helpfulness < 3",
    ]  # fmt: skip


@given(rows, st.one_of(st.none(), st.floats(0, 4.5)), st.one_of(st.none(), st.floats(0, 1)))
def test_a_sentence_read_from_a_file_is_the_reason_that_was_decided(
    lines: list[dict[str, Any]], low: float | None, near: float | None
) -> None:
    bounds = sd.Thresholds(helpfulness=(low, None), **({} if near is None else {"similarity": (None, near)}))
    decision = Decider(make_faulty(lines)).decide(bounds)
    assert len(set(decision.reasons)) == len(decision.reasons)
    for reason in decision.reasons[1:]:
        assert reason is not None
        assert read_reason(write_reason(reason)) == reason
        assert reason.stage in STAGES


def test_one_reason_is_one_outcome_whichever_way_it_came_about() -> None:
    df = make_frame(response=[None, None, "r"], error=["response: lost", None, None])
    decision = Decider(df).decide(sd.Thresholds())
    assert decision.codes.tolist() == [1, 1, 0]
    counted = sd.count_outcomes(sd.apply_thresholds(df, sd.Thresholds()))
    assert counted["rows"].to_dict() == {"kept": 1, "failed: response": 2}


def test_a_row_that_an_endpoint_withheld_counts_as_cut_off() -> None:
    decided = sd.apply_thresholds(make_frame(finish_reason=["content_filter", "stop", None]), sd.Thresholds())
    assert decided["reject_reason"].tolist()[:1] == ["cut off"]
    assert decided["keep"].tolist() == [False, True, True]


def test_outcomes_of_an_empty_frame_are_an_empty_table() -> None:
    decided = sd.apply_thresholds(make_frame(error=[None]).iloc[:0], sd.Thresholds())
    assert sd.count_outcomes(decided).empty
    assert isinstance(sd.count_outcomes(decided), pd.DataFrame)
