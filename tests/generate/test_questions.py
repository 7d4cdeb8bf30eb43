"""Subtopics, questions, responses against a loopback NIM."""

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import synthdata as sd
import synthdata.generate.questions
from tests.nim_server import Answer, NimServer, make_chat

Connect = Callable[..., sd.Client]


def test_topic_to_responses_keeps_ids_and_columns(connect: Connect) -> None:
    with NimServer() as server:
        client = connect(server)
        subtopics = sd.generate_subtopics("Git commands", 3, client)
        questions = sd.generate_questions(subtopics, 4, client, n_samples=2)
        responses = sd.generate_responses(questions, client, params={"temperature": 0.2, "seed": 5})
        seeds = sorted(body["seed"] for body in server.requests if "seed" in body)
    assert len(subtopics) == 3
    assert len(questions) == len(responses) == 24
    assert questions["id"].is_unique
    assert questions["id"].equals(responses["id"])
    assert seeds == [5] * 12 + [6] * 12
    assert responses["response"].notna().all()
    assert responses["error"].isna().all()
    assert set(responses["finish_reason"]) == {"stop"}


def test_a_shortfall_is_topped_up_showing_what_exists(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    lists = iter(["alpha one\nbeta two", "Beta two\ngamma three", "delta four\nepsilon five"])
    with NimServer(lambda server, body: make_chat(next(lists))) as server:
        subtopics = sd.generate_subtopics("Git", 5, connect(server))
        prompts = [body["messages"][0]["content"] for body in server.requests]
    assert subtopics["subtopic"].tolist() == ["alpha one", "beta two", "gamma three", "delta four", "epsilon five"]
    assert "alpha one" not in prompts[0]
    assert "alpha one\nbeta two" in prompts[1]
    assert "Name 3 distinct" in prompts[1]
    assert "subtopics: asked 5, got 5" in capsys.readouterr().out


def test_a_model_that_repeats_itself_is_given_up_on(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    with NimServer(lambda server, body: make_chat("alpha one\nbeta two")) as server:
        assert len(sd.generate_subtopics("Git", 100, connect(server))) == 2
        assert len(server.requests) == 2
    assert "subtopics: asked 100, got 2" in capsys.readouterr().out


def test_the_rounds_are_bounded(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return make_chat(f"item number {len(server.requests)}")

    for asked, rounds in ((12, 3), (50, 12)):
        with NimServer(behave) as server:
            assert len(sd.generate_subtopics("Git", asked, connect(server))) == rounds
            assert len(server.requests) == rounds
        assert f"subtopics: asked {asked}, got {rounds} ({rounds} rounds are over)" in capsys.readouterr().out


def write_numbered(server: NimServer, body: dict[str, Any]) -> Any:
    """Write as many new questions as are asked for, or as fit 1,024 tokens, where the reply is cut off."""
    wanted = int(re.findall(r"Write (\d+)", body["messages"][0]["content"])[0])
    fit = min(wanted, 60) if body["max_tokens"] == 1024 else wanted
    first = 1000 * len(server.requests)
    text = "\n".join(f"How do I do thing number {first + n}?" for n in range(fit))
    return make_chat(text + ("\nHow do I" if fit < wanted else ""), "length" if fit < wanted else "stop")


@pytest.mark.parametrize(("names", "count", "requests"), [(1, 300, 6), (5, 400, 40), (1, 100, 2)])
def test_long_lists_are_asked_for_in_portions(connect: Connect, names: int, count: int, requests: int) -> None:
    df = pd.DataFrame({"topic": "T", "subtopic": [f"part {n}" for n in range(names)]})
    with NimServer(write_numbered) as server:
        questions = sd.generate_questions(df, count, connect(server))
        assert len(server.requests) == requests
    assert questions.groupby("subtopic").size().tolist() == [count] * names
    assert questions["instruction"].is_unique


def test_more_tokens_make_larger_portions(connect: Connect) -> None:
    df = pd.DataFrame({"topic": ["T"], "subtopic": ["S"]})
    with NimServer(write_numbered) as server:
        assert len(sd.generate_questions(df, 300, connect(server), params={"max_tokens": 8192})) == 300
        assert len(server.requests) == 1


@pytest.mark.parametrize("sizes", [(12, 20), (3, 12, 40, 12), (20, 100)])
def test_a_larger_run_keeps_what_a_smaller_one_has(connect: Connect, sizes: tuple[int, ...]) -> None:
    df = pd.DataFrame({"topic": "T", "subtopic": ["one", "two"]})
    with NimServer(write_numbered) as server:
        runs = [sd.generate_questions(df, size, connect(server)) for size in sizes]
        sent = len(server.requests)
        assert sd.generate_questions(df, sizes[-1], connect(server)).equals(runs[-1])
        assert len(server.requests) == sent
    for before, after, size in zip(runs, runs[1:], sizes[1:], strict=False):
        for name in df["subtopic"]:
            had, has = (run.loc[run["subtopic"] == name, "id"].tolist() for run in (before, after))
            assert len(has) == size
            assert has[: len(had)] == had[: len(has)]


def test_a_larger_run_goes_on_where_a_smaller_one_got_nothing_new(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        wanted = int(re.findall(r"Write (\d+)", body["messages"][0]["content"])[0])
        fit = min(wanted, 6) if len(server.requests) < 3 else wanted if wanted > 2 else 0
        return make_chat("\n".join(f"How do I do thing {n}?" for n in range(fit)))

    df = pd.DataFrame({"topic": ["T"], "subtopic": ["S"]})
    with NimServer(behave) as server:
        few = sd.generate_questions(df, 8, connect(server))
        many = sd.generate_questions(df, 16, connect(server))
    assert len(few) == 6
    assert many["id"].tolist()[:6] == few["id"].tolist()
    assert len(many) > 6


def test_a_prompt_shows_a_bounded_part_and_more_when_only_known_items_come(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        prompt = body["messages"][0]["content"]
        wanted = int(re.findall(r"Write (\d+)", prompt)[0])
        pool = (f"How do I do the long and winding thing that has the number {n}?" for n in range(1000))
        return make_chat("\n".join([item for item in pool if item not in prompt][:wanted]))

    df = pd.DataFrame({"topic": ["T"], "subtopic": ["S"]})
    with NimServer(behave) as server:
        assert len(sd.generate_questions(df, 300, connect(server))) == 300
        longest = max(len(body["messages"][0]["content"]) for body in server.requests)
    assert longest < 20_000


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            make_chat(None, "length", reasoning_content="1. alpha one"),
            "cut off while thinking at max_tokens=1024: raise it",
        ),
        (
            make_chat("<think>1. alpha one\n2. beta two", "length"),
            "cut off while thinking at max_tokens=1024: raise it",
        ),
        (make_chat("I'm sorry, but I can't help with that request."), "the model refused: .I'm sorry, but"),
        (make_chat("Could you please clarify which topic you mean?"), "the model asked back: 'Could you please"),
        (make_chat("?!"), "no list in the reply '"),
        (make_chat("alpha on", "MAX_TOKENS"), "cut off at max_tokens=1024 before an item was whole: raise it"),
        (make_chat("", "stop"), "empty"),
    ],
)
def test_the_cause_of_nothing_usable_is_named(connect: Connect, reply: Any, said: str) -> None:
    with NimServer(lambda server, body: reply) as server, pytest.raises(sd.EndpointError, match=f"got none \\({said}"):
        sd.generate_subtopics("Git", 6, connect(server))


def test_one_line_for_the_last_missing_question_is_one_question(connect: Connect) -> None:
    one = "How do I build, tag, and push an image to a private registry?"
    df = pd.DataFrame({"topic": ["T"], "subtopic": ["S"]})
    with NimServer(lambda server, body: make_chat(one)) as server:
        assert sd.generate_questions(df, 1, connect(server))["instruction"].tolist() == [one]


def test_the_work_grows_with_the_number_of_subtopics_and_not_its_square(
    monkeypatch: pytest.MonkeyPatch, connect: Connect
) -> None:
    def count_calls(names: int) -> int:
        calls = 0
        normalize = synthdata.generate.questions.normalize_item

        def note(text: str) -> str:
            nonlocal calls
            calls += 1
            return normalize(text)

        df = pd.DataFrame({"topic": "T", "subtopic": [f"part {n}" for n in range(names)]})
        with monkeypatch.context() as patch, NimServer(write_numbered) as server:
            patch.setattr(synthdata.generate.questions, "normalize_item", note)
            sd.generate_questions(df, 5, connect(server))
        return calls

    assert 0 < count_calls(80) <= 8 * count_calls(10)


def test_a_cut_off_list_gives_no_fragment(connect: Connect) -> None:
    with NimServer(lambda server, body: make_chat("alpha one\nbeta two\ngam", "length")) as server:
        assert sd.generate_subtopics("Git", 3, connect(server))["subtopic"].tolist() == ["alpha one", "beta two"]


def test_no_list_at_all_is_one_error(connect: Connect) -> None:
    with NimServer(lambda server, body: make_chat("")) as server, pytest.raises(sd.EndpointError, match="got none"):
        sd.generate_subtopics("Git", 3, connect(server))


def test_a_subtopic_without_questions_is_said(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return Answer(400, b"no") if "beta" in body["messages"][0]["content"] else None

    df = pd.DataFrame({"topic": "T", "subtopic": ["alpha", "beta"]})
    with NimServer(behave) as server:
        assert len(sd.generate_questions(df, 3, connect(server))) == 3
    said = capsys.readouterr().out
    assert "asked 6, got 3 (" in said
    assert "none for 'beta'" in said


def test_failed_rows_stay_rows(connect: Connect) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        text = body["messages"][-1]["content"]
        if "number 1 " in text:
            return Answer(400, {"detail": "broken \x1b[31m row"})
        if "number 2 " in text:
            return make_chat(None, "length", reasoning_content="thinking…")
        if "number 3 " in text:
            return make_chat("", "content_filter")
        return None

    df = pd.DataFrame(
        {"topic": "T", "subtopic": "S", "instruction": [f"number {n} please" for n in range(5)], "sample": 0}
    )
    with NimServer(behave) as server:
        out = sd.generate_responses(df, connect(server))
    assert len(out) == 5
    assert out["response"].isna().tolist() == [False, True, True, True, False]
    assert "broken" in out.loc[1, "error"]
    assert "\x1b" not in out.loc[1, "error"]
    assert "broken" in out.loc[1, "raw_reply"]
    assert out.loc[2, "error"] == "response: empty: all thinking, no answer (finish_reason length): raise max_tokens"
    assert out.loc[2, "reasoning"] == "thinking…"
    assert "content filter" in out.loc[3, "error"]


def test_the_users_prompts_are_sent(connect: Connect) -> None:
    with NimServer() as server:
        client = connect(server)
        sd.generate_subtopics("Git", 2, client, prompt="Line by line, {n} things of {topic}!")
        df = pd.DataFrame({"topic": "T", "subtopic": "S", "instruction": ["why?"], "sample": [0]})
        sd.generate_responses(df, client, prompt="[{topic}/{subtopic}] {instruction}", system="Be brief.")
        assert server.requests[0]["messages"][0]["content"] == "Line by line, 2 things of Git!"
        assert server.requests[1]["messages"] == [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "[T/S] why?"},
        ]


@pytest.mark.parametrize("topic", ["", "  ", None, 3])
def test_an_empty_topic_is_refused(connect: Connect, topic: Any) -> None:
    with NimServer() as server, pytest.raises(sd.InputError, match="TOPIC is"):
        sd.generate_subtopics(topic, 3, connect(server))


@pytest.mark.parametrize("count", [0, -1, 2.0, "3", True, None])
def test_counts_below_one_are_refused_by_name(connect: Connect, count: Any) -> None:
    df = pd.DataFrame({"topic": ["T"], "subtopic": ["S"]})
    with NimServer() as server:
        client = connect(server)
        for name, call in [
            ("N_SUBTOPICS", lambda: sd.generate_subtopics("T", count, client)),
            ("N_QUESTIONS", lambda: sd.generate_questions(df, count, client)),
            ("N_SAMPLES", lambda: sd.generate_questions(df, 1, client, n_samples=count)),
        ]:
            with pytest.raises(sd.InputError, match=f"{name} is {re.escape(repr(count))}"):
                call()
        assert not server.requests


def test_a_frame_without_its_columns_names_stage_and_column(connect: Connect) -> None:
    with NimServer() as server:
        client = connect(server)
        with pytest.raises(sd.InputError, match="generate_questions needs the column 'subtopic'"):
            sd.generate_questions(pd.DataFrame({"topic": ["T"]}), 1, client)
        with pytest.raises(sd.InputError, match="generate_responses needs the column 'instruction', 'sample'"):
            sd.generate_responses(pd.DataFrame({"topic": ["T"], "subtopic": ["S"]}), client)


HALF = "Docker \ud83d"


@pytest.mark.parametrize(
    "run",
    [
        lambda client: sd.generate_subtopics(HALF, 2, client),
        lambda client: sd.generate_subtopics("T", 2, client, prompt=HALF + " {topic} {n}"),
        lambda client: sd.generate_questions(
            pd.DataFrame({"topic": ["T"], "subtopic": [HALF]}, dtype=object), 2, client
        ),
    ],
)
def test_half_a_sign_is_said_and_not_sent(connect: Callable[..., sd.Client], run: Callable[..., Any]) -> None:
    with NimServer() as server:
        with pytest.raises(sd.InputError, match=r"surrogates|cut in two"):
            run(connect(server))
        assert not server.requests
