"""Are the questions worth asking together: how varied they are, what to do about it, a map of them, and a diverse choice."""

import random
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.extras import load_extra
from synthdata.base.frame import check_columns, check_count
from synthdata.quality.overlap.diversity import measure_balance
from synthdata.quality.overlap.words import split_words

SEED = 1
SAMPLE_ROWS = 2_000  # more are drawn from: nearest neighbours of n rows are n² comparisons
ALIKE = 0.7  # ROUGE-L at which Self-Instruct refuses a question
MOST_WORDS = 4_096  # the commonest words are what vectors have numbers for

# What to do where a measure is bad: measure -> bound, whether above it is bad, advice.
ADVICE = {
    "commonest opening": (0.3, True, "ask for other kinds of question: generate_varied_questions(…, kinds=…)"),
    "nearest alike": (0.15, True, "refuse near-repeats while generating, or keep a diverse choice: select_diverse"),
    "distinct-2": (0.5, False, "ask from more personas and key concepts"),
    "vendi share": (0.5, False, "name more and narrower subtopics, or draw from the specification or documents"),
    "subtopic balance": (0.9, False, "ask for more questions in the subtopics that have few"),
    "kind balance": (0.7, False, "even out the shares in the table of kinds"),
    "length spread": (1.5, False, "ask for other levels and for questions of one and of several sentences"),
}


def measure_questions(df: pd.DataFrame) -> pd.DataFrame:
    """Measure how varied the questions of all rows are, and those of the kept rows, with what to do where it is too little.

    Input columns: instruction; keep, subtopic and kind when present. Each question counts once; of more than SAMPLE_ROWS a
    random choice is measured, the same each time.
    Returns a frame of measure, all, with keep also kept, and advice ("" where nothing need be done):
    questions; commonest opening, the share of questions that begin with the same two words, which follow in the next line;
    nearest alike, the share with a neighbour of ROUGE-L F1 (Lin 2004) ≥ 0.7, which Self-Instruct (Wang et al. 2023,
    arXiv:2212.10560) refuses, and the median of nearest neighbours; distinct-2 (Li et al. 2016, arXiv:1510.03055); vendi, the
    effective number of different questions (Friedman and Dieng 2023, arXiv:2210.02410) by the cosine of TF-IDF vectors, and
    its share of the number of questions; balance of subtopics and kinds, the entropy over the highest possible, 0 to 1;
    length, words in the median question, and length spread, the 90th percentile over the 10th.
    The bounds behind the advice are ours but for ROUGE-L. Raises InputError for a missing column.
    """
    check_columns(df, "measure_questions", ("instruction",))
    asked = df[df["instruction"].notna()]
    parts = {"all": asked}
    if "keep" in df:
        parts["kept"] = asked[asked["keep"].fillna(False).astype(bool)]
    measured = {name: _measure_part(part.drop_duplicates("instruction")) for name, part in parts.items()}
    names = list(measured["all"])
    last = list(parts)[-1]
    table = pd.DataFrame({name: [values.get(row) for row in names] for name, values in measured.items()}, dtype=object)
    table.insert(0, "measure", names)
    return table.assign(advice=[_advise(name, measured[last].get(name)) for name in names])


def _measure_part(df: pd.DataFrame) -> dict[str, Any]:
    measures: dict[str, Any] = {"questions": len(df)}
    if len(df) > SAMPLE_ROWS:
        df = df.iloc[sorted(random.Random(SEED).sample(range(len(df)), SAMPLE_ROWS))]
    questions = df["instruction"].astype(str).tolist()
    words = [split_words(question) for question in questions]
    if len(questions) < 2:
        return measures
    opening, count = Counter(" ".join(text[:2]) for text in words).most_common(1)[0]
    measures |= {"commonest opening": round(count / len(words), 3), "opening": opening}
    nearest = measure_nearest(words)
    measures |= {
        "nearest alike": round(float((nearest >= ALIKE).mean()), 3),
        "nearest, median": round(float(np.median(nearest)), 3),
    }
    pairs = [pair for text in words for pair in pairwise(text)]
    measures["distinct-2"] = round(len(set(pairs)) / len(pairs), 3) if pairs else None
    vendi = measure_vendi(make_vectors(words))
    measures |= {"vendi": round(vendi, 1), "vendi share": round(vendi / len(words), 3)}
    for name, column in (("subtopic balance", "subtopic"), ("kind balance", "kind")):
        if column in df and df[column].nunique() > 1:
            measures[name] = measure_balance(df[column], df[column].nunique())
    low, middle, high = np.quantile([len(text) for text in words], [0.1, 0.5, 0.9])
    return measures | {"length": round(float(middle), 1), "length spread": round(float(high / max(low, 1)), 2)}


def _advise(name: str, value: Any) -> str:
    if name not in ADVICE or value is None:
        return ""
    bound, above, advice = ADVICE[name]
    return advice if (value > bound if above else value < bound) else ""


def measure_nearest(texts: list[list[str]]) -> np.ndarray:
    """Measure each text's likeness to its nearest neighbour: ROUGE-L F1 of their words, 0 to 1. texts: at least two."""
    from rapidfuzz.distance import Indel
    from rapidfuzz.process import cdist

    numbers: dict[str, int] = {}
    spelled = [[numbers.setdefault(word, len(numbers)) for word in text] for text in texts]
    nearest = np.zeros(len(texts))
    for start in range(0, len(texts), 200):
        rows = spelled[start : start + 200]
        alike = cdist(rows, spelled, scorer=Indel.normalized_similarity)
        alike[np.arange(len(rows)), np.arange(start, start + len(rows))] = -1
        nearest[start : start + len(rows)] = alike.max(axis=1)
    return nearest


