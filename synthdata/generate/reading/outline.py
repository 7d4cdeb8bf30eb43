"""A text that is a list -> its items, each with the lines, code and sublists that belong to it.

What an item is shows in the form of the text (marks, indentation, blank lines, how lines end), so that it holds for every
language.
"""

import itertools
import re
import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from synthdata.generate.reading.lines import ENDS, Item, Line, read_lines
from synthdata.generate.reading.loose_json import is_question
from synthdata.generate.reading.unmarked import read_unmarked

LONGEST = 4000  # characters of an item; what is longer is none

_LABELLED = re.compile(r"[*_(\[]{0,3}([^\s\d:：*][^:：*\n]{0,24}?)[*_]{0,3}\s?[:：][*_]{0,3}\s*(\S.*)?$")
_POINTS_ON = re.compile(r"\b(?:these|this|following|below|such)\b", re.I)
_NAMES = frozenset(
    [
        "question", "q", "name", "title", "subtopic", "topic", "instruction", "task", "pregunta", "frage", "вопрос",
        "问题", "問題", "質問", "问", "問", "질문", "السؤال", "سؤال",
    ]
)  # fmt: skip


def read_outline(text: str, torn: bool, questions: bool, n: int | None = None) -> list[str]:
    """Read the items of a text.

    torn: it breaks off in its last line. questions: items are questions,
    else names. n: how many were asked for.
    """
    lines = read_lines(text, torn)
    if named := _read_named(lines, questions):
        items = named
    elif _bears_marks(lines, questions) and (
        chosen := _find_heads(lines, questions, n) or _find_top(lines, questions, n)
    ):
        items = _read_marked(lines, chosen, questions)
    else:
        items = read_unmarked(lines, questions, n)
    build: Callable[[Item], str] = _build_name
    if questions:
        build = partial(_build_question, remarks=_find_remarks(items), systematic=_find_systematic(items))
    return [built for item in items if not item.torn and (built := build(item))]


def _read_named(lines: list[Line], questions: bool) -> list[Item]:
    """Read lists whose lines are labelled fields: "Question: …" and "Answer: …", or the same as YAML."""
    labels = [(line, match) for line in lines if line.family != "code" and (match := _LABELLED.match(line.text))]
    names = Counter(match[1].strip().casefold() for _, match in labels)
    known = [name for name in names if name in _NAMES and (names[name] > 1 or len(names) > 1 or len(lines) == 1)]
    if not known or sum(names.values()) * 2 < len(lines):
        return []
    name = max(known, key=lambda name: (names[name], name in ("question", "name")))
    items: list[Item] = []
    own = False
    for line in lines:
        match = _LABELLED.match(line.text) if line.family != "code" else None
        if match and match[1].strip().casefold() == name:
            items.append(Item(Line(line.indent, line.family, line.number, match[2] or "", line.gap, line.torn)))
            own = True
        elif match or line.marked or line.heads or line.family == "rule" or (line.gap and line.family != "code"):
            own = False
        elif items and own:
            items[-1].tail.append(line)
        if items and line.torn:
            items[-1].line.torn = items[-1].line.torn or own
    return items


def _bears_marks(lines: list[Line], questions: bool) -> bool:
    marked = [line for line in lines if line.marked]
    heads = [
        line
        for line in lines
        if line.heads and (line.number is not None or line.family == "bold" or is_question(line.text))
    ]
    plain = [line for line in lines if not line.family]
    if len(heads) > 1 and (
        not questions or len(marked) or any(is_question(line.text) or line.number is not None for line in heads)
    ):
        return True
    if len([line for line in lines if line.family.startswith("heading")]) > 1 and not questions:
        return True
    if len(marked) < 2:
        return (
            bool(marked) and (len(plain) < 2 or not any(is_question(line.text) for line in plain)) and len(plain) <= 4
        )
    asking = [line for line in plain if is_question(line.text)]
    bullets = all(line.family in ("bullet", "tight dash") for line in marked)
    if (
        questions
        and bullets
        and asking
        and asking[0] is lines[0]
        and not any(is_question(line.text) for line in marked)
    ):
        return False  # questions without marks, one of them with parts
    return not (questions and len(asking) > 1.5 * len(marked))


def _read_marked(lines: list[Line], chosen: list[Line], questions: bool) -> list[Item]:
    heads = [line for line in chosen if line.heads]
    ids = {id(line) for line in chosen}
    items: list[Item] = []
    inside = False
    for line in lines:
        if id(line) in ids:
            items.append(Item(line))
            inside = True
        elif line.family == "rule" or (line.heads and not (heads and line.family != heads[0].family)):
            inside = False
        elif (
            inside and not _is_title(line, items[-1]) and not (line.marked and line.indent + 1 < items[-1].line.indent)
        ):
            items[-1].tail.append(line)
        else:
            inside = False
        if line.torn and items and not inside:
            line.torn = False
    for item in items:
        if not item.line.text and item.tail and item.tail[0].family != "code":  # "Question 1:" alone on its line
            item.line, item.tail = replace(item.line, text=item.tail[0].text, torn=item.tail[0].torn), item.tail[1:]
    _drop_closing(items, questions)
    return items


def _is_title(line: Line, item: Item) -> bool:
    """Whether a line between items speaks of those that follow it: at the margin, after a blank line, ending in a colon."""
    return (
        not line.family
        and line.gap
        and line.indent <= item.line.indent
        and line.text.rstrip("*_ ").endswith((":", "："))
    )


