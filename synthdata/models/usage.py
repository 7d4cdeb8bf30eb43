"""What was used: a budget of requests that is never exceeded, and the counts of each stage."""

from dataclasses import dataclass

from synthdata.base.errors import InputError


@dataclass
class Budget:
    """A number of requests that is never exceeded, shared by the clients it is given to. None: no limit."""

    limit: int | None = None
    spent: int = 0

    def __post_init__(self) -> None:
        if self.limit is not None and (not isinstance(self.limit, int) or self.limit < 0):
            raise InputError(f"budget is {self.limit!r}: give a whole number of requests, or None for no limit.")

    def take(self) -> bool:
        """Count one request if there is room for it."""
        if self.limit is not None and self.spent >= self.limit:
            return False
        self.spent += 1
        return True


@dataclass
class Usage:
    """What one label (a stage) used: tokens are those of its replies, wherever they came from."""

    asked: int = 0
    failed: int = 0
    sent: int = 0
    from_cache: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
