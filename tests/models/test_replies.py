"""What a reply says, in the forms of many servers: thinking kept apart, errors read, streams named, limits found."""

import json
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import synthdata as sd
from synthdata.models import sender
from synthdata.models.replies import find_limit, is_natural_end, parse_json, read_completion
from synthdata.models.server_errors import read_error
from synthdata.models.thinking import split_thinking
from tests.nim_server import Answer, NimServer, make_chat

Connect = Callable[..., sd.Client]
ANSWER = "Run `ls`."


@pytest.fixture(autouse=True)
def _short_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "BACKOFF_SECONDS", 0.001)


def read_message(**message: Any) -> Any:
    reply = make_chat(None)
    reply["choices"][0]["message"] = message
    return read_completion(reply)


def read_choice(**choice: Any) -> Any:
    return read_completion({"choices": [choice]})


THOUGHTS = {
    "a plain mark": f"<think>x</think>{ANSWER}",
    "capitals": f"<THINK>x</Think>\n{ANSWER}",
    "attributes": f'<thinking depth="2">x</thinking>{ANSWER}',
    "another name": f"<thoughts>\nx\n</thoughts>\n\n{ANSWER}",
    "a vendor's name": f"<seed:think>x</seed:think>{ANSWER}",
    "a scratchpad": f"<scratchpad>x</scratchpad>\n{ANSWER}",
    "square brackets": f"[THINK]x[/THINK]{ANSWER}",
    "special tokens": f"<|START_THINKING|>x<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>",
    "triangles": f"◁think▷x◁/think▷{ANSWER}",
    "two blocks": f"<think>x</think>\n<think>y</think>{ANSWER}",
    "one within another": f"<think>x\n<think>\ny</think>\nz</think>{ANSWER}",
    "the mark quoted in the thought": f"<think>it closes with `</think>` then</think>{ANSWER}",
    "a block behind the answer": f"<think>x</think>{ANSWER}<think>y</think>",
    "a block of its own lines behind": f"{ANSWER}\n<think>\nmore\n</think>\n",
    "a swallowed opening": f"so it is\n</think>\n\n{ANSWER}",
    "a swallowed opening of a thought with code": f"use `ls -a` or `ls`.\n</think>\n\n{ANSWER}",
    "a swallowed opening, glued": f"so it is.</think>{ANSWER}",
    "a swallowed opening, empty": f"</think>\n\n{ANSWER}",
    "a swallowed bracket": f"so it is\n[/THINK]\n{ANSWER}",
    "a wrapped answer": f"<think>x</think>\n<answer>{ANSWER}</answer>",
    "channels": f"<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
    "channels without the first mark": f"analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
    "channels behind a swallowed start": f"We see.<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
    "channels without marks": f"analysisWe see.assistantfinal{ANSWER}",
}
NO_THOUGHTS = {
    "marks named in a list": "Two marks:\n- <think> opens\n- </think> closes, and then:\n\nthe answer",
    "a mark at the start of an item": "Marks:\n\n1. </think>\n2. [/THINK]\n\nThat is all.",
    "marks in a fence": "Cut it:\n```js\nt.split('</think>')\n\n```\nDone.",
    "a fence that opens with a mark": "```xml\n<think>x</think>\n```\nSo it looks.",
    "a mark in a sentence": "A thought ends with </think> and the answer follows.",
    "a mark in a span": "It writes `<think>` first and `</think>`\nlast.",
    "an element that is the answer": "<analysis>Sales rose.</analysis>",
    "an element that stays open": "<reason>Sales rose",
    "an analysis": "analysis of variance compares means.",
    "channels spoken of": "The format puts `<|channel|>final<|message|>` before the text.",
    "less than": "1 < 2 and [3]",
}
ONLY_THOUGHTS = {
    "open": "<think>x",
    "closed, and nothing behind": "<think>x</think>\n",
    "in brackets": "[THINK]x",
    "in channels": "<|channel|>analysis<|message|>x",
    "in channels without marks": "analysisWe must look",
    "an opening within quotes": '<think>it says "</think>',
}


@pytest.mark.parametrize("text", THOUGHTS.values(), ids=THOUGHTS)
def test_thinking_is_told_from_the_answer(text: str) -> None:
    answer, thinking, open_ended = split_thinking(text)
    assert answer.strip() == ANSWER
    assert bool(thinking) == (not text.startswith("</think>"))
    assert not open_ended


@pytest.mark.parametrize("text", NO_THOUGHTS.values(), ids=NO_THOUGHTS)
def test_what_speaks_of_thinking_stays_whole(text: str) -> None:
    assert split_thinking(text) == (text, "", False)


def test_marks_in_the_code_of_an_answer_stay_behind_a_thought() -> None:
    text = "Models write `<think>x</think>` and\n```\n<think>\n```"
    assert split_thinking(f"<think>a</think>{text}")[0] == text


