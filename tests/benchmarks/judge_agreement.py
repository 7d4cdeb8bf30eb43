"""How well does the judge agree with verdicts you trust? Prints the AUC of every score, and of response length.

    python -m tests.benchmarks.judge_agreement rows.jsonl [--endpoint local] [--limit 50]

rows.jsonl: objects with instruction, response and kept (true or false). AUC: the chance that a kept row scores above a
rejected one; 0.5 is a coin. The interval is Hanley and McNeil's standard error (Radiology 1982, 143:29), times 1.96.
"""

import argparse
import math
import time

import pandas as pd

import synthdata as sd


def measure_auc(scores: "pd.Series[float]", kept: "pd.Series[bool]") -> tuple[float, float]:
    """Area under the ROC curve and the half width of its 95 % interval."""
    good, bad = int(kept.sum()), int((~kept).sum())
    ranks = scores.astype(float).rank()
    auc = (ranks[kept].sum() - good * (good + 1) / 2) / (good * bad)
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + (good - 1) * (q1 - auc**2) + (bad - 1) * (q2 - auc**2)) / (good * bad)
    return auc, 1.96 * math.sqrt(variance)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows")
    parser.add_argument("--endpoint", default="local")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--cache", default=".synthdata/judge.sqlite")
    options = parser.parse_args()
    df = sd.read_jsonl(options.rows, ("instruction", "response", "kept")).head(options.limit)
    df = df.assign(error=None, prompt_tokens=pd.array([None] * len(df), "Int64"), completion_tokens=pd.NA)
    client = sd.Client(options.endpoint, sd.open_cache(options.cache))
    started = time.monotonic()
    scored = sd.score_responses(df, client)
    seconds = time.monotonic() - started
    scored = scored[scored["reward"].notna()]
    kept = scored["kept"].astype(bool)
    print(f"{len(scored)} rows, {kept.sum()} kept, {seconds:.0f} s (answers from the cache take none)")
    for column in ("reward", *sd.ATTRIBUTES):
        print(
            f"  {column:12} AUC {measure_auc(scored[column], kept)[0]:.3f} ± {measure_auc(scored[column], kept)[1]:.3f}"
        )
    print(f"  {'brevity':12} AUC {measure_auc(-scored['response'].str.len(), kept)[0]:.3f}")


if __name__ == "__main__":
    main()
