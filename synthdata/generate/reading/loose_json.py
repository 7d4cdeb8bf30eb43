"""JSON as models write it: read leniently, and the strings in it that are the items asked for.

Lenient means: Python's quotes and constants, raw newlines and unescaped quotes in strings, missing commas, values that end
in the middle, several values in one text. Every step goes forward, so that reading takes time in proportion to the text.
"""

import re
import statistics
from typing import Any

DEPTH = 40  # of values within values; no list of questions is nested deeper

# A value begins a line, or follows "=" or ":", and its first sign is a quote or a value: a link or "[ ]" is none.
_START = re.compile(
    r"(?:^|(?<=[=:：]))[^\S\n]{0,20}(?=\[\s{0,200}[\"'“{\[\]]|\{\s{0,200}[\"'“}]|\(\s{0,200}[\"'][^\n\"']{3,300}[\"']\s?,)|(?<==)[^\S\n]{0,20}(?=\(\s{0,200}[\"'])",
    re.M,
)
_SPACE = re.compile(r"(?:[\s,;:]|//[^\n]*|\.{3}|…)+")
_WORD = re.compile(r"[-+\w.]+")
_CONSTANTS = frozenset(["null", "none", "true", "false", "nan", "undefined"])
_ESCAPES = {"n": "\n", "t": "\t", "r": "\n", "b": "", "f": "", "/": "/", '"': '"', "'": "'", "\\": "\\", "\n": ""}
# The last is the Greek one, which is written as a semicolon too.
_QUESTION_MARKS = ("?", "？", "؟", "՞", "፧", "\u037e")
_CLOSES = {'"': '"', "'": "'", "“": "”"}

# What the fields are called that hold a question, a subtopic, and neither; compared in lower case, letters only.
_QUESTION_FIELDS = [
    "question", "questiontext", "q", "instruction", "task", "query", "prompt", "problem", "exercise", "text",
    "content", "pregunta", "frage", "domanda", "pergunta", "vraag", "pytanie", "вопрос", "问题", "問題", "质问", "質問",
    "題目", "题目", "질문", "السؤال", "سؤال", "प्रश्न", "คำถาม", "câuhỏi", "soru", "fråga", "title", "name", "input",
]  # fmt: skip
_SUBTOPIC_FIELDS = [
    "subtopic", "subtopicname", "name", "title", "topic", "label", "heading", "subject", "theme", "area", "text",
    "unterthema", "thema", "titel", "nombre", "subtema", "título", "nom", "titre", "sujet", "nome", "тема",
    "подтема", "название", "主题", "子主题", "主題", "名称", "名前", "トピック", "주제", "제목", "이름", "الموضوع", "العنوان",
]  # fmt: skip
_OTHER_FIELDS = frozenset(
    [
        "id", "uid", "index", "no", "number", "num", "nr", "rank", "order", "difficulty", "level", "grade",
        "category", "categories", "type", "kind", "tag", "tags", "source", "language", "lang", "answer", "a",
        "response", "output", "explanation", "description", "desc", "details", "summary", "rationale", "reason",
        "hint", "note", "notes", "context", "example", "schwierigkeit", "antwort", "beschreibung", "respuesta",
        "descripción", "dificultad", "réponse", "description", "difficulté", "ответ", "сложность", "难度", "答案", "描述",
        "難易度", "回答", "答え", "説明", "난이도", "답변", "설명",
    ]
)  # fmt: skip
_LIST_FIELDS = frozenset(
    [
        "questions", "subtopics", "topics", "items", "list", "tasks", "results", "data", "preguntas", "fragen",
        "вопросы", "问题", "問題", "質問", "질문", "主题", "子主题",
    ]
)  # fmt: skip


def read_values(text: str) -> tuple[list[Any], str]:
    """Read the JSON values in a text; a value cut off keeps its whole parts.

    Returns the values that stand on lines of their own, and the text around them.
    """
    values, around, place = [], [], 0
    while match := _START.search(text, place):
        value, end = _read_value(text, match.end())
        alone = re.match(r"[^\S\n]{0,200}[,;.)`]{0,4}[^\S\n]{0,200}(?:\n|\Z)", text[end : end + 500])
        if value is not None and (alone or _is_list_of_sentences(value)):
            values.append(value)
            around.append(text[place : match.start()])
        else:
            around.append(text[place:end])
        place = max(end, match.end() + 1)
    return values, "".join([*around, text[place:]])


def _is_list_of_sentences(value: Any) -> bool:
    """Whether a value is a list of questions, so that it is one whatever stands behind it on its line."""
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(text, str) and is_question(text) for text in value)
    )


