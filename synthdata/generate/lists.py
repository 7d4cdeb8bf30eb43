"""A model's reply -> the questions or subtopics in it, whatever form the list took.

A line is split only on evidence that it is a list: marks in it, or that more than one item was asked for. What is not whole
is left out, so that it counts as missing and is asked for again.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from synthdata.base.text import strip_unseen
from synthdata.generate.reading.loose_json import choose_field, choose_strings, is_question, read_values
from synthdata.generate.reading.markers import strip_all, strip_marks
from synthdata.generate.reading.outline import LONGEST, read_outline
from synthdata.generate.reading.refusals import is_no_answer
from synthdata.generate.reading.unmarked import is_order
from synthdata.models.replies import is_natural_end

_TAGS = re.compile(r"<(?:li|item|question|subtopic|topic|q)(?:\s[^<>\n]{0,200})?>", re.I)
_OTHER_TAGS = re.compile(
    r"</?(?:li|item|question|subtopic|topic|q|ul|ol|p|div|questions|subtopics|topics|items|list)(?:\s[^<>\n]{0,200})?/?>",
    re.I,
)
_INLINE = re.compile(
    r"(?:^|(?<=[\s.?!。？！؟;；,，、*]))\*{0,2}[(（\[]?(?:(\d{1,3})[.)\]）．、:：](?!\d)\*{0,2}|([①-⑳❶-❿]))\s*"
)
_PAIRS = {'"': '"', "'": "'", "“": "”", "‘": "’", "`": "`", "«": "»", "「": "」", "『": "』", "„": "“", "‹": "›"}
_LAST = re.compile(r"^(?:and|or|&|und|et|y|e|en|i|og|och|и|ve|dan|và|oraz|及|和|以及|と|و)\s+", re.I)
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]"
)
_ABOUT = re.compile(r"(?:\s*：|\s*:(?=\s|$)|\s[–—‐−－-]{1,2}(?=\s)|——|\t|\s*\|)")
_NO_ITEM = re.compile(
    r'[{}\[\]<|]|[\'"]?\w{1,20}[\'"]\s?:\s?|(?:FROM|RUN|COPY|CMD|ENV|ENTRYPOINT|WORKDIR|EXPOSE) [^?]*$|[$#%>]\s'
)


def parse_list(text: str, finish_reason: str | None = "stop", n: int | None = None) -> list[str]:
    """Read the items of a list from a model's reply.

    text: the reply. finish_reason: one that is no natural end drops the last item, which is a fragment. n: how many items
    were asked for; a single line without marks is split only if that is more than one.
    Returns the distinct items in order, without marks, quotes and emphasis. Never raises.
    """
    return drop_repeats(_read_items(text, finish_reason, n, questions=False))


def parse_subtopics(text: str, finish_reason: str | None = "stop", n: int | None = None) -> list[str]:
    """Read subtopics: list items, without a description after a colon or dash, at most 80 characters each."""
    names = (_cut_description(item) for item in _read_items(text, finish_reason, n, questions=False))
    return drop_repeats([name for name in names if _may_be_subtopic(name)])


def parse_questions(text: str, finish_reason: str | None = "stop", n: int | None = None) -> list[str]:
    """Read questions or tasks: list items of at least two words and 8 characters, "How do I: …" put right.

    In scripts that put no spaces between words, at least four letters.
    """
    read = _read_items(text, finish_reason, n, questions=True)
    items = [
        re.sub(r"^(how (?:do|can) I)\s?[:–—-]\s*", r"\1 ", item, flags=re.I) for item in read if _may_be_question(item)
    ]
    return drop_repeats(items)


def normalize_item(text: str) -> str:
    """Reduce a text to what makes it the same item: letters, with their vowel signs, and digits, case folded."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        return " ".join(re.findall(r"\w+", folded))
    return " ".join(
        "".join(sign if unicodedata.category(sign)[0] in "LMN" or sign == "_" else " " for sign in folded).split()
    )


