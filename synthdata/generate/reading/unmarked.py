"""A list without marks -> its items: which lines are items, which lead to one, and which only frame the list."""

import itertools
import re

from synthdata.generate.reading.lines import ENDS, Item, Line
from synthdata.generate.reading.loose_json import is_question
from synthdata.generate.reading.refusals import asks_for_more

# How a task begins that is whole without a question after it.
_ORDERS = re.compile(
    r"(?:write|explain|describe|create|list|show|give|compare|build|make|implement|design|find|fix|define|discuss|use|set|run|add|name|remove"
    r"|configure|generate|provide|outline|summari[sz]e|translate|convert|draw|calculate|identify|tell)\b",
    re.I,
)


def read_unmarked(lines: list[Line], questions: bool, n: int | None) -> list[Item]:
    """Read a list without marks: a line is an item; code, and a sentence that leads to a question, go with theirs."""
    for rule, line in itertools.pairwise(lines):
        line.gap = line.gap or rule.family == "rule"
    lines = _join_indented([line for line in lines if line.family != "rule"])
    bold = [line for line in lines if line.family == "bold"]
    if len(bold) == 1 and bold[0] is lines[0] and len(lines) > 2 and not is_question(bold[0].text):
        lines = lines[1:]
    kept = _drop_frame([line for line in lines if not line.family.startswith("heading")] or lines, questions)
    items: list[Item] = []
    if questions and (paragraphs := _find_paragraphs(kept)):
        return [Item(group[0], group[1:]) for group in paragraphs]
    pending: list[Line] = []
    asked = [line for line in kept if is_question(line.text)]
    if n == 1 and len(asked) == 1 and not any(line.family == "code" for line in kept):
        lead = kept[: kept.index(asked[0])] if not asked[0].gap else []
        return [Item((lead or asked)[0], [*lead[1:], asked[0]] if lead else [])]
    mostly = len(asked) * 2 >= sum(line.family != "code" for line in kept)
    margin = min((line.indent for line in kept), default=0)
    plain = any(not line.family for line in kept)
    for place, line in enumerate(kept):
        after = kept[place + 1] if place + 1 < len(kept) else None
        below = line.indent > margin + 1 or (line.marked and plain and not is_question(line.text))
        if line.family == "code" or (items and not pending and below):
            if items:
                items[-1].tail.append(line)
            continue
        leads = (
            questions
            and not is_question(line.text)
            and not _ORDERS.match(line.text)
            and after is not None
            and not after.gap
            and is_question(after.text)
        )
        if leads and mostly:
            pending.append(line)
            continue
        if pending:
            items.append(Item(pending[0], [*pending[1:], line]))
            pending = []
        else:
            items.append(Item(line))
    return items


def is_order(text: str) -> bool:
    """Tell whether a text begins as a task that is whole without a question."""
    return _ORDERS.match(text) is not None


def _join_indented(lines: list[Line]) -> list[Line]:
    """Make code of lines that are indented as code is, behind a blank line, where the others are not."""
    if not any(line.indent < 4 for line in lines):
        return lines
    joined: list[Line] = []
    inside = False
    for line in lines:
        inside = line.indent >= 4 and not line.family and (inside or (line.gap and not is_question(line.text)))
        if not inside:
            joined.append(line)
        elif joined and joined[-1].family == "code" and joined[-1].text.startswith("```\n"):
            joined[-1].text = f"{joined[-1].text[:-4]}\n{' ' * (line.indent - 4)}{line.text}\n```"
            joined[-1].torn = line.torn
        else:
            joined.append(Line(line.indent, "code", None, f"```\n{line.text}\n```", line.gap, line.torn))
    return joined


def _find_paragraphs(lines: list[Line]) -> list[list[Line]]:
    """Find items of several lines each: paragraphs, of which most end in their only question; [] where lines are items."""
    groups: list[list[Line]] = []
    for line in lines:
        joins = groups and (line.family == "code" or not line.gap or groups[-1][-1].text.rstrip().endswith((":", "：")))
        if joins:
            groups[-1].append(line)
        else:
            groups.append([line])
    texts = [[line for line in group if line.family != "code"] for group in groups]
    long = [group for group in texts if len(group) > 1]
    if len(groups) < 2 or not long or any(sum(is_question(line.text) for line in group) > 1 for group in texts):
        return []
    ends = sum(any(is_question(line.text) for line in group) for group in texts)
    return groups if len(long) * 2 >= len(groups) and ends * 2 >= len(groups) else []


def _drop_frame(lines: list[Line], questions: bool) -> list[Line]:
    """Drop what a model says before and after a list without marks, by form: a colon, a blank line, another ending."""
    lines = [
        line
        for place, line in enumerate(lines)
        if not (line.family != "code" and line.text.rstrip("*_ ").endswith((":", "：")) and len(lines) > 1)
        or (questions and place + 1 < len(lines) and lines[place + 1].family == "code")
    ]
    text = [line for line in lines if line.family != "code"]
    text = [line for line in text if not line.family] or text
    if len(text) < 2:
        return lines
    inner = text[1:-1] or text
    asking = sum(is_question(line.text) for line in inner) * 2 > len(inner)
    ended = sum(line.text.rstrip("*_\"'”» ").endswith(ENDS) for line in inner) * 2 > len(inner)
    tight = sum(line.gap for line in text[1:]) == 1 and len(text) > 2
    first, last = text[0], text[-1]

    if len(text) > 2 and asks_for_more(last.text):
        return _drop_frame([line for line in lines if line is not last], questions)
    if questions and asking and len(text) > 2 and not text[1].gap and re.search(r"[\w*]\Z", first.text):
        # A sentence that leads to its question ends in a sign; this one leads to them all.
        return _drop_frame([line for line in lines if line is not first], questions)

    def differs(line: Line) -> bool:
        ends = line.text.rstrip("*_\"'”» ").endswith(ENDS)
        return (asking and not is_question(line.text)) if asking else (ends and not ended)

    alone = text[1].gap and not (questions and is_question(first.text) and len(text) == 2)
    if (
        differs(first)
        and len(text) > 2
        and (alone or not questions or not is_question(text[1].text) or _speaks(first.text))
    ) or (tight and text[1].gap and len(text) > 3 and not is_question(first.text)):
        lines = [line for line in lines if line is not first]
    if (differs(last) and (last.gap or len(text) > 2)) or (tight and last.gap and len(text) > 3):
        lines = [line for line in lines if line is not last]
    return lines


def _speaks(text: str) -> bool:
    return text.rstrip().endswith(("!", "！"))
