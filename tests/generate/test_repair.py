"""Repair against a loopback NIM: what is sent back, which version wins, what stays in the row."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import synthdata as sd
from synthdata.generate.repair import compare_versions, count_hallucinated, count_repairs, repair_responses
from synthdata.verify.stage import verify_responses
from tests.nim_server import Answer, NimServer, make_chat

Connect = Callable[..., sd.Client]
REAL = "Run this:\n\n```bash\ndocker ps --all\n```\n\nIt lists all containers."
INVENTED = "Run this:\n\n```bash\ndocker ps --everything\n```\n\nIt lists all containers."
WORSE = "Run these:\n\n```bash\ndocker ps --everything\ndocker ps --most\n```\n\nThey list all containers."


def make_frame(*responses: str | None) -> pd.DataFrame:
    n = len(responses)
    df = pd.DataFrame(
        {
            "id": [f"row{i}" for i in range(n)],
            "topic": "Docker commands",
            "instruction": [f"How do I list containers, way {i}?" for i in range(n)],
            "response": pd.array(responses, dtype="str"),
            "finish_reason": pd.array(["stop" if text else None for text in responses], dtype="str"),
            "completion_tokens": pd.array([30 if text else None for text in responses], dtype="Int64"),
        }
    )
    return verify_responses(df)


def test_a_row_with_a_problem_is_sent_back_with_the_problem_named(connect: Connect) -> None:
    df = make_frame(REAL, INVENTED, None)
    with NimServer(lambda server, body: make_chat(REAL)) as server:
        repaired = repair_responses(df, connect(server), params={"max_tokens": 64})
        (body,) = server.requests
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"] == INVENTED
    assert "--everything" in body["messages"][2]["content"]
    assert body["max_tokens"] == 64
    assert repaired["response"].tolist()[:2] == [REAL, REAL]
    assert repaired["verified"].tolist()[:2] == [True, True]
    assert repaired["problems"].tolist()[1] == []
    assert repaired["repair"].fillna("").tolist() == ["", "repaired", ""]
    assert repaired.loc[1, "other_response"] == INVENTED
    assert repaired.loc[1, "other_problems"][0]["kind"] == "unknown flag"
    assert repaired["other_response"].isna().tolist() == [True, False, True]
    assert len(repaired) == 3
    assert "repair" not in df


@pytest.mark.parametrize(
    ("first", "second", "won", "outcome"),
    [
        (INVENTED, WORSE, INVENTED, "no better"),
        (INVENTED, INVENTED, INVENTED, "no better"),
        (WORSE, INVENTED, INVENTED, "improved"),
    ],
)
def test_the_better_version_wins_and_both_stay(
    connect: Connect, first: str, second: str, won: str, outcome: str
) -> None:
    with NimServer(lambda server, body: make_chat(second)) as server:
        repaired = repair_responses(make_frame(first), connect(server))
    row = repaired.iloc[0]
    assert row["response"] == won
    assert row["repair"] == outcome
    assert row["other_response"] == (second if won == first else first)
    assert row["verified"] is False or not row["verified"]


def test_at_most_so_many_attempts_and_none_after_success(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return make_chat(REAL if len(server.requests) == 2 else INVENTED)

    with NimServer(behave) as server:
        repaired = repair_responses(make_frame(INVENTED), connect(server), attempts=5)
        assert len(server.requests) == 2
    assert repaired.loc[0, "repair"] == "repaired"
    assert repaired.loc[0, "repair_attempts"] == 2
    with NimServer(lambda server, body: make_chat(INVENTED)) as server:
        repaired = repair_responses(make_frame(INVENTED), connect(server), attempts=3)
        assert len(server.requests) == 3
    assert repaired.loc[0, "repair"] == "no better"


def test_what_was_first_written_stays_through_several_attempts(connect: Connect) -> None:
    worst = WORSE.replace("docker ps --most", "docker ps --most\ndocker ps --least")

    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return make_chat(INVENTED if len(server.requests) == 1 else worst)

    with NimServer(behave) as server:
        repaired = repair_responses(make_frame(WORSE), connect(server), attempts=2)
    assert repaired.loc[0, "response"] == INVENTED
    assert repaired.loc[0, "other_response"] == WORSE
    assert repaired.loc[0, "repair"] == "improved"
    assert repaired.loc[0, "repair_attempts"] == 2


def test_a_repair_that_moves_the_fault_is_none(connect: Connect) -> None:
    moved = INVENTED.replace("--everything", "--all") + " You can also add the `--everything` option to `docker ps`."
    with NimServer(lambda server, body: make_chat(moved)) as server:
        repaired = repair_responses(make_frame(INVENTED), connect(server))
    assert repaired.loc[0, "repair"] == "no better"
    assert repaired.loc[0, "response"] == INVENTED
    assert {"fault remains", "unknown flag"} & {problem["kind"] for problem in repaired.loc[0, "other_problems"]}


def test_a_repair_that_drops_the_answer_is_shortened_and_not_verified(connect: Connect) -> None:
    long = INVENTED + "".join(f"\n\n```bash\ndocker start web{i}\n```" for i in range(6))
    with NimServer(lambda server, body: make_chat(REAL)) as server:
        repaired = repair_responses(make_frame(long), connect(server), attempts=2)
        # The second attempt starts from the answer as first written, not from what is left of it.
        assert [body["messages"][1]["content"] for body in server.requests] == [long, long]
    assert repaired.loc[0, "repair"] == "shortened"
    assert repaired.loc[0, "response"] == REAL
    assert not repaired.loc[0, "verified"]
    assert [problem["kind"] for problem in repaired.loc[0, "problems"]] == ["shortened"]
    assert repaired.loc[0, "other_response"] == long
    assert count_repairs(repaired)["repair"].tolist() == ["shortened"]


def test_a_failed_repair_leaves_the_row_as_it_was(connect: Connect) -> None:
    df = make_frame(INVENTED, REAL)
    with NimServer(lambda server, body: Answer(422, {"detail": "too long"})) as server:
        repaired = repair_responses(df, connect(server))
    assert repaired.loc[0, "response"] == INVENTED
    assert repaired.loc[0, "repair"].startswith("failed: ")
    assert repaired.loc[0, "repair_attempts"] == 0
    assert count_repairs(repaired)["rows"].tolist() == [1, 1]
    assert count_repairs(repaired)["repair"].tolist() == ["not sent", "failed"]


def test_a_frame_without_problems_costs_nothing(connect: Connect) -> None:
    with NimServer() as server:
        repaired = repair_responses(make_frame(REAL, None), connect(server))
        assert not server.requests
    assert repaired["repair"].isna().all()


def test_what_was_invented_is_counted_before_and_after(connect: Connect) -> None:
    df = make_frame(REAL, INVENTED, WORSE, None)
    with NimServer(
        lambda server, body: make_chat(REAL if body["messages"][1]["content"] == INVENTED else INVENTED)
    ) as server:
        repaired = repair_responses(df, connect(server))
    counted = count_hallucinated(repaired)
    assert counted["responses"].tolist() == [3, 3]
    assert counted["hallucinated"].tolist() == [2, 1]
    assert count_hallucinated(df)["hallucinated"].tolist() == [2, 2]


def test_no_attempts_leave_the_frame_with_its_columns(connect: Connect) -> None:
    with NimServer() as server:
        repaired = repair_responses(make_frame(INVENTED), connect(server), attempts=0)
        assert not server.requests
    assert repaired["repair"].isna().all()


def test_the_two_versions_are_shown_as_text(connect: Connect) -> None:
    with NimServer(lambda server, body: make_chat(REAL.replace("containers", "\x1b[2Jcontainers"))) as server:
        repaired = repair_responses(make_frame(REAL, INVENTED), connect(server))
    shown = compare_versions(repaired)
    assert "-docker ps --everything" in shown.splitlines()
    assert "unknown flag: " in shown
    assert "\x1b" not in shown
    assert "\\x1b[2Jcontainers" in shown
    assert compare_versions(repaired, row=1) == "repair made 1 rows better"


def test_bad_input_is_named(connect: Connect) -> None:
    with NimServer() as server:
        client = connect(server)
        with pytest.raises(sd.InputError, match="repair_responses needs the column 'verified'"):
            repair_responses(make_frame(REAL).drop(columns="verified"), client)
        with pytest.raises(sd.InputError, match="attempts is -1"):
            repair_responses(make_frame(REAL), client, attempts=-1)
        with pytest.raises(sd.InputError, match="the repair prompt lacks {problems}"):
            repair_responses(make_frame(INVENTED), client, prompt="Do better.")


def test_a_server_that_refuses_seeds_can_repair(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return Answer(400, {"error": "unknown parameter: seed"}) if "seed" in body else make_chat(REAL)

    with NimServer(behave) as server:
        assert repair_responses(make_frame(INVENTED), connect(server))["repair"].tolist() == ["repaired"]


@pytest.mark.parametrize(
    "reply",
    [
        make_chat(REAL) | {"error": {"message": "fell over"}},
        make_chat(REAL, "content_filter"),
    ],
)
def test_half_an_answer_with_an_error_repairs_nothing(connect: Connect, reply: dict[str, Any]) -> None:
    with NimServer(lambda server, body: reply) as server:
        repaired = repair_responses(make_frame(INVENTED), connect(server))
    assert repaired["response"].tolist() == [INVENTED]
    assert repaired["repair"][0].startswith("failed: ")


def test_a_repair_that_used_up_its_tokens_is_cut_off(connect: Connect) -> None:
    with NimServer(lambda server, body: make_chat(REAL)) as server:
        repaired = repair_responses(make_frame(INVENTED), connect(server), params={"max_completion_tokens": 30})
    assert repaired["verified"].tolist() == [False]
    assert "cut off" in str(repaired.to_dict("records"))
