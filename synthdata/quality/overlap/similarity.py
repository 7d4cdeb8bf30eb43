"""How alike two rows are: words in common, in their order, lowered where the instructions differ in a word that matters."""

import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from synthdata.quality.overlap.minhash import CHUNK, find_candidates, mix_bits
from synthdata.quality.overlap.words import Words

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


def reduce_instructions(words: Words) -> tuple[Words, Any]:
    """Leave asking words out of the instructions, which are every other text; an instruction of nothing else stays whole.

    Returns the texts left, and for each word its number with plural and synonyms folded into one.
    """
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


def compare_rows(
    words: Words,
    canonical: Any,
    order: list[int],
    instructions: list[Any],
    responses: list[Any],
    samples: list[Any] | None,
) -> Iterator[tuple[int, int, float]]:
    """Yield each row that has a better one at least FLOOR alike, that one, and how alike; rows by rank."""
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
    segments = np.stack([2 * rows, 2 * rows + 1], axis=1).ravel()
    sizes = np.diff(words.starts)
    chosen = np.zeros(len(sizes), dtype=bool)
    chosen[segments] = True
    return Words(
        words.ids[np.repeat(chosen, sizes)], np.concatenate([[0], np.cumsum(sizes[segments])]), words.vocabulary
    )


def _measure_pairs(texts: Words, better: Any, worse: Any) -> tuple[Any, Any]:
    """Measure how alike pairs of rows are, and whether their instructions are the same."""
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


def list_differences(words: Words, vocabulary: list[str], better: int, worse: int) -> str | None:
    """List the words that only the better row has, after "-", and those that only the worse one has, after "+"."""
    there, here = (
        dict.fromkeys(words.ids[words.starts[2 * row] : words.starts[2 * row + 2]].tolist()) for row in (better, worse)
    )
    said = []
    for sign, lacking in (("-", [n for n in there if n not in here]), ("+", [n for n in here if n not in there])):
        if lacking:
            shown = [vocabulary[number] for number in lacking[:SHOWN_WORDS]]
            said.append(" ".join([sign, *shown, *(["…"] if len(lacking) > SHOWN_WORDS else [])]))
    return " ".join(said) or None
