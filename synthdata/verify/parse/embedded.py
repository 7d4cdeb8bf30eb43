"""Shell commands inside files: recipes of a Makefile, RUN of a Dockerfile, `run:` of a CI job, ExecStart, subprocess calls."""

import ast
import re
import shlex
from collections.abc import Iterator
from typing import Any

_MAX_PYTHON = 20_000
_MAX_DEPTH = 30
_RUN_KEYS = frozenset({"run", "script", "before_script", "after_script", "command", "cmd", "entrypoint", "args"})
_CALLS = frozenset(
    {"run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput", "system", "popen"}
)


def find_scripts(kind: str, text: str) -> Iterator[tuple[str, int]]:
    """Yield shell text and its line (1-based in the text) for each command that a file of this kind holds."""
    if kind == "makefile":
        for number, line in enumerate(text.split("\n"), start=1):
            if match := re.match(r"(?:\t| {2,})[@+-]*(?=\S)(.*)", line):
                yield match[1].replace("$$", "$"), number
    elif kind == "unit":
        for number, line in enumerate(text.split("\n"), start=1):
            if match := re.match(r"\s*Exec\w+\s*=\s*[-@:+!|]*(.*)", line):
                yield match[1], number
    elif kind == "dockerfile":
        yield from _read_dockerfile(text)
    elif kind in ("yaml", "compose"):
        yield from _read_yaml(text)
    elif kind == "python":
        yield from _read_python(text)


def _read_dockerfile(text: str) -> Iterator[tuple[str, int]]:
    lines, number = text.split("\n"), 0
    while number < len(lines):
        first, line = number, lines[number]
        while line.rstrip().endswith("\\") and number + 1 < len(lines):
            number += 1
            line += f"\n{lines[number]}"
        number += 1
        match = re.match(
            r"\s*(?:HEALTHCHECK\b[^\n]*?\bCMD|RUN|CMD|ENTRYPOINT)\s+((?:--[\w-]+(?:=\S*)?\s+)*)(.*)", line, re.S | re.I
        )
        if match is None:
            continue
        command = match[2].strip()
        if command.startswith("["):
            words = re.findall(r'"((?:[^"\\]|\\.)*)"', command)
            command = shlex.join(words) if words and command.rstrip().endswith("]") else ""
        if command and not command.startswith("<<"):
            yield re.sub(r"(?m)^[ \t]*#.*$", "", command), first + 1


def _read_yaml(text: str) -> Iterator[tuple[str, int]]:
    # Read by lines, not by a parser: a fragment need not parse, and only these keys matter.
    if not re.search(r"(?m)^[ \t-]*(?:run|script|before_script|after_script|command|cmd|entrypoint|args)[ \t]*:", text):
        return
    lines = text.split("\n")
    for number, line in enumerate(lines):
        match = re.match(r"([ \t]*(?:-[ \t]+)?)([\w-]+)[ \t]*:[ \t]*(.*)", line)
        if match is None or match[2] not in _RUN_KEYS:
            continue
        depth, value = len(match[1]), match[3].strip()
        body = _list_body(lines, number + 1, depth)
        if re.fullmatch(r"[|>][-+\d]*(?:\s*#.*)?", value):
            yield "\n".join(item for item, _ in body), number + 2
        elif value.startswith("["):
            words = [part.strip("\"' ") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^,\[\]]+", value)]
            yield shlex.join(word for word in words if word), number + 1
        elif value:
            yield value.strip("\"'") if value[0] == value[-1:] and value[0] in "\"'" else value, number + 1
        else:
            items = [(re.match(r"[ \t]*-[ \t]+(.*)", item), place) for item, place in body]
            found = [(match[1].strip().strip("\"'"), place) for match, place in items if match]
            if match[2] in ("command", "entrypoint", "args", "cmd"):
                yield shlex.join(item for item, _ in found), number + 2
            else:
                yield from ((item, place + 1) for item, place in found if not re.fullmatch(r"[|>][-+]?", item))


def _list_body(lines: list[str], start: int, depth: int) -> list[tuple[str, int]]:
    body = []
    for place in range(start, len(lines)):
        line = lines[place]
        indent = len(line) - len(line.lstrip())
        if line.strip() and (indent < depth or (indent == depth and not line.lstrip().startswith("- "))):
            break
        body.append((line, place))
    return body


def _read_python(text: str) -> Iterator[tuple[str, int]]:
    if len(text) > _MAX_PYTHON or not re.search(r"\b(?:subprocess|os\.(?:system|popen)|check_output|Popen)\b", text):
        return
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _CALLS and (command := _read_argument(node.args[0])):
                yield command, node.lineno


def _read_argument(node: Any) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple)) and node.elts:
        words = [
            item.value if isinstance(item, ast.Constant) and isinstance(item.value, str) else "<value>"
            for item in node.elts
        ]
        return " ".join(word if word == "<value>" else shlex.quote(word) for word in words)
    return ""
