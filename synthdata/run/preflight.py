"""Before any work: does each model answer, in which form, and is its context long enough?"""

from typing import Any

import pandas as pd

from synthdata.base.errors import EndpointError
from synthdata.models.client import Client
from synthdata.models.endpoints import NIM_URL
from synthdata.models.recording import Recording
from synthdata.models.refusals import suggest_models
from synthdata.models.replies import Failure, read_completion
from synthdata.quality.scores.scale import choose_way, find_scale

PING = {"messages": [{"role": "user", "content": "Answer with the word ready."}], "max_tokens": 8, "temperature": 0}


def check_endpoints(generator: Client, reward: Client, context_tokens: int = 0) -> pd.DataFrame:
    """Make one tiny call to the generator and one to the reward model, and say what each is.

    context_tokens: the context a run needs; a server that declares less is refused. 0 does not check.
    Returns a frame of role, endpoint, model, answers (the form in which it replies). Never swaps a model.
    Raises EndpointError or InputError with what is wrong, what to do, and which models the server lists.
    """
    _check_context(generator, context_tokens)
    _call(generator, PING, read_completion)
    lines = [("generator", generator.endpoint.name, generator.endpoint.model, "text")]
    way = choose_way(reward)
    form = _call(reward, way.probe, way.read_probe)
    if isinstance(form, Failure):
        raise EndpointError(
            f"{reward.endpoint.name} replied {form.raw[:120]!r}, which holds no scores: it is no reward model we can "
            "read; name another, or a chat model to judge."
        )
    lines.append(("reward", reward.endpoint.name, reward.endpoint.model, find_scale(form).answers))
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
