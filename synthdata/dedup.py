"""Near-duplicates: which row says what a better one says already, how closely, and in which words they differ.

Covers exact repeats (case, punctuation and asking words aside) and near ones, marked and never dropped, so that the
threshold can be moved afterwards. Not covered: the same meaning in other words, which no count of words can see; rows
that repeat an evaluation set (contamination.py).
"""

import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pandas as pd

from synthdata.candidates import CHUNK, find_candidates, mix_bits
from synthdata.checks import check_columns
from synthdata.errors import InputError
from synthdata.words import Words, number_words

# On 322 rows about Docker, every pair compared and read: the two most alike repeat each other (0.89 and 0.77), and the
# next is a pair that differs in its noun (0.69, lowered to 0.48). 0.8 misses one of the two.
THRESHOLD = 0.75
FLOOR = 0.6  # less alike pairs are not looked for
SUBJECT_FACTOR = 0.7  # below the threshold however alike the rest is; on the slider, still to be seen
SHORT_RESPONSE = 20  # words; a shorter response is too short to show whether a word of the instruction mattered
SHOWN_WORDS = 12

# Words that say how a thing is asked for, not what. English; in another language every word of an instruction counts.
ASKING = """
a an the this that these those it its of for in on at by with to and or is are was be do does did can could would should
will may might must have has i me my we us our you your how what which who when where there please explain describe show
list display print see view give tell write provide find get check demonstrate illustrate use using used command
commands way ways example examples steps step need want help know let s m d ll re ve
"""
SYNONYMS = {
    "delete": "remove",
    "erase": "remove",
    "make": "create",
    "execute": "run",
    "modify": "change",
    "edit": "change",
}
ORDER_WORDS = ("from", "before", "after", "than")  # what follows them cannot change places with what precedes


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
    ids = _check_ids(df, "mark_duplicates").tolist()
    order = _rank_rows(df, score or "reward")
    instructions = df["instruction"].astype(object).where(df["instruction"].notna(), "").tolist()
    responses = df["response"].tolist()
    words = number_words(str(text) for row in order for text in (instructions[row], responses[row]))
    reduced, canonical = _reduce_instructions(words)
    similarity: list[float | None] = [None] * len(df)
    similar_to: list[Any] = [None] * len(df)
    differing: list[str | None] = [None] * len(df)
    vocabulary = list(words.vocabulary)
    samples = df["sample"].tolist() if "sample" in df else None
    for worse, better, value in _compare_rows(reduced, canonical, order, instructions, responses, samples):
        row, original = order[worse], order[better]
        similarity[row], similar_to[row] = value, ids[original]
        differing[row] = _list_differences(words, vocabulary, better, worse)
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
    import numpy as np

    check_columns(df, "resolve_duplicates", ("id", "similarity", "similar_to"))
    _check_threshold("resolve_duplicates", threshold)
    ids = _check_ids(df, "resolve_duplicates")
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


def _check_ids(df: pd.DataFrame, stage: str) -> pd.Index:
    ids = pd.Index(df["id"].astype("str"))
    if not ids.is_unique:
        raise InputError(f"{stage}: the id {ids[ids.duplicated()][0]!r} occurs more than once: ids must be unique.")
    return ids


def _rank_rows(df: pd.DataFrame, score: str) -> list[int]:
    """List the positions of rows with a response, the best first."""
    faulty = df["error"].notna() if "error" in df else pd.Series(False, index=df.index)
    if "verified" in df:
        faulty = faulty | df["verified"].eq(False).fillna(False).astype(bool)
    if "finish_reason" in df:
        faulty = faulty | df["finish_reason"].eq("length").fillna(False).astype(bool)
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


def _reduce_instructions(words: Words) -> tuple[Words, Any]:
    """Leave out asking words from every other text, the instructions, unless nothing else is there; fold synonyms."""
    import numpy as np

    canonical, folded = np.empty(len(words.vocabulary), dtype=np.uint32), dict[str, int]()
    for word, number in words.vocabulary.items():
        plain = word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
        canonical[number] = folded.setdefault(SYNONYMS.get(plain, plain), number)
    asking_words = set(ASKING.split())
    asking = np.fromiter((word in asking_words for word in words.vocabulary), dtype=bool, count=len(words.vocabulary))
    segments = np.diff(words.starts)
    instruction = np.repeat(np.arange(len(segments)) % 2 == 0, segments)
    dropped = asking[words.ids] & instruction
    before = np.concatenate([[0], np.cumsum(dropped)])
    dropped_by_segment = before[words.starts[1:]] - before[words.starts[:-1]]
    whole = dropped_by_segment == segments
    dropped_by_segment[whole] = 0
    dropped &= ~np.repeat(whole, segments)
    ids = np.where(instruction, canonical[words.ids], words.ids)[~dropped]
    starts = words.starts - np.concatenate([[0], np.cumsum(dropped_by_segment)])
    return Words(ids, starts, words.vocabulary), canonical