@pytest.mark.parametrize("text", ONLY_THOUGHTS.values(), ids=list(ONLY_THOUGHTS))
def test_a_reply_that_is_all_thinking_names_the_limit(text: str) -> None:
    if "quotes" in text or '"' in text:
        assert split_thinking(text)[2]
        return
    completion = read_message(content=text)
    assert completion.text == ""
    assert "max_tokens" in completion.fault


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "output_text", "text": ANSWER}],
        {"type": "text", "text": ANSWER},
        [{"type": "text", "text": {"value": ANSWER, "annotations": []}}],
        [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "x"}]}, {"type": "text", "text": ANSWER}],
        {"parts": [{"text": "x", "thought": True}, {"text": ANSWER}]},
        [{"type": "redacted_thinking", "data": "x"}, ANSWER],
    ],
)
def test_parts_of_a_message_are_joined(content: Any) -> None:
    completion = read_message(content=content)
    assert (completion.text, completion.fault) == (ANSWER, "")
    assert completion.reasoning in ("", "x")


@pytest.mark.parametrize(
    "message",
    [
        {"reasoning_content": "x"},
        {"thinking": "x"},
        {"reasoning_details": [{"type": "reasoning.text", "text": "x"}]},
        {"reasoning": {"content": "x"}},
    ],
)
def test_thinking_beside_the_content_is_read(message: dict[str, Any]) -> None:
    assert read_message(content=ANSWER, **message).reasoning == "x"
    assert "max_tokens" in read_message(content=None, **message).fault


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"content": None, "refusal": "No, thanks"}, "refused: No, thanks"),
        ({"content": [{"type": "refusal", "refusal": "No, thanks"}]}, "refused: No, thanks"),
        ({"content": None, "tool_calls": [{"function": {"name": "f"}}]}, "called a tool"),
        ({"content": [{"type": "tool_use", "name": "f", "input": {}}]}, "called a tool"),
        ({"content": [{"type": "function", "text": "f(1)"}]}, "called a tool"),
        ({"content": 12}, "empty"),
    ],
)
def test_a_reply_without_text_says_why_and_is_kept(message: dict[str, Any], said: str) -> None:
    completion = read_message(**message)
    assert said in completion.fault
    assert completion.raw


ERRORS = {
    "in the choice": {
        "choices": [{"message": {"content": "Half"}, "error": {"message": "fell over"}, "finish_reason": "error"}]
    },
    "as text": {"choices": [{"message": {"content": "Half"}, "error": "fell over"}]},
    "in the message": {"choices": [{"message": {"content": "Half", "error": {"detail": "fell over"}}}]},
    "beside the choices": make_chat("Half") | {"error": {"message": "fell over", "code": 500}},
    "in the reason alone": {"choices": [{"message": {"content": "Half"}, "finish_reason": "error"}]},
}


@pytest.mark.parametrize("reply", ERRORS.values(), ids=ERRORS)
def test_half_an_answer_with_an_error_is_a_failed_row_with_its_words(connect: Connect, reply: dict[str, Any]) -> None:
    rows = pd.DataFrame({"topic": ["T"], "subtopic": ["s"], "instruction": ["How?"], "sample": [0]})
    with NimServer(lambda server, body: reply) as server:
        error = sd.generate_responses(rows, connect(server))["error"][0]
        sd.generate_responses(rows, connect(server))
        assert len(server.requests) == 2  # it was not kept as an answer
    assert ("fell over" if "fell over" in str(reply) else "finish_reason error") in error


@pytest.mark.parametrize("reason", ["content_filter", "SAFETY", "PROHIBITED_CONTENT", "guardrail_intervened"])
def test_an_answer_taken_back_is_no_answer(reason: str) -> None:
    assert "withheld" in read_choice(message={"content": "Half"}, finish_reason=reason).fault


def test_other_servers_names_of_fields_are_read() -> None:
    assert read_choice(text=ANSWER, finishReason="MAX_TOKENS").finish_reason == "MAX_TOKENS"
    assert read_choice(message={"content": ANSWER}, stop_reason="end_turn").finish_reason == "end_turn"
    two = read_choice(message={"content": ANSWER}, finish_reason="stop", native_finish_reason="max_tokens")
    assert not is_natural_end(two.finish_reason)
    odd = read_choice(message={"content": ANSWER}, finish_reason="stop", native_finish_reason="STOP")
    assert odd.finish_reason == "stop"
    reply = make_chat(ANSWER) | {"usage": {"input_tokens": 5, "output_tokens": 7.4}}
    assert (read_completion(reply).prompt_tokens, read_completion(reply).completion_tokens) == (5, 7)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_new_tokens", "num_predict"])
