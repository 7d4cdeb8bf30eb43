"""Before any work: does each model answer, and what will the run cost?

Covers one real, tiny call for each model with a plain diagnosis, and an estimate of requests, minutes, tokens and, only
where the user names a price, money. Not covered: quality of the answers.
"""

from typing import Any

import pandas as pd

from synthdata.base.errors import EndpointError
from synthdata.models.client import Client
from synthdata.models.endpoints import NIM_URL
from synthdata.models.recording import Recording
from synthdata.models.refusals import suggest_models
from synthdata.models.replies import Failure, read_completion
from synthdata.quality.scores.judge import TOP_LOGPROBS, parse_yes_no
from synthdata.quality.scores.reward import parse_reward
from synthdata.quality.scores.scoring import choose_form

PING = {"messages": [{"role": "user", "content": "Answer with the word ready."}], "max_tokens": 8, "temperature": 0}

PING_REWARD = {"messages": [{"role": "user", "content": "What is 1 + 1?"}, {"role": "assistant", "content": "2"}]}

PING_JUDGE = {
    "messages": [*PING_REWARD["messages"], {"role": "user", "content": "Is that right? Answer yes or no."}],
    "max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": TOP_LOGPROBS,
}  # fmt: skip


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


def _call(client: Client, body: dict[str, Any], read: Any) -> Any:
    # fresh: a preflight that answers from the cache would check nothing.
    return client.complete([body], label="preflight", read=read, quiet=True, fresh=True, attempts=1)[0]


def _check_context(client: Client, context_tokens: int) -> None:
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
