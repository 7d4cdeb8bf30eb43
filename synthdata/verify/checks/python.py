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
    "missing-attribute", "missing-module-member", "unknown-argument", "no-matching-overload", "not-callable",
    "import-not-found",
})  # fmt: skip
_WARNINGS = threading.Lock()  # what is ignored is told for the whole process
_MESSAGE = re.compile(r"^(?P<file>\d+)\.py:(?P<line>\d+):\d+: \w+\[(?P<rule>[\w-]+)\] (?P<said>.*)$", re.M)
_LEFT_OUT = re.compile(r"(?m)^[ \t]*(?:\.\.\.|…)|<[a-z][\w -]*>|^[^\S\n]*(?:>>>|\$ |In \[|%|!)")


def check_python(texts: Sequence[str]) -> list[list[Problem]]:
    """Check pieces of Python: for each its problems, lines counted from 1 in the text."""
    results: list[list[Problem]] = []
    whole: list[int] = []
    for number, text in enumerate(texts):
        problem = check_syntax(text)
        results.append([problem] if problem else [])
        if problem is None and len(text) <= MAX_CHARACTERS and re.search(r"(?m)^[^\S\n]*(?:import|from)\s", text):
            whole.append(number)
    for number, line, rule, said in _run_checker([texts[number] for number in whole]):
        found = _explain(texts[whole[number]], line, rule, said)
        if found:
            results[whole[number]].append(found)
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


def _parse(text: str) -> None:
    """Parse a text; what the parser only warns of is nobody's concern here, and must not be raised where warnings are errors."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(text)


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
    """Keep a finding that is certain whatever stands around the snippet, as a problem."""
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
    if match := re.match(r"No overload of (?:bound method|function) `([\w.]+)` matches arguments", said):
        name = _find_wrong_keyword(match[1], shown)
        return Problem("unknown argument", f"{match[1]}({name}=…)", line) if name else None
    return None


def _find_wrong_keyword(name: str, shown: str) -> str:
    """Find a keyword in a call of a pandas or built-in function that its signature does not have; "" when all are known."""
    import builtins
    import inspect

    import pandas

    owner, _, method = name.rpartition(".")
    holder = getattr(pandas, owner, None) if owner else pandas
    function = getattr(holder, method, None) or (getattr(builtins, method, None) if not owner else None)
    try:
        parameters = inspect.signature(function).parameters if callable(function) else {}
    except (TypeError, ValueError):
        return ""
    if not parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return ""
    call = re.search(rf"\b{re.escape(method)}\((.*)\)", shown)
    keywords = (
        re.findall(r"(?:^|,)\s*(\w+)\s*=(?!=)", re.sub(r"[\[({][^\[\](){{}}]*[\])}]", "", call[1])) if call else []
    )
    return next((keyword for keyword in keywords if keyword not in parameters), "")
