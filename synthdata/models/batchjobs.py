"""Sending request files to a provider's batch service and fetching what comes back, through the openai package.

Each step is noted in the file's state before the next one, so that a kernel that dies in between pays for nothing twice.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from synthdata.base.errors import EndpointError, InputError, InterruptedRun
from synthdata.base.jsonl import replace_file
from synthdata.base.progress import Progress, say
from synthdata.models.batchfiles import RequestFile, list_request_files
from synthdata.models.batchresults import check_batch_client, import_batch
from synthdata.models.client import Client
from synthdata.models.transport import Transport

ENDED = frozenset({"completed", "expired", "cancelled", "failed"})
FULL = "token_limit_exceeded"  # too much is queued at the provider: it goes when something else has ended

Result = TypeVar("Result")


def submit_batch(client: Client) -> pd.DataFrame:
    """Send the client's request files that were not sent yet; a second call sends nothing twice.

    Returns a frame of file, requests, batch (the provider's name for it) and status, a line for each request file.
    Raises EndpointError when the server has no batch service or refuses, InputError for a client without a folder.
    """
    folder = check_batch_client(client)
    transport = client.connect()
    files = list_request_files(folder, client.endpoint)
    with _open_service(transport) as service:
        for file in files:
            if file.batch or not set(file.keys) - file.failed.keys():
                continue
            if file.input_file:  # a kernel died here: was the batch made?
                batch = _find_batch(service, transport, file)
            else:
                with file.path.open("rb") as data:
                    upload = (file.path.name, data.read())
                sent = _call(transport, lambda upload=upload: service.files.create(file=upload, purpose="batch"))  # type: ignore[misc]
                file.input_file, batch = sent.id, None
                file.save()
            batch = batch or _call(transport, lambda file=file: _create_batch(service, file))  # type: ignore[misc]
            file.batch, file.status = batch.id, batch.status
            file.save()
    return _list_states(files)


def fetch_batch(client: Client, minutes: float = 0) -> pd.DataFrame:
    """Look what became of the batches that were sent, and import the answers of those that ended.

    minutes: how long to wait for all to end, looking every 10 seconds; 0 looks once. Run it again at any time, in another
    kernel too. What an expired or cancelled batch left undone is written anew when the stage's cell runs again.
    Returns a frame of file, requests, batch and status. Raises EndpointError when the server refuses a file or cannot be asked.
    """
    folder = check_batch_client(client)
    transport = client.connect()
    files = list_request_files(folder, client.endpoint)
    if isinstance(minutes, bool) or not isinstance(minutes, (int, float)) or not 0 <= minutes < math.inf:
        raise InputError(f"minutes is {minutes!r}: give how long to wait, 0 to look once.")
    until = time.monotonic() + minutes * 60
    total = sum(len(file.keys) for file in files if file.batch)
    progress = Progress("batch", total)
    try:
        with _open_service(transport) as service:
            while True:
                done = sum(_follow(service, transport, file, client) for file in files if file.batch)
                progress.draw(done, force=minutes > 0)
                if all(file.status in ENDED for file in files if file.batch) or time.monotonic() >= until:
                    break
                time.sleep(min(10.0, max(until - time.monotonic(), 0.0)))
    except KeyboardInterrupt:
        raise InterruptedRun(
            "batch: it goes on at the provider; run sd.fetch_batch(client) again at any time."
        ) from None
    finally:
        progress.clear()
    # the import notes failures in states of its own
    return _list_states(list_request_files(folder, client.endpoint))


def _follow(service: Any, transport: Transport, file: RequestFile, client: Client) -> int:
    """Bring one file's state up to date; returns how many of its requests the provider has done."""
    if file.status in ENDED:
        return len(file.keys)
    batch = _call(transport, lambda: service.batches.retrieve(file.batch))
    counts = batch.request_counts
    if batch.status == "failed":
        _explain_failure(batch, transport, file)
    if batch.status in ENDED:
        results = [
            _download(service, transport, file.path.with_suffix(f".{kind}"), name)
            for kind, name in (("output", batch.output_file_id), ("errors", batch.error_file_id))
            if name
        ]
        if results:
            import_batch(results, client)
        else:
            say(f"batch: {file.path.name} {batch.status} without any answer")
        file.failed = _read_failed(client, file)
        if batch.status != "completed":  # some services write no error file for what they did not reach
            _release_rest(client, file, batch.status)
    elif batch.status != file.status:
        file.failed = _read_failed(client, file)  # another file's import may have noted some
    file.status = batch.status
    file.save()
    return counts.completed + counts.failed if counts else 0


def _read_failed(client: Client, file: RequestFile) -> dict[str, tuple[str, bool]]:
    files = list_request_files(file.path.parent, client.endpoint)
    return next((other.failed for other in files if other.path == file.path), file.failed)


def _release_rest(client: Client, file: RequestFile, status: str) -> None:
    """Let what a batch did not reach be asked again: what is answered is found in the cache before this is looked at."""
    for key in file.keys:
        file.failed.setdefault(key, (f"expired: the batch {status}", True))


def _explain_failure(batch: Any, transport: Transport, file: RequestFile) -> None:
    """Say why a batch was refused as a whole, and let it be sent again. Raises EndpointError."""
    errors = (batch.errors.data if batch.errors else None) or []
    first = errors[0] if errors else None
    code, line = (first.code, first.line) if first else (None, None)
    said = transport.redact(str(first.message if first else "no reason was given").encode())[:300]
    full = code == FULL or "enqueued" in said.lower()
    file.batch = file.status = ""
    if full:
        file.save()
        raise EndpointError(
            f"{file.path.name}: too much is queued at {transport.endpoint.name} ({said}). Fetch what is under way, and when it has "
            "ended run sd.submit_batch(client) again; nothing was paid for."
        )
    file.input_file = ""
    file.save()
    where = f" line {line}" if line else ""
    raise EndpointError(
        f"{file.path}{where} was refused by {transport.endpoint.name}: {said}. Nothing was paid for. Change what it names "
        "(model, params), delete the file and run the stage's cell again; sd.submit_batch(client) would send it as it is."
    )


def _download(service: Any, transport: Transport, path: Path, name: str) -> Path:
    content = _call(transport, lambda: service.files.content(name).read())
    replace_file(path, content)
    return path


def _create_batch(service: Any, file: RequestFile) -> Any:
    return service.batches.create(
        input_file_id=file.input_file,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"file": file.path.name},
    )