def make_vectors(texts: list[list[str]]) -> np.ndarray:
    """Make a TF-IDF vector of length 1 for each text, of zeros where it has no word, from the MOST_WORDS commonest words."""
    documents = Counter(word for text in texts for word in set(text))
    column = {word: place for place, (word, _) in enumerate(documents.most_common(MOST_WORDS))}
    vectors = np.zeros((len(texts), max(len(column), 1)), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text:
            if word in column:
                vectors[row, column[word]] += 1
    weights = np.log((1 + len(texts)) / (1 + np.array([documents[word] for word in column] or [0]))) + 1
    vectors = np.log1p(vectors) * weights.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def measure_vendi(vectors: np.ndarray) -> float:
    """Measure the Vendi score: the exponential of the entropy of the eigenvalues of the cosine matrix over their number."""
    if not len(vectors):
        return 0.0
    kernel = (vectors @ vectors.T).astype(float)
    np.fill_diagonal(kernel, 1)
    values = np.linalg.eigvalsh(kernel / len(vectors))
    values = values[values > 1e-12]
    return float(np.exp(-(values * np.log(values)).sum()))


def plot_questions(df: pd.DataFrame, by: str = "subtopic") -> Any:
    """Draw a map of the questions, like beside like: the first two principal components of their TF-IDF vectors.

    Input columns: instruction, and the one named by `by`, whose eight commonest values have colours. Rows that are not kept are
    hollow where there is a column keep. Returns a matplotlib figure. Raises InputError for fewer than three questions.
    """
    check_columns(df, "plot_questions", ("instruction", by))
    shown = df[df["instruction"].notna()].drop_duplicates("instruction")
    if len(shown) > SAMPLE_ROWS:
        shown = shown.iloc[sorted(random.Random(SEED).sample(range(len(shown)), SAMPLE_ROWS))]
    if len(shown) < 3:
        raise InputError(f"plot_questions got {len(shown)} questions: a map needs three at least.")
    figure = load_extra("matplotlib.figure", "notebook", "pictures").Figure(figsize=(7, 5.5), layout="constrained")
    axes = figure.subplots()
    vectors = make_vectors([split_words(str(question)) for question in shown["instruction"]]).astype(float)
    vectors -= vectors.mean(axis=0)
    left, sizes, _ = np.linalg.svd(vectors, full_matrices=False)
    points = np.zeros((len(shown), 2))
    points[:, : len(sizes[:2])] = left[:, :2] * sizes[:2]
    kept = shown["keep"].fillna(False).to_numpy(dtype=bool) if "keep" in shown else np.ones(len(shown), dtype=bool)
    values = shown[by].astype(str).to_numpy()
    names = [name for name, _ in Counter(values).most_common(8)]
    colors = ["C0", "C1", "C2", "C3", "C4", "C5", "C6", "C8"]
    for name, color in [*zip(names, colors, strict=False), (None, "0.6")]:
        here = values == name if name is not None else ~np.isin(values, names)
        for chosen, face in ((here & kept, color), (here & ~kept, "none")):
            if chosen.any():
                axes.scatter(*points[chosen].T, s=18, facecolors=face, edgecolors=color, linewidths=0.8,
                             label=(name or "others") if face != "none" or not (here & kept).any() else None)  # fmt: skip
    share = (sizes[:2] ** 2).sum() / max((sizes**2).sum(), 1e-12)
    axes.set_title(f"{len(shown):,} questions, {share:.0%} of the variance of their words", fontsize=10)
    axes.set(xticks=[], yticks=[])
    figure.legend(loc="outside lower center", ncols=3, fontsize=8)
    return figure


def select_diverse(df: pd.DataFrame, k: int, *, quality: str = "reward") -> pd.DataFrame:
    """Choose a diverse subset, greedily by quality times distance to what is chosen already, as a column.

    After Deita (Liu et al. 2024, arXiv:2312.15685), which takes rows by quality where their distance to all taken is above a
    bound; here the distance weighs, so that k rows come. Input columns: instruction; keep when present, rows that are not kept
    are not chosen; the column named by `quality` when present: its rank among the rows counts, so that any scale will do, and
    a missing value counts as the lowest.
    Output column: diverse_rank, 1 for the first chosen to k, null for rows that are not. Fewer where fewer rows can be chosen.
    Raises InputError for a missing column or a k below 1.
    """
    check_columns(df, "select_diverse", ("instruction",))
    count = check_count("k", k)
    may = df["instruction"].notna().to_numpy(dtype=bool)
    if "keep" in df:
        may = may & df["keep"].fillna(False).to_numpy(dtype=bool)
    places = np.flatnonzero(may)
    vectors = make_vectors([split_words(str(text)) for text in df["instruction"].iloc[places]])
    worth = np.ones(len(places))
    if quality in df:
        scores = pd.to_numeric(df[quality].iloc[places], errors="coerce").astype(float)
        worth = scores.rank(pct=True).fillna(0).to_numpy(dtype=float) + 1e-6
    ranks: list[int | None] = [None] * len(df)
    distance = np.ones(len(places))
    for rank in range(1, min(count, len(places)) + 1):
        best = int(np.argmax(np.where(distance < 0, -1.0, worth * (distance + 1e-6))))
        ranks[places[best]] = rank
        distance = np.where(distance < 0, -1.0, np.minimum(distance, 1 - np.clip(vectors @ vectors[best], 0, 1)))
        distance[best] = -1
    return df.assign(diverse_rank=pd.array(ranks, dtype="Int64"))
