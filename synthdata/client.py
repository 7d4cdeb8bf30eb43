"""The only door to a model: cache, then limit, then send with retries, then store; usage and budget counted.

Covers blocking calls for the caller (in Jupyter, scripts and worker processes alike) over many requests in flight,
interrupts, resuming, and the sorting of faults into those that heal, those of one row, and those of the whole run.
Requests go over aiohttp, whose cost in processor time the openai package's client multiplies; that client lists a server's
models, where speed does not matter.
Not covered: streaming, tools, images.
"""

import asyncio
import email.utils
import random
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from synthdata.cache import LOOK_UP_BATCH, Cache, Recording, make_key, split_batches
from synthdata.endpoints import Endpoint, explain_status, parse_endpoint
from synthdata.errors import EndpointError, InputError, SynthdataError
from synthdata.limits import get_limiter
from synthdata.progress import Progress

if TYPE_CHECKING:
    import aiohttp

RETRY_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
RUN_STATUSES = frozenset({401, 402, 403, 404, 405, 410})  # not the row's fault: the next row would fail the same way
ATTEMPTS = 6
BACKOFF_SECONDS, BACKOFF_LIMIT_SECONDS = 0.5, 30.0
LIMITED_SECONDS = 600.0  # 429 and nothing else for so long ends the run
RAW_CHARACTERS = 2000
GRACE_SECONDS = 10.0  # for what is in flight when a run ends early: it may be paid for already
INTERRUPT_GRACE_SECONDS = 0.8  # the same when a person waits


@dataclass(frozen=True, slots=True)
class Completion:
    """A chat model's reply: the answer, with the model's reasoning kept apart."""

    text: str
    finish_reason: str | None
    model: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without a usable reply: why, and what the server said."""

    reason: str
    raw: str = ""


@dataclass
class Budget:
    """A number of requests that is never exceeded, shared by the clients it is given to. None: no limit."""

    limit: int | None = None
    spent: int = 0

    def __post_init__(self) -> None:
        if self.limit is not None and (not isinstance(self.limit, int) or self.limit < 0):
            raise InputError(f"budget is {self.limit!r}: give a whole number of requests, or None for no limit.")

    def take(self) -> bool:
        """Count one request if there is room for it."""
        if self.limit is not None and self.spent >= self.limit:
            return False
        self.spent += 1
        return True


@dataclass
class Usage:
    """What one label (a stage) used: tokens are those of its replies, wherever they came from."""

    asked: int = 0
    failed: int = 0
    sent: int = 0
    from_cache: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0


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
    body: dict[str, Any]


class _TransientError(Exception):
    """A fault that may heal. reached: whether a server answered at all. wait: seconds it asked for."""

    def __init__(self, reason: str, raw: str = "", reached: bool = True, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.raw, self.reached, self.wait = raw, reached, wait


def read_completion(reply: dict[str, Any]) -> Completion:
    """Read a chat reply, reasoning (`reasoning_content` or a <think> block) separated from the answer."""
    choice = reply["choices"][0]
    message = get_message(choice)
    text = message.get("content") or ""
    reasoning = message.get("reasoning_content") or message.get("reasoning") or ""
    if "</think>" in text:
        thought, _, text = text.partition("</think>")
        reasoning = reasoning or thought.strip().removeprefix("<think>")
    elif text.lstrip().startswith("<think>"):  # cut off while thinking: there is no answer yet
        reasoning, text = reasoning or text, ""
    usage = reply.get("usage") or {}
    return Completion(
        text.strip(),
        choice.get("finish_reason"),
        reply.get("model"),
        usage.get("prompt_tokens"),
        usage.get("completion_tokens"),
        reasoning.strip(),
    )


def get_message(choice: dict[str, Any]) -> dict[str, Any]:
    """Get a choice's message, which some reward models send as a list holding one."""
    message = choice.get("message") or {}
    if isinstance(message, list):
        message = message[0] if message else {}
    return message if isinstance(message, dict) else {}


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
        run = _Run(self, label, read, in_turn, fresh, attempts)
        if ahead is not None and (self.cache is None or ahead.client.cache is not self.cache):
            ahead = None  # its replies would wait where the later stage does not look
        try:
            with self.cache.open() if self.cache is not None else nullcontext() as store:
                run.collect(bodies, store)
                run.send(store, quiet, ahead)
        finally:
            run.usage.seconds += time.monotonic() - run.started
        return run.finish(quiet, require_any)

    def list_models(self) -> list[str]:
        """List the model names the server offers; empty when it does not say."""
        return sorted(model.id for model in self._fetch_models())

    def read_context(self) -> int | None:
        """Ask the server how many tokens of context it gives this model; None when it does not say."""
        listed = [model for model in self._fetch_models() if model.id == self.endpoint.model]
        extra = (listed[0].model_extra or {}) if listed else {}
        meta = extra.get("meta")
        value = extra.get("max_model_len") or extra.get("context_length") or (meta or {}).get("n_ctx")
        return value if isinstance(value, int) else None

    def _fetch_models(self) -> list[Any]:
        import openai

        url, key = self.resolve()
        try:
            with openai.OpenAI(base_url=url, api_key=key or "none", max_retries=0, timeout=15) as client:
                return [model for model in client.models.list() if isinstance(model.id, str)]
        except (openai.OpenAIError, ValueError, TypeError, AttributeError):
            return []  # many servers do not list; the call that was refused, or follows, says what matters

    def resolve(self) -> tuple[str, str]:
        """Find the URL and key to send to, starting the embedded server when the endpoint is local."""
        if self.endpoint.url is not None:
            return self.endpoint.url, self.endpoint.api_key
        from synthdata import local

        return local.serve_model(self.endpoint.name)


