"""Limits kept and limits learned, in real time and in windows of a second; test_probing.py has the longer ones, simulated."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import synthdata as sd
from synthdata.models import known, limiter
from synthdata.models.known import find_shared_file
from synthdata.models.limiter import Limiter, get_limiter
from tests.benchmarks.loopback import Gate
from tests.conftest import ask
from tests.nim_server import TOO_MANY, Answer, NimServer


@pytest.fixture(autouse=True)
def _small_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "MARGIN_SECONDS", 0.1)
    monkeypatch.setattr(limiter, "POLL_SECONDS", 0.005)


async def send_all(
    limiter: Limiter, gate: Gate, count: int, concurrency: int, retry_after: float | None = None
) -> list[int]:
    """Send `count` requests through a gate; returns how many were admitted and how many refused."""
    left, outcome = count, [0, 0]

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            while True:
                at = await limiter.acquire(concurrency)
                await asyncio.sleep(0.001)
                if gate.admit():
                    limiter.report_accepted(at)
                    outcome[0] += 1
                    break
                outcome[1] += 1
                limiter.report_limited(retry_after, at)

    await asyncio.gather(*(work() for _ in range(concurrency)))
    return outcome


@pytest.mark.parametrize("concurrency", [1, 7, 50])
def test_a_given_limit_is_never_exceeded_in_any_window(concurrency: int) -> None:
    limiter, gate = Limiter(60 * 20, window=1.0), Gate("sliding", 20, 1.0)
    assert asyncio.run(send_all(limiter, gate, 65, concurrency)) == [65, 0]


@pytest.mark.parametrize("kind", ["sliding", "fixed"])
def test_an_unknown_limit_is_learned_with_few_refusals(kind: str) -> None:
    gate = Gate(kind, 30, 1.0)
    admitted, refused = asyncio.run(send_all(Limiter(None), gate, 150, 8))
    assert admitted == 150
    assert refused <= 30, refused


def test_processes_share_a_given_limit(tmp_path: Path) -> None:
    """Two limiters on one file are what two processes are; a third comes later, as a process that was started anew."""
    limiters = [Limiter(60 * 10, window=1.0, shared=tmp_path / "limit.sqlite") for _ in range(2)]
    gate = Gate("sliding", 10, 1.0)

    async def together() -> Any:
        return await asyncio.gather(*(send_all(one, gate, 12, 4) for one in limiters))

    assert asyncio.run(together()) == [[12, 0], [12, 0]]
    assert asyncio.run(send_all(Limiter(60 * 10, window=1.0, shared=tmp_path / "limit.sqlite"), gate, 12, 4)) == [12, 0]


def test_a_shared_file_that_cannot_be_written_is_said_and_the_limit_holds_for_the_process(tmp_path: Path) -> None:
    broken, missing = tmp_path / "limit.sqlite", tmp_path / "no folder" / "limit.sqlite"
    broken.write_bytes(b"no database" * 100)
    for path in (broken, missing):
        limiter = Limiter(60 * 10, window=1.0, shared=path)
        with pytest.warns(UserWarning, match=r"holds for this process only.*limit.sqlite"):
            assert asyncio.run(send_all(limiter, Gate("sliding", 10, 1.0), 15, 4)) == [15, 0]


def test_the_shared_file_names_no_key() -> None:
    path = find_shared_file("http://127.0.0.1:1/v1", "secret-key")
    assert path is not None
    assert "secret" not in str(path)
    assert path != find_shared_file("http://127.0.0.1:1/v1", "other")
    assert path == find_shared_file("http://127.0.0.1:1/v1", "secret-key")


def test_retry_after_is_obeyed() -> None:
    limiter = Limiter(None)

    async def main() -> float:
        at = await limiter.acquire()
        started = time.monotonic()
        limiter.report_limited(0.4, at)
        await limiter.acquire()
        return time.monotonic() - started

    assert asyncio.run(main()) >= 0.4


def test_a_probe_that_is_lost_is_sent_again() -> None:
    limiter = Limiter(None)

    async def main() -> None:
        at = await limiter.acquire()
        limiter.report_limited(0.01, at)
        probe = await limiter.acquire()
        limiter.report_lost(probe)
        limiter.report_accepted(await limiter.acquire())
        await limiter.acquire()

    asyncio.run(asyncio.wait_for(main(), 10))


def test_a_run_that_ends_while_its_probe_is_out_does_not_block_the_next(connect: Callable[..., sd.Client]) -> None:
    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        return {1: Answer(429, TOO_MANY, {"Retry-After": "0"}), 2: Answer(401, b"revoked")}.get(len(server.requests))

    with NimServer(behave) as server:
        with pytest.raises(sd.EndpointError, match="wants a key"):
            connect(server, concurrency=1).complete([ask("a")])
        worker = threading.Thread(target=connect(server).complete, args=([ask("a")],), daemon=True)
        worker.start()
        worker.join(20)
        assert not worker.is_alive()


def test_a_wait_that_is_cancelled_holds_nobody_up() -> None:
    limiter = Limiter(60 * 2, window=1.0)

    async def main() -> None:
        await limiter.acquire()
        await limiter.acquire()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0.05)
        waiting.cancel()
        await limiter.acquire()

    asyncio.run(asyncio.wait_for(main(), 10))


def test_a_provider_and_key_have_one_limiter() -> None:
    first = get_limiter("http://a", "key", None)
    assert get_limiter("http://a", "key", 40) is first
    assert first.requests_per_minute == 40
    assert get_limiter("http://a", "other", None) is not first
    assert "key" not in repr(limiter._limiters)


def test_clients_in_different_loops_share_the_limit() -> None:
    limiter, gate = Limiter(60 * 10, window=0.5), Gate("sliding", 5, 0.5)

    async def together() -> Any:
        return await asyncio.gather(*(asyncio.to_thread(asyncio.run, send_all(limiter, gate, 8, 4)) for _ in range(2)))

    assert asyncio.run(together()) == [[8, 0], [8, 0]]
