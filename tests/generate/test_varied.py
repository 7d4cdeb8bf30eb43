"""Questions varied by construction: the mix, who asks, near-repeats, seeds."""

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthdata as sd
from synthdata.generate.kinds import KINDS, draw_kinds
from synthdata.generate.messages import read_message
from synthdata.models.replies import read_completion
from tests.nim_server import NimServer, make_chat

Connect = Callable[..., sd.Client]
SUBTOPICS = pd.DataFrame({"topic": "Git", "subtopic": ["alpha", "beta"]})
WORDS = """river stone cloud amber copper violin meadow lantern harbor thistle glacier ember falcon maple orchid
quartz""".split()  # noqa: SIM905


def write_different(server: NimServer, body: dict[str, Any]) -> Any:
    n = len(server.requests)
    return make_chat(" ".join(WORDS[(n * 5 + step * (n % 3 + 1)) % 16] + str(n) for step in range(8)) + "?")


@given(st.integers(1, 200), st.lists(st.integers(0, 9), min_size=9, max_size=9).filter(any))
def test_kinds_come_as_their_shares_say(n: int, shares: list[int]) -> None:
    drawn = draw_kinds(n, KINDS.assign(share=shares))["kind"].value_counts()
    assert drawn.sum() == n
    for kind, share in zip(KINDS["kind"], shares, strict=True):
        assert abs(drawn.get(kind, 0) - share / sum(shares) * n) < 1


def test_a_table_put_together_from_two_is_a_table() -> None:
    table = pd.concat([KINDS.head(2), KINDS.head(1).assign(kind="mine")])
    assert set(draw_kinds(12, table)["kind"]) == {"how-to", "error report", "mine"}


@pytest.mark.parametrize("share", [-1, None, "many"])
def test_a_share_that_is_none_is_named(share: Any) -> None:
    with pytest.raises(sd.InputError, match="share of 'how-to' is no number"):
        draw_kinds(3, KINDS.assign(share=[share, *KINDS["share"][1:]]))


def test_each_question_is_asked_for_by_itself(connect: Connect) -> None:
    with NimServer(write_different) as server:
        out = sd.generate_varied_questions(SUBTOPICS, 6, connect(server), personas=["a nurse", "a pilot"])
        prompts = [body["messages"][0]["content"] for body in server.requests]
    assert len(out) == 12
    assert out["kind"].nunique() > 5
    assert out["persona"].value_counts().tolist() == [6, 6]
    assert sum("a nurse" in prompt for prompt in prompts) == 6
    assert out["id"].is_unique


def test_near_repeats_are_refused_and_asked_for_again(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        if "seed" in body:
            return write_different(server, body)
        return make_chat("How do I undo the last commit that I made on the main branch?")

    with NimServer(behave) as server:
        out = sd.generate_varied_questions(SUBTOPICS, 3, connect(server))
    assert len(out) == 6
    assert out["instruction"].str.startswith("How do I undo").sum() == 1
    assert "asked 6, got 6, 5 refused" in capsys.readouterr().out


def test_seeds_show_the_style_and_are_never_repeated(connect: Connect) -> None:
    seed = "My rebase stopped at the third commit with a conflict in a lock file; what now?"

    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        assert seed in body["messages"][0]["content"]
        return make_chat(seed) if "seed" not in body else write_different(server, body)

    with NimServer(behave) as server:
        out = sd.generate_varied_questions(SUBTOPICS, 2, connect(server), seeds=[seed])
    assert len(out) == 4
    assert seed not in out["instruction"].tolist()


def test_a_shortfall_is_said(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    with NimServer(lambda server, body: make_chat("Which of the two is the better one for a small team?")) as server:
        assert len(sd.generate_varied_questions(SUBTOPICS, 3, connect(server))) == 1
    assert "asked 6, got 1" in capsys.readouterr().out


def test_concepts_are_what_questions_are_about(connect: Connect) -> None:
    with NimServer(lambda server, body: make_chat("1. reflog\n2. detached HEAD\n3. index")) as server:
        subtopics = sd.add_concepts(SUBTOPICS, 3, connect(server))
    assert subtopics["concepts"].tolist() == [["reflog", "detached HEAD", "index"]] * 2
    with NimServer(write_different) as server:
        sd.generate_varied_questions(subtopics, 3, connect(server))
        abouts = [re.findall(r"more exactly (.*)", body["messages"][0]["content"])[0] for body in server.requests]
    assert sorted(abouts) == sorted(["reflog", "detached HEAD", "index"] * 2)


def test_personas_come_in_one_request(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    with NimServer(lambda server, body: make_chat("1. a nurse who codes at night\n2. a pilot with a blog")) as server:
        assert sd.generate_personas("Git", 3, connect(server)) == ["a nurse who codes at night", "a pilot with a blog"]
        assert len(server.requests) == 1
    assert "personas: asked 3, got 2" in capsys.readouterr().out
    with NimServer(lambda server, body: make_chat("")) as server, pytest.raises(sd.EndpointError, match="no list"):
        sd.generate_personas("Git", 3, connect(server))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"How do I do it?"', "How do I do it?"),
        ("**Message:** How do I do it?\n\nSure, here is the answer.", "How do I do it?"),
        ("Fix this:\n\n```\nls -x\n```", "Fix this:\n\n```\nls -x\n```"),
        ("Q: How do I do it?", "How do I do it?"),
        ("", ""),
    ],
)
def test_a_message_is_taken_out_of_the_reply(text: str, message: str) -> None:
    assert read_message(read_completion(make_chat(text))) == message


def test_a_message_that_was_cut_off_is_none() -> None:
    assert read_message(read_completion(make_chat("How do I", "length"))) == ""
