"""Finding out an unknown limit from refusals: the explanation that was wrong least often is followed.

    open ──refused──> held ──the explanation followed says when──> probing ──let in──> open
                       ^                                              │
                       └──────────────────refused─────────────────────┘

open     requests leave as the explanation followed allows; before the first refusal, freely
held     a request was refused, and none leaves until Retry-After, or the explanation, allows it
probing  one request is out alone, and its fate decides

Nobody tells a client what a server counts, but every refusal speaks against some explanations (explanations.py), and every
request let in against others. So all of them are kept, and the one with the fewest misses is followed; of equals, the one
that lets us send first. That is optimism with a price: a wrong explanation that promises more than the truth sends one
request too early, is refused, and has a miss more; one that promises less is never followed while a better one stands.

A refusal that the explanation followed did not foresee may be one without a meaning. It is doubted: the probe leaves at once, and
when that is let in nothing is learned. When it is refused too, both count.
"""

import enum
import math
import time
from collections import deque

from synthdata.models.explanations import SOON, Bucket, Departures, Incident, Window

# After a refusal that does not say when to come back: the first, one that surprises, any other.
FIRST_PAUSE, DOUBT_PAUSE, PAUSE_SECONDS = 1.0, 0.1, 0.25
WINDOWS = (1.0, 10.0, 60.0)  # seconds that providers count by

# The first wave leaves spread out, so that a first refusal comes before its end; so do the next, which its replies set off.
RAMP_WAVES, RAMP_SECONDS, RAMP_GAP_SECONDS = 4, 0.2, 0.003

CAREFUL = 50  # so many requests after a refusal leave spread out, for the same reason

POLL_SECONDS = 0.05
FORGET_AFTER = 500  # requests let in after which misses weigh half: what a server does can change


class State(enum.Enum):
    OPEN = "open"
    HELD = "held"
    PROBING = "probing"


