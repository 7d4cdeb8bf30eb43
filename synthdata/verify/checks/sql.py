"""Check that SQL parses in at least one dialect, by sqlglot, statement by statement.

SQL has dialects, and no parser knows each statement of each: only a statement that begins like one that all of them have
(SELECT, INSERT, …, or nearly so) can be wrong. What the parser passes over as a command of a server was not judged.
"""

import difflib
import functools
import importlib.util
import logging
import re

from synthdata.verify.parse.markdown import Block
from synthdata.verify.problems import Problem

DIALECTS = ("postgres", "mysql", "sqlite", "tsql", "oracle", "duckdb", "bigquery", "snowflake")
_VERBS = ("select", "with", "insert", "update", "delete", "create", "alter", "drop", "merge", "replace", "values")
_JUDGED = frozenset(
    [
        "Select",
        "Union",
        "Intersect",
        "Except",
        "Insert",
        "Update",
        "Delete",
        "Create",
        "Alter",
        "Drop",
        "Merge",
        "Values",
    ]
)
# Elisions, placeholders, usage lines, prompts and commands of clients, tables of output, procedures.
_LEFT_OUT = re.compile(
    r"\.\.\.|…|<[a-z][\w -]*>|\{\{|\{\w+\}|\[\s*,|\$\$|:[\'\"]\w|\binto\s+(?:outfile|dumpfile|@)"
    r"|(?m:^[^\S\n]*(?:\\\w|\.\w|\+-|\||(?:mysql|sqlite|MariaDB[^>\n]*)>|\w+[=-][#>]|delimiter\b|go[^\S\n]*$|/[^\S\n]*$))"
    r"|\bcreate\b[^;]{0,60}\b(?:procedure|function|trigger|package|event)\b",
    re.I,
)
_STATEMENT_END = re.compile(r";[ \t]*(?:--[^\n]*)?(?:\n|\Z)")
_MAX_CHARACTERS = 20_000


def can_judge_sql(block: Block) -> bool:
    """Tell whether anything in a piece of SQL was judged: a whole statement that every dialect knows."""
    return _is_whole(block) and any(_read_statement(text) != "unknown" for text, _ in _split(block.text))


def check_sql(block: Block) -> list[Problem]:
    """Check that SQL parses: at most one problem, its line counted from 1 in the text."""
    for text, line in _split(block.text) if _is_whole(block) else ():
        if _read_statement(text) == "wrong":
            first = next(part for part in text.split("\n") if part.strip())
            return [Problem("code syntax", first.strip()[:120], line, "is no SQL")]
    return []


def _is_whole(block: Block) -> bool:
    text = block.text
    if not text.strip() or len(text) > _MAX_CHARACTERS or _LEFT_OUT.search(text):
        return False
    return importlib.util.find_spec("sqlglot") is not None


def _split(text: str) -> list[tuple[str, int]]:
    """Cut a text into statements, each with its first line; one within which a string holds a semicolon stays whole."""
    parts, start = [], 0
    for match in [*_STATEMENT_END.finditer(text), None]:
        end = match.end() if match else len(text)
        part = text[start:end]
        if match and part.count("'") % 2:
            continue
        if part.strip():
            blank = len(part) - len(part.lstrip())
            parts.append((part, text.count("\n", 0, start + blank) + 1))
        start = end
    return parts


@functools.lru_cache(maxsize=256)
def _read_statement(text: str) -> str:
    """Read a statement in one dialect after another: "judged" when one takes it whole, "wrong", or "unknown"."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of what it passes over
    for dialect in DIALECTS:
        try:
            found = [type(tree).__name__ for tree in sqlglot.parse(text, read=dialect) if tree is not None]
        except SqlglotError:
            continue
        except RecursionError:
            return "unknown"
        return "judged" if found and set(found) <= _JUDGED else "unknown"
    plain = re.sub(r"--[^\n]*|#[^\n]*|/\*.*?\*/", " ", text, flags=re.S)
    word = re.match(r"\s*\(*([a-zA-Z]+)\s", plain)
    return "wrong" if word and difflib.get_close_matches(word[1].lower(), _VERBS, 1, 0.8) else "unknown"