def choose_strings(values: list[Any], questions: bool) -> list[str]:
    """Choose the strings in values that are the questions, or the subtopics, asked for."""
    return _choose(values[0] if len(values) == 1 else values, questions)


def choose_field(records: list[dict[str, Any]], questions: bool) -> str | None:
    """Choose the field of records alike that holds the question or subtopic; None when none can."""
    best, found = 0.0, None
    for key in dict.fromkeys(key for record in records for key in record):
        texts = [text for record in records if (text := _get_text(record.get(key), questions))]
        if not texts:
            continue
        name, names = _bare(key), _QUESTION_FIELDS if questions else _SUBTOPIC_FIELDS
        words = statistics.median(len(text.split()) for text in texts)
        score = len(set(texts)) / len(records) + 1 - ([*names, name].index(name) + 1) / (len(names) + 2)
        score += 1.5 * (name in names) - 2 * (name in _OTHER_FIELDS and name not in names[:4])
        if questions:
            score += 3 * sum(map(is_question, texts)) / len(texts) + min(words, 8) / 16
            score -= 2 * (name in ("topic", "subtopic"))
        else:
            score -= 2 * (words > 8) + (statistics.median(map(len, texts)) < 2) * 3
        if score > best:
            best, found = score, key
    return found


def is_question(text: str) -> bool:
    """Tell whether a text ends as a question does, in any script."""
    text = text.rstrip(" \t\n\"'”’*_)`»」』,")
    text = text if "\u0370" <= text[:1] <= "\u03ff" else text.rstrip(";；")
    return text.endswith(_QUESTION_MARKS) or text.endswith(";")


def _choose(value: Any, questions: bool) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        records = [item for item in value if isinstance(item, dict)]
        rows = [item for item in value if isinstance(item, list)]
        if rows and len(rows) == len(value) > 1 and _are_rows(rows):
            records = value = [{str(place): item for place, item in enumerate(row)} for row in rows]
        if len(records) > 1 and len(records) == len(value):
            return _choose_of_records(records, questions)
        return [text for item in value for text in _choose(item, questions)]
    return _choose_of_object(value, questions) if isinstance(value, dict) else []


def _choose_of_records(records: list[dict[str, Any]], questions: bool) -> list[str]:
    names = _QUESTION_FIELDS if questions else _SUBTOPIC_FIELDS
    held = [record for record in records if any(isinstance(value, (list, dict)) for value in record.values())]
    if held and not any(_bare(key) in names and isinstance(v, str) for record in records for key, v in record.items()):
        return [text for record in records for text in _choose_of_object(record, questions)]
    if questions and held:  # groups, each with a list of questions
        groups = [texts for record in records if (texts := _choose_lists(record, True))]
        if sum(is_question(text) for texts in groups for text in texts) > len(records):
            return [text for texts in groups for text in texts]
    if (
        all(len(record) == 1 for record in records)
        and len({*map(str, (key for record in records for key in record))}) > 1
    ):
        if not questions:
            return [key for record in records for key in record]
        return [text for record in records for text in _choose_of_object(record, questions)]
    key = choose_field(records, questions)
    return [text for record in records if key is not None and (text := _get_text(record.get(key), questions))]


def _choose_of_object(record: dict[str, Any], questions: bool) -> list[str]:
    names = _QUESTION_FIELDS if questions else _SUBTOPIC_FIELDS
    named = [value for key, value in record.items() if _bare(key) in _LIST_FIELDS and isinstance(value, (list, dict))]
    if named:
        return [text for value in named for text in _choose(value, questions)]
    strings = {key: value for key, value in record.items() if isinstance(value, str)}
    if not any(_bare(key) in names for key in strings):
        if not questions and len(record) > 1 and all(isinstance(value, list) for value in record.values()):
            return list(record)  # names, each with its parts
        if texts := _choose_lists(record, questions):
            return texts
        inner = [value for value in record.values() if isinstance(value, dict)]
        if inner:
            return _choose(inner, questions)
    if (
        len(strings) > 1
        and not {_bare(key) for key in strings} - {"", *names[:6], "item", "s", "t"}
        and _are_numbered(strings)
    ):
        return list(strings.values())
    asked = [key for key in record if is_question(key)]
    if asked and questions:
        return asked
    unknown = [key for key in strings if _bare(key) and _bare(key) not in _OTHER_FIELDS and _bare(key) not in names]
    if not questions and len(unknown) == len(record) > 1:
        return unknown  # names, each with its description
    key = choose_field([record], questions)
    text = _get_text(record.get(key), questions) if key is not None else ""
    return [text] if text else []


