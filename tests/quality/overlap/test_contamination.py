"""Rows that repeat evaluation prompts, and files that cannot be read."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import synthdata as sd
from synthdata.quality.overlap.words import split_words

LONG = (
    "A baker sells forty loaves in the morning and half as many in the afternoon;"
    " how many loaves did she sell on both days of the fair together?"
)


def make_frame(*rows: tuple[Any, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["instruction", "response"], dtype=object)


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "tests.jsonl"
    path.write_text(
        f'{{"id": 1, "question": "Name every ocean"}}\n\n{{"question": "{LONG}"}}\n'
        '{"prompt": "Write a function that reverses a list in place"}\n',
        encoding="utf-8",
    )
    return path


def test_thirteen_words_in_a_row_are_a_match_and_twelve_are_none(prompts: Path) -> None:
    words = LONG.split()
    df = make_frame(
        ("Solve: " + " ".join(words[3:16]).upper(), "60"),
        ("Solve: " + " ".join(words[3:15]), "60"),
        ("Make up a riddle", "Here: " + LONG),
        (None, None),
    )
    marked = sd.mark_contamination(df, prompts)["contaminated_by"]
    assert marked.tolist()[0] == "tests.jsonl line 3: " + " ".join(split_words(" ".join(words[3:16])))
    assert marked.tolist()[2] == "tests.jsonl line 3: " + " ".join(split_words(LONG))
    assert marked.isna().tolist() == [False, True, False, True]
    assert sd.mark_contamination(df, prompts, n=12)["contaminated_by"].notna().tolist() == [True, True, True, False]


def test_a_short_prompt_counts_whole_and_a_tiny_one_only_alone(prompts: Path) -> None:
    df = make_frame(
        ("Please write a function that reverses a list in place, in Go.", "…"),
        ("Please write a function that reverses a list", "…"),
        ("name every ocean!", "…"),
        ("Name every ocean and its depth", "…"),
        ("Geography?", "Name every ocean"),
    )
    marked = sd.mark_contamination(df, prompts)["contaminated_by"]
    assert marked.notna().tolist() == [True, False, True, False, False]
    assert marked.tolist()[2] == "tests.jsonl line 1: name every ocean"


def test_words_do_not_run_on_from_one_text_into_the_next(tmp_path: Path) -> None:
    path = tmp_path / "prompts.txt"
    path.write_text("one two three four five six\n")
    assert sd.mark_contamination(make_frame(("one two three", "four five six")), path)["contaminated_by"].isna().all()


def test_several_files_the_first_prompt_is_named_and_the_rest_is_rejected(prompts: Path, tmp_path: Path) -> None:
    plain = tmp_path / "prompts.txt"
    plain.write_text(f"\n{LONG}\nwas heißt „Container“ auf Deutsch?\n", encoding="utf-8")
    df = make_frame((LONG, "60"), ("Sag mir: Was heisst Container auf Deutsch?", "Behälter"), ("Free", "free"))
    marked = sd.mark_contamination(df, [plain, str(prompts)])
    assert marked["contaminated_by"].str.partition(":")[0].tolist()[:2] == ["prompts.txt line 2", "prompts.txt line 3"]
    assert "contaminated_by" not in df
    decided = sd.apply_thresholds(marked.assign(finish_reason="stop", error=None), sd.Thresholds())
    assert decided["reject_reason"].tolist()[:2] == ["contaminated", "contaminated"]
    assert decided["keep"].tolist() == [False, False, True]


def test_a_key_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "no", "task": "count all the red beads now"}\n')
    df = make_frame(("Count all the red beads now.", "3"))
    assert sd.mark_contamination(df, path)["contaminated_by"].isna().all()
    assert sd.mark_contamination(df, path, key="task")["contaminated_by"].notna().all()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b'{"prompt": "x"}\n{"prompt": ', "a.jsonl line 2 is not JSON"),
        ("a.jsonl", b'{"prompt": "x"}\n["y"]', "a.jsonl line 2 is a JSON list"),
        ("a.jsonl", b'{"prompt": "x"}\n\n{"prompt": 3}', "a.jsonl line 3 has no text under any of the keys prompt"),
        ("a.jsonl", b'{"prompt": "\xff"}', "a.jsonl line 1 is not JSON"),
        ("a.txt", b"good\n\xff\xfe", "a.txt line 2 is not UTF-8"),
        ("a.txt", b"\n \n", "a.txt holds no prompt"),
        ("missing/a.txt", None, "missing/a.txt cannot be read"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(sd.InputError, match=said) as caught:
        sd.mark_contamination(make_frame(("a", "b")), path)
    assert "\n" not in str(caught.value)


def test_what_is_missing_is_named(prompts: Path) -> None:
    with pytest.raises(sd.InputError, match="mark_contamination needs the column 'response'"):
        sd.mark_contamination(pd.DataFrame({"instruction": ["a"]}), prompts)
    with pytest.raises(sd.InputError, match="n is 0"):
        sd.mark_contamination(make_frame(("a", "b")), prompts, n=0)
    with pytest.raises(sd.InputError, match="no text under the key 'task'"):
        sd.mark_contamination(make_frame(("a", "b")), prompts, key="task")


few = st.lists(st.sampled_from("abc"), min_size=1, max_size=8).map(" ".join)


@settings(deadline=None)
@given(st.lists(few, min_size=1, max_size=5), st.lists(few, min_size=1, max_size=5), st.integers(1, 6))
def test_marks_agree_with_a_plain_search(tmp_path_factory: Any, rows: list[str], prompts: list[str], n: int) -> None:
    path = tmp_path_factory.mktemp("prompts") / "p.txt"
    path.write_text("\n".join(prompts))
    marked = sd.mark_contamination(make_frame(*((row, "") for row in rows)), path, n=n)["contaminated_by"]
    for row, told in zip(rows, marked, strict=True):
        lines = []
        for number, prompt in enumerate(prompts, start=1):
            words = prompt.split()
            length = min(n, len(words))
            grams = {" ".join(words[i : i + length]) for i in range(len(words) - length + 1)}
            tiny = length < min(n, 5)
            if row == prompt if tiny else any(f" {gram} " in f" {row} " for gram in grams):
                lines.append(number)
        assert (None if told is None or pd.isna(told) else told.split(":")[0]) == (
            f"p.txt line {lines[0]}" if lines else None
        )
