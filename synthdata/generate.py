"""Subtopics, questions and responses.

Covers asking, topping up what falls short, and building the frame that every later stage extends: one row for each
(instruction, sample). Not covered: judging what came back (reward.py), removing near-duplicates (dedup.py).
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import pandas as pd

from synthdata.checks import check_columns, check_count, check_topic
from synthdata.client import Client
from synthdata.errors import EndpointError
from synthdata.prompting import (
    QUESTION_PROMPT,
    RESPONSE_PROMPT,
    SUBTOPIC_PROMPT,
    drop_repeats,
    fill_prompt,
    list_existing,
    parse_questions,
    parse_subtopics,
)
from synthdata.replies import Completion, Failure

ROUNDS = 3  # asking, and at most two rounds of topping up
LIST_MAX_TOKENS = 1024


def generate_subtopics(
    topic: str,
    n_subtopics: int,
    client: Client,
    *,
    prompt: str = SUBTOPIC_PROMPT,
    params: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Ask for distinct subtopics of a topic, again for what is missing, at most ROUNDS times.

    prompt: a template with {topic}, {n} and {existing}. params: sampling parameters.
    Output columns: topic, subtopic; n_subtopics rows or fewer, which is said.
    Raises InputError for an empty topic or a count below 1, EndpointError when no subtopic came.
    """
    topic, count = check_topic(topic), check_count("N_SUBTOPICS", n_subtopics)
    found = _collect_items(
        [topic],
        count,
        client,
        "subtopics",
        parse_subtopics,
        lambda _, n, have: fill_prompt(
            prompt, "the subtopic prompt", ("topic", "n"), topic=topic, n=n, existing=list_existing(have)
        ),
        params,
    )[0]
    return pd.DataFrame({"topic": topic, "subtopic": found}, dtype="str")


