"""From the specification, backwards: what is drawn exists, what is asked hides it, what is answered uses it."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import synthdata as sd
from synthdata.generate.commands import find_question_problem
from synthdata.verify.coverage import read_source
from tests.nim_server import NimServer, make_chat

Connect = Callable[..., sd.Client]
GOOD = "Our nightly import on the small server eats all memory until SSH dies. How can I keep it below 2 GB?"


@pytest.mark.parametrize("program", ["docker", "git", "kubectl", "gh", "helm", "terraform"])
def test_what_is_drawn_exists(program: str) -> None:
    drawn = sd.draw_commands("T", program, 200, describe=False)
    for source in drawn["source"]:
        wanted = source.split(" && ")
        uses = read_source(source, program)
        assert len(uses) == len(wanted)
        assert sum(len(use.flags) for use in uses) == source.count(" --")
    assert 0 < drawn["source"].str.contains(" && ").sum() < 80
    assert drawn["subtopic"].nunique() > 5


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_same_seed_draws_the_same(seed: int) -> None:
    first, second = (sd.draw_commands("T", "helm", 5, describe=False, seed=seed) for _ in range(2))
    assert first.equals(second)


def test_what_is_not_covered_comes_first() -> None:
    drawn = sd.draw_commands("T", "helm", 300, pairs=0, shares={1: 1}, describe=False)
    assert drawn["source"].nunique() > 0.8 * len(drawn)
    answers = pd.DataFrame({"response": [f"```\n{source}\n```" for source in drawn["source"]]})
    further = sd.draw_commands("T", "helm", 40, pairs=0, shares={1: 1}, covered=answers, describe=False, seed=2)
    assert len(set(further["source"]) - set(drawn["source"])) > 20


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (GOOD, None),
        (
            "Every Friday the report of our shop is late and the boss is angry, so what now?",
            "asks for what --memory does",
        ),
        ("How do I limit memory?", "too short"),
        ("How do I use --memory so that my import on the server stays below 2 GB?", "names the option --memory"),
        ("How does docker container run keep my import on the small server below 2 GB?", "names the command"),
        ("Which flag keeps my import on the small old server below 2 GB of it?", "speaks of options"),
        ("Could the user want to keep the import on that small server below 2 GB?", "about the person"),
    ],
)
def test_a_question_that_gives_its_answer_away_is_found(question: str, said: str | None) -> None:
    found = find_question_problem(question, "docker container run --memory=BYTES", "docker")
    assert (found is None) if said is None else (said in str(found))


def test_a_question_at_fault_is_sent_back_once_and_marked_if_it_stays(connect: Connect) -> None:
    drawn = pd.DataFrame(
        {
            "topic": "Docker", "subtopic": "container", "program": "docker", "passage": "",
            "source": [f"docker container run --{name}=X" for name in ("memory", "cpus", "log-driver")],
        }
    )  # fmt: skip

    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        text = body["messages"][0]["content"]
        if "--cpus=X" in text:
            return make_chat("How do I use --cpus with it when there are many of them here?")
        if len(body["messages"]) > 1:
            assert "it names the option --memory" in body["messages"][2]["content"]
            return make_chat(f'Message: "{GOOD}"')
        return make_chat(
            "What does --memory do on a server that is rather small?"
            if "memory" in text
            else f"{GOOD} Its log driver is none."
        )

    with NimServer(behave) as server:
        out = sd.generate_command_questions(drawn, connect(server), personas=["a nurse"])
        assert len(server.requests) == 5
    assert out["instruction"].tolist()[0] == GOOD
    assert out["question_problem"].isna().tolist() == [True, False, True]
    assert out["persona"].tolist() == ["a nurse"] * 3
    assert out["id"].is_unique
    assert not drawn.columns.isin(["instruction"]).any()


def check(response: str | None, source: str) -> Any:
    df = pd.DataFrame({"instruction": [GOOD], "response": [response], "source": [source], "program": ["docker"]})
    return sd.check_uses(sd.verify_responses(df)).iloc[0]


def test_a_response_must_use_what_was_drawn() -> None:
    source = "docker container run --memory=BYTES --rm"
    row = check("Do it so:\n```\ndocker run --rm -m 2g --name web nginx\n```", source)
    assert row["verified"]
    assert row["evidence"] == "docker run --rm -m 2g --name web nginx"
    row = check("Do it so:\n```\ndocker run -m 2g nginx\n```", source)
    assert row["verified"] is False or not row["verified"]
    assert [(p["kind"], p["text"]) for p in row["problems"]] == [("not used", "docker container run --rm")]
    row = check("Do it so:\n```\ndocker create -m 2g --rm nginx\n```", source)
    assert row["problems"][0]["text"] == "docker container run --memory --rm"
    assert check(None, source)["problems"] == []


def test_two_commands_must_both_be_used() -> None:
    source = "docker volume create && docker volume inspect --format=STRING"
    assert check("```\ndocker volume create web\ndocker volume inspect -f x web\n```", source)["verified"]
    row = check("```\ndocker volume create web\n```", source)
    assert [p["text"] for p in row["problems"]] == ["docker volume inspect --format"]


def test_the_hint_reaches_the_model_and_not_the_row(connect: Connect) -> None:
    df = pd.DataFrame({"topic": ["T"], "subtopic": ["S"], "instruction": [GOOD], "sample": [0],
                       "source": ["docker container run --memory=BYTES"], "passage": ["--memory: Memory limit"]})  # fmt: skip
    with NimServer(lambda server, body: make_chat("`docker run -m 2g x`")) as server:
        out = sd.generate_responses(df, connect(server), prompt=sd.COMMAND_RESPONSE_PROMPT)
        sent = server.requests[0]["messages"][0]["content"]
    assert "--memory: Memory limit" in sent
    assert "--memory" not in out["instruction"][0]


@pytest.mark.parametrize("given_", [{"pairs": 2.0}, {"shares": {1: 0}}, {"n": 0}])
def test_bad_numbers_are_named(given_: dict[str, Any]) -> None:
    with pytest.raises(sd.InputError):
        sd.draw_commands("T", "docker", **{"n": 3, "describe": False, **given_})
