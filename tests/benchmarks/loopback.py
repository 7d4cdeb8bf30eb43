"""A loopback server of known latency and limits, as lean as asyncio allows, run in a process of its own.

Latency is a timer, so any number of requests can be in flight. Limits: "sliding" and "fixed" windows, and a "bucket"
that holds a tenth of a window's requests. Refused requests are answered 429 at once, with no header that tells why.
"""

import asyncio
import json
import multiprocessing
import time
from collections import deque
from contextlib import contextmanager
from typing import Any

ANSWER = "word " * 200
SCORES = "helpfulness:3.1,correctness:3.2,coherence:3.9,complexity:1.5,verbosity:1.2"


def write_reply(text: str) -> bytes:
    """A chat reply's body."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 20, "completion_tokens": 200, "total_tokens": 220}
    reply = {"id": "x", "object": "chat.completion", "created": 1, "model": "loopback"}
    return json.dumps({**reply, "choices": [choice], "usage": usage}).encode()


REPLY = write_reply(ANSWER)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
REFUSAL = b'{"status":429,"title":"Too Many Requests"}'
REFUSED = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: %d\r\n\r\n%s" % (len(REFUSAL), REFUSAL)


class Gate:
    """Counts requests as a provider would. clock: what tells the time, the module `time` or something like it."""

    def __init__(self, kind: str, limit: int, window: float, clock: Any = time) -> None:
        self.kind, self.limit, self.window, self.clock = kind, limit, window, clock
        self.taken: deque[float] = deque()
        self.size = max(1.0, limit / 10)  # of a bucket
        self.level, self.filled_at, self.number, self.count = self.size, clock.monotonic(), -1, 0

    def admit(self) -> bool:
        now = self.clock.monotonic()
        if self.kind == "none":
            return True
        if self.kind == "bucket":
            self.level = min(self.size, self.level + (now - self.filled_at) * self.limit / self.window)
            self.filled_at = now
            if self.level < 1:
                return False
            self.level -= 1
            return True
        if self.kind == "fixed":
            number = int(self.clock.time() // self.window)
            self.number, self.count = number, self.count * (number == self.number)
            if self.count >= self.limit:
                return False
            self.count += 1
            return True
        while self.taken and self.taken[0] <= now - self.window:
            self.taken.popleft()
        if len(self.taken) >= self.limit:
            return False
        self.taken.append(now)
        return True

    def find_ideal(self, count: int, epoch: float) -> float:
        """Seconds until a client that knows everything has sent its last request. epoch: the clock's time at its first."""
        if self.kind == "none":
            return 0.0
        if self.kind == "bucket":
            return max(0.0, count - self.size) * self.window / self.limit
        begun = epoch % self.window if self.kind == "fixed" else 0.0
        return max(0.0, (count - 1) // self.limit * self.window - begun)


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection: whole requests in, one timed reply each."""

    def __init__(self, latency: float, gate: Gate, counts: Any, reply: bytes) -> None:
        self.latency, self.gate, self.counts, self.buffer = latency, gate, counts, b""
        self.reply = OK % (len(reply), reply)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            if self.gate.admit():
                self.counts[0] += 1
                asyncio.get_running_loop().call_later(self.latency, self.write, self.reply)
            else:
                self.counts[1] += 1
                self.write(REFUSED)

    def write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)


def _serve(port: Any, latency: float, kind: str, limit: int, window: float, counts: Any, text: str) -> None:
    async def main() -> None:
        gate = Gate(kind, limit, window)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Connection(latency, gate, counts, write_reply(text)), "127.0.0.1", 0, backlog=4096
        )
        port.value = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def run_loopback(
    latency: float = 1.0, kind: str = "none", limit: int = 0, window: float = 60.0, text: str = ANSWER
) -> Any:
    """Yield the server's URL and its counts: [answered, refused]."""
    context = multiprocessing.get_context("spawn")
    port, counts = context.Value("i", 0), context.Array("i", 2)
    process = context.Process(target=_serve, args=(port, latency, kind, limit, window, counts, text), daemon=True)
    process.start()
    try:
        while not port.value:
            if not process.is_alive():
                raise RuntimeError(
                    f"the loopback server ended with exit code {process.exitcode}: see its traceback above"
                )
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port.value}/v1", counts
    finally:
        process.terminate()
        process.join()
