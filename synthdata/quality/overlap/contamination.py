"""Contamination: rows that repeat a prompt of an evaluation set, so that a model trained on them is not tested fairly.

Not covered: prompts in other words, and evaluation sets that nobody named.
"""

import os
from collections.abc import Iterable
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns, check_count
from synthdata.base.jsonl import read_lines, read_objects
from synthdata.quality.overlap.words import Words, number_words

NGRAM = 13

SHORTEST = 5  # words; a shorter prompt is too common a phrase to count when it stands inside a longer text

TEXT_KEYS = ("prompt", "question", "instruction", "problem", "input", "query", "text")

JSONL_ENDINGS = (".jsonl", ".ndjson", ".json")

SHOWN_WORDS = 40


def mark_contamination(
    df: pd.DataFrame,
    files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    n: int = NGRAM,
    key: str | None = None,
) -> pd.DataFrame:
    """Mark every row that shares n words in a row with an evaluation prompt.

    Input columns: instruction, response. files: JSONL with the prompt under `key` (default: the first of TEXT_KEYS that
    a line has), or plain text with one prompt a line. A prompt of fewer than n words counts when all of it occurs;
    under SHORTEST words, when it is the whole instruction.
    Output column: contaminated_by, null or the prompt's file and line and the words in common, case and punctuation
    aside: "tests.jsonl line 3: how many …"; the first prompt where there are several.
    13 words as in GPT-3 (Brown et al. 2020, arXiv:2005.14165, appendix C).
    Raises InputError for a missing column, an n below 1, and a file that cannot be read, naming the line.
    """
    check_columns(df, "mark_contamination", ("instruction", "response"))
    check_count("n", n)
    paths = [files] if isinstance(files, (str, os.PathLike)) else list(files)
    prompts = [prompt for path in paths for prompt in _read_prompts(path, key)]
    texts = df[["instruction", "response"]].astype(object).to_numpy().ravel()
    words = number_words(
        chain(
            ("" if text is None or text is pd.NA or text != text else str(text) for text in texts),
            (text for _, text in prompts),
        )
    )
    found = _find_shared(words, len(df), n)
    vocabulary = list(words.vocabulary)
    told: list[str | None] = [None] * len(df)
    for row, (prompt, start, end) in found.items():
        shown = [vocabulary[number] for number in words.ids[start : min(end, start + SHOWN_WORDS)]]
        told[row] = f"{prompts[prompt][0]}: {' '.join(shown)}{' …' if end - start > SHOWN_WORDS else ''}"
    return df.assign(contaminated_by=pd.array(told, dtype="str"))


def _read_prompts(path: str | os.PathLike[str], key: str | None) -> list[tuple[str, str]]:
    """Read the prompts of a file, each with its file and line."""
    name = Path(path).name
    if Path(path).suffix in JSONL_ENDINGS:
        prompts = []
        for number, row in read_objects(path):
            used = key or next((name for name in TEXT_KEYS if isinstance(row.get(name), str)), None)
            if used is None or not isinstance(row.get(used), str):
                wanted = f"the key {key!r}" if key else f"any of the keys {', '.join(TEXT_KEYS)}"
                raise InputError(f"{path} line {number} has no text under {wanted}: name the prompt's key with key=….")
            prompts.append((f"{name} line {number}", row[used]))
    else:
        prompts = []
        for number, line in read_lines(path):
            try:
                prompts.append((f"{name} line {number}", line.decode()))
            except UnicodeDecodeError as cause:
                raise InputError(
                    f"{path} line {number} is not UTF-8 ({cause.reason}): save the file as UTF-8."
                ) from cause
    if not prompts:
        raise InputError(f"{path} holds no prompt: give a file with one a line.")
    return prompts


def _find_shared(words: Words, rows: int, n: int) -> dict[int, tuple[int, int, int]]:
    """Find for each row the first prompt that shares n words with it, and where in the flat array the words stand.

    words: instruction and response of each row in turn, then the prompts.
    """
    starts, ids = words.starts, words.ids
    by_length: dict[int, dict[bytes, tuple[int, int]]] = {}
    for prompt, (start, end) in enumerate(pairwise(starts[2 * rows :].tolist())):
        length = min(n, end - start)
        ngrams = by_length.setdefault(length, {})
        for place in range(start, end - length + 1):
            ngrams.setdefault(ids[place : place + length].tobytes(), (prompt, place))
    by_length.pop(0, None)
    text, origin = ids[: starts[2 * rows]], starts[2 * rows :]
    found: dict[int, tuple[int, int, int]] = {}
    for length, ngrams in by_length.items():
        if len(text) < length:
            continue
        ends = np.zeros((2, len(words.vocabulary)), dtype=bool)  # the words that an n-gram begins and ends with
        for ngram in ngrams:
            numbers = np.frombuffer(ngram, dtype=ids.dtype)
            ends[0, numbers[0]] = ends[1, numbers[-1]] = True
        places = np.flatnonzero(ends[0][text[: len(text) - length + 1]] & ends[1][text[length - 1 :]])
        segments = np.searchsorted(starts, places, side="right") - 1
        for place, segment in zip(places.tolist(), segments.tolist(), strict=True):
            start, end = starts[segment], starts[segment + 1]
            match = ngrams.get(text[place : place + length].tobytes()) if place + length <= end else None
            if match is None or (length < min(n, SHORTEST) and (segment % 2 or end - start != length)):
                continue
            prompt, there = match
            if segment // 2 not in found or prompt < found[segment // 2][0]:
                grown = 0
                while (
                    place + length + grown < end
                    and there + length + grown < origin[prompt + 1]
                    and ids[place + length + grown] == ids[there + length + grown]
                ):
                    grown += 1
                found[segment // 2] = (prompt, place, place + length + grown)
    return found
