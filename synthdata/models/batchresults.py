"""Reading what a batch service sends back into the cache: output and error files, in any order, whole or damaged."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.progress import say
from synthdata.models.batchfiles import RequestFile, list_request_files
from synthdata.models.cache import LOOK_UP_BATCH, Cache, split_batches
from synthdata.models.client import Client
from synthdata.models.replies import get_choice, parse_json, read_completion, read_count
from synthdata.models.sender import RETRY_STATUSES, RUN_STATUSES
from synthdata.models.server_errors import read_error
from synthdata.models.transport import RowError, TransientError, Transport

# What a provider calls a line that its time did not reach, or that a person cancelled.
UNREACHED = frozenset({"batch_expired", "batch_cancelled", "expired", "cancelled"})
OUTCOMES = ("answered", "stored before", "repeated", "expired", "failed", "missing", "foreign", "unreadable", "cut off")


@dataclass
class Findings:
    """What result files hold. answers: replies by key, failed: reasons by key; lines: what is worth a line of the report."""

    answers: dict[str, bytes] = field(default_factory=dict)
    failed: dict[str, tuple[str, bool]] = field(default_factory=dict)
    lines: list[tuple[str, str, str, str]] = field(default_factory=list)

    def note(self, outcome: str, where: str, key: str = "", detail: str = "") -> None:
        """Add a line to the report."""
        self.lines.append((outcome, where, key, detail[:200]))


def import_batch(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], client: Client) -> pd.DataFrame:
    """Fill the client's cache from output and error files of a batch service: OpenAI, Groq, Together, `vllm run-batch`.

    paths: a file or several, in any order. Lines are found by their custom_id in the client's request files; of two answers to
    one request the one whose bytes sort first counts, whatever their order, and what is stored already stays. A reply that is no
    answer is not kept as one.
    Returns a frame of outcome (expired, failed, missing, foreign, unreadable, cut off, repeated), file and line, custom_id
    and detail: what brought no new answer. One line that is said counts everything.
    Raises InputError for a file that cannot be read, holds requests, or holds no line of this client's.
    """
    cache, folder = client.cache, check_batch_client(client)
    assert isinstance(cache, Cache)
    files = list_request_files(folder, client.endpoint)
    known = {key for file in files for key in file.keys}
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    findings = Findings()
    transport = client.connect()
    for path in paths:
        kinds = {
            _read_line(line, whole, where, known, transport, findings) for where, line, whole in _read_lines(Path(path))
        }
        if "foreign" in kinds and "ours" not in kinds:
            raise InputError(
                f"{path} answers none of {client.endpoint.name}'s requests in {folder}: it is of another model, address or "
                "folder. Give the client that wrote its requests; nothing was stored."
            )
    told = findings.answers.keys() | findings.failed.keys()
    touched = [file for file in files if not told.isdisjoint(file.keys)]
    stored, old = _store_answers(cache, client, touched, findings)
    _note_missing(cache, touched, findings)
    counts = pd.Series([line[0] for line in findings.lines], dtype=object).value_counts().to_dict()
    counts |= {"answered": stored, "stored before": old}
    say(f"batch: {', '.join(f'{counts[name]:,} {name}' for name in OUTCOMES if counts.get(name))}")
    return pd.DataFrame(findings.lines, columns=["outcome", "line", "custom_id", "detail"])


def check_batch_client(client: Client) -> Path:
    """Return the client's folder of request files. Raises InputError for a client that has none, or nowhere to keep answers."""
    if client.batch is None:
        raise InputError(
            f'{client.endpoint.name} has no folder of request files: give Client(…, batch="runs/batches").'
        )
    if not isinstance(client.cache, Cache):
        raise InputError(
            f"batch files need a cache to keep the answers in, and {client.endpoint.name} has {client.cache!r}: "
            'give Client(…, sd.open_cache("cache.sqlite"), batch=…).'
        )
    return client.batch


