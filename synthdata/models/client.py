"""The door to a model: what a stage holds and asks. All calls block, many requests are in flight meanwhile."""

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from synthdata.base.errors import InputError, InterruptedRun
from synthdata.base.progress import Progress, format_seconds
from synthdata.models.batch import Batch
from synthdata.models.batchfiles import write_requests
from synthdata.models.cache import LOOK_UP_BATCH, Cache, make_key, split_batches, write_body
from synthdata.models.endpoints import Endpoint, parse_endpoint
from synthdata.models.limiter import get_limiter
from synthdata.models.recording import Recording
from synthdata.models.replies import read_completion
from synthdata.models.sender import ATTEMPTS, Sender
from synthdata.models.transport import Transport
from synthdata.models.usage import Budget, Usage


class Client:
    """Asks one endpoint, in Jupyter, scripts and worker processes alike.

    endpoint: an Endpoint or its written form. cache: where replies are kept or replayed from; None keeps nothing.
    concurrency: requests in flight, the endpoint's own figure when None. requests_per_minute: the account's limit,
    the endpoint's when None. budget: shared count of requests. timeout: seconds for one request. params: what every request
    of this client carries, such as {"chat_template_kwargs": {"enable_thinking": False}}; what a request says itself comes first.
    batch: a folder; what the cache lacks is written there as request files for a batch service instead of being sent, and the
    call stops with BatchPending. What is asked fresh each time (preflight) is sent all the same.
    learned: what preflight found out about this server, for the calls that follow. plan: the minutes that a run is expected to take
    by stage, in order, where it was estimated: progress says which stage this is, and what comes after it.
    """

    def __init__(
        self,
        endpoint: Endpoint | str,
        cache: Cache | Recording | None = None,
        *,
        concurrency: int | None = None,
        requests_per_minute: float | None = None,
        budget: Budget | None = None,
        timeout: float = 600.0,
        params: Mapping[str, Any] | None = None,
        batch: str | os.PathLike[str] | None = None,
    ) -> None:
        self.endpoint = parse_endpoint(endpoint) if isinstance(endpoint, str) else endpoint
        self.cache = cache
        self.concurrency = check_above_zero("concurrency", concurrency, self.endpoint.concurrency, whole=True)
        self.requests_per_minute = check_above_zero(
            "requests_per_minute", requests_per_minute, self.endpoint.requests_per_minute
        )
        self.timeout = check_above_zero("timeout", timeout, timeout)
        self.budget = budget or Budget()
        self.params = dict(params or {})
        self.batch = Path(batch) if batch is not None else None
        if self.batch is not None and self.endpoint.is_local:
            raise InputError(
                f"{self.endpoint.name} reads no batch files: leave batch out, or name a provider's endpoint."
            )
        if self.batch is not None and cache is None:
            raise InputError(
                'batch files need a cache to keep the answers in: give Client(…, sd.open_cache("cache.sqlite"), batch=…).'
            )
        self.usage: dict[str, Usage] = {}
        self.learned: dict[str, Any] = {}
        self.plan: dict[str, float | None] = {}

    def __repr__(self) -> str:
        return f"Client({self.endpoint.name!r}, concurrency={self.concurrency})"

    def complete(
        self,
        bodies: Iterable[dict[str, Any]],
        *,
        label: str = "requests",
        read: Callable[[dict[str, Any]], Any] = read_completion,
        in_turn: int = 1,
        quiet: bool = False,
        fresh: bool = False,
        attempts: int = ATTEMPTS,
        require_any: bool = True,
    ) -> list[Any]:
        """Get the replies to request bodies, in their order: what `read` makes of each, or a Failure.

        bodies: chat completion parameters without `model`. label: the stage, for progress and usage.
        read: turns one reply, parsed from JSON, into a value. in_turn: this many bodies in a row are sent one after the
        other, so that a server can reuse the conversation that they share. quiet: no progress, no summary. fresh: ask even
        if a reply is stored. attempts: how often a fault that may heal is tried; with 1, a rate limit is an error too.
        require_any: raise when every row failed; False leaves that to the caller.
        Raises EndpointError when the fault is not one row's or every row failed, RecordingError for a request that
        a replay lacks, CacheError when replies cannot be stored, InterruptedRun when a person stops it. What arrived before
        is stored.
        """
        batch = Batch(label, read, self.usage.setdefault(label, Usage()))
        started = time.monotonic()
        progress: Progress | None = None
        store: Any = None
        try:
            bodies = ({**self.params, **body} for body in bodies) if self.params else bodies
            store = self.cache.open() if self.cache is not None else None
            batch.collect(bodies, self.endpoint, store, in_turn, fresh)
            progress = None if quiet else Progress(label, len(batch.results))
            if batch.groups and self.batch is not None and not fresh:
                write_requests(batch, self.batch, self.endpoint, self.budget)
            if batch.groups:
                sender = self._make_sender(batch, attempts)
                if store is not None and not store.is_writable:
                    store.refuse_questions(fresh)  # before anything is paid for that could not be kept
                lent, store = store, None  # the sender closes it when it has ended, whatever happens here
                sender.send(
                    lent,
                    lambda: (
                        progress.draw(batch.done, sender.describe() + self.describe_plan(label)) if progress else None
                    ),
                )
        except BaseException as fault:
            if progress is not None and not isinstance(fault, KeyboardInterrupt):
                progress.finish(f"{label}: stopped; {batch.done:,} of {len(batch.results):,} answered")
            elif progress is not None:
                progress.clear()
            if isinstance(fault, KeyboardInterrupt):
                raise InterruptedRun(f"{label}: {batch.describe_stored()}; run the cell again to go on.") from None
            raise
        finally:
            if store is not None:
                store.close()
            batch.usage.seconds += time.monotonic() - started
        if isinstance(self.cache, Cache) and self.cache.recording:
            self.cache.write_recording()
        return batch.finish(progress, require_any)

    def find_stored(self, bodies: Iterable[dict[str, Any]]) -> list[bool]:
        """Tell of each request body, as complete takes them, whether its reply is stored; nothing is sent."""
        if self.cache is None:
            return [False for _ in bodies]
        written = [write_body({"model": self.endpoint.model, **self.params, **body}) for body in bodies]
        store: Any = self.cache.open()
        try:
            keys = [make_key(self.endpoint.identity, body) for body in written]
            found = {key for part in split_batches(keys, LOOK_UP_BATCH) for key in store.look_up(part)}
        finally:
            store.close()
        return [key in found for key in keys]

    def describe_plan(self, label: str) -> str:
        """Say which stage of the planned run this one is, what the stages after it take, and what is left of the budget."""
        said = ""
        if label in self.plan:
            place = list(self.plan).index(label)
            later = [minutes for minutes in list(self.plan.values())[place + 1 :] if minutes is not None]
            rest = f", then about {format_seconds(60 * sum(later))}" if sum(later) else ""
            said = f" · stage {place + 1} of {len(self.plan)}{rest}"
        if self.budget.limit is not None:
            said += f" · {max(self.budget.limit - self.budget.spent, 0):,} requests left of the budget"
        return said

    def connect(self) -> Transport:
        """Find address and key, starting the embedded server when the endpoint is local."""
        return Transport(self.endpoint, self.timeout)

    def _make_sender(self, batch: Batch, attempts: int) -> Sender:
        transport = self.connect()
        limiter = get_limiter(transport.url, transport.key, self.requests_per_minute)
        return Sender(batch, transport, limiter, self.budget, self.concurrency, attempts)


def check_above_zero(name: str, value: Any, usual: Any, whole: bool = False) -> Any:
    """Return a finite number above zero, or the usual one for None; raise InputError for anything else."""
    if value is None:
        return usual
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < math.inf:
        kind = "whole number" if whole else "number"
        raise InputError(f"{name} is {value!r}: give a {kind} above zero, or None for the usual one.")
    return value
