"""The thread that sends a batch: many requests in flight, retried, stored the moment they are answered, open to interrupts.

The states of a sender, in order:

    sending    workers take jobs from the queue
    settling   nothing more is sent; what is in flight may still arrive (after an error or an interrupt: it may be paid for)
    ended      the loop is closed, and the store with it

An interrupt reaches the thread that waits, never this one. It asks for `settling` by a call into the loop, which also sets
the moment at which what is still in flight is given up: from there on the sender ends by itself, whatever happens to the
thread that waits. Whether it has ended is told by a lock of its own; `Thread.is_alive` says False after an interrupted join up to
Python 3.12, and a store that was closed on its word is closed under its user.
"""

import asyncio
import contextlib
import random
import re
import threading
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from synthdata.base.errors import EndpointError
from synthdata.models.batch import Batch, Job, is_answer
from synthdata.models.cache import LOOK_UP_BATCH, Writer
from synthdata.models.limiter import Limiter
from synthdata.models.refusals import explain_status
from synthdata.models.transport import RowError, TransientError, Transport, read_retry_after
from synthdata.models.usage import Budget

if TYPE_CHECKING:
    import aiohttp

RETRY_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
RUN_STATUSES = frozenset({401, 402, 403, 404, 405, 410})  # not the row's fault: the next row would fail the same way
ATTEMPTS = 6
BACKOFF_SECONDS, BACKOFF_LIMIT_SECONDS = 0.5, 30.0
LIMITED_SECONDS = 600.0  # 429 and nothing else for so long ends the run
LONGEST_WAIT = 900.0  # a server that asks to come back later than this is not waited for
GRACE_SECONDS = 10.0  # for what is in flight when a run ends early: it may be paid for already
INTERRUPT_GRACE_SECONDS = 0.8  # the same when a person waits
SAME_REFUSALS = 5  # so many rows refused in the same words, and none answered: the next ones would be too
LOOK_AGAIN_SECONDS = 1.0  # another process may have had the next answers meanwhile