def _choose_lists(record: dict[str, Any], questions: bool) -> list[str]:
    """Choose from the lists in an object: those that hold questions where any does, else all that are no mere attribute."""
    lists = {key: _choose(value, questions) for key, value in record.items() if isinstance(value, list)}
    asking = [texts for texts in lists.values() if any(map(is_question, texts))]
    named = [texts for key, texts in lists.items() if _bare(key) not in _OTHER_FIELDS]
    return [text for texts in (asking if questions and asking else named) for text in texts]


def _get_text(value: Any, questions: bool) -> str:
    if isinstance(value, dict):
        return next(iter(_choose_of_object(value, questions)), "")
    return value.strip() if isinstance(value, str) else ""


def _are_rows(rows: list[list[Any]]) -> bool:
    """Whether lists are rows of a table, and not groups of questions."""
    texts = [text for row in rows for text in row if isinstance(text, str)]
    return len({len(row) for row in rows}) == 1 and len(rows[0]) > 1 and not all(map(is_question, texts))


def _are_numbered(record: dict[str, Any]) -> bool:
    return all(re.search(r"\d", key) for key in record)


def _bare(key: str) -> str:
    return re.sub(r"[\W\d_]+", "", key).casefold()


def _read_value(text: str, place: int) -> tuple[Any, int]:
    """Read the value that begins here; returns it (None for none) and where reading ended."""
    root: Any = None
    stack: list[tuple[Any, list[str]]] = []  # containers still open, each with the key that waits for its value
    while place < len(text):
        if match := _SPACE.match(text, place):
            place = match.end()
            continue
        sign = text[place]
        if sign in "]})":
            place += 1
            stack.pop()
        elif sign in "[{(":
            if len(stack) >= DEPTH:
                return None, place + 1
            value: Any = {} if sign == "{" else []
            if stack:
                _put(stack, value)
            else:
                root = value
            stack.append((value, []))
            place += 1
        elif sign in _CLOSES:
            string, place = _read_string(text, place)
            if string is None:
                break
            container, key = stack[-1]
            if isinstance(container, dict) and not key and re.match(r"\s{0,50}[:=]", text[place : place + 60]):
                key.append(string)
            else:
                _put(stack, string)
        elif (match := _WORD.match(text, place)) and (
            match[0].lower() in _CONSTANTS or match[0][:1] in "-+.0123456789"
        ):
            place = match.end()
            container, key = stack[-1]
            if isinstance(container, dict) and not key and text[place : place + 1] == ":":
                key.append(match[0])
            else:
                _put(stack, None)
        else:
            break  # prose: the value is torn here
        if not stack:
            break
    return root, place


def _put(stack: list[tuple[Any, list[str]]], value: Any) -> None:
    container, key = stack[-1]
    if isinstance(container, list):
        container.append(value)
    else:
        container[key.pop() if key else str(len(container))] = value


def _read_string(text: str, place: int) -> tuple[str | None, int]:
    """Read a string; None when it never ends. A quote ends it only where a value may end."""
    closing = _CLOSES[text[place]]
    stop = re.compile(rf"[\\{closing}]")
    ends = re.compile(r"\s*(?:[,\]}):]|//|\Z)|[^\S\n]*\n")
    parts: list[str] = []
    place += 1
    while match := stop.search(text, place):
        parts.append(_join_lines(text[place : match.start()]))
        place = match.end()
        if match[0] == closing:
            if ends.match(text, place):
                return "".join(parts), place
            parts.append(closing)
            continue
        sign = text[place : place + 1]
        code = re.match(r"u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?", text[place : place + 11])
        if code:
            parts.append(_decode(code[1], code[2]))
            place += len(code[0]) if _is_pair(code[1], code[2]) else 5
        else:
            parts.append(_ESCAPES.get(sign, "\\" + sign if sign.isalnum() else sign))
            place += 1
    return None, len(text)


def _is_pair(first: str, second: str | None) -> bool:
    return second is not None and first[0] in "dD" and first[1] in "89abAB"


def _decode(first: str, second: str | None) -> str:
    if second is not None and _is_pair(first, second):
        return chr(0x10000 + ((int(first, 16) - 0xD800) << 10) + int(second, 16) - 0xDC00)
    sign = chr(int(first, 16))
    return "\ufffd" if "\ud800" <= sign <= "\udfff" else sign


def _join_lines(text: str) -> str:
    if "\n" not in text or "```" in text:
        return text
    first, *rest = text.split("\n")
    return " ".join([first.rstrip(), *(line.strip() for line in rest[:-1]), rest[-1].lstrip()])
