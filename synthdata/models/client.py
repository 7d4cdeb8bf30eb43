"""The door to a model: what a caller holds and asks.

Covers blocking calls over many requests in flight, in Jupyter, scripts and worker processes alike. How they are sent
stands in run.py, one request in transport.py, what comes back in replies.py. Not covered: streaming, tools, images.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

from synthdata.base.errors import InputError
from synthdata.models.batch import ATTEMPTS, Ahead, Run
from synthdata.models.cache import Cache
from synthdata.models.endpoints import Endpoint, parse_endpoint
from synthdata.models.recording import Recording
from synthdata.models.replies import read_completion
from synthdata.models.transport import Transport
from synthdata.models.usage import Budget, Usage


class Client:
    """Asks one endpoint. All calls block; several requests are in flight meanwhile.

    endpoint: an Endpoint or its written form. cache: where replies are kept or replayed from; None keeps nothing.
    concurrency: requests in flight, the endpoint's own figure when None. requests_per_minute: the account's limit,
    the endpoint's when None. budget: shared count of requests. timeout: seconds for one request.
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
    ) -> None:
        self.endpoint = parse_endpoint(endpoint) if isinstance(endpoint, str) else endpoint
        self.cache = cache
        self.concurrency = concurrency or self.endpoint.concurrency
        self.requests_per_minute = requests_per_minute or self.endpoint.requests_per_minute
        self.budget = budget or Budget()
        self.timeout = timeout
        self.usage: dict[str, Usage] = {}
        if self.concurrency < 1 or (self.requests_per_minute or 1) <= 0 or timeout <= 0:
            raise InputError(
                f"concurrency={concurrency}, requests_per_minute={requests_per_minute}, timeout={timeout}: "
                "each must be above zero."
            )

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
        ahead: Ahead | None = None,
    ) -> list[Any]:
        """Get the replies to request bodies, in their order: a read reply or a Failure for each.

        bodies: chat completion parameters without `model`. label: the stage, for progress and usage.
        read: makes a value of a reply. in_turn: bodies in runs of this many are sent one after another, so that a
        server can reuse what they share. quiet: no progress, no summary. fresh: ask even if a reply is stored.
        attempts: how often a fault that may heal is tried; with 1, a rate limit is an error too.
        require_any: raise when every row failed; False leaves that to the caller. ahead: requests to make of each answer
        while others are awaited.
        Raises EndpointError when the fault is not one row's or every row failed, RecordingError for a request that
        a replay lacks, CacheError when replies cannot be stored. What arrived before is stored.
        """
        run = Run(self, label, read, in_turn, fresh, attempts)
        if ahead is not None and (self.cache is None or ahead.client.cache is not self.cache):
            ahead = None  # its replies would wait where the later stage does not look
        try:
            with self.cache.open() if self.cache is not None else nullcontext() as store:
                run.collect(bodies, store)
                run.send(store, quiet, ahead)
        finally:
            run.usage.seconds += time.monotonic() - run.started
        return run.finish(quiet, require_any)

    def connect(self) -> Transport:
        """Make the connection's particulars, starting the embedded server when the endpoint is local."""
        return Transport(self.endpoint, self.timeout)
