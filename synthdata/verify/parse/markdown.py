"""Markdown -> the code in it: fenced and indented blocks, inline spans, each with its line in the response.

Covers CommonMark by markdown-it-py, and one mistake that models make and a strict parser punishes: a fence in a list
whose lines or closing fence are indented less than its opening. Not covered: what a block holds (kinds.py), HTML
blocks (read as text, so that code below a <details> is still found), tables.
"""

import functools
import re
from dataclasses import dataclass
from typing import Any

MAX_CHARACTERS = 100_000  # the parsers are linear up to here on every input we tried; longer responses are cut

CONTEXT = 200  # characters kept on each side of an inline span

_FENCE = re.compile(r"([ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(`{3,}|~{3,})([^\n]*)")


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of code.

    form: "fence", "indented" or "inline". language: the first word of a fence's info string, in lower case, "" when
    there is none. text: the code. line: 1-based line of its first line in the response. closed: False for a fence that
    is never closed. before, after: for an inline span, its paragraph on either side; for a block, before is the
    paragraph above it and the fence's info string.
    """

    form: str
    language: str
    text: str
    line: int
    closed: bool = True
    before: str = ""
    after: str = ""


def parse_markdown(text: str) -> list[Block]:
    """Find the code of a response, in the order of the text. Only its first MAX_CHARACTERS are read."""
    text = text[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    blocks: list[Block] = []
    paragraph = ""
    for token in _make_parser().parse(_align_fences(text)):
        start, end = token.map or (0, 0)
        if token.type == "fence":
            language = re.split(r"[\s,{:]", token.info.strip().lstrip("{."), maxsplit=1)[0].lower()
            lines = (
                len(token.content.split("\n")) - 1 if token.content.endswith("\n") else len(token.content.split("\n"))
            )
            closed = end - start == (lines if token.content else 0) + 2
            blocks.append(Block("fence", language, token.content, start + 2, closed, f"{paragraph}\n{token.info}"))
            paragraph = ""
        elif token.type == "code_block":
            blocks.append(Block("indented", "", token.content, start + 1, True, paragraph))
            paragraph = ""
        elif token.type == "inline":
            paragraph = token.content
            line, seen = start + 1, 0
            for child in token.children or ():
                if child.type == "code_inline":
                    first, last = child.meta["span"]
                    line, seen = line + paragraph.count("\n", seen, first), first
                    before, after = paragraph[max(0, first - CONTEXT) : first], paragraph[last : last + CONTEXT]
                    blocks.append(Block("inline", "", child.content, line, True, before, after))
    return blocks


def _align_fences(text: str) -> str:
    # Give every line of a fence, the closing one included, at least the indentation of its opening, as its writer meant.
    lines, opened = text.split("\n"), 0
    original = lines.copy()
    opening: tuple[str, str] | None = None
    for number, line in enumerate(lines):
        match = _FENCE.match(line)
        if opening is None:
            # An info string with a backtick is an inline span that begins a line, not a fence.
            if match and not (match[2][0] == "`" and "`" in match[3]):
                opening, opened = (" " * len(match[1].expandtabs(4)), match[2]), number
            continue
        indent, mark = opening
        closes = match is not None and match[2].startswith(mark) and not match[3].strip() and not match[1].strip()
        if closes:
            lines[number] = indent + line.lstrip()
            opening = None
        elif indent and line.strip() and len(line) - len(line.lstrip()) < len(indent):
            lines[number] = indent + line.lstrip()
    # A fence that is never closed has no end to align to.
    return "\n".join(lines if opening is None else lines[:opened] + original[opened:])


@functools.cache
def _make_parser() -> Any:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import backtick

    def mark_span(state: Any, silent: bool) -> bool:
        # The stock rule keeps no position, and a span has no line of its own without one.
        first, tokens = state.pos, len(state.tokens)
        found = backtick(state, silent)
        if found and len(state.tokens) > tokens and state.tokens[-1].type == "code_inline":
            state.tokens[-1].meta = {"span": (first, state.pos)}
        return bool(found)

    parser = MarkdownIt("commonmark").disable(["html_block", "reference"])
    parser.inline.ruler.at("backticks", mark_span)
    parser.inline.ruler.enableOnly(["text", "newline", "escape", "backticks"])
    parser.inline.ruler2.enableOnly([])
    return parser
