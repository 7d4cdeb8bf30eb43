"""What is not about its topic is marked with its reason, and what the model did not say is not made up."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import synthdata as sd
from tests.nim_server import Answer, NimServer, make_chat

Connect = Callable[..., sd.Client]


def behave(server: NimServer, body: dict[str, Any]) -> Any:
    text = body["messages"][0]["content"]
    if "pasta" in text:
        return make_chat("No, it is about cooking.")
    if "broken" in text:
        return Answer(400, {"detail": "no"})
    return make_chat("Perhaps." if "perhaps" in text else "**Yes**, it is.")


def test_marks_reasons_and_says_what_is_unclear(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["undo a commit", "cook pasta", "perhaps this", "broken one", "cook pasta", None]
    df = pd.DataFrame({"topic": "Git", "instruction": asked})
    with NimServer(behave) as server:
        out = sd.mark_off_topic(df, connect(server))
        assert len(server.requests) == 4
    assert out["off_topic"].isna().tolist() == [True, False, True, True, False, True]
    assert out["off_topic"][1] == "it is about cooking"
    assert "off topic: 1 of 4 (2 unclear)" in capsys.readouterr().out
    assert "off_topic" not in df


def test_after_verification_a_marked_row_is_rejected(connect: Connect) -> None:
    df = pd.DataFrame(
        {"topic": "Git", "subtopic": ["history", "pasta"], "instruction": "How do I see the last commit?"}
    )
    df = df.assign(response="Run this:\n```bash\ngit commit --amend\n```", error=None, finish_reason="stop")
    with NimServer(behave) as server:
        out = sd.mark_off_topic(sd.verify_responses(df), connect(server), column="subtopic")
    assert out["verified"].tolist() == [True, False]
    reasons = sd.apply_thresholds(out, sd.Thresholds())["reject_reason"]
    assert reasons[1] == "unverified: off topic"
