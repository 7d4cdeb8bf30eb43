"""Texts as numbered words, a million of them in one flat array, for whatever counts what texts have in common."""

import re
import unicodedata
from array import array
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

_SCRIPTS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # written without spaces: each sign is a word

_IGNORED = (  # sentence punctuation, Markdown emphasis, brackets, control, direction and invisible characters
    r"\s.,;:!?/'\"`*_()\[\]{}\u0000-\u001f\u007f-\u00a1\u00ab\u00ad\u00b7\u00bb\u00bf\u061c\u180e\u2000-\u206f"
    r"\u3000-\u303f\ud800-\udfff\ufeff\U000e0000-\U000e0fff-"
)

_WORD = re.compile(rf"[{_SCRIPTS}]|[^\W_{_SCRIPTS}]+|[^\w{_IGNORED}]")


class Words(NamedTuple):
    """The words of many texts: text i has the numbers ids[starts[i]:starts[i + 1]]; vocabulary maps word to number."""

    ids: Any
    starts: Any
    vocabulary: dict[str, int]


def split_words(text: str) -> list[str]:
    """Split a text into words: letters and digits, case and Unicode form folded, and signs such as + # < $ alone.

    Sentence punctuation, Markdown emphasis, brackets and control characters are left out. Chinese and Japanese signs
    are words each. "C++" and "C#" differ; "`Docker run`." and "docker run" do not.
    """
    return _WORD.findall((text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold())


def number_words(texts: Iterable[str]) -> Words:
    """Number the words of texts, equal words alike, in the order in which they are first seen."""
    vocabulary = _Vocabulary()
    ids, counts = array("I"), array("q", [0])
    for text in texts:
        words = split_words(text)
        ids.extend(map(vocabulary.__getitem__, words))
        counts.append(len(words))
    return Words(np.frombuffer(ids, dtype=np.uint32), np.cumsum(np.frombuffer(counts, dtype=np.int64)), vocabulary)


class _Vocabulary(dict[str, int]):
    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number
