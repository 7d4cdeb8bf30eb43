"""Check Python: that it parses, and that the modules, attributes and arguments it uses exist, by a type checker; nothing is run.

`ty` reads all answers in one start, against the standard library's types and those of the packages installed here (with their
stubs). It is told to report only what is certain: modules, members and arguments that do not exist. A snippet may leave out
what stands around it, so names that it does not define itself are no fault.
"""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path

from synthdata.base.extras import report_missing
from synthdata.verify.checks.linters import run_program
from synthdata.verify.parse.markdown import Block
from synthdata.verify.problems import Problem

SECONDS, SECONDS_EACH = 20.0, 0.5
MAX_CHARACTERS = 20_000
MAX_NESTING = 60
_CERTAIN = frozenset({
    "missing-attribute", "missing-module-member", "unknown-argument", "not-callable", "import-not-found",
})  # fmt: skip
_WARNINGS = threading.Lock()  # what is ignored is told for the whole process
_MESSAGE = re.compile(r"^(?P<file>\d+)\.py:(?P<line>\d+):\d+: \w+\[(?P<rule>[\w-]+)\] (?P<said>.*)$", re.M)
_NO_OVERLOAD = re.compile(r"No overload of (?:bound method|function) `([\w.]+)` matches arguments")
_LEFT_OUT = re.compile(r"(?m)^[ \t]*(?:\.\.\.|…)|<[a-z][\w -]*>|^[^\S\n]*(?:>>>|\$ |In \[|%|!)")


def check_python(texts: Sequence[str]) -> list[list[Problem]]:
    """Check pieces of Python: for each its problems, lines counted from 1 in the text."""
    results: list[list[Problem]] = []
    whole: list[int] = []
    for number, text in enumerate(texts):
        problem = check_syntax(text)
        results.append([problem] if problem else [])
        if problem is None and len(text) <= MAX_CHARACTERS:
            whole.append(number)
    judged = [texts[number] for number in whole]
    unfit: list[tuple[int, int, str]] = []
    for number, line, rule, said in _run_checker(judged):
        if match := _NO_OVERLOAD.match(said):
            unfit.append((number, line, match[1]))
        elif found := _explain(judged[number], line, rule, said):
            results[whole[number]].append(found)
    for (number, line, name), keyword in _find_wrong_keywords(judged, unfit).items():
        results[whole[number]].append(Problem("unknown argument", f"{name}({keyword}=…)", line))
    return results


def can_judge_python(block: Block) -> bool:
    """Tell whether a piece of Python is whole enough to be parsed by Python 3."""
    text = block.text
    if not text.strip() or len(text) > MAX_CHARACTERS or _LEFT_OUT.search(text) or _is_deep(text):
        return False
    try:
        _parse(text)
    except SyntaxError:
        return check_syntax(text) is not None
    except (ValueError, RecursionError, MemoryError):
        return False
    return True


def _parse(text: str) -> ast.Module:
    """Parse a text; what the parser only warns of is nobody's concern here, and must not be raised where warnings are errors."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def check_syntax(text: str) -> Problem | None:
    """Check that a text parses as Python; sessions, elisions and other versions' statements are left alone."""
    if len(text) > MAX_CHARACTERS or _LEFT_OUT.search(text) or _is_deep(text):
        return None
    try:
        _parse(text)
    except SyntaxError as cause:
        line = min(cause.lineno or 1, text.count("\n") + 1)
        shown = text.split("\n")[line - 1].strip()
        if re.match(r"(?:print|exec) [^(]", shown):
            return None  # Python 2, which was right once
        return Problem("code syntax", shown[:120], line, str(cause.msg)[:120])
    except (ValueError, RecursionError, MemoryError):
        return None
    return None


def _is_deep(text: str) -> bool:
    depth = deepest = 0
    for mark in re.findall(r"[([{)\]}]", text):
        depth = max(0, depth + (1 if mark in "([{" else -1))
        deepest = max(deepest, depth)
    indent = max((len(match[0]) for match in re.finditer(r"(?m)^[ \t]+", text)), default=0)
    return deepest > MAX_NESTING or indent > 4 * MAX_NESTING


def _run_checker(texts: Sequence[str]) -> list[tuple[int, int, str, str]]:
    """Run the type checker once over all texts: number of the text, line, rule and message of each finding."""
    if not texts:
        return []
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    program = shutil.which("ty", path=path)
    if program is None:
        raise report_missing("the program 'ty'", "verify", "checking Python")
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            Path(folder, f"{number}.py").write_text(text, encoding="utf-8", errors="replace")
        options = ["--output-format", "concise", "--exit-zero", "--no-progress", "--python", sys.prefix]
        try:
            printed = run_program([program, "check", *options, "."], folder, SECONDS + SECONDS_EACH * len(texts))
        except subprocess.TimeoutExpired:
            return []
    said = printed.decode("utf-8", "replace")
    return [(int(m["file"]), int(m["line"]), m["rule"], m["said"]) for m in _MESSAGE.finditer(said)]


