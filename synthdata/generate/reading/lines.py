"""A text -> its lines, each with its mark, indentation and blank line above; code in one piece."""

import re
from dataclasses import dataclass, field

from synthdata.generate.reading.loose_json import is_question
from synthdata.generate.reading.markers import find_weak, strip_marks

MOST_LINES = 10_000  # of a reply that are read; the longest that models write have a few hundred

_FENCE = re.compile(r"(\s{0,40}(?:[-*+>]\s+|\d{1,3}[.)]\s+)?)(`{3,}|~{3,})([^`\n]*)$")
_RULE = re.compile(r"\s{0,40}(?:[-=_*~─—]\s?){3,}$")
ENDS = tuple(".?!。？！؟।…:：;")


@dataclass
class Line:
    """One line, or one block of code. family: its outermost mark, "" for none, "code" for code. gap: a blank line is above it."""

    indent: int
    family: str
    number: int | None
    text: str
    gap: bool
    torn: bool = False

    @property
    def marked(self) -> bool:
        """Whether it bears the mark of a list."""
        return (
            bool(self.family) and self.family not in ("code", "rule", "bold") and not self.family.startswith("heading")
        )

    @property
    def heads(self) -> bool:
        """Whether it is a heading in form."""
        return self.family.startswith("heading") or self.family == "bold"


@dataclass
class Item:
    """An item: its own line and those that belong to it."""

    line: Line
    tail: list[Line] = field(default_factory=list)

    @property
    def torn(self) -> bool:
        """Whether the text breaks off in it."""
        return self.line.torn or any(line.torn for line in self.tail)


def read_lines(text: str, torn: bool) -> list[Line]:
    raw = text.split("\n", MOST_LINES)[:MOST_LINES]
    blocks = _find_fences(raw)
    outside = [line for place, line in enumerate(raw) if place not in blocks and line.strip()]
    weak = find_weak(re.sub(r"^[>\s]+", "", line) for line in outside)
    if blocks and not any(strip_marks(line.strip(), weak)[0] or is_question(line) for line in outside):
        raw = [line for line in raw if not _FENCE.match(line)]  # the list itself stands in the fence
        blocks, outside = {}, [line for line in raw if line.strip()]
        weak = find_weak(re.sub(r"^[>\s]+", "", line) for line in outside)
    lines: list[Line] = []
    gap, place = False, 0
    while place < len(raw):
        line = raw[place].expandtabs(4)
        if place in blocks:
            end, prefix = blocks[place]
            if prefix.strip():
                family, number, _ = strip_marks(prefix.strip() + " x", weak)
                lines.append(Line(len(prefix) - len(prefix.lstrip()), family, number, "", gap))
            lines.append(Line(len(prefix), "code", None, _dedent(raw[place:end]), gap, torn and end >= len(raw)))
            gap, place = False, end
            continue
        place += 1
        quoted = re.match(r"\s{0,20}(?:>\s?)+", line)
        line = line[quoted.end() :] if quoted else line
        bare = line.strip()
        if not bare:
            gap = True
            continue
        indent = len(line) - len(line.lstrip())
        if _RULE.match(line):
            if (
                lines
                and bare[0] in "=-"
                and not gap
                and len(set(bare)) == 1
                and not (lines[-1].family or is_question(lines[-1].text))
            ):
                lines[-1].family = "heading ="
            else:
                lines.append(Line(indent, "rule", None, "", gap))
        else:
            family, number, rest = strip_marks(bare, weak)
            if not family and re.fullmatch(r"(\*\*|__)[^*_]{2,120}\1:?", bare):
                family = "bold"
            lines.append(Line(indent, family, number, rest, gap))
        gap = False
    if torn and lines and not lines[-1].torn:
        lines[-1].torn = True
    return lines


def _find_fences(raw: list[str]) -> dict[int, tuple[int, str]]:
    """Find the blocks of fenced code: the place of each opening, with the place after its end, and the text before the fence."""
    blocks: dict[int, tuple[int, str]] = {}
    opened: tuple[int, str, str] | None = None
    for place, line in enumerate(raw):
        match = _FENCE.match(line)
        if not match:
            continue
        if opened is None:
            opened = (place, match[1], match[2])
        elif match[2][0] == opened[2][0] and len(match[2]) >= len(opened[2]) and not match[3].strip():
            blocks |= dict.fromkeys(range(opened[0], place + 1), (place + 1, opened[1]))
            opened = None
    if opened:
        blocks |= dict.fromkeys(range(opened[0], len(raw)), (len(raw), opened[1]))
    return blocks


def _dedent(block: list[str]) -> str:
    first = re.sub(r"^\s*(?:[-*+>]\s+|\d{1,3}[.)]\s+)?", "", block[0])
    inner = block[1:]
    margin = min((len(line) - len(line.lstrip()) for line in inner if line.strip()), default=0)
    return "\n".join([first, *(line[margin:].rstrip() for line in inner)])
