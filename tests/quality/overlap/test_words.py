"""What a word is."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdata.quality.overlap.words import number_words, split_words

BIDI = {"LRE", "LRO", "RLE", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Run `docker run -it`, then **stop**.", ["run", "docker", "run", "it", "then", "stop"]),
        ("C++ ≠ C# & a<b", ["c", "+", "+", "≠", "c", "#", "&", "a", "<", "b"]),
        ("„Straße“ «ÉTÉ» ¿qué?", ["strasse", "été", "qué"]),
        ("E\u0301te\u0301", ["été"]),
        ("如何停止容器？", ["如", "何", "停", "止", "容", "器"]),
        ("Ｄｏｃｋｅｒ ℌ ①", ["docker", "h", "1"]),
        ("x\x1b[31m\u202ey\u200bz 🙂", ["x", "31m", "y", "z", "🙂"]),
        ("snake_case a/b", ["snake", "case", "a", "b"]),
        ("… — \ud800", []),
    ],
)
def test_words_of_any_script(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@given(st.lists(st.text(max_size=20), max_size=8))
def test_numbers_lead_back_to_the_words(texts: list[str]) -> None:
    ids, starts, vocabulary = number_words(texts)
    names = list(vocabulary)
    assert [names[number] for number in ids] == [word for text in texts for word in split_words(text)]
    assert [end - start for start, end in pairwise(starts)] == [len(split_words(t)) for t in texts]


@given(st.text())
def test_no_word_can_move_a_cursor_or_turn_a_line(text: str) -> None:
    assert not {unicodedata.category(sign) for word in split_words(text) for sign in word} & {"Cc", "Zl", "Zp", "Zs"}
    assert not {unicodedata.bidirectional(sign) for word in split_words(text) for sign in word} & BIDI