class _Run:
    """One call of Client.complete: what is stored is read, the rest is sent from a thread with its own loop."""

    def __init__(
        self, client: Client, label: str, read: Callable[..., Any], in_turn: int, fresh: bool, attempts: int
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
        self.follower: _Run | None = None
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
            full = [{"model": endpoint.model, **body} for body in batch]
            keys = [make_key(endpoint.identity, body) for body in full]
            replay = isinstance(store, Recording)
            found = store.look_up(keys) if store is not None and (replay or not self.fresh) else {}
            for key, body in zip(keys, full, strict=True):
                index = len(self.results)
                self.results.append(None)
                if self._accept_stored(found.get(key), index):
                    self.usage.from_cache += 1
                elif replay:
                    raise store.explain_miss(endpoint.identity, body)
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

    def prepare(self, store: Any) -> "_Run":
        """Find where to send to, starting the embedded server if need be."""
        self.store = store
        self.url, self.key = self.client.resolve()
        self.limiter = get_limiter(self.url, self.key, self.client.requests_per_minute)
        return self

    def send(self, store: Any, quiet: bool, ahead: Ahead | None = None) -> None:
        """Send the queue from a thread with a loop of its own, and wait, drawing, open to interrupts."""
        if not self.groups:
            return
        self.prepare(store)
        if ahead is not None:
            self.follower = _Run(ahead.client, ahead.label, read_completion, 1, False, ATTEMPTS).prepare(store)
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

    def _open_session(self) -> "aiohttp.ClientSession":
        import aiohttp

        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers |= {"Content-Type": "application/json", "Accept": "application/json"}
        timeout = aiohttp.ClientTimeout(total=self.client.timeout, sock_connect=30)
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300)
        # The environment's proxy is looked up once: trust_env would do it in a thread for every request.
        proxy = find_proxy(self.url)
        return aiohttp.ClientSession(
            connector=connector, headers=headers, timeout=timeout, proxy=proxy, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def _send_all(self) -> None:
        following: asyncio.Task[None] | None = None
        self.later: asyncio.Queue[list[_Job] | None] = asyncio.Queue()
        if self.follower is not None:
            following = asyncio.create_task(self.follower.follow(self.later))
        try:
            async with self._open_session() as session:
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
            full = {"model": endpoint.model, **body}
            jobs.append(_Job([], make_key(endpoint.identity, full), full))
        found = self.store.look_up([job.key for job in jobs])
        return [job for job in jobs if job.key not in found]

    async def follow(self, queue: "asyncio.Queue[list[_Job] | None]") -> None:
        """Send what another run queues, until it queues None for each worker. Never raises: the stage to come reports."""

        async def work(session: "aiohttp.ClientSession") -> None:
            while (group := await queue.get()) is not None:
                for job in group:
                    await self._ask(session, job)

        async with self._open_session() as session:
            try:
                await run_workers([work(session) for _ in range(self.client.concurrency)], self.settle)
            except EndpointError:
                return

    async def _ask(self, session: "aiohttp.ClientSession", job: _Job) -> None:
        """Send one request until it is answered, fails for good, or ends the run."""
        body = orjson.dumps(job.body)
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
                status, headers, raw = await self._post(session, body)
                if status == 200:
                    self.limiter.report_accepted(sent_at)
                    reply = self._parse_reply(raw)
                    if self.store is not None:
                        self.store.store(job.key, self.client.endpoint.identity, body, raw)
                    self.answered_at = time.monotonic()
                    if self._accept(reply, job.indexes):
                        self.done += len(job.indexes)
                    else:
                        self._fail(job, "a reply of unknown form", self._redact(raw))
                    return
                text = self._redact(raw)
                if status == 429:
                    self.limiter.report_limited(read_retry_after(headers.get("Retry-After")), sent_at)
                    waited = time.monotonic() - max(self.started, self.answered_at)
                    if waited > LIMITED_SECONDS or self.attempts == 1:
                        raise EndpointError(explain_status(self.client.endpoint, status, text))
                    continue
                if status in RUN_STATUSES:
                    raise EndpointError(await self._explain(status, text))
                if status not in RETRY_STATUSES:
                    self.answered_at = time.monotonic()
                    self._fail(job, explain_status(self.client.endpoint, status, text), text)
                    return
                raise _TransientError(f"HTTP {status}", text, wait=read_retry_after(headers.get("Retry-After")) or 0.0)
            except _TransientError as fault:
                attempt += 1
                if attempt >= self.attempts:
                    if not fault.reached and self.answered_at < began:  # nor did anybody else get an answer since
                        raise EndpointError(self._explain_unreachable(str(fault))) from fault
                    tries = f" after {attempt} attempts" if attempt > 1 else ""
                    self._fail(job, f"{fault}{tries}", fault.raw)
                    return
                pause = min(BACKOFF_LIMIT_SECONDS, BACKOFF_SECONDS * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0)
                pause = max(pause, fault.wait)
            finally:
                self.in_flight -= 1
                self.limiter.report_lost(sent_at)  # without effect when the limiter knows what came of it
            await asyncio.sleep(pause)

    async def _post(self, session: "aiohttp.ClientSession", body: bytes) -> tuple[int, Any, bytes]:
        import aiohttp

        try:
            async with session.post(f"{self.url}/chat/completions", data=body, allow_redirects=False) as response:
                return response.status, response.headers, await response.read()
        except (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError) as cause:
            raise EndpointError(
                f"{self.client.endpoint.name}: the TLS connection failed ({cause}). If a company proxy re-signs traffic, "
                "name its certificate file in SSL_CERT_FILE; verification stays on."
            ) from cause
        except aiohttp.ClientHttpProxyError as cause:
            raise EndpointError(
                f"{self.client.endpoint.name}: the proxy refused ({cause.status}); check HTTPS_PROXY and NO_PROXY."
            ) from cause
        except aiohttp.InvalidURL as cause:
            raise EndpointError(
                f"{self.client.endpoint.name} is no usable URL: write http://host:port/v1#<model>."
            ) from cause
        except TimeoutError as cause:
            raise _TransientError(f"no reply within {self.client.timeout:g} s") from cause
        except aiohttp.ClientConnectorError as cause:
            raise _TransientError(f"cannot connect ({cause.os_error})", reached=False) from cause
        except (aiohttp.ClientError, ConnectionError) as cause:
            raise _TransientError(f"the connection broke ({type(cause).__name__})") from cause

    def _parse_reply(self, raw: bytes) -> dict[str, Any]:
        """Parse a reply; refuse bodies that are no chat reply although their status was 200."""
        try:
            reply = orjson.loads(raw)
        except orjson.JSONDecodeError as cause:
            shown = self._redact(raw)
            kind = "HTML instead of JSON" if shown.lstrip().startswith("<") else "cut-off or invalid JSON"
            raise _TransientError(f"status 200 with {kind}", shown) from cause
        if not isinstance(reply, dict) or not isinstance(reply.get("choices"), list):
            raise _TransientError("status 200 with JSON that is no chat reply", self._redact(raw))
        if not reply["choices"]:
            raise _TransientError("a reply with no choices", self._redact(raw))
        return reply

    def _redact(self, raw: bytes) -> str:
        """Decode what a server said, without the key should it echo it."""
        text = raw.decode("utf-8", errors="replace")
        return text.replace(self.key, "[key]") if self.key else text

    async def _explain(self, status: int, text: str) -> str:
        offered = await asyncio.to_thread(self.client.list_models) if status in (404, 410) else None
        return explain_status(self.client.endpoint, status, text, offered)

    def _explain_unreachable(self, reason: str) -> str:
        name = self.client.endpoint.name
        return (
            f"nothing answers at {name}: {reason}. Start the server, check host and port, and check HTTPS_PROXY and "
            "NO_PROXY if this machine is behind a proxy."
        )


def find_proxy(url: str) -> str | None:
    """Find the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name for a URL."""
    parts = urllib.parse.urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return urllib.request.getproxies().get(parts.scheme)


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


def read_retry_after(value: str | None) -> float | None:
    """Read a Retry-After header (seconds or an HTTP date) as seconds from now, between 0 and an hour."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), 3600.0) if seconds == seconds else None
