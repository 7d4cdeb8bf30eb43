"""Check that code parses, by tree-sitter's grammar for its language; code with elisions or placeholders is left alone.

Fragments are code too: what parses within a class or a function is right. The grammars of C and C++ know no macro and stumble
over good code, so what they do not read is a remark, and is not counted as judged.
"""

import functools
import importlib
import importlib.util
import re
from typing import Any

from synthdata.verify.parse.classify import list_language
from synthdata.verify.parse.markdown import Block
from synthdata.verify.problems import Problem

# language of a fence -> module of its grammar, and the function in it
GRAMMARS = {
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "hcl": ("tree_sitter_hcl", "language"),
    "java": ("tree_sitter_java", "language"),
    "c_sharp": ("tree_sitter_c_sharp", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
}
REMARKED = frozenset(["c", "cpp"])
_NAMES = {"c_sharp": "C#", "cpp": "C++"}
# What a fragment may stand in, where it is no whole file.
_AROUND = {
    "java": ("class X {{\n{}\n}}", "class X {{ void f() {{\n{}\n}} }}", "class X {{ Object f() {{ return\n{}\n;}} }}"),
    "c_sharp": (
        "class X {{\n{}\n}}",
        "class X {{ void F() {{\n{}\n}} }}",
        "class X {{ object F() {{ return\n{}\n;}} }}",
    ),
    "rust": ("fn f() {{\n{}\n}}", "impl X {{\n{}\n}}", "fn f() {{ match x {{\n{}\n}} }}"),
    "c": ("void f(void) {{\n{}\n}}",),
    "cpp": ("void f() {{\n{}\n}}", "struct X {{\n{}\n}};"),
    "php": ("<?php\n{}\n", "<?php class X {{\n{}\n}}", "<?php\n{}\n;"),
}
_LEFT_OUT = re.compile(r"(?m)\.\.\.|…|<[a-z][\w -]*>|\{\{|^[^\S\n]*[$>#%] |^[^\S\n]*In \[")
# Three dots, names in angle brackets, double braces and lines that begin with # mean something in these languages.
_LEFT_OUT_OF = {
    "java": re.compile(
        r"(?m)^[^\S\n]*(?:(?://|/\*)[^\S\n]*)?\.\.\.|…|\{\s*\.\.\.\s*\}|\(\s*\.\.\.\s*\)|^[^\S\n]*[$>%] |=\s*\.\.\."
    ),
    "ruby": re.compile(r"(?m)^[^\S\n]*\.\.\.[^\S\n]*$|…|^[^\S\n]*[$>%] |^irb|=>? \.\.\.|__END__"),
}
_LEFT_OUT_OF |= dict.fromkeys(("c_sharp", "rust", "php", "c", "cpp"), _LEFT_OUT_OF["java"])
_MAX_CHARACTERS = 20_000


def can_judge_code(block: Block) -> bool:
    """Tell whether a piece of code is of a language with a grammar here, and whole enough to be parsed."""
    language = list_language(block)
    return _is_whole(block) and (language not in REMARKED or _find_fault(language, block.text) is None)


def check_code(block: Block) -> list[Problem]:
    """Check that a piece of code parses: at most one problem, its line counted from 1 in the text."""
    language = list_language(block)
    fault = _find_fault(language, block.text) if _is_whole(block) else None
    if fault is None:
        return []
    lines = block.text.split("\n")
    line = min(fault, len(lines) - 1)
    said = f"is no {_NAMES.get(language, language)}"
    return [Problem("code syntax", lines[line].strip()[:120], line + 1, said, fatal=language not in REMARKED)]


def _is_whole(block: Block) -> bool:
    language = list_language(block)
    if language not in GRAMMARS or not block.text.strip() or len(block.text) > _MAX_CHARACTERS:
        return False
    left_out = _LEFT_OUT_OF.get(language, _LEFT_OUT)
    return left_out.search(block.text) is None and importlib.util.find_spec(GRAMMARS[language][0]) is not None


@functools.lru_cache(maxsize=64)
def _find_fault(language: str, text: str) -> int | None:
    """Find the line, from 0, at which a text is none of a language; None where it is, as it stands or within a class."""
    around = () if language == "php" and "<?" in text else _AROUND.get(language, ())
    first = around[0] if language == "php" and around else "{}"  # without a tag nothing of it is PHP
    parser = _make_parser(*GRAMMARS[language])
    root = parser.parse(first.format(text).encode("utf-8", "replace")).root_node
    if not root.has_error:
        return None
    for frame in around:
        if not parser.parse(frame.format(text).encode("utf-8", "replace")).root_node.has_error:
            return None
    return max(_find_error(root).start_point[0] - first.count("\n", 0, first.index("{}")), 0)


def _find_error(root: Any) -> Any:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            return node
        pending.extend(reversed([child for child in node.children if child.has_error or child.is_missing]))
    return root


@functools.cache
def _make_parser(module: str, function: str) -> Any:
    import tree_sitter

    grammar = importlib.import_module(module)
    return tree_sitter.Parser(tree_sitter.Language(getattr(grammar, function)()))