def generate_questions(
    subtopics: pd.DataFrame,
    n_questions: int,
    client: Client,
    *,
    n_samples: int = 1,
    prompt: str = QUESTION_PROMPT,
    params: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Ask for questions about each subtopic, again for what is missing, at most ROUNDS times.

    Input columns: topic, subtopic. n_questions: for each subtopic. n_samples: rows (responses) for each question.
    prompt: a template with {topic}, {subtopic}, {n} and {existing}. params: sampling parameters.
    Output columns: id, topic, subtopic, instruction, sample (0 to n_samples - 1). A question that two subtopics share
    counts for the first. Raises InputError for a missing column or a count below 1.
    """
    check_columns(subtopics, "generate_questions", ("topic", "subtopic"))
    count, samples = check_count("N_QUESTIONS", n_questions), check_count("N_SAMPLES", n_samples)
    pairs = list(zip(subtopics["topic"], subtopics["subtopic"], strict=True))

    def write_prompt(index: int, n: int, have: list[str]) -> str:
        topic, subtopic = pairs[index]
        return fill_prompt(
            prompt, "the question prompt", ("subtopic", "n"),
            topic=topic, subtopic=subtopic, n=n, existing=list_existing(have),
        )  # fmt: skip

    found = _collect_items([s for _, s in pairs], count, client, "questions", parse_questions, write_prompt, params)
    rows = [
        (make_id(topic, subtopic, question, sample), topic, subtopic, question, sample)
        for (topic, subtopic), questions in zip(pairs, found, strict=True)
        for question in questions
        for sample in range(samples)
    ]
    return pd.DataFrame(rows, columns=["id", "topic", "subtopic", "instruction", "sample"])


def generate_responses(
    df: pd.DataFrame,
    client: Client,
    *,
    prompt: str = RESPONSE_PROMPT,
    system: str = "",
    params: Mapping[str, Any] | None = None,
    score_ahead: Client | None = None,
) -> pd.DataFrame:
    """Ask for the response to each row's instruction.

    Input columns: topic, subtopic, instruction, sample. prompt: a template with {instruction}, {topic}, {subtopic}.
    system: a system prompt, none when empty. params: sampling parameters; a `seed` is raised by the sample index.
    score_ahead: the reward model's client, to have responses scored while others are still written, as score_responses
    does by default; the scores wait for it in the cache, which both clients must share.
    Output columns: response, reasoning, model, finish_reason ("length": cut off), prompt_tokens, completion_tokens,
    error, raw_reply. A row that failed has a null response, its reason in error, and what the server said in raw_reply.
    Raises InputError for a missing column or template field, EndpointError when the run cannot go on.
    """
    check_columns(df, "generate_responses", ("topic", "subtopic", "instruction", "sample"))
    sampling = dict(params or {})
    bodies = []
    for row in df[["topic", "subtopic", "instruction", "sample"]].itertuples(index=False):
        text = fill_prompt(
            prompt, "the response prompt", ("instruction",),
            instruction=row.instruction, topic=row.topic, subtopic=row.subtopic,
        )  # fmt: skip
        messages = [{"role": "system", "content": system}] if system else []
        body = {"messages": [*messages, {"role": "user", "content": text}], **sampling}
        # Without a seed the samples of one question would be one request, answered once.
        body["seed"] = int(sampling.get("seed") or 0) + int(row.sample)
        bodies.append(body)
    ahead = None
    if score_ahead is not None and not (score_ahead.endpoint.is_local and client.endpoint.is_local):  # one processor
        from synthdata.scoring import plan_ahead

        ahead = plan_ahead(score_ahead, df["instruction"].tolist())
    replies = client.complete(bodies, label="responses", ahead=ahead)
    return df.assign(**_unpack_completions(replies, client.endpoint.model))


def make_id(topic: str, subtopic: str, instruction: str, sample: int) -> str:
    """Hash what makes a row the same row in every run into 16 hex digits."""
    text = "\x1f".join((topic, subtopic, instruction, str(sample)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _unpack_completions(replies: list[Completion | Failure], model: str) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {
        name: []
        for name in (
            "response",
            "reasoning",
            "model",
            "finish_reason",
            "prompt_tokens",
            "completion_tokens",
            "error",
            "raw_reply",
        )
    }
    for reply in replies:
        if isinstance(reply, Completion):
            error = None if reply.text else f"response: empty (finish_reason {reply.finish_reason})"
            if reply.finish_reason == "content_filter":
                error = "response: withheld by the endpoint's content filter"
            values: tuple[Any, ...] = (
                reply.text or None, reply.reasoning or None, reply.model or model, reply.finish_reason,
                reply.prompt_tokens, reply.completion_tokens, error, None,
            )  # fmt: skip
        else:
            values = (None, None, model, None, None, None, f"response: {reply.reason}", reply.raw or None)
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    types = {"prompt_tokens": "Int64", "completion_tokens": "Int64"}
    return {name: pd.array(values, dtype=types.get(name, "str")) for name, values in columns.items()}


def _collect_items(
    names: list[str],
    count: int,
    client: Client,
    label: str,
    parse: Any,
    write_prompt: Any,
    params: Mapping[str, Any] | None,
) -> list[list[str]]:
    """Ask each name for `count` items and top up, until all are full, the rounds are over, or nothing new comes."""
    found: list[list[str]] = [[] for _ in names]
    failures: list[str] = []
    for _ in range(ROUNDS):
        short = [index for index, items in enumerate(found) if len(items) < count]
        if not short:
            break
        bodies = [
            {
                "messages": [{"role": "user", "content": write_prompt(index, count - len(found[index]), found[index])}],
                "max_tokens": LIST_MAX_TOKENS,
                **(params or {}),
            }
            for index in short
        ]
        before = sum(map(len, found))
        replies = client.complete(bodies, label=label, require_any=False)
        failures = [reply.reason for reply in replies if isinstance(reply, Failure)]
        for index, reply in zip(short, replies, strict=True):
            if isinstance(reply, Completion):
                known = [item for items in found for item in items]
                new = drop_repeats(parse(reply.text, reply.finish_reason), known)
                found[index] += new[: count - len(found[index])]
        if sum(map(len, found)) == before:
            break
    got, asked = sum(map(len, found)), count * len(names)
    if not got:
        why = f" ({failures[0]})" if failures else "; the replies held no list"
        raise EndpointError(
            f"{label}: asked {asked:,}, got none{why}. Try another generator, or a prompt of your own with prompt=…"
        )
    print(f"{label}: asked {asked:,}, got {got:,}" + (f" ({failures[0]})" if failures else ""))
    empty = [name for name, items in zip(names, found, strict=True) if not items]
    if empty:
        print(f"{label}: none for {', '.join(map(repr, empty[:5]))}{' …' if len(empty) > 5 else ''}")
    return found
