"""Recordings: a text file of exchanges that answers in place of a model, so that a run can be replayed without one."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from synthdata.base.errors import RecordingError
from synthdata.models.cache import Cache, make_key, write_body


class Recording:
    """Exchanges read from a recording file; it answers like a cache, and nothing is ever sent.

    Raises RecordingError when the file is missing or a line of it cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._replies: dict[bytes, bytes] = {}
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError as cause:
            raise RecordingError(
                f"no recording at {path} ({cause.strerror}): run once with SYNTHDATA_RECORD='{path}' in the environment."
            ) from cause
        for number, line in enumerate(lines, start=1):
            try:
                exchange = orjson.loads(line)
                key = make_key(exchange["endpoint"], write_body(exchange["request"]))
                self._replies[key] = orjson.dumps(exchange["reply"])
            except (orjson.JSONDecodeError, KeyError, TypeError) as cause:
                raise RecordingError(
                    f"{path} line {number} is no recorded exchange: restore the file, or record it again with SYNTHDATA_RECORD."
                ) from cause

    def open(self) -> "Recording":
        """Open the recording for one call of a client; it is read already."""
        return self

    def close(self) -> None:
        """End the use of the recording by one call."""

    def look_up(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Find the replies of these keys; keys without a reply are absent from the result."""
        return {key: self._replies[key] for key in keys if key in self._replies}

    def explain_miss(self, identity: str, body: Mapping[str, Any]) -> RecordingError:
        """Say which request the recording lacks and how to record it."""
        last = body.get("messages", [{}])[-1].get("content", "")
        shown = " ".join(str(last).split())
        shown = shown if len(shown) <= 160 else shown[:160] + "…"
        return RecordingError(
            f"the recording {self.path} has no reply of {identity} to {shown!r} (sent with "
            f"{ {k: v for k, v in body.items() if k != 'messages'} }). The prompt, a parameter or an earlier reply has "
            f"changed: record it again (make record), or unset SYNTHDATA_REPLAY to ask the model."
        )


def open_cache(
    path: str | os.PathLike[str], replay: str | os.PathLike[str] = "", record: bool = False
) -> "Cache | Recording":
    """Choose where replies come from: the cache at `path`, or, when `replay` is named, that recording alone.

    replay: a recording; when empty, the one that the environment variable SYNTHDATA_REPLAY names, if any.
    record: keep the run's keys so that Cache.write_recording can write them out. Where the environment variable
    SYNTHDATA_RECORD names a file, the exchanges of this run are written to it as they come.
    Raises RecordingError for a recording that cannot be read.
    """
    replay = replay or os.environ.get("SYNTHDATA_REPLAY", "")
    return Recording(replay) if replay else Cache(path, os.environ.get("SYNTHDATA_RECORD", "") or record)
