"""Check that code parses, by tree-sitter's grammar for its language; code with elisions or placeholders is left alone."""

import functools
import importlib
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
}
_LEFT_OUT = re.compile(r"(?m)\.\.\.|…|<[a-z][\w -]*>|\{\{|^\s*[$>#%] |^\s*In \[")
_MAX_CHARACTERS = 20_000


def can_judge_code(block: Block) -> bool:
    """Tell whether a piece of code is of a language with a grammar here, and whole enough to be parsed."""
    text = block.text
    known = list_language(block) in GRAMMARS and bool(text.strip())
    return known and len(text) <= _MAX_CHARACTERS and _LEFT_OUT.search(text) is None


def check_code(block: Block) -> list[Problem]:
    """Check that a piece of code parses: at most one problem, its line counted from 1 in the text."""
    if not can_judge_code(block):
        return []
    text = block.text
    root = _make_parser(*GRAMMARS[list_language(block)]).parse(text.encode("utf-8", "replace")).root_node
    if not root.has_error:
        return []
    node = _find_error(root)
    lines = text.split("\n")
    line = min(node.start_point[0], len(lines) - 1)
    return [Problem("code syntax", lines[line].strip()[:120], line + 1, f"is no {list_language(block)}")]


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
