"""The client's speed, cost and manners against a loopback server of known latency: ratios to the ideal, one run.

    python -m tests.benchmarks.client_speed [flight] [cost] [cache] [limits] [import]    (all, when none is named)

flight: wall time over requests x latency / concurrency. cost: processor time and memory for 10,000 requests.
cache: 100,000 stored replies read again.
limits: servers that allow N requests in a window without saying so, wall time over what a client that knew the limit would
need, and the share refused. import: what importing the library adds to pandas.
"""

import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import synthdata as sd
from tests.benchmarks.loopback import Gate, run_loopback


def make_bodies(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {"messages": [{"role": "user", "content": f"question {number} " + "word " * 40}], "max_tokens": 512}


def measure_flight() -> None:
    for concurrency, count, bound in ((64, 2560, 1.02), (256, 2560, 1.05), (1024, 10240, 1.15)):
        with run_loopback() as (url, _), tempfile.TemporaryDirectory() as folder:
            client = sd.Client(f"{url}#m", sd.open_cache(Path(folder) / "c.sqlite"), concurrency=concurrency)
            started = time.monotonic()
            client.complete(make_bodies(count), quiet=True)
            ratio = (time.monotonic() - started) / (count / concurrency)
        print(
            f"flight  {concurrency:5} in flight, {count:6} requests: {ratio:.3f} of the ideal (aim {bound})", flush=True
        )


# Not getrusage: its peak is inherited from the process that started this one.
COST = """
import re, sys, tempfile, time
from pathlib import Path
import pandas, synthdata as sd
from tests.benchmarks.client_speed import make_bodies
import aiohttp, orjson
count = int(sys.argv[2])
client = sd.Client(sys.argv[1] + "#m", sd.open_cache(Path(sys.argv[3]) / "c.sqlite"), concurrency=256)
def read_peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
before, start = read_peak(), time.process_time()
client.complete(make_bodies(count), quiet=True)
print((time.process_time() - start) * 1000 / count, read_peak() - before, read_peak())
"""


def measure_cost() -> None:
    with run_loopback(latency=0.1) as (url, _), tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", COST, url, "10000", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    cpu, added, peak = map(float, done.stdout.split())
    print(
        f"cost    {cpu:.2f} ms of processor a request (aim 0.5); memory +{added:.0f} MB, peak {peak:.0f} MB (aim 150)",
        flush=True,
    )


def measure_cache(count: int = 100_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cache = sd.open_cache(Path(folder) / "c.sqlite")
        client = sd.Client("http://127.0.0.1:9/v1#m", cache)
        from synthdata.models.cache import make_key, write_body
        from tests.benchmarks.loopback import REPLY

        with cache.open() as store:
            identity = client.endpoint.identity
            bodies = (write_body({"model": "m", **body}) for body in make_bodies(count))
            store.store([(make_key(identity, body), identity, body, REPLY) for body in bodies])
        started = time.monotonic()
        client.complete(make_bodies(count), quiet=True)
        seconds = time.monotonic() - started
        tracemalloc.start()
        returned = client.complete(make_bodies(count // 10), quiet=True)
        held, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(returned) == count // 10
    print(
        f"cache   {count:,} replies in {seconds:.2f} s (aim 3); peak {peak / held:.2f} times what is returned (aim 2)",
        flush=True,
    )


def measure_limit(kind: str, limit: int, window: int, count: int) -> str:
    with run_loopback(latency=0.5, kind=kind, limit=limit, window=float(window)) as (url, counts):
        client = sd.Client(f"{url}#m", concurrency=64 if limit < 100 else 256)
        epoch, started = time.time(), time.monotonic()
        client.complete(make_bodies(count), quiet=True)
        seconds = time.monotonic() - started
        answered, refused = counts[:]
    ideal = max(Gate(kind, limit, window).find_ideal(count, epoch) + 0.5, count * 0.5 / client.concurrency)
    return (
        f"limits  {kind:8} {limit:4} in {window:2} s, {count} requests: {seconds / ideal:.3f} of the ideal {ideal:.0f} s "
        f"(aim 1.05), {refused / (answered + refused):.1%} refused (aim 5 %)"
    )


STAGGER_SECONDS = 4


def measure_limits() -> None:
    sizes = ((600, 60, 1200), (40, 60, 120), (100, 10, 1000), (10, 1, 1000))
    cases = [(kind, *size) for size in sizes for kind in ("sliding", "fixed", "bucket")]

    def measure(number: int) -> str:
        time.sleep(
            STAGGER_SECONDS * number
        )  # the first bursts of all at once would measure this machine, not the client
        return measure_limit(*cases[number])

    with ThreadPoolExecutor(len(cases)) as pool:  # they mostly wait: four minutes together instead of ten
        for line in pool.map(measure, range(len(cases))):
            print(line, flush=True)


def measure_import() -> None:
    script = "import sys, time, pandas; t = time.perf_counter(); import synthdata; print(time.perf_counter() - t)"
    seconds = min(
        float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    )
    print(f"import  {seconds:.3f} s on top of pandas (aim 0.15)", flush=True)


def main() -> None:
    named = sys.argv[1:] or ["flight", "cost", "cache", "import", "limits"]
    for name in named:
        {
            "flight": measure_flight,
            "cost": measure_cost,
            "cache": measure_cache,
            "limits": measure_limits,
            "import": measure_import,
        }[name]()
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
