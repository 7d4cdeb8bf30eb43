"""Forms of lists that models write seldom: odd marks, tuples and brackets, code by indentation, words around a list."""

import time

import pytest

from synthdata.generate.lists import parse_questions, parse_subtopics

TWO = ["What does yeast do?", "How long does dough rest?"]

MARKS = [
    ("No. 1:", "No. 2:"), ("Nr. 1", "Nr. 2"), ("N° 1", "N° 2"), ("Nº 1.", "Nº 2."), ("1º", "2º"), ("1ª", "2ª"), ("1°", "2°"),
    ("i)", "ii)"), ("~", "~"), ("->", "->"), ("=>", "=>"), ("--", "--"), ("\\-", "\\-"), ("\\*", "\\*"), ("&bull;", "&bull;"),
    ("&#8226;", "&#8226;"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), MARKS)
def test_odd_marks_are_none_of_the_item(first: str, second: str) -> None:
    assert parse_questions(f"{first} {TWO[0]}\n{second} {TWO[1]}", "stop", 2) == TWO
    assert parse_subtopics(f"{first} Yeast\n{second} Dough", "stop", 2) == ["Yeast", "Dough"]


def test_letters_and_roman_numbers_with_brackets_are_one_list() -> None:
    text = "\n".join(f"{mark}) Item {mark} of it" for mark in "abcdefghij")
    assert len(parse_subtopics(text, "stop", 10)) == 10


def test_names_that_begin_like_a_mark_stay_whole() -> None:
    names = ["3D models", "No code tools", "2D drawings", "II. World War"[4:]]
    assert parse_subtopics("\n".join(names), "stop", 4) == names


@pytest.mark.parametrize(
    "text",
    [
        f"('{TWO[0]}', '{TWO[1]}')",
        f"[{TWO[0]}, {TWO[1]}]",
        f'Of course: ["{TWO[0]}", "{TWO[1]}"] Have fun!',
    ],
)
def test_lists_of_programs_are_read_in_any_brackets(text: str) -> None:
    assert parse_questions(text, "stop", 2) == TWO


def test_code_by_indentation_goes_with_its_question() -> None:
    text = f"What does this print?\n\n    for x in y:\n        print(x)\n\n{TWO[0]}\n{TWO[1]}"
    first, *rest = parse_questions(text, "stop", 3)
    assert first == "What does this print?\n```\nfor x in y:\n    print(x)\n```"
    assert rest == TWO


NO_ITEMS = [
    "This request violates our rules.",
    "My apologies, but I am unable to do so.",
    "Request denied.",
    "That topic is not something I can discuss.",
    "Sure, I can do that! What's the topic?",
    "好的，没问题！主题是什么？",
    "Please send me the topic you want me to cover.",
    "Ich schreibe gleich die Liste.",
]


@pytest.mark.parametrize("text", NO_ITEMS)
def test_a_sentence_about_the_request_is_no_item(text: str) -> None:
    assert parse_questions(text, "stop", 3) == []
    assert parse_subtopics(text, "stop", 3) == []


def test_a_task_alone_is_one_item() -> None:
    assert parse_questions("Explain what yeast does.", "stop", 3) == ["Explain what yeast does."]
    assert parse_questions("Erkläre, was Hefe tut.", "stop", 1) == ["Erkläre, was Hefe tut."]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Here are two questions", "Tell me if you need more."),
        ("Sure!", "Would you like more questions?"),
        ("Claro:", "¿Quieres más?"),
        ("Gern!", "Soll ich noch mehr schreiben?"),
        ("好的：", "还需要更多吗？"),
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_what_stands_around_a_list_is_none_of_it(before: str, after: str, gap: str) -> None:
    assert parse_questions(f"{before}{gap}{TWO[0]}\n{TWO[1]}{gap}{after}", "stop", 2) == TWO


def test_a_description_behind_a_wide_dash_is_cut() -> None:
    assert parse_subtopics("1. パン － 小麦\n2. ケーキ − 砂糖", "stop", 2) == ["パン", "ケーキ"]


ODD_LINES = [
    "a, ",
    "1. ",
    "(",
    "[",
    "{",
    "- ",
    "| ",
    "**",
    "`",
    '"',
    "['",
    "?",
    "a? ",
    "\\",
    "<li>",
    "一",
    "①",
    "('a', ",
    "&bull;",
    " ",
    "\t",
    "x",
]


@pytest.mark.parametrize("part", ODD_LINES)
def test_200_kilobytes_of_one_odd_line_take_no_time(part: str) -> None:
    started = time.process_time()
    for text in (part * (200_000 // len(part)), "x\n" + part * (200_000 // len(part)) + "\ny"):
        parse_questions(text, "stop", 3)
        parse_subtopics(text, "stop", 3)
    assert time.process_time() - started < 8
