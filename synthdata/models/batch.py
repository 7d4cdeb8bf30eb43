"""One batch of requests: what is stored is read, the rest is sent many at a time, retried, stored and counted.

Covers a loop in a thread of its own (so that it works inside Jupyter's running loop), interrupts, the budget, the end
of a run whose fault is not one row's, and requests sent ahead for a later stage. Not covered: what a caller sees of it
(client.py), one request's faults (transport.py), when a request may leave (limits.py).
"""

import asyncio
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from synthdata.base.errors import EndpointError, SynthdataError
from synthdata.base.progress import Progress
from synthdata.models.cache import LOOK_UP_BATCH, make_key, split_batches, write_body
from synthdata.models.limiter import get_limiter
from synthdata.models.recording import Recording
from synthdata.models.refusals import explain_status
from synthdata.models.replies import Failure, read_completion
from synthdata.models.transport import TransientError, Transport, read_retry_after
from synthdata.models.usage import Usage

if TYPE_CHECKING:
    import aiohttp

    from synthdata.models.client import Client

RETRY_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})

RUN_STATUSES = frozenset({401, 402, 403, 404, 405, 410})  # not the row's fault: the next row would fail the same way

ATTEMPTS = 6

BACKOFF_SECONDS, BACKOFF_LIMIT_SECONDS = 0.5, 30.0

LIMITED_SECONDS = 600.0  # 429 and nothing else for so long ends the run

RAW_CHARACTERS = 2000

GRACE_SECONDS = 10.0  # for what is in flight when a run ends early: it may be paid for already

INTERRUPT_GRACE_SECONDS = 0.8  # the same when a person waits


@dataclass(frozen=True)
class Ahead:
    """Requests that a later stage will make of each answer: sent while this stage still runs, kept in the cache.

    make_bodies: the request bodies for an answer, given its position and value. What fails is left to the later stage.
    """

    client: "Client"
    label: str
    make_bodies: Callable[[int, Any], list[dict[str, Any]]]


@dataclass(slots=True)
class _Job:
    indexes: list[int]
    key: bytes
    body: bytes