def _read_lines(path: Path) -> Iterator[tuple[str, bytes, bool]]:
    """Yield where it stands, a line, and whether it has its end."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield f"{path.name}:{number}", line.strip(), line.endswith(b"\n")
    except OSError as cause:
        raise InputError(
            f"{path} cannot be read ({cause.strerror}): give an output or error file of a batch."
        ) from None


def _read_line(line: bytes, whole: bool, where: str, known: set[str], transport: Transport, findings: Findings) -> str:
    """Read one line of a result file; returns whose it is: "ours", "foreign", or "" where nobody can tell."""
    try:
        result = parse_json(line)
    except ValueError:
        findings.note("unreadable" if whole else "cut off", where, detail=transport.redact(line[:200]))
        return ""
    key = result.get("custom_id") if isinstance(result, dict) else None
    if not isinstance(key, str):
        findings.note("unreadable", where, detail="a line without custom_id")
        return ""
    if "method" in result and "response" not in result and "error" not in result:
        raise InputError(f"{where} is a request: import_batch reads the output and error files that come back.")
    if key not in known:
        findings.note("foreign", where, key, "no request file of this client holds it")
        return "foreign"
    reply, reason, again = _read_result(result, transport)
    if key in findings.answers or (reply is None and key in findings.failed):
        findings.note("repeated", where, key)
    if reply is not None:
        findings.answers[key] = min(reply, findings.answers.get(key, reply))
    else:
        findings.failed[key] = min((reason, again), findings.failed.get(key, (reason, again)))
    return "ours"


def _read_result(result: dict[str, Any], transport: Transport) -> tuple[bytes | None, str, bool]:
    """Read a result as live replies are read: the reply's bytes, or None, why there is no answer, and whether to ask again."""
    response = result.get("response")
    response = response if isinstance(response, dict) else {}
    body, status = response.get("body"), read_count(response.get("status_code"))
    error = result.get("error")
    code = str(error.get("code")) if isinstance(error, dict) else ""
    if code in UNREACHED:
        return None, f"expired: {code}", True
    if error or (status is not None and status != 200) or not isinstance(body, dict):
        told = read_error(body) or read_error({"error": error}) or (None, "no response")
        status = told[0] if status in (None, 200) else status
        again = status is None or status in RETRY_STATUSES or status in RUN_STATUSES or status == 429
        said = transport.redact(told[1].encode(errors="replace"))[:200]
        return None, f"HTTP {status}: {said}" if status else said, again
    try:
        raw = transport.mask_key(orjson.dumps(body))
        reply, status = transport.parse_reply(raw)
    except TypeError:
        return None, "a reply that cannot be stored as JSON", True
    except (RowError, TransientError) as fault:
        return None, str(fault), isinstance(fault, TransientError)
    if status != 200:
        return None, f"HTTP {status}: status 200 with an error", status in RETRY_STATUSES or status in RUN_STATUSES
    completion = read_completion(reply)
    if completion.again and not get_choice(reply).get("logprobs"):  # a score's text may be empty
        return None, completion.fault, True
    return raw, "", False


def _store_answers(cache: Cache, client: Client, touched: list[RequestFile], findings: Findings) -> tuple[int, int]:
    """Store new answers and note failures in their request files' states; how many are new, and how many were there."""
    stored = old = 0
    seen: set[str] = set()
    with cache.open() as store:
        for file in touched:
            bodies = file.read_bodies()
            keys = [key for key in file.keys if key in findings.answers and key in bodies and key not in seen]
            seen.update(keys)
            for part in split_batches(keys, LOOK_UP_BATCH):
                found = store.look_up([bytes.fromhex(key) for key in part])
                new = [key for key in part if bytes.fromhex(key) not in found]
                store.store([(bytes.fromhex(k), client.endpoint.identity, bodies[k], findings.answers[k]) for k in new])
                stored, old = stored + len(new), old + len(part) - len(new)
            for key in set(file.keys) & findings.failed.keys() - findings.answers.keys():
                file.failed[key] = findings.failed[key]
            file.save()
    for key in sorted(findings.failed.keys() - findings.answers.keys()):
        reason = findings.failed[key][0]
        findings.note("expired" if reason.startswith("expired: ") else "failed", "", key, reason)
    return stored, old


def _note_missing(cache: Cache, touched: list[RequestFile], findings: Findings) -> None:
    with cache.open() as store:
        for file in touched:
            for part in split_batches([key for key in file.keys if key not in file.failed], LOOK_UP_BATCH):
                found = store.look_up([bytes.fromhex(key) for key in part])
                for key in part:
                    if bytes.fromhex(key) not in found:
                        findings.note("missing", "", key, f"neither answered nor failed: asked in {file.path.name}")