class Sender:
    """Sends one batch and stores its replies. See the module's docstring for its states."""

    def __init__(
        self, batch: Batch, transport: Transport, limiter: Limiter, budget: Budget, concurrency: int, attempts: int
    ) -> None:
        self.batch, self.transport, self.limiter, self.budget = batch, transport, limiter, budget
        self.concurrency, self.attempts = concurrency, attempts
        self.writer: Writer | None = None
        self.settling = False
        self.in_flight = 0
        self.answered_at = self.looked_at = time.monotonic()  # when a server last answered anything but 429
        self.refusals: list[str] = []

    def send(self, store: Any, draw: Callable[[], None]) -> None:
        """Send the queue from a thread with a loop of its own; draw() is called while this one waits.

        store: kept open by the sender and closed when it has ended; None keeps nothing.
        """
        self.writer = Writer(store, self.transport.endpoint.identity) if store is not None else None
        loop = asyncio.new_event_loop()
        # A bare lock, held until the sender ends. An interrupt that falls within Event.wait may leave the Event's own lock held for
        # ever, since that is taken and given back in Python; then neither thread goes on. Waiting for this one is a single step.
        running = threading.Lock()
        running.acquire()
        outcome: list[BaseException] = []
        task = loop.create_task(self._send_all())

        def work() -> None:
            asyncio.set_event_loop(loop)
            try:
                loop.run_until_complete(task)
            except asyncio.CancelledError:
                pass
            except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
                outcome.append(error)
            finally:
                try:
                    loop.close()
                    if self.writer is not None:
                        self.batch.unstored = self.writer.finish()
                        store.close()
                finally:
                    running.release()

        threading.Thread(target=work, name=f"synthdata {self.batch.label}", daemon=True).start()
        try:
            while not running.acquire(timeout=0.1):
                draw()
        except BaseException:
            with _loop_may_be_closed():
                loop.call_soon_threadsafe(self._wind_down, loop, task)
            running.acquire(timeout=2 * INTERRUPT_GRACE_SECONDS)
            raise
        if outcome:
            raise outcome[0]

    def describe(self) -> str:
        """Say beside the progress what holds it up."""
        failed = sum(self.batch.failures.values())
        limited = " · waiting for the rate limit" if self.limiter.is_waiting() else ""
        held = self.writer.describe() if self.writer is not None else ""
        return (f" · {failed:,} failed" if failed else "") + limited + held

    def _wind_down(self, loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
        self._stop()
        loop.call_later(INTERRUPT_GRACE_SECONDS, task.cancel)

    def _stop(self) -> None:
        self.batch.groups.clear()
        self.settling = True

    async def _send_all(self) -> None:
        async with self.transport.open_session() as session:
            count = min(self.concurrency, len(self.batch.groups))
            await run_workers([self._work(session) for _ in range(count)], self._settle)

    async def _settle(self) -> None:
        """Send nothing more, and give what is in flight a moment to arrive and be stored."""
        self._stop()
        deadline = time.monotonic() + GRACE_SECONDS
        while self.in_flight and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    async def _work(self, session: "aiohttp.ClientSession") -> None:
        while self.batch.groups:
            self._look_again()
            for job in self.batch.groups.popleft() if self.batch.groups else ():
                await self._ask(session, job)

    def _look_again(self) -> None:
        """Take from the store what another process has had answered since the queue was made."""
        now = time.monotonic()
        if self.writer is None or now - self.looked_at < LOOK_AGAIN_SECONDS:
            return
        self.looked_at = now
        groups: list[list[Job]] = []
        jobs = 0
        while self.batch.groups and jobs < LOOK_UP_BATCH:
            groups.append(self.batch.groups.popleft())
            jobs += len(groups[-1])
        found = self.writer.look_up([job.key for group in groups for job in group][:LOOK_UP_BATCH])
        for group in reversed(groups):
            rest = [job for job in group if not self.batch.accept_stored(found.get(job.key), job.indexes)]
            if rest:
                self.batch.groups.appendleft(rest)

    async def _ask(self, session: "aiohttp.ClientSession", job: Job) -> None:
        """Send one request until it is answered, fails for good, or ends the run."""
        began, attempt = time.monotonic(), 0
        while True:
            sent_at = await self.limiter.acquire(self.concurrency)
            if self.settling:
                self.limiter.release(sent_at)
                return
            if not self.budget.take():
                self.limiter.release(sent_at)
                self.batch.unsent += len(job.indexes)
                self.batch.fail(job, f"not sent: the budget of {self.budget.limit:,} requests is used up")
                return
            self.batch.usage.sent += 1
            self.in_flight += 1
            try:
                if await self._exchange(session, job, sent_at):
                    return
                continue  # refused by a limit: the limiter says when to try again
            except RowError as fault:
                self.answered_at = time.monotonic()
                self.batch.fail(job, str(fault), fault.raw)
                return
            except TransientError as fault:
                attempt += 1
                if attempt >= self.attempts:
                    if not fault.reached and self.answered_at < began:  # nor did anybody else get an answer since
                        raise EndpointError(self.transport.explain_unreachable(str(fault))) from fault
                    tries = f" after {attempt} attempts" if attempt > 1 else ""
                    self.batch.fail(job, f"{fault}{tries}", fault.raw)
                    return
                pause = min(BACKOFF_LIMIT_SECONDS, BACKOFF_SECONDS * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0)
                pause = max(pause, fault.wait)
            finally:
                self.in_flight -= 1
                self.limiter.report_lost(sent_at)  # without effect when the limiter knows what came of it
            await asyncio.sleep(pause)

    async def _exchange(self, session: "aiohttp.ClientSession", job: Job, sent_at: float) -> bool:
        """Send one request once; True when its row is settled, False when a limit refused it."""
        status, headers, raw = await self.transport.post(session, job.body)
        if status == 200:
            reply, status = self.transport.parse_reply(raw)
        if status == 200:
            self.limiter.report_accepted(sent_at)
            self.answered_at = time.monotonic()
            await self._settle_row(job, reply, raw)
            return True
        text = self.transport.redact(raw)
        if status == 429:
            self._note_limit(headers, text, sent_at)
            return False
        if status in RUN_STATUSES:
            raise EndpointError(await self.transport.explain_refusal(status, text))
        if status not in RETRY_STATUSES:
            self._refuse(job, status, text)
            return True
        raise TransientError(f"HTTP {status}", text, wait=read_retry_after(headers) or 0.0)

    async def _settle_row(self, job: Job, reply: dict[str, Any], raw: bytes) -> None:
        self.batch.accept(reply, job.indexes)
        self.refusals.clear()
        if self.writer is not None and is_answer(self.batch.results[job.indexes[0]]):
            await self.writer.keep(job.key, job.body, self.transport.mask_key(raw))

    def _note_limit(self, headers: Any, text: str, sent_at: float) -> None:
        wait = read_retry_after(headers)
        self.limiter.report_limited(wait, sent_at)
        endpoint = self.transport.endpoint
        if wait is not None and wait > LONGEST_WAIT:
            raise EndpointError(
                f"{endpoint.name} answered 429 and asks to come back in {wait / 3600:.1f} hours: its quota is used up. What "
                "was answered is stored; run again then, or name another endpoint."
            )
        if time.monotonic() - self.answered_at > LIMITED_SECONDS or self.attempts == 1:
            raise EndpointError(explain_status(endpoint, 429, text))

    def _refuse(self, job: Job, status: int, text: str) -> None:
        """Note that the server will not answer this request; end the run when it says the same of every request."""
        self.answered_at = time.monotonic()
        said = explain_status(self.transport.endpoint, status, text)
        self.batch.fail(job, said, text, refused=True)
        self.refusals.append(re.sub(r"\d+", "#", said))
        if len(self.refusals) >= SAME_REFUSALS and len(set(self.refusals)) == 1 and not self._has_answers():
            raise EndpointError(
                f"{self.batch.label}: the first {len(self.refusals)} requests were all refused: {said}. Nothing more was sent; "
                "change the parameter that it names (params=, SAMPLING) and run again."
            )

    def _has_answers(self) -> bool:
        return self.batch.done > sum(self.batch.failures.values())


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


def _loop_may_be_closed() -> Any:
    # The sender may have ended on its own between the interrupt and this call.
    return contextlib.suppress(RuntimeError)