class Run:
    """One call of Client.complete: what is stored is read, the rest is sent from a thread with its own loop."""

    def __init__(
        self, client: "Client", label: str, read: Callable[..., Any], in_turn: int, fresh: bool, attempts: int
    ) -> None:
        self.client, self.label, self.read, self.in_turn = client, label, read, in_turn
        self.fresh, self.attempts = fresh, attempts
        self.usage = client.usage.setdefault(label, Usage())
        self.results: list[Any] = []
        self.groups: deque[list[_Job]] = deque()
        self.done = 0
        self.failures: Counter[str] = Counter()
        self.started = time.monotonic()
        self.answered_at = 0.0  # when a server last answered anything but 429
        self.store: Any = None
        self.follower: Run | None = None
        self.arrived: list[tuple[bytes, str, bytes, bytes]] = []  # replies that the next commit stores
        self.stored: asyncio.Future[None] | None = None  # done when they are
        self.in_flight = 0
        self.stopping = False
        self.over_budget = False
        self.progress: Progress | None = None
        self.make_bodies: Callable[[int, Any], list[dict[str, Any]]] | None = None

    def collect(self, bodies: Iterable[dict[str, Any]], store: Any) -> None:
        """Read what is stored; queue the rest, each distinct request once."""
        endpoint = self.client.endpoint
        waiting: dict[bytes, _Job] = {}
        last_group = -1
        for batch in split_batches(bodies, LOOK_UP_BATCH):
            written = [write_body({"model": endpoint.model, **body}) for body in batch]
            keys = [make_key(endpoint.identity, body) for body in written]
            replay = isinstance(store, Recording)
            found = store.look_up(keys) if store is not None and (replay or not self.fresh) else {}
            for key, body in zip(keys, written, strict=True):
                index = len(self.results)
                self.results.append(None)
                if self._accept_stored(found.get(key), index):
                    self.usage.from_cache += 1
                elif replay:
                    raise store.explain_miss(endpoint.identity, orjson.loads(body))
                elif key in waiting:
                    waiting[key].indexes.append(index)
                else:
                    waiting[key] = job = _Job([index], key, body)
                    group = index // self.in_turn
                    if group != last_group:
                        self.groups.append([])
                        last_group = group
                    self.groups[-1].append(job)
        self.usage.asked += len(self.results)
        self.done = len(self.results) - sum(len(job.indexes) for job in waiting.values())

    def prepare(self, store: Any) -> "Run":
        """Find where to send to, starting the embedded server if need be."""
        self.store = store
        self.transport = Transport(self.client.endpoint, self.client.timeout)
        self.limiter = get_limiter(self.transport.url, self.transport.key, self.client.requests_per_minute)
        return self

    def send(self, store: Any, quiet: bool, ahead: Ahead | None = None) -> None:
        """Send the queue from a thread with a loop of its own, and wait, drawing, open to interrupts."""
        if not self.groups:
            return
        self.prepare(store)
        if ahead is not None:
            self.follower = Run(ahead.client, ahead.label, read_completion, 1, False, ATTEMPTS).prepare(store)
            self.make_bodies = ahead.make_bodies
        progress = self.progress = Progress(self.label, len(self.results))
        loop = asyncio.new_event_loop()
        outcome: list[BaseException] = []
        task: list[asyncio.Task[None]] = []

        def work() -> None:
            asyncio.set_event_loop(loop)
            try:
                task.append(loop.create_task(self._send_all()))
                loop.run_until_complete(task[0])
            except asyncio.CancelledError:
                pass
            except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
                outcome.append(error)
            finally:
                loop.close()

        thread = threading.Thread(target=work, name=f"synthdata {self.label}", daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                thread.join(0.1)
                if not quiet:
                    progress.draw(self.done, self._note())
        except KeyboardInterrupt:
            if task and thread.is_alive():
                loop.call_soon_threadsafe(self.stop)
                thread.join(INTERRUPT_GRACE_SECONDS)
            if task and thread.is_alive():
                loop.call_soon_threadsafe(task[0].cancel)
                thread.join(INTERRUPT_GRACE_SECONDS)
            if not quiet:
                progress.finish(
                    f"{self.label}: interrupted; {self.done:,} of {len(self.results):,} stored, run again to go on"
                )
            raise
        if outcome:
            if not quiet:
                progress.finish(f"{self.label}: stopped; {self.done:,} of {len(self.results):,} stored")
            raise outcome[0]

    def finish(self, quiet: bool, require_any: bool) -> list[Any]:
        """Say what came of it, once, in words a re-run would repeat."""
        total, failed = len(self.results), sum(self.failures.values())
        self.usage.failed += failed
        if require_any and total and failed == total and not self.over_budget:
            reason, count = self.failures.most_common(1)[0]
            if total == 1:
                raise EndpointError(f"{self.label}: {reason}")
            raise EndpointError(f"{self.label}: all {total:,} requests failed, {count:,} of them with: {reason}")
        if not quiet:
            summary = f"{self.label}: {total:,} asked, {total - failed:,} answered, {failed:,} failed"
            if failed:
                summary += f" ({self.failures.most_common(1)[0][0]})"
            (self.progress or Progress(self.label, total)).finish(summary)
        return self.results

    def _note(self) -> str:
        failed = sum(self.failures.values())
        limited = " · waiting for the rate limit" if self.limiter.is_waiting() else ""
        return (f" · {failed:,} failed" if failed else "") + limited

    def _accept(self, reply: Any, indexes: list[int]) -> bool:
        """Read a reply into its rows; False when it has not the form it should."""
        try:
            usage = reply.get("usage") or {}
            value = self.read(reply)
        except (AttributeError, KeyError, IndexError, TypeError):
            return False
        if indexes:  # what is only stored ahead is counted by the stage that reads it
            self.usage.prompt_tokens += usage.get("prompt_tokens") or 0
            self.usage.completion_tokens += usage.get("completion_tokens") or 0
        for index in indexes:
            self.results[index] = value
        return True

    def _accept_stored(self, raw: bytes | None, index: int) -> bool:
        """Read a stored reply; False when there is none or its bytes are damaged."""
        try:
            return raw is not None and self._accept(orjson.loads(raw), [index])
        except orjson.JSONDecodeError:
            return False

    def _fail(self, job: _Job, reason: str, raw: str = "") -> None:
        failure = Failure(reason, raw[:RAW_CHARACTERS])
        for index in job.indexes:
            self.results[index] = failure
            self.failures[reason] += 1
        self.done += len(job.indexes)

    async def _send_all(self) -> None:
        following: asyncio.Task[None] | None = None
        self.later: asyncio.Queue[list[_Job] | None] = asyncio.Queue()
        if self.follower is not None:
            following = asyncio.create_task(self.follower.follow(self.later))
        try:
            async with self.transport.open_session() as session:
                count = min(self.client.concurrency, len(self.groups))
                await run_workers([self._work(session) for _ in range(count)], self.settle)
            if following is not None:
                for _ in range(self.follower.client.concurrency if self.follower else 0):
                    self.later.put_nowait(None)
                await following
        except SynthdataError:
            if self.follower is not None:
                await self.follower.settle()
            raise
        finally:
            if following is not None:
                following.cancel()

    def stop(self) -> None:
        """Send nothing more."""
        self.groups.clear()
        self.stopping = True
        if self.follower is not None:
            self.follower.stop()

    async def settle(self) -> None:
        """Send nothing more, and give what is in flight a moment to arrive and be stored."""
        self.stop()
        deadline = time.monotonic() + GRACE_SECONDS
        while self.in_flight and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    async def _work(self, session: "aiohttp.ClientSession") -> None:
        while self.groups:
            for job in self.groups.popleft():
                await self._ask(session, job)
                result = self.results[job.indexes[0]]
                if self.follower and self.make_bodies and result is not None and not isinstance(result, Failure):
                    self.later.put_nowait(self.follower.make_jobs(self.make_bodies(job.indexes[0], result)))

    def make_jobs(self, bodies: list[dict[str, Any]]) -> list[_Job]:
        """Make jobs whose replies go to the store alone; those it has are left out."""
        endpoint = self.client.endpoint
        jobs = []
        for body in bodies:
            written = write_body({"model": endpoint.model, **body})
            jobs.append(_Job([], make_key(endpoint.identity, written), written))
        found = self.store.look_up([job.key for job in jobs])
        return [job for job in jobs if job.key not in found]

    async def follow(self, queue: "asyncio.Queue[list[_Job] | None]") -> None:
        """Send what another run queues, until it queues None for each worker. Never raises: the stage to come reports."""

        async def work(session: "aiohttp.ClientSession") -> None:
            while (group := await queue.get()) is not None:
                for job in group:
                    await self._ask(session, job)

        async with self.transport.open_session() as session:
            try:
                await run_workers([work(session) for _ in range(self.client.concurrency)], self.settle)
            except EndpointError:
                return

    async def _keep(self, job: _Job, raw: bytes) -> None:
        """Store a reply, in one transaction with all that arrived in the same turn of the loop."""
        if self.stored is None:
            self.stored = asyncio.get_running_loop().create_future()
            self.stored.get_loop().call_soon(self._commit)
        self.arrived.append((job.key, self.client.endpoint.identity, job.body, raw))
        await asyncio.shield(self.stored)

    def _commit(self) -> None:
        stored, arrived = self.stored, self.arrived
        self.stored, self.arrived = None, []
        assert stored is not None
        try:
            self.store.store(arrived)
        except SynthdataError as fault:
            stored.set_exception(fault)
        else:
            stored.set_result(None)

    async def _ask(self, session: "aiohttp.ClientSession", job: _Job) -> None:
        """Send one request until it is answered, fails for good, or ends the run."""
        began, attempt = time.monotonic(), 0
        while True:
            sent_at = await self.limiter.acquire(self.client.concurrency)
            if self.stopping:
                self.limiter.release(sent_at)
                return
            if not self.client.budget.take():
                self.limiter.release(sent_at)
                self.over_budget = True
                self._fail(job, f"not sent: the budget of {self.client.budget.limit:,} requests is used up")
                return
            self.usage.sent += 1
            self.in_flight += 1
            try:
                status, headers, raw = await self.transport.post(session, job.body)
                if status == 200:
                    self.limiter.report_accepted(sent_at)
                    reply = self.transport.parse_reply(raw)
                    self.answered_at = time.monotonic()
                    if self.store is not None:
                        await self._keep(job, raw)
                    if self._accept(reply, job.indexes):
                        self.done += len(job.indexes)
                    else:
                        self._fail(job, "a reply of unknown form", self.transport.redact(raw))
                    return
                text = self.transport.redact(raw)
                if status == 429:
                    self.limiter.report_limited(read_retry_after(headers.get("Retry-After")), sent_at)
                    waited = time.monotonic() - max(self.started, self.answered_at)
                    if waited > LIMITED_SECONDS or self.attempts == 1:
                        raise EndpointError(explain_status(self.client.endpoint, status, text))
                    continue
                if status in RUN_STATUSES:
                    raise EndpointError(await self.transport.explain_refusal(status, text))
                if status not in RETRY_STATUSES:
                    self.answered_at = time.monotonic()
                    self._fail(job, explain_status(self.client.endpoint, status, text), text)
                    return
                raise TransientError(f"HTTP {status}", text, wait=read_retry_after(headers.get("Retry-After")) or 0.0)
            except TransientError as fault:
                attempt += 1
                if attempt >= self.attempts:
                    if not fault.reached and self.answered_at < began:  # nor did anybody else get an answer since
                        raise EndpointError(self.transport.explain_unreachable(str(fault))) from fault
                    tries = f" after {attempt} attempts" if attempt > 1 else ""
                    self._fail(job, f"{fault}{tries}", fault.raw)
                    return
                pause = min(BACKOFF_LIMIT_SECONDS, BACKOFF_SECONDS * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0)
                pause = max(pause, fault.wait)
            finally:
                self.in_flight -= 1
                self.limiter.report_lost(sent_at)  # without effect when the limiter knows what came of it
            await asyncio.sleep(pause)


async def run_workers(
    workers: list[Coroutine[Any, Any, None]], settle: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """Run coroutines together; when one fails, settle what is in flight, cancel the others and raise its error.

    Not a TaskGroup: IPython prints its whole traceback where an exception group is in an error's context.
    """
    tasks = [asyncio.create_task(worker) for worker in workers]
    try:
        done, unfinished = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        if unfinished:
            await settle()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
