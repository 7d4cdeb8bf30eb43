"""Code of other languages: does it parse? By tree-sitter's grammar for each; elisions and placeholders are left alone."""

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


def check_code(block: Block) -> list[Problem]:
    """Check that a piece of code parses: at most one problem, its line counted from 1 in the text."""
    grammar = GRAMMARS.get(list_language(block))
    text = block.text
    if grammar is None or not text.strip() or len(text) > _MAX_CHARACTERS or _LEFT_OUT.search(text):
        return []
    root = _make_parser(*grammar).parse(text.encode("utf-8", "replace")).root_node
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