def drop_repeats(items: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """Keep the first of items that are the same after normalize_item, and none that is among `known`."""
    seen = {normalize_item(item) for item in known}
    kept = []
    for item in items:
        key = normalize_item(item)
        if key and key not in seen:
            seen.add(key)
            kept.append(item)
    return kept


def _read_items(text: str, finish_reason: str | None, n: int | None, questions: bool) -> list[str]:
    text = strip_unseen(re.sub("\r\n?|[\u2028\u2029\x0b\x0c\x85]", "\n", text))
    text = re.sub(r"<br\s?/?>", "\n", text)
    text = re.sub(r"&(?:bull|middot|#8226|#x2022|#183);", "•", text)
    text = re.sub(r"(?m)^([^\S\n]{0,20})\\([-*+])(?=\s)", r"\1\2", text)
    text = re.sub(r"\A\s{0,20}\[\s?([^\[\]{}\"'“”`\n]+)\]\s{0,20}\Z", r"\1", text)  # a list in brackets, without quotes
    torn = not is_natural_end(finish_reason) and not text.endswith("\n")
    values, around = read_values(text)
    if values:
        chosen = [text for text in map(_clean, strip_all(choose_strings(values, questions))) if text]
        rest = read_outline(around, torn, questions, n)
        if chosen and len(rest) < 2 and (len(chosen) > 1 or not any(map(is_question, rest))):
            return chosen
    if len(_TAGS.findall(text[:100_000])) > 1 and re.search(
        r"</(?:li|item|question|subtopic|topic|q)>|(?:^|\n)\s{0,20}<li>", text
    ):
        text = _OTHER_TAGS.sub("", _TAGS.sub("\n- ", text))
    if re.search(r"(?:^|\n)\s{0,20}<(?:p|div|ul|ol|questions|list)>", text):
        text = _OTHER_TAGS.sub("", text)
    if cells := _read_csv(text, questions) or _read_table(text, torn, questions):
        return [cell for cell in map(_clean, strip_all(cells)) if cell]
    if is_no_answer(text, questions):
        return []
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) <= 2 and (parts := _split_line(lines, torn, n, questions)):
        return [part for part in map(_clean, parts) if part]
    if n is not None and n > 1 and len(lines) == 1 and _is_lone_sentence(lines[0]):
        return []  # not one item of several, but something about them
    items = [item for item in map(_clean, read_outline(text, torn, questions, n)) if item]
    if len(items) == 1 and not torn and (parts := _split_line(items, torn, n, questions)):
        return [part for part in map(_clean, parts) if part]
    return [inner for item in items for inner in _open_object(item, questions)]


def _is_lone_sentence(line: str) -> bool:
    """Whether the only line of a reply is a sentence, not an item: no mark, no question, no task."""
    line = line.strip().rstrip("*_\"'”’»」")
    if strip_marks(line, frozenset())[0] or is_question(line) or is_order(line):
        return False
    return line.endswith((".", "!", "。", "！", "।", "…"))


def _open_object(item: str, questions: bool) -> list[str]:
    """Read an item that is itself a JSON object: `1. {"question": …}`."""
    if item[:1] in "{[" and (values := read_values(item)[0]):
        return choose_strings(values, questions)
    return [item]


def _read_table(text: str, torn: bool, questions: bool) -> list[str]:
    """Read the column of a Markdown table that holds the items; [] where there is no table."""
    if text.count("|") < 4:
        return []
    rows = [line.strip() for line in text.split("\n")]
    divider = next(
        (
            place
            for place, row in enumerate(rows)
            if place and "|" in row and re.fullmatch(r"[\s|:-]*-[\s|:-]*", row[:1000])
        ),
        0,
    )
    if not divider:
        return []
    names = _split_row(rows[divider - 1])
    records = []
    for place, row in enumerate(rows[divider + 1 :], start=divider + 1):
        if "|" not in row:
            break
        if torn and place == len(rows) - 1:
            break
        records.append(dict(zip([name or str(at) for at, name in enumerate(names)], _split_row(row), strict=False)))
    key = choose_field(records, questions) if records else None
    return [str(record[key]) for record in records if key is not None and record.get(key)]


def _read_csv(text: str, questions: bool) -> list[str]:
    """Read the column of a CSV that holds the items: a header that names it, and as many cells in every line; [] for none."""
    header = re.search(
        r"(?:^|\n)(?=[^\n]{0,80}\b(?:question|subtopic|name|instruction|task|topic)\b)[\w\" ]+(?:,[\w\" ]+){1,9}\n",
        text,
        re.I,
    )
    if not header:
        return []
    block = text[header.start() :].strip("\n").split("\n\n")[0].split("\n```")[0]
    try:
        names, *rows = csv.reader(block.split("\n"))
    except csv.Error:
        return []
    if any(len(row) != len(names) for row in rows):
        return []
    records: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in rows]
    key = choose_field(records, questions) if records else None
    return [record[key] for record in records if key is not None]


