"""Lists as models really send them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdata.base.errors import InputError
from synthdata.generate.lists import drop_repeats, normalize_item, parse_list, parse_questions, parse_subtopics
from synthdata.generate.prompts import QUESTION_PROMPT, fill_prompt, parse_repair

THREE = ["How do I list containers?", "How do I stop one?", "How do I see its logs?"]


@pytest.mark.parametrize(
    "text",
    [
        "{0}\n{1}\n{2}",
        "1. {0}\n2. {1}\n3. {2}",
        "1) {0}\n2) {1}\n3) {2}",
        "(1) {0}\n(2) {1}\n(3) {2}",
        "- {0}\n- {1}\n- {2}",
        "* {0}\n* {1}\n* {2}\n",
        "• {0}\n• {1}\n• {2}",
        "- **{0}**\n- **{1}**\n- **{2}**",
        "1. **{0}**\n\n2. **{1}**\n\n3. **{2}**",
        "**1. {0}**\n**2. {1}**\n**3. {2}**",
        "**1.** {0}\n**2.** {1}\n**3.** {2}",
        '"{0}"\n"{1}"\n"{2}"',
        '1. "{0}"\n2. "{1}"\n3. "{2}"',
        '["{0}", "{1}", "{2}"]',
        '```json\n["{0}", "{1}", "{2}"]\n```',
        'Here is the JSON:\n{{"questions": ["{0}", "{1}", "{2}"]}}',
        '[{{"question": "{0}"}}, {{"question": "{1}"}}, {{"question": "{2}"}}]',
        "Sure! Here are 3 questions:\n\n1. {0}\n2. {1}\n3. {2}\n\nLet me know if you need more!",
        "Here are the questions:\n{0}\n{1}\n{2}",
        "## Questions\n\n{0}\n\n{1}\n\n{2}\n",
        "Question 1: {0}\nQuestion 2: {1}\nQuestion 3: {2}",
        "**Question 1:** {0}\n**Question 2:** {1}\n**Question 3:** {2}",
        "Question 1:\n{0}\n\nQuestion 2:\n{1}\n\nQuestion 3:\n{2}",
        "Q1. {0}\nQ2. {1}\nQ3. {2}",
        "{0} ?\n{1}?\n{2} ? ?",
        "1. {0}\r\n2. {1}\r\n3. {2}\r\n",
        "{0}\n{1}\n{0}\n{2}\n{1}",
        "1. {0} 2. {1} 3. {2}",
        "a) {0}\nb) {1}\nc) {2}",
    ],
)
def test_a_list_is_read_in_every_dress(text: str) -> None:
    items = parse_questions(text.format(*THREE))
    assert [normalize_item(item) for item in items] == [normalize_item(item) for item in THREE]
    assert all(item.endswith("?") and not item.startswith(("*", '"', "1", "-")) for item in items)


def test_a_list_cut_off_loses_its_last_item_only() -> None:
    assert parse_list("1. one two\n2. three four\n3. fi", "length") == ["one two", "three four"]
    assert parse_list("1. one two\n2. three four\n", "length") == ["one two", "three four"]
    assert parse_list('["one two", "three four", "fi', "length") == ["one two", "three four"]
    assert parse_list("only a fragm", "length") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. **Images**: how they are built\n2. **Volumes** - keeping data", ["Images", "Volumes"]),
        ("Images, Volumes, and Networks.", ["Images", "Volumes", "Networks"]),
        ("Images; Volumes; Networks", ["Images", "Volumes", "Networks"]),
        ("* Images\n* images.\n* IMAGES", ["Images"]),
        ("I cannot help with that.", []),
        ("", []),
    ],
)
def test_subtopics_lose_their_explanations(text: str, expected: list[str]) -> None:
    assert parse_subtopics(text) == expected


def test_code_in_a_question_survives() -> None:
    assert parse_questions("1. How do I use `docker run --rm`?\n2. What does `-v a:/b` do?") == [
        "How do I use `docker run --rm`?",
        "What does `-v a:/b` do?",
    ]


@given(st.text(max_size=400), st.sampled_from(["stop", "length", None]))
def test_any_text_is_read_without_an_error(text: str, finish_reason: str | None) -> None:
    for parse in (parse_list, parse_subtopics, parse_questions):
        items = parse(text, finish_reason)
        assert len({normalize_item(item) for item in items}) == len(items)
        assert all(item == item.strip() and item for item in items)


words = st.lists(st.from_regex(r"[a-z]{3,9}", fullmatch=True), min_size=3, max_size=6).map(
    lambda w: f"Xa {' '.join(w)}"
)


@given(
    st.lists(words, min_size=3, max_size=12, unique_by=normalize_item),
    st.sampled_from(["{}. {}", "- {1}", "{}) **{}**"]),
)
def test_what_is_written_as_a_list_is_read_back(items: list[str], style: str) -> None:
    text = "\n".join(style.format(number, item) for number, item in enumerate(items, start=1))
    assert parse_list(text) == items


def test_repeats_of_known_items_are_dropped() -> None:
    assert drop_repeats(["Docker run!", "new one"], known=["docker  RUN"]) == ["new one"]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("no fields", "lacks {n}"),
        ("{n} {subtopic} {wrong}", "unknown field {wrong}"),
        ("{n} {subtopic} {", "cannot be read"),
    ],
)
def test_a_wrong_template_is_refused_with_its_fields(template: str, said: str) -> None:
    with pytest.raises(InputError, match=said.replace("{", r"\{").replace("}", r"\}")):
        fill_prompt(template, "the question prompt", ("n", "subtopic"), topic="t", subtopic="s", n=3, existing="")


def test_the_standard_template_is_filled() -> None:
    text = fill_prompt(QUESTION_PROMPT, "p", ("n",), topic="Git", subtopic="branches", n=7, existing="")
    assert "7 different questions" in text
    assert "branches" in text


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Certainly, here's the corrected answer:\n\n1. Do this.\n\n2. Do that.", "1. Do this.\n\n2. Do that."),
        ("I apologize for the confusion.\n\nRun it.", "Run it."),
        ("Here is the revised answer:", "Here is the revised answer:"),
        ("Run it.\n\nThe corrected file is read again.", "Run it.\n\nThe corrected file is read again."),
        ("```sh\n# corrected\n```\n\nRun it.", "```sh\n# corrected\n```\n\nRun it."),
        ("", ""),
    ],
)
def test_a_corrected_answer_is_read_without_words_on_the_correction(said: str, read: str) -> None:
    assert parse_repair(said) == read


def test_a_colon_after_the_asked_for_beginning_is_left_out() -> None:
    said = "How do I: list branches?\nHow do I list branches?\nHow can I - rename one?\nHow do I undo: step by step?"
    assert parse_questions(said) == ["How do I list branches?", "How can I rename one?", "How do I undo: step by step?"]
