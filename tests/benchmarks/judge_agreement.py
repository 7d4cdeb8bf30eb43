"""How well does the judge agree with verdicts you trust? Prints the AUC of every score, and of response length.

    python -m tests.benchmarks.judge_agreement rows.jsonl [--endpoint local] [--limit 50] [--fit]

rows.jsonl: objects with instruction, response and kept (true or false). AUC: the chance that a kept row scores above a
rejected one; 0.5 is a coin. --fit: fit the weights of judge.py anew, and print their AUC on folds that they were not
fitted on: ten folds, ten different draws. The interval is Hanley and McNeil's standard error (Radiology 1982, 143:29), times 1.96.
"""

import argparse
import math
import time

import numpy as np
import pandas as pd

import synthdata as sd
from synthdata.quality.scores.judge import EDGE, SCORE_WEIGHTS, SHAPE_WEIGHTS, measure_shape

PENALTY = 3.0  # on standardized values
FOLDS, DRAWS = 10, 10


def measure_auc(scores: "pd.Series[float]", kept: "pd.Series[bool]") -> tuple[float, float]:
    """Area under the ROC curve and the half width of its 95 % interval."""
    good, bad = int(kept.sum()), int((~kept).sum())
    ranks = scores.astype(float).rank()
    auc = (ranks[kept].sum() - good * (good + 1) / 2) / (good * bad)
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + (good - 1) * (q1 - auc**2) + (bad - 1) * (q2 - auc**2)) / (good * bad)
    return auc, 1.96 * math.sqrt(variance)


def make_features(scored: pd.DataFrame) -> np.ndarray:
    """The log odds of each weighted score and the weighted shapes, a row each."""
    chances = (scored[list(SCORE_WEIGHTS)].astype(float) / 4).clip(EDGE, 1 - EDGE)
    shapes = pd.DataFrame([measure_shape(text) for text in scored["response"]])[list(SHAPE_WEIGHTS)]
    return np.hstack([np.log(chances / (1 - chances)).to_numpy(), shapes.to_numpy()])


def fit_weights(features: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit a ridge-penalized logistic regression by Newton's method; returns weights and intercept."""
    mean, spread = features.mean(0), features.std(0)
    design = np.column_stack([np.ones(len(features)), (features - mean) / spread])
    penalty = np.array([0.0, *[PENALTY] * features.shape[1]])
    weights = np.zeros(design.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-design @ weights))
        slope = design.T @ (chance - kept) + penalty * weights
        weights -= np.linalg.solve(design.T @ (design * (chance * (1 - chance))[:, None]) + np.diag(penalty), slope)
    raw = weights[1:] / spread
    return raw, float(weights[0] - raw @ mean)


def cross_validate(features: np.ndarray, kept: np.ndarray) -> list[float]:
    """AUC of predictions for rows that were not fitted on, one for each draw of the folds."""
    found = []
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(kept))
        predicted = np.zeros(len(kept))
        for fold in range(FOLDS):
            held = order[fold::FOLDS]
            rest = np.setdiff1d(order, held)
            weights, intercept = fit_weights(features[rest], kept[rest])
            predicted[held] = features[held] @ weights + intercept
        found.append(measure_auc(pd.Series(predicted), pd.Series(kept.astype(bool)))[0])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows")
    parser.add_argument("--endpoint", default="local")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--fit", action="store_true")
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
    if options.fit:
        features, verdicts = make_features(scored), kept.to_numpy(dtype=float)
        weights, intercept = fit_weights(features, verdicts)
        names = [*SCORE_WEIGHTS, *SHAPE_WEIGHTS]
        print(f"  fitted: {dict(zip(names, weights.round(4).tolist(), strict=True))}, intercept {intercept:.4f}")
        aucs = cross_validate(features, verdicts)
        print(f"  cross-validated AUC {np.mean(aucs):.3f} ({min(aucs):.3f} to {max(aucs):.3f} over {DRAWS} draws)")
    print(f"  {'brevity':12} AUC {measure_auc(-scored['response'].str.len(), kept)[0]:.3f}")


if __name__ == "__main__":
    main()