def _split_row(row: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", row.removeprefix("|").removesuffix("|"))
    return [cell.replace("\\|", "|").strip(" *_") for cell in cells]


def _split_line(lines: list[str], torn: bool, n: int | None, questions: bool) -> list[str]:
    """Cut a list written on one line: at numbers in order, at question marks, or, where several were asked for, at commas.

    [] where the line is no such list. A line before it may introduce it.
    """
    if len(lines) == 2 and not lines[0].rstrip("*_ ").endswith((":", "：")):
        return []
    line = lines[-1].strip() if lines else ""
    parts = _split_numbers(line) or _split_signs(line, n, questions)
    return parts[:-1] if torn and len(parts) > 1 else parts


def _split_numbers(line: str) -> list[str]:
    marks: list[tuple[int, int, int]] = []
    for match in _INLINE.finditer(line):
        number = int(match[1]) if match[1] else int(unicodedata.numeric(match[2]))
        if not marks or number == marks[-1][0] + 1:
            marks.append((number, match.start(), match.end()))
    if len(marks) < 2 or (marks[0][1] > 0 and marks[0][0] != 1):
        return []
    ends = [start for _, start, _ in marks[1:]] + [len(line)]
    return [line[start:end].strip(" ,;*，；、") for (_, _, start), end in zip(marks, ends, strict=True)]


def _split_signs(line: str, n: int | None, questions: bool) -> list[str]:
    if questions:
        parts = [
            part.strip()
            for part in re.split(r"(?<=[?？؟])(?:[\s,;，；]+(?=\S)|(?=[^\s\"'”’)\]）」』*_`?？؟.!]))", line)
        ]
        return (
            parts
            if n != 1 and len(parts) > 1 and all(map(is_question, parts)) and all(map(_may_be_question, parts))
            else []
        )
    if n == 1 or is_question(line):
        return []
    line = re.sub(r"^[^:：;；,，、]{1,60}[:：]\s*(?=\S)", "", line)
    for sign in (";", "；", "|", "•", "·", "、", "，", ",", "،"):
        parts = [part.strip(" .。") for part in line.split(sign)]
        parts[-1] = _LAST.sub("", parts[-1])
        if len(parts) > 2 or (len(parts) == 2 and n is not None):
            return parts if _are_names(parts, n) else []
    return []


def _are_names(parts: list[str], n: int | None) -> bool:
    """Whether the parts of a line are names, and not phrases of one: short, and all written alike."""
    if not all(_may_be_subtopic(part) and len(part.split()) <= 8 for part in parts):
        return False
    capital = {part[0].isupper() for part in parts if part[0].isupper() or part[0].islower()}
    return len(capital) < 2 or (n is not None and n > 1 and len(parts) >= min(n, 3))


def _cut_description(item: str) -> str:
    item = item[:LONGEST].split("\n")[0]
    match = _ABOUT.search(item, 1)
    return re.sub(r"^[\s*_]+|(?<![\s*_.。])[\s*_.。]+$", "", item[: match.start()] if match else item)


def _may_be_subtopic(name: str) -> bool:
    words = name.split()
    return (
        2 <= len(name) <= 80
        and len(words) <= 14
        and any(map(str.isalpha, name))
        and not _NO_ITEM.match(name)
        and not name.endswith(("!", "！"))
    )


def _may_be_question(item: str) -> bool:
    letters = sum(map(str.isalpha, item[:200]))
    if not letters or len(item) > LONGEST or _NO_ITEM.match(item) or item.startswith("```"):
        return False
    if _UNSPACED.search(item):
        return letters >= 4
    return len(item) >= 8 and len(item.split()) >= 2 and letters * 3 >= min(len(item), 200)


def _clean(text: str) -> str:
    """Take quotes, emphasis and repeated signs off an item; code in it stays."""
    text = text.strip()[: LONGEST + 1]
    first, fence, code = text.partition("\n```")
    for _ in range(3):
        before = first
        if first.count("**") == 1:
            first = first.removeprefix("**").removesuffix("**")
        first = re.sub(
            r"(`[^`\n]*`)|\*\*(?=\S)((?:(?!\*\*)[^\n`])+)(?<=\S)\*\*", lambda match: match[1] or match[2], first
        ).strip()
        first = re.sub(r"^([*_]|__)(?=\S)([^*_\n]+)\1$", r"\2", first)
        while re.search(r"[?？]\s?[?？]$", first):
            first = first[:-1].rstrip()
        first = re.sub(r"(?<=\S)\s([?？])$", r"\1", first) if not first.isascii() else first
        first = first.rstrip(",;，；、") if not "\u0370" <= first[:1] <= "\u03ff" else first
        quoted = first.rstrip(",;，；、") if first[:1] in _PAIRS else first
        if len(quoted) > 1 and _PAIRS.get(quoted[0]) == quoted[-1] and quoted[1:-1].find(quoted[0]) < 0:
            first = quoted[1:-1].strip()
        elif (
            quoted[:1] in _PAIRS and quoted[0] != "`" and quoted.count(_PAIRS[quoted[0]]) + quoted.count(quoted[0]) == 1
        ):
            first = quoted[1:].strip()
        if first == before:
            break
    return (first + fence + code).strip()
