"""Marks that begin the items of a list, in any script: "1." "一、" "①" "- [ ]" "Question 3:" and their kin.

A mark is strong when it can be nothing else; a weak one ("1-", "a)", "Frage 2:") counts only when several lines bear it.
"""

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

EVIDENCE = 1_000  # lines that tell which marks a list bears

DEPTH = 4  # marks nest: "- **1.** Question 1: …"

_CHINESE = "一二三四五六七八九十百零〇"
_ENCLOSED = (  # ① ⑴ ⒈ ❶ ㈠ ㊀ Ⅰ ⓐ and their rows
    "\u2460-\u249b\u24b6-\u24ff\u2776-\u2793\u3220-\u3229\u3248-\u324f\u3251-\u325f\u3280-\u3289\u32b1-\u32bf\u2160-\u217f"
)
_LETTER = r"[^\s\d:：.,、，。)(\[\]#№*_\-–—?!\"'/\\]"  # of a word, with the vowel signs that Python calls no letters
_SEPARATOR = r"(?:\\?[.)\]:．、）：。｡,，؛՝])+"
# What a question or item is called, where one alone bears the mark; other words count when several lines bear them.
KNOWN_LABELS = frozenset(
    [
        "question", "questions", "subtopic", "topic", "task", "item", "q", "no", "nr", "frage", "pregunta",
        "domanda", "pergunta", "vraag", "pytanie", "вопрос", "soru", "fråga", "spørgsmål", "spørsmål", "kysymys",
        "kérdés", "otázka", "întrebare", "pertanyaan", "câu", "ερώτηση", "שאלה", "سؤال", "السؤال", "प्रश्न",
        "คำถามที่", "คำถาม", "问题", "問題", "質問", "题目", "问", "問", "질문", "문제", "thema", "tema", "titre", "sujet",
        "subtema", "unterthema", "тема", "подтема", "主题", "子主题", "トピック", "주제", "exercise", "prompt", "instruction",
    ]
)  # fmt: skip


class Mark(NamedTuple):
    """A mark read off a line. family: lines of one list share it. number: None where it has none. rest: the line without."""

    family: str
    number: int | None
    rest: str
    weak: bool = False


_STRONG = [
    ("heading", re.compile(r"#{1,6}\s+|={1,6}\s+(?=\S)")),
    ("check", re.compile(r"\[[ xX✓✔]?\]\s+|[☐☑☒✅✔]\ufe0f?\s*")),
    (
        "bullet",
        re.compile(r"[-*+–—―~]\s+|--\s+|[-=~]{1,2}>\s*|[•◦▪▫‣⁃●○■□◆◇►▶▸➤➢➔→»★☆✓✦❖·・⦿⁌∙◉◎]\s*|\\item\s+|[oO]\s{2,}"),
    ),
    ("keycap", re.compile(r"(?P<n>\d{1,2})\ufe0f?\u20e3(?:\s*(?P<m>\d)\ufe0f?\u20e3)?\s*[.):]?|🔟\s*[.):]?")),
    ("round", re.compile(rf"[{_ENCLOSED}]\s*(?:{_SEPARATOR})?")),
    ("dash number", re.compile(r"(?P<n>\d{1,3})\s?[-–—]\s+(?=\S)")),
    ("letter", re.compile(r"(?:[a-zA-Z]|ii|iii|iv|vii?|viii|ix|xii?|xiii|xiv|xv)\)\s+(?=\S)")),
    (
        "number",
        re.compile(
            rf"(?:[(（\[【〔「<《{{]\s?(?:#|№|[Nn]o\.?\s?)?(?P<n>\d{{1,4}})\s?[)）\]】〕」>》}}](?:{_SEPARATOR})?"
            rf"|(?:[Nn][oOrR]\.|N[°º]\.?|[Nn][uú]m\.)\s?(?P<j>\d{{1,4}})(?:\s?{_SEPARATOR}(?!\d)|\s)"
            rf"|(?:#|№\s?)?(?P<m>\d{{1,4}})\s?{_SEPARATOR}(?!\d)|(?:#|№\s?)(?P<k>\d{{1,4}})\s)"
        ),
    ),
    (
        "chinese",
        re.compile(rf"[(（【〔]\s?[{_CHINESE}]{{1,4}}\s?[)）】〕](?:{_SEPARATOR})?|[{_CHINESE}]{{1,4}}\s?{_SEPARATOR}"),
    ),
    ("chinese", re.compile(rf"第\s?(?:[{_CHINESE}]{{1,4}}|(?P<n>\d{{1,4}}))\s?[^\W\d\s]{{0,2}}\s?(?:{_SEPARATOR}|\s)")),
]
_WEAK = [
    ("ordinal", re.compile(rf"(?P<n>\d{{1,3}})[°ºª](?:{_SEPARATOR})?\s+(?=\S)")),
    ("section", re.compile(r"(?:\d{1,3}\.){1,3}(?P<n>\d{1,3})(?:[.):]\s*|\s+)(?=\S)")),
    ("dash number", re.compile(r"(?P<n>\d{1,4})\s?[-–—_/|]\s*(?=\S)")),
    ("roman", re.compile(rf"[ivxlIVXL]{{1,6}}\s?{_SEPARATOR}\s+|[(（][ivxlIVXL]{{1,6}}[)）]\s*")),
    ("letter", re.compile(rf"[^\W\d_](?:\s?{_SEPARATOR})\s*(?=\S)|[(（\[][^\W\d_][)）\]]\s*")),
    (
        "label",
        re.compile(
            rf"(?P<w>[^\W\d_{_CHINESE}]{_LETTER}{{0,20}}(?:[ \u00a0]{_LETTER}{{1,12}})?)[ \u00a0]?[#№]?\s?"
            rf"(?P<n>\d{{1,4}}|[{_CHINESE}]{{1,3}})(?:\s?(?:/|[^\W\d_]{{1,3}})\s?\d{{1,4}})?\s?(?:(?:{_SEPARATOR}|[-–—|])(?!\d)|$)"
        ),
    ),
    ("tight dash", re.compile(r"[-+–](?=[^\W\d_a-z])|\*(?=[^\W\d_a-z][^*]*$)")),
    ("plain number", re.compile(r"(?P<n>\d{1,3})(?:\s+|(?=[^\W\d_a-zA-Z]))")),
]


