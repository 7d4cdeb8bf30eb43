"""Before any work: does each model answer, in which form, and is its context long enough?"""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from synthdata.base.errors import EndpointError
from synthdata.models.client import Client
from synthdata.models.endpoints import NIM_URL
from synthdata.models.recording import Recording
from synthdata.models.refusals import suggest_models
from synthdata.models.replies import Failure, find_limit, read_completion
from synthdata.quality.scores.judge import JUDGE
from synthdata.quality.scores.scale import choose_way, find_scale

PING = {"messages": [{"role": "user", "content": "Answer with the word ready."}], "max_tokens": 8, "temperature": 0}

PROMPT_TOKENS = 512  # room for a question beside its answer

_NAMES_A_PARAMETER = re.compile(r"max_\w*tokens|temperature|unsupported|parameter", re.I)


def check_endpoints(generator: Client, reward: Client, sampling: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Make one tiny call to the generator and one to the reward model, and say what each is.

    sampling: the parameters of the responses; a server that declares too small a context for them is refused.
    Returns a frame of role, endpoint, model, answers (the form in which it replies). Never swaps a model.
    Raises EndpointError or InputError with what is wrong, what to do, and which models the server lists.
    """
    limit = find_limit(sampling or {})
    _check_context(generator, limit + PROMPT_TOKENS if limit else 0)
    _ping(generator)
    lines = [("generator", generator.endpoint.name, generator.endpoint.model, "text")]
    form = _find_form(reward)
    lines.append(("reward", reward.endpoint.name, reward.endpoint.model, find_scale(form).answers))
    return pd.DataFrame(lines, columns=["role", "endpoint", "model", "answers"])


def _ping(client: Client) -> None:
    """Ask for a word; without limit and temperature where the server takes neither as we send it."""
    reply = _call(client, PING, read_completion)
    if isinstance(reply, Failure) and reply.refused and _NAMES_A_PARAMETER.search(reply.raw):
        reply = _call(client, {"messages": PING["messages"]}, read_completion)
    if isinstance(reply, Failure):
        raise EndpointError(f"preflight: {reply.reason}")


def _find_form(client: Client) -> str:
    """Find the form in which a scorer answers, and note on its client what the calls to come should know.

    Raises EndpointError for one that refuses, or whose replies hold no scores.
    """
    way = choose_way(client)
    name, form = client.endpoint.name, Failure("")
    for probe in way.probes:
        told = _call(client, probe.body, lambda reply, probe=probe: (probe.read(reply),))
        if isinstance(told, tuple) and isinstance(told[0], str):
            client.learned |= {**probe.learned, "form": told[0]}
            return told[0]
        form = told[0] if isinstance(told, tuple) else told
        if not form.refused:
            break
    if not isinstance(told, tuple):
        raise EndpointError(f"preflight: {form.reason}")
    if way is not JUDGE:
        raise EndpointError(
            f"{name} replied {form.raw[:120]!r}, which holds no scores: it is no reward model we can "
            "read; name another, or a chat model to judge."
        )
    raise EndpointError(
        f"{name} replied {form.raw[:120]!r} where yes or no was asked: as a judge it {form.reason}. Name another model, or, if "
        "it thinks first, turn that off with Client(…, params=…), often {'chat_template_kwargs': {'enable_thinking': False}}."
    )


def _call(client: Client, body: dict[str, Any], read: Any) -> Any:
    # fresh: a preflight that answers from the cache would check nothing.
    options: dict[str, Any] = {"label": "preflight", "quiet": True, "fresh": True, "attempts": 1, "require_any": False}
    return client.complete([body], read=read, **options)[0]


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
