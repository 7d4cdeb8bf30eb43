"""The errors this library raises, each saying what happened, the value that caused it, and what to do next.

SynthdataError
├── InputError       a value, frame or file given by the caller cannot be used (also a ValueError)
├── EndpointError    a model cannot be reached, refuses the account, or cannot do the job
├── RecordingError   a replay met a request that its recording lacks
├── BatchPending     requests are written to batch files, and their answers are still to come
├── CacheError       the request cache cannot be read or written
└── ModelFileError   the embedded model's file cannot be fetched or is not the file we know

InterruptedRun       a person stopped a run (a KeyboardInterrupt, which is no error)

A single row that fails is no exception but a row with its `error` column filled.
"""


class SynthdataError(Exception):
    """Base of every error raised by this library."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks for this: a notebook user reads the sentence, not forty lines of frames.
        return [f"{type(self).__name__}: {self}"]


class InputError(SynthdataError, ValueError):
    """A value, frame or file given by the caller cannot be used."""


class EndpointError(SynthdataError):
    """A model cannot be reached, refuses the account, or cannot do the job."""


class RecordingError(SynthdataError):
    """A replay met a request that its recording lacks."""


class BatchPending(SynthdataError):  # noqa: N818 - nothing went wrong: the run goes on when the answers are there
    """Requests are written to batch files, and their answers are still to come; the message says where and how to go on."""


class CacheError(SynthdataError):
    """The request cache cannot be read or written."""


class ModelFileError(SynthdataError):
    """The embedded model's file cannot be fetched or is not the file we know."""


class InterruptedRun(KeyboardInterrupt):
    """A person stopped a run; the message says what is stored and how to go on."""

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted. {self}"]
