"""One call's requests: what is stored is read, each distinct rest is queued once, and every reply finds its rows."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from synthdata.base.errors import EndpointError
from synthdata.base.progress import Progress
from synthdata.models.cache import LOOK_UP_BATCH, make_key, split_batches, write_body
from synthdata.models.endpoints import Endpoint
from synthdata.models.recording import Recording
from synthdata.models.replies import Completion, Failure, parse_json, read_usage, write_raw
from synthdata.models.usage import Usage

RAW_CHARACTERS = 2000  # of a reply that could not be used: as much as the row keeps of it
ODD_REPLY = (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, RecursionError)


@dataclass(slots=True)
class Job:
    """One request to send, and the places in the call whose answer it is."""

    indexes: list[int]
    key: bytes
    body: bytes


class Batch:
    """The requests of one call and what became of each.

    label: the stage. read: turns a reply (parsed JSON) into a value. groups: what is still to be sent, in runs that go out
    one after another. results: by position, None until it is known. unsent: rows that the budget did not reach. unstored:
    answers that arrived, but could not be stored.
    """

    def __init__(self, label: str, read: Callable[[dict[str, Any]], Any], usage: Usage) -> None:
        self.label, self.read, self.usage = label, read, usage
        self.results: list[Any] = []
        self.groups: deque[list[Job]] = deque()
        self.done = self.unsent = self.unstored = 0
        self.failures: Counter[str] = Counter()

    def collect(
        self, bodies: Iterable[dict[str, Any]], endpoint: Endpoint, store: Any, in_turn: int, fresh: bool
    ) -> None:
        """Read what is stored; queue the rest, each distinct request once."""
        waiting: dict[bytes, Job] = {}
        last_group = -1
        replay = isinstance(store, Recording)
        for part in split_batches(bodies, LOOK_UP_BATCH):
            written = [write_body({"model": endpoint.model, **body}) for body in part]
            keys = [make_key(endpoint.identity, body) for body in written]
            found = store.look_up(keys) if store is not None and (replay or not fresh) else {}
            for key, body in zip(keys, written, strict=True):
                index = len(self.results)
                self.results.append(None)
                if self.accept_stored(found.get(key), [index]):
                    continue
                if replay:
                    raise store.explain_miss(endpoint.identity, orjson.loads(body))
                if key in waiting:
                    waiting[key].indexes.append(index)
                    continue
                waiting[key] = job = Job([index], key, body)
                if index // in_turn != last_group:
                    self.groups.append([])
                    last_group = index // in_turn
                self.groups[-1].append(job)
        self.usage.asked += len(self.results)

    def accept_stored(self, raw: bytes | None, indexes: list[int]) -> bool:
        """Read a stored reply into its rows; False when there is none, it is damaged, or it is no answer."""
        try:
            reply = parse_json(raw) if raw is not None else None
        except ValueError:
            return False
        if not isinstance(reply, dict) or not self.accept(reply, indexes, stored=True):
            return False
        self.usage.from_cache += len(indexes)
        return True

    def accept(self, reply: dict[str, Any], indexes: list[int], stored: bool = False) -> bool:
        """Read a reply into its rows; False when it is no answer and came from a store, so that it is asked again.

        A reply of unknown form is a failure, and stays one: asking again would bring the same.
        """
        try:
            value = self.read(reply)
        except ODD_REPLY:
            self._fail(indexes, "a reply of unknown form", write_raw(reply))
            return True
        if stored and not is_answer(value):
            return False
        prompt_tokens, completion_tokens = read_usage(reply)
        self.usage.prompt_tokens += prompt_tokens or 0
        self.usage.completion_tokens += completion_tokens or 0
        for index in indexes:
            self.results[index] = value
        self.done += len(indexes)
        return True

    def fail(self, job: Job, reason: str, raw: str = "", refused: bool = False) -> None:
        """Note why a request has no answer. refused: the server will not take it."""
        self._fail(job.indexes, reason, raw, refused)

    def _fail(self, indexes: list[int], reason: str, raw: str, refused: bool = False) -> None:
        failure = Failure(reason, raw[:RAW_CHARACTERS], refused)
        for index in indexes:
            self.results[index] = failure
            self.failures[reason] += 1
        self.done += len(indexes)

    def describe_stored(self) -> str:
        """Say what a run that was stopped leaves behind."""
        said = f"{self.done:,} of {len(self.results):,} are answered and stored"
        if self.unstored:
            said += f", except for the last {self.unstored:,} answers: another program held the cache until the end"
        return said

    def finish(self, progress: Progress | None, require_any: bool) -> list[Any]:
        """Return the results, and say what came of it once, in words a re-run would repeat.

        progress: where to say it, None for nowhere. require_any: raise EndpointError when every row failed.
        """
        total, failed = len(self.results), sum(self.failures.values())
        self.usage.failed += failed
        if require_any and total and failed == total and not self.unsent:
            reason, count = self.failures.most_common(1)[0]
            if total == 1:
                raise EndpointError(f"{self.label}: {reason}")
            raise EndpointError(f"{self.label}: all {total:,} requests failed, {count:,} of them with: {reason}")
        if progress is not None:
            summary = f"{self.label}: {total:,} asked, {total - failed:,} answered, {failed:,} failed"
            if failed:
                summary += f" ({self.failures.most_common(1)[0][0]})"
            progress.finish(summary)
        return self.results


def is_answer(value: Any) -> bool:
    """Tell whether a value read from a reply is worth keeping; a gateway's fault dressed as an answer is asked again."""
    return not (isinstance(value, Completion) and value.again)
