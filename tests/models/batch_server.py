"""A loopback server with a batch service in OpenAI's form: files, batches, and the faults that batches meet."""

import json
import re
import threading
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.nim_server import reply_as_usual


def answer_line(line: str) -> dict[str, Any]:
    """What a batch service sends for one request line."""
    request = json.loads(line)
    response = {"status_code": 200, "request_id": "r", "body": reply_as_usual(request["body"])}
    return {"id": "b", "custom_id": request["custom_id"], "response": response, "error": None}


def expire_line(line: str) -> dict[str, Any]:
    """What stands in the error file for a request that was not reached."""
    error = {
        "code": "batch_expired",
        "message": "This request could not be executed before the completion window expired.",
    }
    return {"id": "b", "custom_id": json.loads(line)["custom_id"], "response": None, "error": error}


class BatchServer:
    """Ends a batch when it is asked for it a second time. reach: lines done before it expires; refuse: the error of a batch
    that fails validation; lose: the answer to the next creation is lost after the batch was made."""

    def __init__(self, reach: int | None = None, refuse: dict[str, Any] | None = None) -> None:
        self.reach, self.refuse, self.lose = reach, refuse, False
        self.status: int | None = None
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> "BatchServer":
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                owner.send(self, owner.get(self.path))

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                owner.send(self, owner.post(self.path, self.headers["Content-Type"], data))

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.http.shutdown()
        self.http.server_close()

    def send(self, handler: BaseHTTPRequestHandler, answer: Any) -> None:
        status = 200
        if answer is None or self.status:
            status, answer = self.status or 404, {"error": {"message": "no such thing"}}
        if self.lose and handler.path == "/v1/batches" and handler.command == "POST":
            self.lose = False
            handler.close_connection = True
            return
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def post(self, path: str, kind: str, data: bytes) -> Any:
        if path == "/v1/files":
            message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + data)
            content = next(p.get_payload(decode=True) for p in message.iter_parts() if p.get_filename())  # type: ignore[attr-defined]
            return self._add_file(content)
        if path == "/v1/batches":
            name = f"batch_{len(self.batches)}"
            self.batches[name] = {"id": name, "object": "batch", "status": "validating", **json.loads(data)}
            return self.batches[name]
        return None

    def get(self, path: str) -> Any:
        if path.startswith("/v1/batches?"):
            return {"object": "list", "data": list(self.batches.values()), "has_more": False}
        if found := re.fullmatch(r"/v1/batches/(\w+)", path):
            batch = self.batches.get(found[1])
            if batch is not None:
                self._advance(batch)
            return batch
        if found := re.fullmatch(r"/v1/files/(\w+)/content", path):
            return self.files.get(found[1])
        return None

    def _add_file(self, content: bytes) -> dict[str, Any]:
        name = f"file_{len(self.files)}"
        self.files[name] = content
        return {"id": name, "object": "file", "bytes": len(content), "purpose": "batch", "filename": name}

    def _advance(self, batch: dict[str, Any]) -> None:
        if batch["status"] == "validating":
            batch["status"] = "failed" if self.refuse else "in_progress"
            batch["errors"] = {"object": "list", "data": [self.refuse]} if self.refuse else None
        elif batch["status"] == "in_progress":
            lines = self.files[batch["input_file_id"]].decode().splitlines()
            reach = len(lines) if self.reach is None else self.reach
            done, rest = lines[:reach], lines[reach:]
            batch["status"] = "expired" if rest else "completed"
            for name, results in (
                ("output_file_id", [answer_line(line) for line in reversed(done)]),
                ("error_file_id", [expire_line(line) for line in rest]),
            ):
                if results:
                    batch[name] = self._add_file("".join(json.dumps(r) + "\n" for r in results).encode())["id"]
