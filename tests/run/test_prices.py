"""Prices beside tokens: from the table where it knows the model, null where it does not."""

import pandas as pd
import pytest

import synthdata as sd

OPENAI, GROQ = "https://api.openai.com/v1#gpt-4o-mini", "https://api.groq.com/openai/v1#llama-3.3-70b-versatile"
OWN = "http://127.0.0.1:9/v1#gpt-4o-mini"


def make_costs(**columns: list) -> pd.DataFrame:
    return pd.DataFrame({"stage": ["preflight", "responses", "judge", "total"], "tokens_in": [0, 10**6, 10**6, 2 * 10**6],
                         "tokens_out": [0, 10**6, 0, 10**6], **columns})  # fmt: skip


@pytest.fixture(autouse=True)
def _table() -> None:
    pytest.importorskip("genai_prices", reason="NO PRICES: install the extra `prices` to test what it knows")


def test_prices_are_those_of_each_stages_model_and_half_by_batch() -> None:
    from genai_prices import Usage, calc_price

    costs = make_costs()
    priced = sd.add_prices(costs, sd.Client(OPENAI), sd.Client(GROQ)).set_index("stage")
    assert "dollars" not in costs
    million = Usage(input_tokens=10**6, output_tokens=10**6)
    expected = calc_price(million, model_ref="gpt-4o-mini", provider_id="openai").total_price
    assert priced.loc["responses", "dollars"] == pytest.approx(float(expected))
    assert priced.loc["responses", "batch_dollars"] == pytest.approx(float(expected) / 2)
    judged = calc_price(Usage(input_tokens=10**6), model_ref="llama-3.3-70b-versatile", provider_id="groq").total_price
    assert priced.loc["judge", "dollars"] == pytest.approx(float(judged))
    assert priced.loc["total", "dollars"] == pytest.approx(float(expected + judged))
    assert list(priced["batch_hours"]) == [0, 24, 24, 48]


def test_what_the_table_does_not_know_is_null() -> None:
    priced = sd.add_prices(make_costs(), sd.Client(OPENAI), sd.Client(OWN)).set_index("stage")
    assert priced.loc[["judge", "total"], ["dollars", "batch_dollars", "batch_hours"]].isna().all(axis=None)
    assert priced.loc["responses", "dollars"] > 0


def test_an_estimate_and_a_summary_can_be_priced() -> None:
    generator, reward = sd.Client(OPENAI), sd.Client(GROQ)
    estimate = sd.add_prices(sd.estimate_run(3, 4, 1, generator, reward, repairs=1), generator, reward)
    assert estimate.iloc[-1]["batch_hours"] == 5 * 24  # subtopics, questions, responses, repairs, scores
    assert estimate.iloc[-1]["batch_dollars"] < estimate.iloc[-1]["dollars"]
    assert sd.add_prices(sd.summarize_usage(generator, reward), generator, reward).empty
    with pytest.raises(sd.InputError, match="add_prices"):
        sd.add_prices(pd.DataFrame({"stage": []}), generator, reward)