def _explain(text: str, line: int, rule: str, said: str) -> Problem | None:
    """Keep a finding that is certain whatever stands around the snippet, as a problem; what may be meant is a remark."""
    if (
        rule == "possibly-missing-submodule"
    ):  # `import logging` alone gives no logging.handlers, unless another module does
        match = re.search(
            r"[A-Za-z_][\w.]*\." + said.partition("`")[2].partition("`")[0] + r"\b", text.split("\n")[line - 1]
        )
        return Problem("module not imported", match[0], line, f"import {match[0]}", fatal=False) if match else None
    if rule not in _CERTAIN or re.search(r"Unknown|\bNone\b|@|Todo|Never|Divergent", said.partition(" has no ")[0]):
        return None
    shown = text.split("\n")[line - 1].strip()[:120]
    if match := re.match(r"Module `([\w.]+)` has no member `(\w+)`", said):
        return Problem("unknown attribute", f"{match[1]}.{match[2]}", line)
    if match := re.match(r"Object of type `(?:Literal\[)?(\w+|\"[^\"]*\")[^`|]*` has no attribute `(\w+)`", said):
        return Problem("unknown attribute", f"{match[1]}.{match[2]}"[:120], line)
    if (
        rule == "not-callable"
        and (match := re.search(r"\.(\w+)\(", shown))
        and re.search(r"`Series(?:GroupBy)?\[", said)
    ):
        return Problem("unknown attribute", f"DataFrame.{match[1]}", line)  # read as a column, which cannot be called
    if match := re.match(
        r"Argument `(\w+)` does not match any known parameter of (?:bound method|function) `([\w.]+)`", said
    ):
        return Problem("unknown argument", f"{match[2]}({match[1]}=…)", line)
    if rule == "import-not-found" and (match := re.search(r"module `([\w.]+)\.(\w+)`", said)):
        known = importlib.util.find_spec(match[1].partition(".")[0]) is not None
        return Problem("unknown import", f"{match[1]}.{match[2]}", line) if known else None
    return None


def _find_wrong_keywords(
    texts: Sequence[str], findings: Sequence[tuple[int, int, str]]
) -> dict[tuple[int, int, str], str]:
    """Find the keyword that no overload of a function has, for each call that fits none: by number of the text, line and name.

    Which argument is at fault, the checker does not say, and a value of another type would be no invented name. So the call
    is put to it again with values that fit everything, as it is and without each of its keywords in turn: the keyword without
    which the call fits is the one that does not exist.
    """
    variants: list[tuple[tuple[int, int, str], str, str]] = []
    for finding in findings:
        number, line, name = finding
        call = _find_call(texts[number], line, name)
        if call is not None:
            names = [keyword.arg for keyword in call.keywords if keyword.arg]
            variants += [(finding, left_out, _write_call(texts[number], call, left_out)) for left_out in ("", *names)]
    found = {
        (number, line, match[1])
        for number, line, rule, said in _run_checker([text for _, _, text in variants])
        if rule == "no-matching-overload" and (match := _NO_OVERLOAD.match(said))
    }
    wrong: dict[tuple[int, int, str], str] = {}
    unfit: set[tuple[int, int, str]] = set()
    for place, (finding, left_out, _) in enumerate(variants):
        fits = (place, *finding[1:]) not in found
        if not left_out and not fits:
            unfit.add(finding)
        elif left_out and fits and finding in unfit:
            wrong.setdefault(finding, left_out)
    return wrong


def _find_call(text: str, line: int, name: str) -> ast.Call | None:
    """Find the call of a function, by its last name, that begins in a line; None when there are several, or none."""
    last = name.rpartition(".")[2]
    try:
        tree = _parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and node.lineno == line
        and last == getattr(node.func, "attr", getattr(node.func, "id", ""))
    ]
    return calls[0] if len(calls) == 1 else None


def _write_call(text: str, call: ast.Call, left_out: str) -> str:
    """Write a text with all arguments of one call replaced by a value of any type, one keyword left out."""
    values = ["*_any" if isinstance(value, ast.Starred) else "_any" for value in call.args]
    values += [f"{k.arg}=_any" if k.arg else "**_any" for k in call.keywords if k.arg is None or k.arg != left_out]
    lines = text.encode().split(b"\n")  # ast counts columns in bytes
    start, end = (call.func.end_lineno or 1) - 1, (call.end_lineno or 1) - 1
    head, tail = lines[start][: call.func.end_col_offset], lines[end][call.end_col_offset :]
    lines[start : end + 1] = [head + f"({', '.join(values)})".encode() + tail]
    # Behind everything else, so that no line moves.
    return b"\n".join(lines).decode("utf-8", "replace") + "\n\nfrom typing import Any\n_any: Any = None\n"
