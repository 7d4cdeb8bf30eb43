"""Before any work: does each model answer, and what will the run cost?

Covers one real, tiny call for each model with a plain diagnosis, and an estimate of requests, minutes, tokens and, only
where the user names a price, money. Not covered: quality of the answers.
"""

import math
from typing import Any

import pandas as pd

from synthdata.checks import check_count
from synthdata.client import Client
from synthdata.endpoints import NIM_URL, suggest_models
from synthdata.errors import EndpointError
from synthdata.judge import JUDGE_QUESTIONS
from synthdata.replies import Failure, read_completion
from synthdata.reward import TOP_LOGPROBS, parse_reward, parse_yes_no
from synthdata.scoring import choose_form

PING = {"messages": [{"role": "user", "content": "Answer with the word ready."}], "max_tokens": 8, "temperature": 0}
PING_REWARD = {"messages": [{"role": "user", "content": "What is 1 + 1?"}, {"role": "assistant", "content": "2"}]}
PING_JUDGE = {
    "messages": [*PING_REWARD["messages"], {"role": "user", "content": "Is that right? Answer yes or no."}],
    "max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": TOP_LOGPROBS,
}  # fmt: skip

# Measured with the 1.5B model, 4 slots, 2 cores; other machines differ, and the progress bar soon knows better.
LOCAL_TOKENS_PER_SECOND = 20.0
LIST_TOKENS, RESPONSE_TOKENS = 300, 450  # usual lengths, for the estimate only
REPAIR_SHARE = 0.2  # of responses that are sent back: 14 % of a 405b model's, 19 % of the embedded one's, on Docker


def check_endpoints(generator: Client, reward: Client, context_tokens: int = 0) -> pd.DataFrame:
    """Make one tiny call to the generator and one to the reward model, and say what each is.

    context_tokens: the context a run needs; a server that declares less is refused. 0 does not check.
    Returns a frame of role, endpoint, model, answers (the form in which it replies). Never swaps a model.
    Raises EndpointError or InputError with what is wrong, what to do, and which models the server lists.
    """
    _check_context(generator, context_tokens)
    _call(generator, PING, read_completion)
    lines = [("generator", generator.endpoint.name, generator.endpoint.model, "text")]
    if choose_form(reward) == "reward":
        reply = _call(reward, PING_REWARD, parse_reward)
        if isinstance(reply, Failure):
            raise EndpointError(
                f"{reward.endpoint.name} replied {reply.raw[:120]!r}, which holds no scores: it is no reward model we can "
                "read; name another, or a chat model to judge."
            )
        form = "one scalar: comparable within an instruction only" if reply.form == "scalar" else "five attributes"
    else:
        reply = _call(reward, PING_JUDGE, parse_yes_no)
        form = "judge, JSON (no logprobs served)" if isinstance(reply, Failure) else "judge, probability of yes"
    lines.append(("reward", reward.endpoint.name, reward.endpoint.model, form))
    return pd.DataFrame(lines, columns=["role", "endpoint", "model", "answers"])


def estimate_run(
    n_subtopics: int,
    n_questions: int,
    n_samples: int,
    generator: Client,
    reward: Client,
    *,
    repairs: int = 0,
    response_tokens: int = RESPONSE_TOKENS,
    price_per_million: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Estimate what a run with nothing cached asks for.

    repairs: how often a response with problems is sent back; a fifth of the rows is assumed to have some.
    response_tokens: a usual response's length. price_per_million: money for a million tokens in and out, when you
    know it. Returns a frame of stage, requests, tokens_in, tokens_out, minutes (null where the endpoint's speed is not
    known) and, with a price, cost; the last line is the total. Raises InputError for counts below 1.
    """
    subtopics = check_count("N_SUBTOPICS", n_subtopics)
    questions = subtopics * check_count("N_QUESTIONS", n_questions)
    rows = questions * check_count("N_SAMPLES", n_samples)
    repaired = math.ceil(rows * REPAIR_SHARE) * repairs
    judged = choose_form(reward) == "judge"
    turns = len(JUDGE_QUESTIONS) if judged else 1
    stages = [
        ("preflight", generator, 2, 60, 10),
        ("subtopics", generator, 1, 100, LIST_TOKENS),
        ("questions", generator, subtopics, 100 * subtopics, LIST_TOKENS * subtopics),
        ("responses", generator, rows, 40 * rows, response_tokens * rows),
        ("repair", generator, repaired, (response_tokens + 150) * repaired, response_tokens * repaired),
        ("judge" if judged else "reward", reward, turns * rows, turns * (response_tokens + 60) * rows, turns * rows),
    ]
    lines: list[tuple[Any, ...]] = [
        (
            name,
            requests,
            tokens_in,
            tokens_out,
            _estimate_minutes(client, requests, tokens_out, turns if name == "judge" else 0),
        )
        for name, client, requests, tokens_in, tokens_out in stages
    ]
    frame = pd.DataFrame(lines, columns=["stage", "requests", "tokens_in", "tokens_out", "minutes"])
    frame["minutes"] = frame["minutes"].astype("Float64").round(1)
    frame.loc[len(frame)] = ["total", *frame.drop(columns="stage").sum(skipna=False)]
    if price_per_million is not None:
        price_in, price_out = price_per_million
        frame["cost"] = (frame["tokens_in"] * price_in + frame["tokens_out"] * price_out) / 1e6
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


def _call(client: Client, body: dict[str, Any], read: Any) -> Any:
    # fresh: a preflight that answers from the cache would check nothing.
    return client.complete([body], label="preflight", read=read, quiet=True, fresh=True, attempts=1)[0]


def _check_context(client: Client, context_tokens: int) -> None:
    from synthdata.cache import Recording

    if (
        not context_tokens
        or client.endpoint.is_local
        or client.endpoint.url == NIM_URL
        or isinstance(client.cache, Recording)
    ):
        return
    transport = client.connect()
    declared = transport.read_context()
    if declared is not None and declared < context_tokens:
        others = suggest_models(client.endpoint, transport.list_models())
        raise EndpointError(
            f"{client.endpoint.name} declares a context of {declared:,} tokens, this run needs {context_tokens:,}: lower "
            f"max_tokens in SAMPLING or serve the model with a longer context. {others}"
        )


def _estimate_minutes(client: Client, requests: int, tokens_out: int, judge_turns: int) -> float | None:
    if client.endpoint.is_local:
        # A judge's turn reads about 20 new tokens when the conversation is still cached: half a second each, measured.
        return (requests * 0.6 if judge_turns else tokens_out / LOCAL_TOKENS_PER_SECOND) / 60
    rate = client.requests_per_minute
    return requests / rate if rate else None
