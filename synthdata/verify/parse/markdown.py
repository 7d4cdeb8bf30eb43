"""Markdown -> the code in it, and what stands in prose as code does: each piece with its line in the response.

Fenced and indented blocks, inline and bold spans, `<pre>` and `<code>`, lines of prose that are nothing but a command, and
the same again inside a fence that holds Markdown. One mistake that models make and a strict parser punishes is mended: a fence
in a list whose lines or closing fence are indented less than its opening.
"""

import functools
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

MAX_CHARACTERS = 100_000  # the parsers are linear up to here on every input we tried; longer responses are cut

NESTED = 3  # Markdown inside a fence of Markdown
CONTEXT = 200  # characters kept on each side of an inline span

_BOLD = re.compile(r"(\*\*|__)(?=\S)([^*\n]{2,200}?)(?<=\S)\1")
_HTML = re.compile(r"<pre\b[^>]*>(?P<pre>.{1,4000}?)</pre>|<code\b[^>]*>(?P<code>[^<\n]{1,300})</code>", re.S | re.I)
_FENCE = re.compile(r"([ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(`{3,}|~{3,})([^\n]*)")


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of code.

    form: "fence", "indented", "inline" (a code or bold span) or "prose" (a line outside code). language: the first word of a
    fence's info string, in lower case, "" when there is none. text: the code. line: 1-based line of its first line in the
    response. closed: False for a fence that is never closed. before, after: for an inline span, its paragraph on either side;
    for a block, before is the paragraph above it and the fence's info string.
    """

    form: str
    language: str
    text: str
    line: int
    closed: bool = True
    before: str = ""
    after: str = ""


def parse_markdown(text: str, depth: int = 0) -> list[Block]:
    """Find the code of a response, in the order of the text. Only its first MAX_CHARACTERS are read."""
    text = text[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    text = _HTML.sub(_open_html, text) if "<" in text else text
    blocks: list[Block] = []
    paragraph = ""
    for token in _make_parser().parse(_align_fences(text)):
        start, end = token.map or (0, 0)
        if token.type == "fence":
            language = re.split(r"[\s,{}:]", token.info.strip().lstrip("{."), maxsplit=1)[0].lower()
            lines = (
                len(token.content.split("\n")) - 1 if token.content.endswith("\n") else len(token.content.split("\n"))
            )
            closed = end - start == (lines if token.content else 0) + 2
            if language in ("markdown", "md") and depth < NESTED and re.search(r"^\s*(?:```|~~~)", token.content, re.M):
                inner = parse_markdown(token.content, depth + 1)
                blocks += [replace(block, line=block.line + start + 1) for block in inner]
            else:
                blocks.append(Block("fence", language, token.content, start + 2, closed, f"{paragraph}\n{token.info}"))
            paragraph = ""
        elif token.type == "code_block":
            blocks.append(Block("indented", "", token.content, start + 1, True, paragraph))
            paragraph = ""
        elif token.type == "inline":
            paragraph = token.content
            blocks += _find_spans(token, start)
    return blocks


def _find_spans(token: Any, start: int) -> Iterator[Block]:
    """Yield the code spans of a paragraph, then its bold spans, and its lines that hold neither."""
    paragraph = token.content
    places = [child.meta["span"] for child in token.children or () if child.type == "code_inline"]
    contents = [child.content for child in token.children or () if child.type == "code_inline"]
    bold = [] if len(paragraph) > 20_000 else [match for match in _BOLD.finditer(paragraph) if "`" not in match[0]]
    spans = [*zip(places, contents, strict=True), *((match.span(), match[2]) for match in bold)]
    line, seen = start + 1, 0
    for (first, last), content in sorted(spans):
        line, seen = line + paragraph.count("\n", seen, first), first
        before, after = paragraph[max(0, first - CONTEXT) : first], paragraph[last : last + CONTEXT]
        yield Block("inline", "", content, line, True, before, after)
    for number, text in enumerate(paragraph.split("\n")):
        if "`" not in text and "**" not in text and 0 < len(text) < 400:
            yield Block("prose", "", text, start + 1 + number)


def _open_html(match: re.Match[str]) -> str:
    """Write <pre> as a fence and <code> as a span, on as many lines as before."""
    text = html.unescape(re.sub(r"</?(?:code|span|b|strong|em|i)\b[^>]*>", "", match["pre"] or match["code"] or ""))
    if match["pre"] is None:
        return f"`{text}`" if "`" not in text and "\n" not in text else match[0]
    before = match.string[: match.start()]
    if "```" in text or (before.count("```") % 2):
        return match[0]
    # The fence needs lines of its own: the blank ones of the block where it has them, else the text is one line.
    return text if text.count("\n") > 1 else f"`{text.strip()}`" if "\n" not in text.strip() else text


def _align_fences(text: str) -> str:
    """Give every line of a fence, the closing one included, at least the indentation of its opening, as its writer meant.

    A block of which no line is indented that far keeps its own indentation: all its lines move right by as much.
    """
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
        if match is not None and match[2].startswith(mark) and not match[3].strip() and not match[1].strip():
            inner = range(opened + 1, number)
            depths = [len(lines[i]) - len(lines[i].lstrip()) for i in inner if lines[i].strip()]
            shallow = indent and depths and min(depths) < len(indent)
            for i in inner if shallow else ():
                lines[i] = indent + lines[i] if lines[i].strip() else lines[i]
            lines[number] = indent + line.lstrip()
            opening = None
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
