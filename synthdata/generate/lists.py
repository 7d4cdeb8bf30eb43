"""Prompt templates, each beside the parser that reads its reply.

Covers lists as models really send them: numbered, bulleted, bold, quoted, JSON, with preambles and headings, on one
line, repeated, or cut off in the last item. Not covered: lists in which one item is spread over several lines.
"""

import re
import unicodedata
from collections.abc import Iterable

import orjson

_MARKER = re.compile(
    r"^\s*(?:#{1,6}\s+|>\s*|[-*+•◦▪‣–—]\s+|\(?\d{1,3}[.):]\s*|\(?[a-zA-Z][.)]\s+|\[\d{1,3}\]\s*|"
    r"(?:(?:question|subtopic|topic|task|q|item)\s*#?\d{1,3}\s*(?:[:.)-]|$)\s*))",
    re.IGNORECASE,
)

_PREAMBLE = re.compile(
    r"^(?:sure|certainly|of course|okay|ok|absolutely|here (?:are|is)|here's|these are|below (?:are|is)|the following|"
    r"i hope|let me know|note:|subtopics|questions)\b",
    re.IGNORECASE,
)

_PAIRS = {'"': '"', "'": "'", "“": "”", "‘": "’", "`": "`", "«": "»"}


def parse_list(text: str, finish_reason: str | None = "stop") -> list[str]:
    """Read the items of a list from a model's reply.

    text: the reply. finish_reason: "length" drops the last item, which is a fragment.
    Returns the distinct items in order, without markers, quotes and emphasis. Never raises.
    """
    items = _parse_json(text)
    if items is None:
        lines = [line for line in text.replace("\r", "\n").split("\n") if not line.strip().startswith("```")]
        if finish_reason == "length" and lines and not text.endswith("\n"):
            lines = lines[:-1]
        if sum(1 for line in lines if line.strip()) == 1 and lines:
            lines = _split_line(next(line for line in lines if line.strip()))
        items = [clean for clean in map(_clean_item, _keep_items(lines)) if clean]
    return drop_repeats(items)


def parse_subtopics(text: str, finish_reason: str | None = "stop") -> list[str]:
    """Read subtopics: list items, without a description after a colon or dash, at most 80 characters each."""
    names = (re.split(r"\s*(?::\s|:$|\s[–—-]\s)", item, maxsplit=1)[0] for item in parse_list(text, finish_reason))
    return drop_repeats([name.strip(" *_.") for name in names if 2 <= len(name.strip(" *_.")) <= 80])


def parse_questions(text: str, finish_reason: str | None = "stop") -> list[str]:
    """Read questions or tasks: list items of at least two words and 8 characters, "How do I: …" put right."""
    items = (
        re.sub(r"^(how (?:do|can) I)\s*[:–—-]\s*", r"\1 ", item, flags=re.I) for item in parse_list(text, finish_reason)
    )
    return drop_repeats(item for item in items if len(item) >= 8 and len(item.split()) >= 2)


def normalize_item(text: str) -> str:
    """Reduce a text to what makes it the same item: letters and digits, case folded."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", folded))


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


def _parse_json(text: str) -> list[str] | None:
    """Read a JSON array or object of strings; None when there is none. A cut-off array gives its whole strings."""
    start = re.search(r"^\s*[\[{]", text, re.MULTILINE)
    if not start or not re.match(r'\s*(?:\[\s*["{\[\]]|\{\s*")', text[start.start() :]):
        return None
    body = text[start.start() :].strip()
    end = max(body.rfind("]"), body.rfind("}"))
    try:
        value = orjson.loads(body[: end + 1])
    except orjson.JSONDecodeError:
        strings = re.findall(r'"((?:[^"\\]|\\.)*)"(?!\s*:)', body)
        found = []
        for raw in strings:
            try:
                found.append(orjson.loads(f'"{raw}"'))
            except orjson.JSONDecodeError:
                continue
        return [item.strip() for item in found if item.strip()] or None
    return [item.strip() for item in _collect_strings(value) if item.strip()]


def _collect_strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in _collect_strings(item)]
    if isinstance(value, dict):
        lists = [item for item in value.values() if isinstance(item, list)]
        if lists:
            return [text for item in lists for text in _collect_strings(item)]
        return [item for item in value.values() if isinstance(item, str)][:1]
    return []


def _keep_items(lines: list[str]) -> list[str]:
    """Drop preambles and headings; when most lines carry a marker, those that carry none as well."""
    filled = [line for line in lines if _clean_item(line)]  # "Question 1:" alone on a line labels the next one
    marked = [line for line in filled if _MARKER.match(line) and not line.lstrip().startswith("#")]
    if len(marked) >= 2 and len(marked) * 2 >= len(filled):
        return marked
    kept = []
    for line in filled:
        bare = line.strip().strip("*_ ")
        is_heading = line.lstrip().startswith("#") or (bare.endswith(":") and len(filled) > 1)
        if not is_heading and not (_PREAMBLE.match(bare) and (bare.endswith((":", ".", "!")) or len(filled) > 2)):
            kept.append(line)
    return kept


def _split_line(line: str) -> list[str]:
    """Cut a list written on one line: at numbers, semicolons, or commas."""
    numbered = re.split(r"(?:^|\s)\(?\d{1,3}[.)]\s+", line)
    if len(numbered) > 2:
        return [part.rstrip(" ,;") for part in numbered[1:]]
    for mark in (";", ","):
        parts = line.split(mark)
        if len(parts) > 2:
            return [re.sub(r"^\s*and\s+", "", part).rstrip(" .") for part in parts]
    return [line]


def _clean_item(line: str) -> str:
    text = line.strip()
    for _ in range(3):  # markers nest: "- **1.** …"
        text = re.sub(
            r"^(\*\*|__)\s*((?:question|subtopic|topic|task)?\s*#?\d{1,3}\s*[:.)])\s*\1", r"\2", text, flags=re.I
        )
        stripped = _MARKER.sub("", text, count=1).strip()
        stripped = re.sub(r"^(\*\*|__)(.+?)\1", r"\2", stripped).strip()
        if stripped == text:
            break
        text = stripped
    text = re.sub(r"(\*\*|__)(.+?)\1", r"\2", text).strip()
    text = re.sub(r"\?(?:\s*\?)+$", "?", text)
    text = text.rstrip(",;") if text[:1] in _PAIRS else text
    if len(text) > 1 and _PAIRS.get(text[0]) == text[-1] and text[1:-1].find(text[0]) < 0:
        text = text[1:-1].strip()
    return text
