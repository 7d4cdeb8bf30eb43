"""How well does the embedded judge agree with verdicts you trust, and is it a measure of length? No model is asked by default.

    python -m tests.benchmarks.judge_agreement rows.jsonl [--endpoint local] [--limit 50] [--fit]

rows.jsonl: objects with instruction, response and kept (true or false). Prints for the scalar of quality/scores/shape.py its
AUC, the chance that a kept row scores above a rejected one (0.5 is a coin), its rank correlation with the number of characters
beside that of the verdicts, and the chance that a row without faults scores above one with a fault. --endpoint: asks a judge for
its attributes too. --fit: fits the weights anew and predicts each row by weights that did not see it. Intervals of 95 % by 1,000
bootstrap draws of the rows.
"""

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd

import synthdata as sd
from synthdata.quality.scores.shape import WEIGHTS, measure_shape, weigh_shape

PENALTY = 10.0  # of the ridge, on standardized values
SHRINK = {"excess": 0.6}  # so that the scalar is no measure of length
FOLDS, DRAWS, BOOTSTRAPS = 5, 6, 1_000


def measure_auc(scores: np.ndarray, good: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a good row scores above another, ties counting half."""
    ranks, count = pd.Series(scores).rank().to_numpy(), int(good.sum())
    if count in (0, len(good)):
        return float("nan")
    return float((ranks[good].sum() - count * (count + 1) / 2) / (count * (len(good) - count)))


def measure_rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation."""
    return float(pd.Series(a).rank().corr(pd.Series(b).rank()))


def give_interval(measure: Callable[..., float], *columns: np.ndarray) -> str:
    """Write a measure of some columns with its bootstrap interval."""
    source = np.random.default_rng(0)
    draws = (source.integers(0, len(columns[0]), len(columns[0])) for _ in range(BOOTSTRAPS))
    low, high = np.nanpercentile([measure(*(column[draw] for column in columns)) for draw in draws], [2.5, 97.5])
    return f"{measure(*columns):.3f} ({low:.2f} to {high:.2f})"


def fit_weights(features: pd.DataFrame, kept: np.ndarray) -> tuple[pd.Series, float]:
    """Fit a ridge-penalized logistic regression by Newton's method, shrink what SHRINK names; returns weights and intercept.

    The fault's weight is a rule and not fitted: verdicts of a model that does not see faults would give it the wrong sign.
    """
    fitted = features.drop(columns="fault")
    mean, spread = fitted.mean(), fitted.std(ddof=0)
    design = np.column_stack([np.ones(len(fitted)), ((fitted - mean) / spread).to_numpy()])
    penalty = np.array([0.0, *[PENALTY] * fitted.shape[1]])
    weights = np.zeros(design.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-design @ weights))
        slope = design.T @ (chance - kept) + penalty * weights
        weights -= np.linalg.solve(design.T @ (design * (chance * (1 - chance))[:, None]) + np.diag(penalty), slope)
    raw = pd.Series(weights[1:] / spread.to_numpy(), index=fitted.columns)
    for name, factor in SHRINK.items():
        raw[name] *= factor
    raw["fault"] = WEIGHTS["fault"]
    # The share of kept rows stays what it was.
    totals, low, high = features[raw.index].to_numpy() @ raw.to_numpy(), -50.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 / (1 + np.exp(-totals - middle))).mean() < kept.mean() else (low, middle)
    return raw, (low + high) / 2


def predict_held_out(features: pd.DataFrame, kept: np.ndarray) -> np.ndarray:
    """Predict each row by weights fitted without it, the mean of some draws of the folds."""
    predicted = np.zeros(len(kept))
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(kept))
        for fold in range(FOLDS):
            held = order[fold::FOLDS]
            rest = np.setdiff1d(order, held)
            weights, intercept = fit_weights(features.iloc[rest], kept[rest])
            predicted[held] += features.iloc[held][weights.index].to_numpy() @ weights.to_numpy() + intercept
    return predicted / DRAWS


def report(name: str, scores: np.ndarray, kept: np.ndarray, faulty: np.ndarray, sizes: np.ndarray) -> None:
    """Print what there is to say of one score."""
    print(f"{name}: AUC {give_interval(measure_auc, scores, kept)}")
    print(f"  rank correlation with characters {give_interval(measure_rank_correlation, scores, sizes)}")
    print(f"  no fault above a fault {give_interval(measure_auc, scores, ~faulty)}, {faulty.sum()} rows with a fault")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows")
    parser.add_argument("--endpoint", default="")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--cache", default=".synthdata/judge.sqlite")
    options = parser.parse_args()
    df = sd.verify_responses(sd.read_jsonl(options.rows, ("instruction", "response", "kept")).head(options.limit))
    kept, faulty = df["kept"].to_numpy(dtype=bool), df["verified"].eq(False).fillna(False).to_numpy(dtype=bool)
    rows = list(zip(df["instruction"], df["response"], faulty, strict=True))
    sizes = df["response"].str.len().to_numpy(dtype=float)
    print(f"{len(df)} rows, {kept.sum()} kept; the verdicts' rank correlation with characters ", end="")
    print(give_interval(measure_rank_correlation, kept.astype(float), sizes))
    report("as shipped", np.array([weigh_shape(*row) for row in rows]), kept, faulty, sizes)
    report("brevity", -sizes, kept, faulty, sizes)
    if options.fit:
        features = pd.DataFrame([measure_shape(*row) for row in rows])
        weights, intercept = fit_weights(features, kept.astype(float))
        print(f"fitted: {weights.round(3).to_dict()}, intercept {intercept:.3f}")
        report("fitted without the row", predict_held_out(features, kept.astype(float)), kept, faulty, sizes)
    if options.endpoint:
        df = df.assign(error=None, prompt_tokens=pd.array([None] * len(df), "Int64"), completion_tokens=pd.NA)
        scored = sd.score_responses(df, sd.Client(options.endpoint, sd.open_cache(options.cache)), score_all=True)
        for column in sd.ATTRIBUTES:
            known = scored[column].notna().to_numpy()
            values = scored.loc[known, column].to_numpy(dtype=float)
            print(f"{column}: AUC {give_interval(measure_auc, values, kept[known])}")


if __name__ == "__main__":
    main()