class Learner:
    """Plans departures under a limit that nobody has told. See the module's docstring for its states; seconds are monotonic."""

    def __init__(self) -> None:
        self.state = State.OPEN
        self.departures = Departures(keep=2 * max(WINDOWS))
        self._incident = Incident()
        self.explanations: list[Incident | Window | Bucket] = [
            self._incident,
            *(Window(seconds) for seconds in WINDOWS),
            *(Window(seconds, by_clock=True) for seconds in WINDOWS),
            Bucket(),
        ]
        self.refusals = 0
        self._unsettled: deque[float] = deque()  # departures since a refusal that may still be refused
        self._probe = self._known_at = self._held_until = self._next_at = -math.inf
        self._took = 0.0  # the longest a refusal took to arrive
        self._careful = 0
        self._admitted = 0  # since the last refusal
        self._let_in = 0  # since the first
        self._doubted: float | None = None

    def is_free(self, concurrency: int) -> bool:
        """Tell whether nothing has to be planned: no refusal yet, and the first waves are out."""
        sent = self.departures.dropped + len(self.departures.times)
        return not self.refusals and sent >= RAMP_WAVES * concurrency

    def is_held(self) -> bool:
        """Tell whether a refusal holds requests back."""
        return self.state is not State.OPEN

    def take(self, concurrency: int) -> tuple[float, float]:
        """Seconds to wait, or 0 and the moment at which the request leaves."""
        now = time.monotonic()
        wait = 0.0 if self.is_free(concurrency) else self.plan(now)
        return (wait, 0.0) if wait > 0 else (0.0, self.depart(now, concurrency))

    def plan(self, now: float) -> float:
        """Seconds until the next request may leave; 0 or less: now."""
        if not self.refusals:
            return self._next_at - now
        self._settle(now)
        if self.state is State.PROBING:
            if now - self._probe <= self._find_patience():
                return POLL_SECONDS
            self._open()  # a refusal would have come by now; an answer may take a minute
        followed = self.follow(now)
        if self.state is State.OPEN and not isinstance(followed, Incident):
            followed.grow(now)
        due = followed.find_due(self.departures, now)
        if self.state is State.HELD:
            due = max(due, self._held_until)
        return max(due, self._next_at) - now

    def follow(self, now: float) -> Incident | Window | Bucket:
        """Choose the explanation that was wrong least often; of equals, the one that lets us send first."""
        return min(self.explanations, key=lambda one: (round(one.misses, 1), one.find_due(self.departures, now)))

    def depart(self, now: float, concurrency: int) -> float:
        """Note that a request leaves, and return the moment that names it."""
        at = self.departures.add(now)
        gap = self.follow(at).find_gap() if self.refusals else 0.0
        if self.departures.dropped + len(self.departures.times) < RAMP_WAVES * concurrency or self._careful > 0:
            gap = max(gap, min(RAMP_GAP_SECONDS, RAMP_SECONDS / concurrency))
        if self.refusals:
            self._unsettled.append(at)
            self._careful -= 1
        # Timers fire late: what was missed by less than a poll is made up for, or short gaps would all grow.
        behind = at - self._next_at < 2 * POLL_SECONDS
        self._next_at = (max(self._next_at, at - POLL_SECONDS) if behind else at) + gap
        if self.state is State.HELD:
            self.state, self._probe = State.PROBING, at
        return at

    def report_accepted(self, at: float) -> None:
        """Take note that the request that left at `at` was let in."""
        if self.state is State.PROBING and at == self._probe:
            self._open()

    def report_refused(self, at: float, retry_after: float | None) -> None:
        """Take note that the request that left at `at` was refused; retry_after: what the server asked for, in seconds."""
        now = time.monotonic()
        self.departures.remove(at)
        if at in self._unsettled:
            self._unsettled.remove(at)
        self._took = max(self._took, now - at)
        pause = 0.0
        if at > self._known_at:  # else it left before we knew of the last refusal, and tells nothing new
            self._known_at = now
            pause = self._weigh(at)
        self._held_until = max(self._held_until, now + (pause if retry_after is None else retry_after))
        self.state, self._probe, self._careful = State.HELD, -math.inf, CAREFUL

    def report_lost(self, at: float) -> None:
        """Take note that a request ended without an answer; if it was the probe, another one will go."""
        if self.state is State.PROBING and at == self._probe:
            self.state, self._held_until = State.HELD, time.monotonic() + PAUSE_SECONDS

    def release(self, at: float) -> None:
        """Give a departure back that was not used."""
        self.departures.remove(at)
        if at in self._unsettled:
            self._unsettled.remove(at)
        if self.state is State.PROBING and at == self._probe:
            self.state = State.HELD

    def _weigh(self, at: float) -> float:
        """Learn from a refusal, or doubt it until the next one; seconds to hold back when the server does not say."""
        if not self.refusals:
            self._unsettled.extend(self.departures.times)
        self._settle(at, patience=0.0)
        surprised = self.follow(at).is_surprised(self.departures, at) and self._admitted >= SOON
        if self.refusals and self.state is State.OPEN and surprised:
            self._doubted, self._admitted = at, 0
            self._incident.note_doubted()
            return DOUBT_PAUSE
        for refused in (at,) if self._doubted is None else (self._doubted, at):
            for explanation in self.explanations:
                explanation.note_refused(self.departures, refused)
        self._doubted, self._admitted = None, 0
        self.refusals += 1
        return PAUSE_SECONDS if self.refusals > 1 else FIRST_PAUSE

    def _open(self) -> None:
        self.state, self._doubted = State.OPEN, None

    def _settle(self, now: float, patience: float | None = None) -> None:
        """Tell the explanations of the requests that would have been refused by now if they were to be."""
        until = now - (self._find_patience() if patience is None else patience)
        while self._unsettled and self._unsettled[0] < until:
            at = self._unsettled.popleft()
            self._admitted += 1
            self._let_in += 1
            for explanation in self.explanations:
                explanation.note_admitted(self.departures, at)
                if self._let_in % FORGET_AFTER == 0:
                    explanation.misses /= 2

    def _find_patience(self) -> float:
        return 0.1 + 3 * self._took