def _compare_rows(
    words: Words,
    canonical: Any,
    order: list[int],
    instructions: list[Any],
    responses: list[Any],
    samples: list[Any] | None,
) -> Iterator[tuple[int, int, float]]:
    """Yield each row that has a better one at least FLOOR alike, that one, and how alike; rows by rank."""
    import numpy as np

    first: dict[Any, int] = {}
    unique = []
    cuts = words.starts.tolist()
    for row, position in enumerate(order):
        start, middle, end = cuts[2 * row : 2 * row + 3]
        text = (middle - start, words.ids[start:end].tobytes())
        key = text if end > start else (instructions[position], responses[position])
        better = first.setdefault(key, row)
        if better < row:
            yield row, better, 1.0
        elif end > start:
            unique.append(row)
    if len(unique) < 2:
        return
    rows = np.array(unique)
    texts = _select_rows(words, rows)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mix_bits(texts.ids.astype(np.uint64)))])[texts.starts]
    better, worse = find_candidates(texts.ids, texts.starts[::2], list(texts.vocabulary), (sums[1:] - sums[:-1])[::2])
    similarity, same_instruction = _measure_pairs(texts, better, worse)
    if samples is not None:
        for pair in np.flatnonzero(similarity >= FLOOR):
            a, b = order[unique[better[pair]]], order[unique[worse[pair]]]
            if instructions[a] == instructions[b] and samples[a] != samples[b]:
                similarity[pair] = 0
    for pair in np.flatnonzero((similarity >= FLOOR) & ~same_instruction):
        if _differ_in_subject(texts, canonical, int(better[pair]), int(worse[pair])):
            similarity[pair] *= SUBJECT_FACTOR
    similarity = np.minimum(similarity.round(4), 0.9999)  # 1 is for rows that are the same
    near = np.flatnonzero(similarity >= FLOOR)
    near = near[np.lexsort((better[near], -similarity[near], worse[near]))]
    nearest = near[np.unique(worse[near], return_index=True)[1]]
    for a, b, value in zip(rows[worse[nearest]], rows[better[nearest]], similarity[nearest], strict=True):
        yield int(a), int(b), float(value)


def _select_rows(words: Words, rows: Any) -> Words:
    import numpy as np

    segments = np.stack([2 * rows, 2 * rows + 1], axis=1).ravel()
    sizes = np.diff(words.starts)
    chosen = np.zeros(len(sizes), dtype=bool)
    chosen[segments] = True
    return Words(
        words.ids[np.repeat(chosen, sizes)], np.concatenate([[0], np.cumsum(sizes[segments])]), words.vocabulary
    )


def _measure_pairs(texts: Words, better: Any, worse: Any) -> tuple[Any, Any]:
    """Measure how alike pairs of rows are, and whether their instructions are the same."""
    import numpy as np
    from rapidfuzz.distance import Indel
    from rapidfuzz.process import cpdist

    segments = _spell_segments(texts)
    sizes = np.diff(texts.starts)
    instruction, response = sizes[::2], sizes[1::2]
    similarity, same = np.empty(len(better)), np.empty(len(better), dtype=bool)
    for start in range(0, len(better), CHUNK):
        a, b = better[start : start + CHUNK], worse[start : start + CHUNK]
        apart = [
            cpdist(
                [segments[segment] for segment in (2 * a + part).tolist()],
                [segments[segment] for segment in (2 * b + part).tolist()],
                scorer=Indel.distance, dtype=np.uint32, workers=-1,
            ).astype(np.int64)
            for part in (0, 1)
        ]  # fmt: skip
        answers = response[a] + response[b]
        both = answers + instruction[a] + instruction[b]
        similarity[start : start + CHUNK] = 1 - np.maximum(
            apart[1] / np.maximum(answers, 1), (apart[0] + apart[1]) / both
        )
        same[start : start + CHUNK] = apart[0] == 0
    return similarity, same


def _spell_segments(texts: Words) -> list[Any]:
    """Write each segment as a string with one character for each word, which rapidfuzz compares fastest."""
    encoding = f"utf-32-{sys.byteorder[0]}e"  # with the byte order named, no number is taken for a byte order mark
    cuts = texts.starts.tolist()
    if len(texts.vocabulary) > sys.maxunicode:
        return [tuple(texts.ids[start:end].tolist()) for start, end in pairwise(cuts)]
    return [texts.ids[start:end].tobytes().decode(encoding, "surrogatepass") for start, end in pairwise(cuts)]


def _differ_in_subject(texts: Words, canonical: Any, better: int, worse: int) -> bool:
    """Tell whether two instructions differ in a word that matters, judging by the responses."""
    order_words = {texts.vocabulary.get(word) for word in ORDER_WORDS}
    asked, answers = [], []
    for row in (better, worse):
        start, middle, end = texts.starts[2 * row : 2 * row + 3]
        instruction = texts.ids[start:middle].tolist()
        asked.append({*instruction, *(pair for pair in pairwise(instruction) if pair[0] in order_words)})
        answers.append(Counter(canonical[texts.ids[middle:end]].tolist()))
    if asked[0] == asked[1]:
        return False
    if min(answers[0].total(), answers[1].total()) < SHORT_RESPONSE:
        return True
    for own, other in ((0, 1), (1, 0)):
        for word in asked[own] - asked[other]:
            if isinstance(word, tuple) or answers[own][word] > answers[other][word]:
                return True
    return False


def _list_differences(words: Words, vocabulary: list[str], better: int, worse: int) -> str | None:
    there, here = (
        dict.fromkeys(words.ids[words.starts[2 * row] : words.starts[2 * row + 2]].tolist()) for row in (better, worse)
    )
    said = []
    for sign, lacking in (("-", [n for n in there if n not in here]), ("+", [n for n in here if n not in there])):
        if lacking:
            shown = [vocabulary[number] for number in lacking[:SHOWN_WORDS]]
            said.append(" ".join([sign, *shown, *(["…"] if len(lacking) > SHOWN_WORDS else [])]))
    return " ".join(said) or None