def read_mark(text: str, weak: frozenset[str]) -> Mark | None:
    """Read the mark at the start of a line. weak: the weak families that count here; "" stands for all."""
    head = re.match(r"(?:\*\*|__|[*_`]|<b>|<strong>)\s?", text)
    head = None if re.match(r"[*+-]\s", text) else head
    bare = text[head.end() :] if head else text
    if head and bare.endswith(head[0]) and bare.count(head[0]) == 1:
        bare = bare[: -len(head[0])]
    for family, pattern in _STRONG:
        if match := pattern.match(bare):
            return _make(family, match, head and head[0], bare)
    for family, pattern in _WEAK:
        match = pattern.match(bare)
        if match:
            word = match.groupdict().get("w")
            name = f"{family} {word.casefold()}" if word else family
            if name in weak or "" in weak or (word and _is_known(word)):
                return _make(name, match, head and head[0], bare, weak=not (word and _is_known(word)))
    symbols = 0
    while symbols < min(len(bare), 6) and (
        unicodedata.category(bare[symbols]) == "So" or bare[symbols] in "\ufe0f\u200d"
    ):
        symbols += 1
    if symbols and ("symbol" in weak or "" in weak):
        return Mark("symbol", None, bare[symbols:].strip(), True)
    return None


def find_weak(lines: Iterable[str]) -> frozenset[str]:
    """Find the weak families that these lines bear as a list does: more than once, numbers going up by one."""
    counts: Counter[str] = Counter()
    first: dict[str, int | None] = {}
    steps: Counter[str] = Counter()
    last: dict[str, int] = {}
    starts: dict[str, set[str]] = {}
    filled = 0
    for line in itertools.islice(lines, EVIDENCE):
        filled += 1
        text = line
        for _ in range(DEPTH):
            mark = read_mark(text, frozenset({""}))
            if mark is None or mark.rest == text:
                break
            if mark.weak:
                counts[mark.family] += 1
                starts.setdefault(mark.family, set()).add(text[: len(text) - len(mark.rest)])
                if mark.number is not None:
                    first.setdefault(mark.family, mark.number)
                    steps[mark.family] += mark.number == last.get(mark.family, -9) + 1
                    last[mark.family] = mark.number
            text = mark.rest
    found = set()
    for family, count in counts.items():
        numbered = first.get(family) is not None
        in_order = steps[family] * 2 >= count - 1 and steps[family] > 0
        if count < 2 or (numbered and not in_order):
            continue
        distinct = family not in ("letter", "roman") or len(starts[family]) * 2 > count
        many = family not in ("plain number", "tight dash", "symbol") or count * 2 >= filled
        if (
            distinct
            and many
            and not (family.startswith(("label", "plain number")) and first.get(family, 1) not in (None, 0, 1))
        ):
            found.add(family)
    return frozenset(found)


def strip_marks(text: str, weak: frozenset[str]) -> tuple[str, int | None, str]:
    """Take all marks off a line: the family and number of the outermost, and the text; the family is "" for no mark."""
    family, number = "", None
    for _ in range(DEPTH):
        mark = read_mark(text, weak)
        if mark is None or (mark.family == "plain number" and family):
            break
        if not family:
            family, number = mark.family, mark.number
        elif (family.startswith("heading") and mark.number is not None) or (
            family == "bullet" and mark.number is not None and number is None
        ):
            number = mark.number
        text = mark.rest
    return family, number, text


def strip_all(texts: list[str]) -> list[str]:
    """Take the marks off the items of a list that were told apart already."""
    weak = find_weak(texts)
    return [strip_marks(text, weak)[2] for text in texts]


def _make(family: str, match: re.Match[str], wrap: str | None, text: str, weak: bool = False) -> Mark:
    groups = match.groupdict()
    digits = groups.get("n") or groups.get("m") or groups.get("k") or groups.get("j") or ""
    number = int(digits) if digits.isdecimal() else None
    rest = text[match.end() :].strip()
    if family == "heading":
        family = f"heading {match[0].strip()}"
    if family == "round" and number is None:
        value = unicodedata.numeric(match[0][0], None)
        number = int(value) if value is not None else None
    if wrap and (mark := wrap.strip()) in ("**", "__", "*", "_", "`"):
        if rest.startswith(mark):
            rest = rest[len(mark) :].strip()  # **1.** text
        elif rest.count(mark) == 1:
            place = rest.find(mark)  # **1. text** or **1. name**: text
            rest = (mark + rest) if place < len(rest) - len(mark) or mark == "**" else rest[:place].strip()
    return Mark(family, number, rest, weak)


def _is_known(word: str) -> bool:
    return word.casefold() in KNOWN_LABELS or word.split(" ")[0].casefold() in ("câu",)
