"""How fast are near-duplicates marked, how much memory does it take, and how many are found? On rows made up here.

python -m tests.benchmarks.dedup_speed [rows, 1,000,000 unless told]

An instruction has about 10 words, a response about 30, drawn as words are in text (Zipf). A third of the rows share one
template for both. Planted: exact repeats in other case and punctuation; near ones, asked in other words, half of them with
one word more, and answered with one to three words changed, and far ones with four or five, close to the threshold; and
rows that look alike but differ in the one noun that both texts turn on, which must not be marked.
"""

import os
import random
import sys
import time
from pathlib import Path

import pandas as pd

from synthdata.quality.overlap.duplicates import THRESHOLD, mark_duplicates

ASKED = ("How do I", "How can I", "Show me how to", "What is the way to", "Please explain how to")
SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
KINDS = {"exact": 0.05, "near": 0.10, "far": 0.02, "noun": 0.05}


def make_rows(n: int, seed: int = 0) -> pd.DataFrame:
    """Make rows with the kind of each: new, exact, near or noun."""
    rng = random.Random(seed)
    vocabulary = ["".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))) for _ in range(50_000)]
    total, weights = 0.0, []
    for rank in range(len(vocabulary)):
        total += 1 / (rank + 3)
        weights.append(total)
    template = rng.choices(vocabulary, cum_weights=weights, k=16)
    rows: list[tuple[list[str], list[str], str]] = []
    for _ in range(n):
        kind = rng.choices(["new", *KINDS], [1 - sum(KINDS.values()), *KINDS.values()])[0]
        old = rows[rng.randrange(len(rows))] if rows else None
        if kind == "new" or old is None or old[2] != "new":
            words = rng.choices(vocabulary, cum_weights=weights, k=rng.randint(30, 42))
            if rng.random() < 1 / 3:
                instruction = [*template[:3], *words[:3]]
                response = [*template[3:], *words[3:21]]
            else:
                instruction, response = words[:7], words[7:]
            rows.append((instruction, response, "new"))
            continue
        instruction, response = list(old[0]), list(old[1])
        if kind in ("near", "far"):
            if rng.random() < 0.5:
                instruction.insert(0, rng.choice(vocabulary))
            changes = rng.randint(1, 3) if kind == "near" else rng.randint(4, 5)
            for place in rng.sample(range(len(response)), changes):
                response[place] = rng.choice(vocabulary)
        if kind == "noun":
            noun = instruction[-1]
            other = rng.choice([word for word in rng.choices(vocabulary, k=3) if word != noun])
            instruction = [other if word == noun else word for word in instruction]
            response = [other if word == noun else word for word in [*response[:-1], noun]]
            response[0] = rng.choice(vocabulary)
        rows.append((instruction, response, kind))
    lines = []
    for number, (instruction, response, kind) in enumerate(rows):
        question = f"{rng.choice(ASKED) if kind in ('near', 'far') else ASKED[0]} {' '.join(instruction)}?"
        answer = " ".join(response) + "."
        if kind == "exact":
            question, answer = question.upper(), f"**{answer[:-1]}**"
        lines.append((str(number), question, answer, kind))
    return pd.DataFrame(lines, columns=["id", "instruction", "response", "kind"])


def read_memory(name: str) -> float:
    """Read a figure of this process from Linux, in GiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) / 2**20


def main() -> None:
    n = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 1_000_000
    df = make_rows(n)
    words = (df["instruction"].str.split().str.len().mean(), df["response"].str.split().str.len().mean())
    before = read_memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    started, used = time.monotonic(), time.process_time()
    marked = mark_duplicates(df)
    seconds, cpu = time.monotonic() - started, time.process_time() - used
    load = f"{cpu:.1f} s of processor time, {os.getloadavg()[0]:.1f} processes running on {os.cpu_count()} cores"
    print(f"{n:,} rows of {words[0]:.0f} and {words[1]:.0f} words: {seconds:.1f} s ({load})")
    print(f"memory at its highest: {read_memory('VmHWM'):.2f} GiB, of which {before:.2f} hold the rows")
    is_marked = marked["duplicate_of"].notna()
    for kind in ("exact", "near", "far"):
        planted = df["kind"] == kind
        print(
            f"planted, {kind}: {is_marked[planted].sum():,} of {planted.sum():,} found ({is_marked[planted].mean():.2%})"
        )
    for kind, said in (("noun", "differing in the noun"), ("new", "new")):
        rows = df["kind"] == kind
        print(f"{said}: {is_marked[rows].sum():,} of {rows.sum():,} marked, falsely ({is_marked[rows].mean():.3%})")
    print(
        f"threshold {THRESHOLD}; similarities from 0.6 up known for {marked['similarity'].notna().mean():.2%} of the rows"
    )


if __name__ == "__main__":
    main()
