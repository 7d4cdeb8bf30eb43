"""Responses: one for each row, with what produced it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from synthdata.base.frame import check_columns, write_error
from synthdata.generate.prompts import RESPONSE_PROMPT, fill_prompt
from synthdata.models.client import Client
from synthdata.models.replies import Completion, Failure, find_end, find_limit


def generate_responses(
    df: pd.DataFrame,
    client: Client,
    *,
    prompt: str = RESPONSE_PROMPT,
    system: str = "",
    params: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Ask for the response to each row's instruction.

    Input columns: topic, subtopic, instruction, sample; source and passage when present. prompt: a template with {instruction},
    {topic}, {subtopic}, and {source} and {passage} where there are such columns, which the row's instruction does not hold.
    system: a system prompt, none when empty. params: sampling parameters; a `seed` is raised by the sample index.
    Output columns: response, reasoning, model, finish_reason ("length": cut off), prompt_tokens, completion_tokens,
    error, raw_reply. A row that failed has a null response, its reason in error, and what the server said in raw_reply.
    Raises InputError for a missing column or template field, EndpointError when the run cannot go on.
    """
    check_columns(df, "generate_responses", ("topic", "subtopic", "instruction", "sample"))
    sampling = dict(params or {})
    bodies = []
    names = ["instruction", "topic", "subtopic", *(name for name in ("source", "passage") if name in df)]
    for row in df[[*names, "sample"]].itertuples(index=False):
        values = {name: getattr(row, name) for name in names}
        text = fill_prompt(prompt, "the response prompt", ("instruction",), **values)
        messages = [{"role": "system", "content": system}] if system else []
        body = {"messages": [*messages, {"role": "user", "content": text}], **sampling}
        # Without a seed the samples of one question would be one request, answered once; some servers refuse the parameter.
        if row.sample or sampling.get("seed") is not None:
            body["seed"] = int(sampling.get("seed") or 0) + int(row.sample)
        bodies.append(body)
    replies = client.complete(bodies, label="responses")
    return df.assign(**_unpack_completions(replies, client.endpoint.model, find_limit(sampling)))


def _unpack_completions(replies: list[Completion | Failure], model: str, limit: int | None) -> dict[str, Any]:
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
            error = write_error("response", reply.fault) if reply.fault else None
            values: tuple[Any, ...] = (
                reply.text or None, reply.reasoning or None, reply.model or model, find_end(reply, limit),
                reply.prompt_tokens, reply.completion_tokens, error, reply.raw or None,
            )  # fmt: skip
        else:
            values = (None, None, model, None, None, None, write_error("response", reply.reason), reply.raw or None)
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    types = {"prompt_tokens": "Int64", "completion_tokens": "Int64"}
    return {name: pd.array(values, dtype=types.get(name, "str")) for name, values in columns.items()}
