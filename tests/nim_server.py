"""A loopback server that speaks NVIDIA NIM's chat protocol, faults included, on the standard library alone.

Every request is kept in `requests`. `behave(server, body)` decides the reply: a dict is sent as JSON with status 200, an
Answer is sent as it is, and None falls back to the usual reply for the model named in the request.
"""

import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

GENERATOR = "meta/llama-3.1-405b-instruct"
REWARD = "nvidia/nemotron-4-340b-reward"
ATTRIBUTES = ("helpfulness", "correctness", "coherence", "complexity", "verbosity")
GONE = {
    "type": "about:blank",
    "title": "Gone",
    "status": 410,
    "detail": "The model 'x' has reached its end of life on 2026-01-01T00:00:00Z and is no longer available.",
}
NOT_FOUND = {"status": 404, "title": "Not Found", "detail": "Function '0': Not found for account 'a'"}
TOO_MANY = {"status": 429, "title": "Too Many Requests"}


@dataclass
class Answer:
    """A raw HTTP answer. cut: bytes after which the connection is reset; drip: seconds between bytes."""

    status: int = 200
    body: bytes | dict = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    drip: float = 0.0
    delay: float = 0.0


def make_chat(text: str | None, finish_reason: str = "stop", model: str = GENERATOR, **message: Any) -> dict[str, Any]:
    """A chat completion as NIM sends it."""
    return {
        "id": "chat-0",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish_reason}
        ],
        "usage": {"prompt_tokens": 20, "completion_tokens": 30, "total_tokens": 50},
    }


def make_reward(
    scores: dict[str, float], logprobs: bool = True, as_list: bool = True, content: bool = True
) -> dict[str, Any]:
    """A reward reply in the form of nemotron-4-340b-reward: a message list, null fields, finish_reason length."""
    text = ",".join(f"{name}:{value}" for name, value in scores.items())
    message = {"role": "assistant", "content": text if content else ""}
    entries = [{"token": name, "logprob": value, "top_logprobs": []} for name, value in scores.items()]
    return {
        "id": "reward-0",
        "object": None,
        "created": None,
        "model": None,
        "choices": [
            {
                "index": 0,
                "message": [message] if as_list else message,
                "logprobs": {"content": entries} if logprobs else None,
                "finish_reason": "length",
            }
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101},
    }


def draw_scores(text: str) -> dict[str, float]:
    """Scores from 0 to 4.25 that depend on the text alone."""
    digest = hashlib.sha256(text.encode()).digest()
    return {name: round(digest[index] / 60, 4) for index, name in enumerate(ATTRIBUTES)}


def reply_as_usual(body: dict[str, Any]) -> dict[str, Any]:
    """What the two models would send: scores for the reward model, a list or an answer for the other."""
    last = body["messages"][-1]["content"]
    if "reward" in body["model"]:
        return make_reward(draw_scores(last))
    if "on each line" in last or "line" in last.lower():
        seed = hashlib.sha256(last.encode()).hexdigest()[:6]
        return make_chat("\n".join(f"{i}. Item {seed} number {i} of the list" for i in range(1, 31)))
    return make_chat(f"An answer to: {last}")


class NimServer:
    """Runs in threads on 127.0.0.1 while the `with` block lasts. Each has a port of its own, unless it is told which one."""

    # A system gives a freed port away again, once in some hundred times at once; then a cache has what another server answered.
    taken: ClassVar[set[int]] = set()

    def __init__(
        self,
        behave: Callable[["NimServer", dict[str, Any]], Any] | None = None,
        key: str | None = None,
        models: list[dict[str, Any]] | None = None,
        port: int = 0,
    ) -> None:
        self.behave, self.key, self.port = behave, key, port
        self.models = (
            models if models is not None else [{"id": GENERATOR}, {"id": REWARD}, {"id": "meta/llama-4-70b-instruct"}]
        )
        self.requests: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()

    def __enter__(self) -> "NimServer":
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                owner.answer(
                    self, Answer(200, {"object": "list", "data": [{"object": "model", **m} for m in owner.models]})
                )

            def do_POST(self) -> None:
                owner.handle(self)

        class Server(ThreadingHTTPServer):
            request_queue_size = 512
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass

        self.http = Server(("127.0.0.1", self.port), Handler)
        while not self.port and self.http.server_port in self.taken:
            self.http.server_close()
            self.http = Server(("127.0.0.1", self.port), Handler)
        self.taken.add(self.http.server_port)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stopping.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join(5)

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        """Take one POST, keep it, and send what `behave` decides."""
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self.lock:
            self.requests.append(body)
            self.times.append(time.monotonic())
        if self.key and handler.headers.get("Authorization") != f"Bearer {self.key}":
            got = handler.headers.get("Authorization", "")
            self.answer(handler, Answer(401, {"status": 401, "title": "Unauthorized", "detail": f"bad key {got}"}))
            return
        reply = self.behave(self, body) if self.behave else None
        self.answer(handler, reply if isinstance(reply, Answer) else Answer(200, reply or reply_as_usual(body)))

    def answer(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        """Send an answer with its faults."""
        if answer.delay:
            self.stopping.wait(answer.delay)
        data = json.dumps(answer.body).encode() if isinstance(answer.body, dict) else answer.body
        handler.send_response(answer.status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if answer.cut is not None:
            handler.wfile.write(data[: answer.cut])
            handler.wfile.flush()
            # SO_LINGER 0 makes close() send a reset instead of an orderly end.
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
            socket.close(handler.connection.detach())
            return
        if answer.drip:
            for index in range(len(data)):
                handler.wfile.write(data[index : index + 1])
                handler.wfile.flush()
                if self.stopping.wait(answer.drip):
                    return
            return
        handler.wfile.write(data)
