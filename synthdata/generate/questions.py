"""Subtopics, questions and responses.

Covers asking, topping up what falls short, and building the frame that every later stage extends: one row for each
(instruction, sample). Not covered: judging what came back (reward.py), removing near-duplicates (dedup.py).
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from synthdata.base.errors import EndpointError
from synthdata.base.frame import check_columns, check_count, check_topic, make_id
from synthdata.generate.lists import drop_repeats, parse_questions, parse_subtopics
from synthdata.generate.prompts import QUESTION_PROMPT, SUBTOPIC_PROMPT, fill_prompt, list_existing
from synthdata.models.client import Client
from synthdata.models.replies import Completion, Failure

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
