"""Marking subtopics and questions that are not about the topic, by asking the generator or a judge."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns
from synthdata.base.text import clean_line
from synthdata.generate.prompts import TOPIC_PROMPT, fill_prompt
from synthdata.models.client import Client
from synthdata.models.replies import Completion
from synthdata.verify.problems import Problem, add_problems


def mark_off_topic(
    df: pd.DataFrame,
    client: Client,
    *,
    column: str = "instruction",
    prompt: str = TOPIC_PROMPT,
    params: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Mark what is not about its topic, with the reason; one short request for each different text.

    Input columns: topic and the column to judge, "instruction" or "subtopic"; verified and problems when present. prompt: a
    template with {topic} and {text} that asks for yes or no first, and the reason behind a no.
    Output column: off_topic, the reason, null where the answer was yes, unclear or none (how many is said). Where verification
    has run, a marked row has verified False and a fatal problem of kind "off topic". A model this is asked of errs, so read what
    it marked. Raises InputError for a missing column.
    """
    check_columns(df, "mark_off_topic", ("topic", column))
    pairs = list(dict.fromkeys(zip(df["topic"], df[column], strict=True)))
    asked = [(topic, text) for topic, text in pairs if isinstance(topic, str) and isinstance(text, str)]
    if not asked:
        raise InputError(f"mark_off_topic: no row has a topic and a text in {column!r}.")
    bodies = [
        {
            "messages": [
                {
                    "role": "user",
                    "content": fill_prompt(prompt, "the topic prompt", ("topic", "text"), topic=topic, text=text),
                }
            ],
            "max_tokens": 40,
            "temperature": 0,
            **(params or {}),
        }
        for topic, text in asked
    ]
    replies = client.complete(bodies, label="on topic?")
    reasons = {pair: read_reason(reply) for pair, reply in zip(asked, replies, strict=True)}
    unclear = sum(reason is None for reason in reasons.values())
    marks = [reasons.get(pair) or None for pair in zip(df["topic"], df[column], strict=True)]
    print(
        f"off topic: {sum(map(bool, reasons.values())):,} of {len(asked):,}" + f" ({unclear:,} unclear)" * bool(unclear)
    )
    out = df.assign(off_topic=pd.array(marks, dtype="str"))
    if not {"verified", "problems"} <= set(df.columns):
        return out
    return add_problems(out, [[Problem("off topic", mark)] if mark else [] for mark in marks])


def read_reason(reply: Any) -> str | None:
    """Read what a reply says is off topic: the reason of a no, "" for a yes, None where it says neither or there is none."""
    if not isinstance(reply, Completion):
        return None
    word, _, rest = reply.text.strip().strip("*\"'").partition(" ")
    said = word.strip(".,:;!*\"'\n").split("\n")[0].rstrip(".,:;").lower()
    if said == "no":
        return clean_line(" ".join(rest.split()).strip(" -–:.,*"))[:200] or "the model says no"
    return "" if said == "yes" else None
