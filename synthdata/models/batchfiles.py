"""Request files for a provider's batch service, in OpenAI's form, and the small file beside each that says what became of it.

A request file is a promise: its requests are not written again until they are answered, have failed, or the file is deleted.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from synthdata.base.errors import BatchPending, InputError
from synthdata.base.jsonl import replace_file
from synthdata.models.batch import Batch, Job
from synthdata.models.cache import make_key, write_body
from synthdata.models.endpoints import Endpoint
from synthdata.models.usage import Budget

MAX_LINES = 50_000  # OpenAI's and Groq's limit
MAX_BYTES = 100_000_000  # Together's limit; OpenAI takes twice as much
REQUESTS = re.compile(r"(\d{4,})-[a-z0-9-]+\.jsonl")


@dataclass
class RequestFile:
    """A request file and its state, kept in a file of the same name that ends in .state.

    endpoint, model, label: whose requests they are. keys: their custom_ids. failed: by key, why there is no answer, and whether
    it is to be asked again. input_file, batch, status: what the provider calls them; empty before they are sent.
    """

    path: Path
    endpoint: str
    model: str
    label: str
    keys: list[str]
    failed: dict[str, tuple[str, bool]] = field(default_factory=dict)
    input_file: str = ""
    batch: str = ""
    status: str = ""

    def save(self) -> None:
        """Write the state. Raises InputError when the folder cannot be written."""
        state = {name: value for name, value in asdict(self).items() if name != "path"}
        replace_file(self.path.with_suffix(".state"), orjson.dumps(state, option=orjson.OPT_INDENT_2))

    def read_bodies(self) -> dict[str, bytes]:
        """Read the request bodies by key; what was changed by hand, and so is another request, is left out."""
        bodies = {}
        for line in self.path.read_bytes().splitlines():
            try:
                request = orjson.loads(line)
                body = write_body(request["body"])
            except (ValueError, TypeError, KeyError):
                continue
            key = make_key(self.endpoint, body).hex()
            if key == request.get("custom_id"):
                bodies[key] = body
        return bodies


def list_request_files(folder: Path, endpoint: Endpoint) -> list[RequestFile]:
    """List a folder's request files that an endpoint's requests stand in, oldest first.

    Raises InputError for a state that cannot be read.
    """
    files = []
    for path in sorted(folder.glob("*.state")):
        try:
            state = RequestFile(path.with_suffix(".jsonl"), **orjson.loads(path.read_bytes()))
        except (ValueError, TypeError, OSError) as cause:
            raise InputError(
                f"{path} cannot be read ({cause}): delete it and its .jsonl file, and their requests are written again."
            ) from None
        if state.path.exists() and (state.endpoint, state.model) == (endpoint.identity, endpoint.model):
            files.append(state)
    return files


def write_requests(batch: Batch, folder: Path, endpoint: Endpoint, budget: Budget) -> None:
    """Write what a batch still has to ask as request files; what failed for good before becomes its row's failure.

    Raises BatchPending, which says where the requests are and what to do, unless nothing is left to ask.
    """
    refused: dict[str, str] = {}
    waiting: dict[str, Path] = {}
    for file in list_request_files(folder, endpoint):
        refused |= {key: reason for key, (reason, again) in file.failed.items() if not again}
        waiting |= {key: file.path for key in file.keys if key not in file.failed}
    jobs: deque[Job] = deque()
    held: dict[Path, int] = {}
    unsent = 0
    for job in (job for group in batch.groups for job in group):
        key = job.key.hex()
        if key in waiting:
            held[waiting[key]] = held.get(waiting[key], 0) + 1
        elif key in refused:
            batch.fail(job, refused[key], refused=True)
        elif budget.take():
            jobs.append(job)
        else:
            unsent += 1
            batch.unsent += len(job.indexes)
            batch.fail(job, f"not sent: the budget of {budget.limit:,} requests is used up")
    batch.groups.clear()
    written = [_write_file(part, folder, endpoint, batch.label) for part in _split_jobs(jobs)]
    if written or held:
        raise BatchPending(_say_pending(batch, written, held, unsent))


def _split_jobs(jobs: deque[Job]) -> Iterator[list[Job]]:
    part: list[Job] = []
    size = 0
    for job in jobs:
        length = len(_write_line(job))
        if part and (len(part) == MAX_LINES or size + length > MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(job)
        size += length
    if part:
        yield part


def _write_line(job: Job) -> bytes:
    head = orjson.dumps({"custom_id": job.key.hex(), "method": "POST", "url": "/v1/chat/completions"})
    return head[:-1] + b',"body":' + job.body + b"}\n"


def _write_file(jobs: list[Job], folder: Path, endpoint: Endpoint, label: str) -> RequestFile:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise InputError(
            f"batch={str(folder)!r} is no folder that can be written ({cause.strerror}): name another."
        ) from None
    numbers = [int(found[1]) for path in folder.iterdir() if (found := REQUESTS.fullmatch(path.name))]
    name = re.sub(r"[^a-z0-9]+", "-", f"{label} {endpoint.model}".lower()).strip("-")[:80]
    path = folder / f"{max(numbers, default=0) + 1:04d}-{name}.jsonl"
    replace_file(path, (_write_line(job) for job in jobs))
    file = RequestFile(path, endpoint.identity, endpoint.model, label, [job.key.hex() for job in jobs])
    file.save()
    return file


def _say_pending(batch: Batch, written: list[RequestFile], held: dict[Path, int], unsent: int) -> str:
    said = f"{batch.label}: "
    if written:
        count = sum(len(file.keys) for file in written)
        said += f"{_count(count)} written to {', '.join(str(file.path) for file in written)}"
    if held:
        said += "; " if written else ""
        said += f"{_count(sum(held.values()))} already waiting in {', '.join(map(str, held))}"
    if unsent:
        said += f"; {unsent:,} more are over the budget"
    return (
        f"{said}. Send them with sd.submit_batch(client) and take the answers with sd.fetch_batch(client), or send the file "
        "yourself and read what comes back with sd.import_batch(file, client); then run this cell again. To have requests "
        "that wait written anew, delete their file."
    )


def _count(number: int) -> str:
    return "1 request is" if number == 1 else f"{number:,} requests are"
