"""Requests, tokens and minutes: an estimate before a run, and what each stage took after it."""

import math
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns, check_count
from synthdata.models.client import Client
from synthdata.quality.scores.scale import choose_way

# Measured with the 1.5B model, 4 slots, 2 cores; other machines differ, and the progress bar soon knows better.
LOCAL_TOKENS_PER_SECOND, LOCAL_SECONDS_PER_TURN = 20.0, 0.6

LIST_TOKENS, RESPONSE_TOKENS = 300, 450  # usual lengths, for the estimate only

REPAIR_SHARE = 0.2  # of responses that are sent back: 14 % of a 405b model's, 19 % of the embedded one's, on Docker


def estimate_run(
    n_subtopics: int,
    n_questions: int,
    n_samples: int,
    generator: Client,
    reward: Client,
    repairs: int = 0,
    preview: int | None = None,
) -> pd.DataFrame:
    """Estimate what a run with nothing cached asks for.

    repairs: how often a response with problems is sent back; a fifth of the rows is assumed to have some. preview: only so many
    rows are made, as take_preview takes them.
    Returns a frame of stage, requests, tokens_in, tokens_out and minutes (null where the endpoint's speed is not known), the
    last line the total. The clients' progress names the stages from then on. Money is tokens times what your provider asks for
    them, which differs by model.
    Raises InputError for counts below 1.
    """
    subtopics = check_count("N_SUBTOPICS", n_subtopics)
    questions = subtopics * check_count("N_QUESTIONS", n_questions)
    rows = questions * check_count("N_SAMPLES", n_samples)
    asked_for = subtopics
    if preview is not None:
        asked_for, rows = min(subtopics, preview), min(rows, check_count("PREVIEW", preview))
    if isinstance(repairs, bool) or not isinstance(repairs, int) or repairs < 0:
        raise InputError(f"REPAIRS is {repairs!r}: give a whole number, 0 to send nothing back.")
    repaired = math.ceil(rows * REPAIR_SHARE) * repairs
    way = choose_way(reward)
    asked = way.requests * rows
    stages = [
        ("preflight", generator, 2, 60, 10),
        ("subtopics", generator, 1, 100, LIST_TOKENS),
        ("questions", generator, asked_for, 100 * asked_for, LIST_TOKENS * asked_for),
        ("responses", generator, rows, 40 * rows, RESPONSE_TOKENS * rows),
        ("repair", generator, repaired, (RESPONSE_TOKENS + 150) * repaired, RESPONSE_TOKENS * repaired),
        (way.name, reward, asked, (RESPONSE_TOKENS + 60) * asked, asked),
    ]
    lines: list[tuple[Any, ...]] = [
        (name, requests, tokens_in, tokens_out, _estimate_minutes(client, requests, tokens_out))
        for name, client, requests, tokens_in, tokens_out in stages
    ]
    for client in (generator, reward):
        client.plan = {name: minutes for name, requests, _, _, minutes in lines if requests and name != "preflight"}
    frame = pd.DataFrame(lines, columns=["stage", "requests", "tokens_in", "tokens_out", "minutes"])
    frame["minutes"] = frame["minutes"].astype("Float64").round(1)
    frame.loc[len(frame)] = ["total", *frame.drop(columns="stage").sum(skipna=False)]
    return frame


def summarize_usage(*clients: Client) -> pd.DataFrame:
    """Sum up what clients have used so far, by stage.

    Returns a frame of stage, endpoint, asked, from_cache, sent (requests, retries included), failed, tokens_in,
    tokens_out (of all replies, cached ones included) and seconds.
    """
    unique = {id(client): client for client in clients}.values()
    lines = [
        (stage, client.endpoint.name, use.asked, use.from_cache, use.sent, use.failed, use.prompt_tokens,
         use.completion_tokens, round(use.seconds, 1))
        for client in unique
        for stage, use in client.usage.items()
    ]  # fmt: skip
    names = ["stage", "endpoint", "asked", "from_cache", "sent", "failed", "tokens_in", "tokens_out", "seconds"]
    return pd.DataFrame(lines, columns=names)


def _estimate_minutes(client: Client, requests: int, tokens_out: int) -> float | None:
    if client.endpoint.is_local:
        # What one token answers, a judge's turn, has only its question to read while the conversation is still cached.
        short = tokens_out == requests
        return (requests * LOCAL_SECONDS_PER_TURN if short else tokens_out / LOCAL_TOKENS_PER_SECOND) / 60
    rate = client.requests_per_minute
    return requests / rate if rate else None


# Stages in the order in which rows are lost, and the labels under which clients count each one's requests.
STAGES: dict[str, tuple[str, ...]] = {
    "questions": ("preflight", "subtopics", "questions"),
    "responses": ("responses",),
    "verification": ("repair",),
    "duplicates": (),
    "contamination": (),
    "scores": ("reward", "judge"),
    "thresholds": (),
}

COSTS = ["requests", "from_cache", "tokens_in", "tokens_out", "minutes"]


def add_costs(ledger: pd.DataFrame, usage: pd.DataFrame) -> pd.DataFrame:
    """Sum the ledger up by stage and set beside it what each stage cost.

    ledger: from make_ledger. usage: from summarize_usage, with the columns stage, asked, from_cache, tokens_in,
    tokens_out, seconds. Returns a frame of stage, lost, left, requests (asked, cached ones included), from_cache,
    tokens_in, tokens_out and minutes, the last line their sum. The preflight counts with the questions. What usage holds
    beyond the known stages has a line of its own. Costs differ between a first run and one answered from the cache.
    """
    check_columns(ledger, "add_costs", ("stage", "outcome", "rows"))
    check_columns(usage, "add_costs", ("stage", "asked", "from_cache", "tokens_in", "tokens_out", "seconds"))
    spent = usage.assign(requests=usage["asked"], minutes=usage["seconds"] / 60)
    known = {label: stage for stage, labels in STAGES.items() for label in labels}
    costs = spent.groupby(spent["stage"].map(lambda label: known.get(label, label)))[COSTS].sum()
    lost = ledger[ledger["stage"] != ""].groupby("stage")["rows"].sum()
    stages = [*STAGES, *sorted(set(costs.index) - set(STAGES))]
    table = pd.DataFrame({"stage": stages, "lost": lost.reindex(stages, fill_value=0).to_numpy(dtype=int)})
    requested = int(ledger["rows"].iloc[0])
    table.insert(2, "left", requested - table["lost"].cumsum())
    for column in COSTS:
        table[column] = costs[column].reindex(stages, fill_value=0).to_numpy()
    total = ["total", table["lost"].sum(), requested - table["lost"].sum(), *table[COSTS].sum()]
    table = pd.concat([table, pd.DataFrame([total], columns=table.columns)], ignore_index=True)
    whole = {column: int for column in COSTS if column != "minutes"}
    return table.astype(whole).assign(minutes=table["minutes"].astype(float).round(2))