def _find_batch(service: Any, transport: Transport, file: RequestFile) -> Any:
    """Find the batch that was made of an uploaded file; None when there is none, or it failed as a whole."""

    def search() -> Any:
        for batch in service.batches.list(limit=100):
            if batch.input_file_id == file.input_file and batch.status != "failed":
                return batch
        return None

    return _call(transport, search)


def _list_states(files: list[RequestFile]) -> pd.DataFrame:
    lines = [(str(file.path), len(file.keys), file.batch or None, file.status or "not sent") for file in files]
    return pd.DataFrame(lines, columns=["file", "requests", "batch", "status"])


def _open_service(transport: Transport) -> Any:
    import openai

    http = openai.DefaultHttpxClient(follow_redirects=False, timeout=600)
    # No retries of its own: a batch that was made, but whose answer was lost, would be made twice.
    service = openai.OpenAI(base_url=transport.url, api_key=transport.key or "none", max_retries=0, http_client=http)
    service.organization = service.project = None
    service._custom_headers = {}  # what the environment holds for OpenAI itself stays here
    return service


def _call(transport: Transport, ask: Callable[[], Result]) -> Result:
    """Ask the service; its every fault becomes one line."""
    import openai

    name = transport.endpoint.name
    try:
        return ask()
    except openai.APIStatusError as fault:
        said = transport.redact(fault.message.encode(errors="replace"))[:300]
        if fault.status_code in (404, 405, 501):
            advice = (
                "it has no batch service, or forgot this batch. Send the request files another way (offline: vllm run-batch "
                "-i FILE -o OUTPUT --model MODEL) and read the output with sd.import_batch"
            )
        elif fault.status_code == 429:
            advice = "its limit is used up: run this again later; what was sent is noted and not sent again"
        elif fault.status_code in (401, 403):
            advice = "check the key, and that the account may use batches"
        else:
            advice = "run this again; what was sent is noted and not sent again"
        raise EndpointError(f"{name} answered {fault.status_code} ({said}): {advice}.") from None
    except openai.APIConnectionError as fault:
        raise EndpointError(transport.explain_unreachable(str(fault.__cause__ or fault))) from None
    except (openai.OpenAIError, ValueError, TypeError, AttributeError) as fault:
        raise EndpointError(
            f"{name} answers what no batch service sends ({type(fault).__name__}: {fault}): check the address; batches that were "
            "sent are noted."
        ) from None