def _find_heads(lines: list[Line], questions: bool, n: int | None) -> list[Line]:
    """Find the headings that are the items themselves; [] where they only part the list."""
    heads = Counter(line.family for line in lines if line.heads)
    marked = [line for line in lines if line.marked]
    for family, count in heads.most_common():
        found = [line for line in lines if line.family == family]
        if family != "bold" and len(heads) > 1:  # a title above all is none of them
            found = [line for line in found if count > 1]
        if len(found) < 2 and not (found and n == 1 and not marked):
            continue
        if questions:
            asking = sum(is_question(line.text) for line in found)
            if asking * 2 >= len(found):
                return found
            bodies = [line for line in lines if not line.heads and is_question(line.text)]
            numbered = all(not line.text or line.number is not None for line in found)
            if numbered and len(bodies) <= len(found) + 1 and (bodies or not marked):
                return found
            continue
        words = statistics.median([len(line.text.split()) for line in marked] or [9])
        if (
            not marked
            or all(line.number is not None for line in found)
            or words >= 5
            or (n == len(found) != len(marked))
        ):
            return found
    return []


def _find_top(lines: list[Line], questions: bool, n: int | None) -> list[Line]:
    """Find the marked lines that are the items: the outermost level, or the inner one where only it holds questions."""
    marked = [line for line in lines if line.marked]
    if not marked:
        return []
    margin = min(line.indent for line in marked)
    outer = [line for line in marked if line.indent <= margin + 1]
    if outer[0] is not marked[0] and len(outer) < 2:
        outer = marked
    family = outer[0].family
    same = [line for line in outer if line.family == family]
    others = Counter(line.family for line in outer if line.family != family)
    if others and len(same) == 1 and max(others.values()) > 1:
        family = max(others, key=others.__getitem__)
        same = [line for line in outer if line.family == family]
    elif others and (not _nests(outer, family) or (questions and all(is_question(line.text) for line in outer))):
        same = outer
    taken = {id(line) for line in same}
    inner = [line for line in marked if id(line) not in taken]
    if not inner:
        return same
    asking = sum(is_question(line.text) for line in inner)
    if questions and asking > 1 and not any(is_question(line.text) for line in same):
        return [line for line in inner if is_question(line.text)] if asking * 2 > len(inner) else inner
    if not questions and n is not None and len(inner) == n and len(same) * 2 <= n:
        return inner
    return same


def _nests(outer: list[Line], family: str) -> bool:
    """Whether lines of other marks, at the same margin, stand below those of this one as their parts."""
    numbers = [line.number for line in outer if line.family == family]
    if family != "bullet" and None not in numbers and len(numbers) > 1:
        return all(after == before + 1 for before, after in itertools.pairwise(numbers))  # type: ignore[operator]
    after = [line.family for line in outer].index(family)
    return len(numbers) > 1 and any(line.family != family for line in outer[after:])


def _drop_closing(items: list[Item], questions: bool) -> None:
    """Take what a model says after its list off the last item."""
    if not items:
        return
    last = items[-1]
    outdented = any(not line.family and line.indent <= item.line.indent for item in items[:-1] for line in item.tail)
    for place, line in enumerate(last.tail):
        if line.family == "code" or line.indent > last.line.indent or not last.line.text or line.marked:
            continue
        whole = not questions or last.line.text.rstrip("*_\"'”» ").endswith(ENDS)
        first = all(earlier.family == "code" or earlier.indent > last.line.indent for earlier in last.tail[:place])
        if (line.gap and not (outdented and first and place == 0)) or (whole and not outdented):
            last.tail = last.tail[:place]
            return


def _find_systematic(items: list[Item]) -> bool:
    """Whether marked lines stand below most items, as descriptions and answers do, and not the parts of one question."""
    whole = [item for item in items if is_question(item.line.text)]
    below = [item for item in whole if any(line.marked for line in item.tail)]
    return len(below) > 1 and len(below) * 2 > len(items)


def _build_question(item: Item, remarks: set[str], systematic: bool) -> str:
    """Join an item's lines, without what is said about it (its level, its answer); "" for more than an item can hold."""
    text = _drop_title(item.line.text)
    complete = is_question(text)
    for line in item.tail:
        label = _LABELLED.match(line.text) if line.family != "code" else None
        if complete and label and label[1].strip().casefold() in remarks:
            continue
        if complete and item.line.heads and line.family != "code" and not is_question(line.text):
            continue
        if complete and line.marked and (systematic and not _POINTS_ON.search(text)):
            continue
        if complete and re.fullmatch(r"[*_]{0,2}[(\[（].{0,60}[)\]）][*_]{0,2}", line.text):
            continue
        joint = (
            " " if text and not text.endswith((*ENDS, "```")) and line.family != "code" and not line.marked else "\n"
        )
        text = f"{text}{joint if text else ''}{'- ' if line.marked else ''}{line.text}"
        if len(text) > LONGEST:
            return ""
    return text


def _drop_title(text: str) -> str:
    """Take off the title that stands in bold before a question: "**Logs:** How do I …?"."""
    match = re.match(r"(\*\*|__)([^*_\n]{1,80})\1\s?([:：–—-]?)\s*(?=\S)", text)
    titled = match and (match[3] or match[2].rstrip().endswith((":", "：")))
    return text[match.end() :] if match and titled and is_question(text) else text


def _find_remarks(items: list[Item]) -> set[str]:
    """Find the labels of lines that stand below several items, or below the only one: its level, its answer."""
    counts = Counter(
        match[1].strip().casefold()
        for item in items
        for line in item.tail
        if line.family != "code" and (match := _LABELLED.match(line.text))
    )
    return {label for label, count in counts.items() if count > 1 or len(items) == 1}


def _build_name(item: Item) -> str:
    """Take the item's own line; the first below it where that is empty ("Subtopic 1:" alone on a line)."""
    if item.line.text or not item.tail:
        return item.line.text
    return item.tail[0].text if item.tail[0].family != "code" else ""