def test_an_answer_that_used_up_its_tokens_is_cut_off(connect: Connect, name: str) -> None:
    assert find_limit({name: 30}) == 30
    rows = pd.DataFrame({"topic": ["T"], "subtopic": ["s"], "instruction": ["How?"], "sample": [0]})
    with NimServer(lambda server, body: make_chat("and then to")) as server:
        whole = sd.generate_responses(rows, connect(server), params={name: 31})
        full = sd.generate_responses(rows, connect(server), params={name: 30})
    assert (whole["finish_reason"][0], full["finish_reason"][0]) == ("stop", "length")


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        ({"error": {"message": "m", "code": 402}}, 402, "m"),
        ({"error": {"message": "m", "code": "429"}}, 429, "m"),
        ({"error": {"message": "You exceeded your current quota", "code": 429}}, 402, "quota"),
        ({"error": {"message": "m", "code": "insufficient_quota"}}, 402, "m"),
        ({"error": {"message": "m", "type": "rate_limit_error"}}, 429, "m"),
        ({"error": "model 'x' not found"}, 404, "model 'x' not found"),
        ({"errors": [{"message": "Invalid API key"}]}, 401, "Invalid"),
        ({"object": "error", "message": "The model x does not exist", "type": "NotFoundError"}, 404, "exist"),
        ({"detail": "Unauthorized"}, 401, "Unauthorized"),
        ({"status": 429, "title": "Too Many Requests"}, 429, "Too Many"),
        ({"success": False, "message": "Server overloaded"}, 503, "overloaded"),
        ({"error": {"message": "odd"}}, None, "odd"),
    ],
)
def test_errors_under_status_200_are_read_in_every_form(reply: dict[str, Any], status: int | None, said: str) -> None:
    error = read_error(reply)
    assert error is not None
    assert error[0] == status
    assert said in error[1]


def test_an_answer_is_no_error() -> None:
    assert read_error(make_chat("error: rate limit")) is None
    assert read_error({"message": {"content": "x"}, "finish_reason": "stop"}) is None


@pytest.mark.parametrize(
    ("body", "said", "requests"),
    [
        ({"error": {"message": "Balance is nil", "code": 402}}, "Balance is nil", 1),
        ({"error": "model 'm' not found"}, "model 'm' not found", 1),
        ({"detail": "Invalid API key"}, "Invalid API key", 1),
        ({"error": {"message": "upstream fell over", "code": 502}}, "upstream fell over", sender.ATTEMPTS),
    ],
)
def test_the_servers_words_are_shown(connect: Connect, body: dict[str, Any], said: str, requests: int) -> None:
    with NimServer(lambda server, _: body) as server:
        with pytest.raises(sd.EndpointError, match=said):
            connect(server, concurrency=1).complete([{"messages": []}])
        assert len(server.requests) == requests


@pytest.mark.parametrize(
    "body",
    [
        'data: {"choices": [{"delta": {"content": "x"}}]}\n\n',
        ': keep-alive\n\ndata: {"choices": []}\n\n',
        "event: message\ndata: {}\n\n",
        '{"choices": [{"delta": {"content": "x"}}]}\n{"choices": [{"delta": {}}]}\n',
        '{"message": {"content": "x"}, "done": false}\n{"message": {}, "done": true}\n',
        json.dumps({"object": "chat.completion.chunk", "choices": [{"delta": {"content": "x"}}]}),
    ],
)
def test_a_server_that_streams_is_told_so_at_once(connect: Connect, body: str) -> None:
    with NimServer(lambda server, _: Answer(200, body.encode())) as server:
        with pytest.raises(sd.EndpointError, match="streams"):
            connect(server).complete([{"messages": []}])
        assert len(server.requests) == 1


def test_line_ends_within_strings_of_json_are_read() -> None:
    assert parse_json(b'{"a": "x\ny\tz"}') == {"a": "x\ny\tz"}


@pytest.mark.parametrize("part", [b'{"delta"', b'{"delta"}', b":", b"id: x\n", b": a\n\n"])
def test_a_body_that_looks_like_a_stream_is_told_in_no_time(connect: Connect, part: bytes) -> None:
    body = part * (200_000 // len(part))
    with NimServer(lambda server, _: Answer(200, body)) as server:
        started = time.process_time()
        with pytest.raises(sd.EndpointError):
            connect(server).complete([{"messages": []}], attempts=1)
        assert time.process_time() - started < 5


def test_a_reply_that_breaks_off_is_no_stream(connect: Connect) -> None:
    body = b'{"delta": null, "choices": [\n  "half'
    with NimServer(lambda server, _: Answer(200, body)) as server:
        with pytest.raises(sd.EndpointError, match="cut-off or invalid JSON"):
            connect(server).complete([{"messages": []}])
        assert len(server.requests) == sender.ATTEMPTS
