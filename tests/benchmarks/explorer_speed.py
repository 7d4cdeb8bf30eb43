"""How long does a slider move take over 100,000 rows, in a real kernel, and do moves pile up?

    python -m tests.benchmarks.explorer_speed [--rows 100000]

Starts a kernel, makes a frame of made-up scores in it, opens the explorer, and moves a slider as JupyterLab does: by comm
messages. Printed: median and 95th percentile of one drawing (deciding, tables, rows, PNG, publishing); and, for a burst of
50 moves sent at once, how many drawings were made of them and how long after the last move the page was final.
"""

import argparse
import queue
import time
from typing import Any

from jupyter_client.manager import start_new_kernel

SETUP = """
import numpy as np, pandas as pd, time, statistics
import synthdata as sd
rng, n = np.random.default_rng(0), {rows}
scores = {{name: pd.array(rng.normal(2.5, 0.8, n).clip(0, 4), dtype="Float64") for name in sd.ATTRIBUTES}}
near = pd.array(np.where(rng.random(n) < 0.1, rng.uniform(0.8, 1, n), np.nan), dtype="Float64")
df = pd.DataFrame({{
    "id": [f"i{{k}}" for k in range(n)], "instruction": [f"Question {{k}}: how is this done?" for k in range(n)],
    "response": ["Type the command and read what it says. " * 20] * n, "subtopic": [f"Subtopic {{k % 200}}" for k in range(n)],
    "finish_reason": "stop", "error": None, **scores, "reward": pd.array(rng.normal(5, 2, n), dtype="Float64"),
    "reward_model": "m", "reward_form": "logprobs", "similarity": near,
    "duplicate_of": pd.array(["x" if value is not pd.NA else None for value in near], dtype="str"),
}})
began = time.perf_counter()
explorer = sd.explore_thresholds(df, sd.Thresholds(helpfulness=(2.0, None), verbosity=(None, 3.5)))
print(f"opened in {{time.perf_counter() - began:.2f}} s")
"""
TIMED = """
taken, busy = [], time.process_time()
for move in range(60):
    explorer.thresholds = sd.Thresholds(helpfulness=(1 + move / 30, None), verbosity=(None, 3.5), reward=(0, None))
    began = time.perf_counter()
    explorer.draw()
    taken.append(1000 * (time.perf_counter() - began))
busy = 1000 * (time.process_time() - busy) / 60
middle, most = statistics.median(taken), sorted(taken)[56]
print(f"one drawing: median {middle:.0f} ms, 95 % within {most:.0f} ms, processor time {busy:.0f} ms")
"""
REVIEWED = """
import tempfile, pathlib
reviewer = sd.review_rows(explorer, pathlib.Path(tempfile.mkdtemp()) / "judgements.jsonl", k=60)
for place in range(60):
    reviewer.mark("good" if place % 4 else "bad")
began = time.perf_counter(); reviewer.propose(); proposed = time.perf_counter() - began
began = time.perf_counter(); reviewer.mark("undo"); marked = time.perf_counter() - began
print(f"with 60 rows reviewed: one mark {1000 * marked:.0f} ms, proposals {proposed:.2f} s")
"""
BURST = """
drawn = []
explorer.followers.append(lambda: drawn.append(explorer.sliders["helpfulness"].value))
print(explorer.sliders["helpfulness"].comm.comm_id)
"""


def run_code(client: Any, code: str) -> str:
    said: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            said.append(message["content"]["text"])

    reply = client.execute_interactive(code, output_hook=hear, timeout=300)
    assert reply["content"]["status"] == "ok", reply["content"].get("evalue")
    return "".join(said).strip()


def send_burst(client: Any, comm_id: str, moves: int) -> float:
    """Move the slider many times at once; return the seconds from the last move sent to the last drawing."""
    for move in range(moves):
        state = {"method": "update", "state": {"value": [1 + move / moves, 4.0]}, "buffer_paths": []}
        client.shell_channel.send(client.session.msg("comm_msg", {"comm_id": comm_id, "data": state}))
    sent = last = time.monotonic()
    while True:
        try:
            message = client.get_iopub_msg(timeout=2)
        except queue.Empty:
            return last - sent
        if message["msg_type"] == "update_display_data":
            last = time.monotonic()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    manager, client = start_new_kernel()
    try:
        print(f"{options.rows:,} rows:", run_code(client, SETUP.format(rows=options.rows)))
        print(run_code(client, TIMED))
        print(run_code(client, REVIEWED))
        print("with the panel of reviews,", run_code(client, TIMED))
        comm_id = run_code(client, BURST)
        seconds = send_burst(client, comm_id, 50)
        count, final = run_code(client, "print(len(drawn), drawn[-1][0] if drawn else None)").split()
        print(
            f"50 moves at once: {count} drawings, the last one {1000 * seconds:.0f} ms after the last move, at {final}"
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
