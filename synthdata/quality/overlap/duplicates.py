"""Near-duplicates: which row says what a better one says already, how closely, and in which words they differ.

Not covered: the same meaning in other words, which no count of words can see.
"""

from typing import Any

import numpy as np
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns, index_ids
from synthdata.models.replies import is_natural_end
from synthdata.quality.overlap.similarity import (
    FLOOR,
    compare_rows,
    list_differences,
    reduce_instructions,
)
from synthdata.quality.overlap.words import number_words

# On 322 rows about Docker, every pair compared and read: the two most alike repeat each other (0.89 and 0.77), and the
# next is a pair that differs in its noun (0.69, lowered to 0.48). 0.8 misses one of the two.
THRESHOLD = 0.75


def mark_duplicates(df: pd.DataFrame, threshold: float = THRESHOLD, *, score: str | None = None) -> pd.DataFrame:
    """Mark every row that a better one repeats.

    Input columns: id (unique), instruction, response; error, finish_reason, verified, sample and `score` (default reward)
    when present. threshold: FLOOR to 1. Rows with a null response are not compared. Of two alike rows the one without
    error, not cut off and not unverified is better, then the better scored, then the earlier.
    Output columns: similarity, FLOOR to 1, to the nearest better row, null when none is so close; similar_to, that
    row's id; differing_words, those only there after "-" and only here after "+", null when none; and duplicate_of, see
    resolve_duplicates. `similarity >= t` is the mark at any t from FLOOR up: a slider needs no new comparison.

    Similarity is the share of words that two rows have in common, in their order (ROUGE-L F1, Lin 2004): of the
    responses, or of instruction and response together, whichever is lower; words that only ask, such as "how" and
    "show", aside. It is lowered by SUBJECT_FACTOR when the instructions differ in a word that matters: one that the
    responses do not share either, or any when they are shorter than SHORT_RESPONSE words. Rows of the same
    instruction with another `sample` are alternatives to choose from: they are duplicates only when they are the same.
    Candidates come from MinHash and are then compared exactly, as in Lee et al. 2022 (arXiv:2107.06499), who cut at an
    edit similarity of 0.8. Exact repeats are always found.
    Raises InputError for a missing column, repeated ids, a score without numbers, or a threshold out of range.
    """
    check_columns(df, "mark_duplicates", ("id", "instruction", "response", *([score] if score else [])))
    _check_threshold("mark_duplicates", threshold)
    ids = index_ids(df, "mark_duplicates").tolist()
    order = _rank_rows(df, score or "reward")
    instructions = df["instruction"].astype(object).where(df["instruction"].notna(), "").tolist()
    responses = df["response"].tolist()
    words = number_words(str(text) for row in order for text in (instructions[row], responses[row]))
    reduced, canonical = reduce_instructions(words)
    similarity: list[float | None] = [None] * len(df)
    similar_to: list[Any] = [None] * len(df)
    differing: list[str | None] = [None] * len(df)
    vocabulary = list(words.vocabulary)
    samples = df["sample"].tolist() if "sample" in df else None
    for worse, better, value in compare_rows(reduced, canonical, order, instructions, responses, samples):
        row, original = order[worse], order[better]
        similarity[row], similar_to[row] = value, ids[original]
        differing[row] = list_differences(words, vocabulary, better, worse)
    marked = df.assign(
        similarity=pd.array(similarity, dtype="Float64"),
        similar_to=pd.array(similar_to, dtype="str"),
        differing_words=pd.array(differing, dtype="str"),
    )
    return resolve_duplicates(marked, threshold)


def resolve_duplicates(df: pd.DataFrame, threshold: float = THRESHOLD) -> pd.DataFrame:
    """Name, for each row at least `threshold` similar to a better one, the row that stays in its place.

    Input columns: id, similarity, similar_to. threshold: FLOOR to 1. Output column: duplicate_of, the id of a row that
    has none itself: where the nearest better row is a duplicate too, the one that it duplicates.
    Raises InputError for a missing column, a threshold out of range, or ids that are repeated or not in the frame.
    """
    check_columns(df, "resolve_duplicates", ("id", "similarity", "similar_to"))
    _check_threshold("resolve_duplicates", threshold)
    ids = index_ids(df, "resolve_duplicates")
    marked = (df["similarity"].astype("Float64") >= threshold).fillna(False).to_numpy(dtype=bool)
    target = np.arange(len(df))
    target[marked] = ids.get_indexer(df["similar_to"].astype("str")[marked])
    if (target < 0).any():
        lost = df["similar_to"].iloc[int(np.argmax(target < 0))]
        raise InputError(f"resolve_duplicates: no row has the id {lost!r}: give it all rows that were marked together.")
    for _ in range(len(df).bit_length()):  # each round doubles the distance
        target = target[target]
    if marked[target].any():
        raise InputError("resolve_duplicates: similar_to leads in a circle: run mark_duplicates again.")
    names = ids.to_numpy(dtype=object)[target]
    names[~marked] = None
    return df.assign(duplicate_of=pd.array(names.tolist(), dtype="str"))


def _check_threshold(stage: str, threshold: Any) -> None:
    number = isinstance(threshold, (int, float)) and not isinstance(threshold, bool)
    if not number or not FLOOR <= threshold <= 1:
        raise InputError(
            f"{stage}: threshold is {threshold!r}: give a number from {FLOOR} (pairs less alike are not looked for) to 1."
        )


def _rank_rows(df: pd.DataFrame, score: str) -> list[int]:
    """List the positions of rows with a response, the best first."""
    faulty = df["error"].notna() if "error" in df else pd.Series(False, index=df.index)
    if "verified" in df:
        faulty = faulty | df["verified"].eq(False).fillna(False).astype(bool)
    if "finish_reason" in df:
        faulty = faulty | ~df["finish_reason"].map(is_natural_end, na_action=None).astype(bool)
    if score in df:
        scores = pd.to_numeric(df[score], errors="coerce").astype("Float64")
        if df[score].notna().any() and scores.isna().all():
            raise InputError(f"mark_duplicates: the score {score!r} holds no numbers: name a column that does.")
    else:
        scores = pd.Series(pd.NA, index=df.index, dtype="Float64")
    ranks = pd.DataFrame(
        {"faulty": faulty.to_numpy(dtype=bool), "score": -scores.to_numpy(dtype=float, na_value=float("nan"))}
    )
    ranks = ranks[df["response"].notna().to_numpy()].sort_values(["faulty", "score"], kind="stable", na_position="last")
    return ranks.index.tolist()
