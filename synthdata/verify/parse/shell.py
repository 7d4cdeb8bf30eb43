"""Shell text -> the simple commands in it, as words, wherever they stand: pipelines, substitutions, loops, heredocs, `sh -c`.

Bash is read by tree-sitter's grammar. Placeholders that people write in documentation (`<name>`, `[OPTIONS]`, `...`, `{name}`,
CONTAINER_ID) are words; prefixes (sudo, env, xargs) are taken off with their own options; a line that bash itself would not
continue (a space or a comment after the backslash) is continued, and said. Variables are not expanded.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from synthdata.verify.parse.nested import find_inner, names_script, reads_script
from synthdata.verify.parse.placeholders import hide_placeholders, is_stand_in, show_placeholders
from synthdata.verify.problems import Problem, Word

NESTED = 3  # commands inside commands inside commands
PIECE = 4_000  # characters that are parsed at once
_BROKEN_CONTINUATION = re.compile(r"\\([ \t]+(?:#[^\n]*)?)(?=\n)")
_SCHEDULE = re.compile(
    r"(?m)^[ \t]{0,12}(?:(?:[\d*/,-]{1,20}[ \t]{1,8}){5}|@(?:hourly|daily|weekly|monthly|reboot)[ \t])(?=[a-z/])"
)
_COMMENT_IN_COMMAND = re.compile(r"(?<=\\\n)([ \t]*#[^\n]*)(?=\n)")

_ESCAPED = re.compile(r"\\(\n|.)")
_ESCAPED_IN_QUOTES = re.compile(r"\\([$`\"\\\n])")
_EXPANDS = re.compile(r"[*?]|\{[^}]*(,|\.\.)[^}]*\}")
_ELASTIC = ("simple_expansion", "expansion", "command_substitution", "brace_expression")

# Prefixes, with those of their own options that take the next word.
_PREFIXES = {
    "sudo": "ugpCcrtThUDR", "doas": "uC", "env": "uCS", "time": "of", "nohup": "", "exec": "a", "command": "",
    "builtin": "", "nice": "n", "ionice": "cnp", "stdbuf": "ioe", "setsid": "", "timeout": "ks",
    "xargs": "IiEeLlnPsda", "winpty": "", "time.exe": "",
}  # fmt: skip

_LONG_WITH_VALUE = """
--user --group --host --prompt --chdir --unset --signal --kill-after --interval --adjustment --max-args --max-procs
--max-lines --replace --delimiter --arg-file --max-chars --output --format
"""


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command.

    words: the program and its arguments, without prefixes and redirections. line: 1-based line in the response. exact:
    False when the number of arguments is not known (a usage line, an unquoted variable, xargs), so that only names can
    be judged. script: text that the command gets as a heredoc and runs, or writes into a script.
    """

    words: tuple[Word, ...]
    line: int
    exact: bool = True
    script: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """What was read of a shell text: its commands, remarks, and whether the grammar found a syntax error."""

    commands: list[Command]
    problems: list[Problem]
    broken: bool


def parse_shell(text: str, line: int = 1, depth: int = 0) -> Script:
    """Read the commands of a shell text whose first line is `line` of the response.

    What stands in a statement with a syntax error is read again line by line; a line with an error gives nothing.
    """
    # A line of a crontab holds a command behind its five fields.
    text = _SCHEDULE.sub(lambda match: " " * len(match[0]), text)
    text, problems = _join_lines(hide_placeholders(text), line)
    commands, broken = [], False
    for first, piece in _split_long_text(text):
        found, torn = _parse_piece(piece, line + first)
        for command in found:
            commands.append(command)
            commands += _read_inner(command, depth) if depth < NESTED else ()
        broken = broken or torn
    return Script(commands, problems, broken)


def _read_inner(command: Command, depth: int) -> Iterator[Command]:
    """Yield the commands inside a command, and those of a script that it is given as a heredoc."""
    for inner in find_inner(command.words):
        if isinstance(inner, Word):
            # What a shell would expand first stays as it is written: `$1` is a placeholder inside too.
            yield from parse_shell(inner.text, inner.line, depth + 1).commands
        elif inner:
            words, _ = _drop_prefixes(list(inner))
            if words:
                yield (further := Command(tuple(words), words[0].line, False))
                yield from _read_inner(further, depth + 1) if depth < NESTED else ()
    if command.script:
        yield from parse_shell(command.script, command.line + 1, depth + 1).commands


def _parse_piece(text: str, line: int) -> tuple[list[Command], bool]:
    root = _make_parser().parse(text.encode("utf-8", "replace")).root_node
    if not root.has_error:
        return list(_find_commands(root, line)), False
    commands: list[Command] = []
    rows: set[int] = set()
    for child in root.children:
        if child.has_error or child.is_error:
            rows.update(range(child.start_point[0], child.end_point[0] + 1))
    for child in root.children:
        if not rows.intersection((child.start_point[0], child.end_point[0])):
            commands += _find_commands(child, line)
    for row, piece in _split_logical_lines(text.split("\n"), rows):
        part = _make_parser().parse(piece.encode("utf-8", "replace")).root_node
        if not part.has_error:
            commands += _find_commands(part, line + row)
    return sorted(commands, key=lambda command: command.line), True


def _split_long_text(text: str) -> Iterator[tuple[int, str]]:
    # The grammar needs the square of a long pipeline's length, so a text longer than people write is read in pieces.
    if len(text) <= PIECE:
        yield 0, text
        return
    lines: list[str] = []
    start = size = 0
    for row, current in enumerate(text.split("\n")):
        if lines and size + len(current) > PIECE and not lines[-1].endswith("\\"):
            yield start, "\n".join(lines)
            lines, size, start = [], 0, row
        lines.append(current if len(current) <= PIECE and size + len(current) <= 2 * PIECE else "")
        size += len(lines[-1]) + 1
    yield start, "\n".join(lines)


def _join_lines(text: str, line: int) -> tuple[str, list[Problem]]:
    problems = []
    for pattern in (_BROKEN_CONTINUATION, _COMMENT_IN_COMMAND):
        row, seen = line, 0

        def join(match: re.Match[str]) -> str:
            nonlocal row, seen
            row, seen = row + match.string.count("\n", seen, match.start()), match.start()
            problems.append(Problem("broken line continuation", match[0].strip() or "\\", row, "\\", fatal=False))
            return " " * (len(match[0]) - 1) + "\\"

        text = pattern.sub(join, text)
    return text, problems


def _split_logical_lines(lines: list[str], rows: set[int]) -> Iterator[tuple[int, str]]:
    start = -1
    pieces: list[str] = []
    for row in sorted(rows):
        if row >= len(lines):
            break
        if not pieces:
            start = row
        pieces.append(lines[row])
        if not lines[row].endswith("\\") or row + 1 not in rows:
            yield start, "\n".join(pieces)
            pieces = []


@functools.cache
def _make_parser() -> Any:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def _find_commands(root: Any, line: int) -> Iterator[Command]:
    # Children are looked at by a list, not by recursion: text may nest as deep as it likes.
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type == "command":
            command = _read_command(node, line)
            if command is not None:
                yield command
        pending.extend(reversed(node.named_children))


def _read_command(node: Any, line: int) -> Command | None:
    parts = node.children_by_field_name("argument")
    name = node.child_by_field_name("name")
    if name is None or node.has_error:
        return None
    parts.insert(0, name.children[0] if name.children else name)
    parent, script, target, dash = node.parent, "", "", False
    if parent is not None and parent.type == "redirected_statement":
        for redirect in parent.children_by_field_name("redirect"):
            # The grammar gives what follows a redirection to the redirection.
            if redirect.type == "file_redirect":
                targets = redirect.children_by_field_name("destination")
                target = targets[0].text.decode("utf-8", "replace").strip("\"'") if targets else ""
                parts += targets[1:]
            elif redirect.type == "heredoc_redirect":
                parts += redirect.children_by_field_name("argument")
                gap = parent.text[node.end_byte - parent.start_byte : redirect.start_byte - parent.start_byte]
                dash = dash or gap.strip() == b"-"  # the grammar drops it
                bodies = [child for child in redirect.children if child.type == "heredoc_body"]
                script = show_placeholders(bodies[0].text.decode("utf-8", "replace")) if bodies else ""
                inner = [child for child in redirect.children if child.type == "file_redirect"]
                for child in inner:
                    found = child.children_by_field_name("destination")
                    target = found[0].text.decode("utf-8", "replace").strip("\"'") if found else target
    words, exact = [], True
    parts.sort(key=lambda part: part.start_byte)
    for part in parts:
        word, single = _read_word(part, line)
        words.append(word)
        exact = exact and single
    if dash:
        words.append(Word("-", True, words[-1].line))
    words, plain = _drop_prefixes(words)
    if not words:
        return None
    if words[0].text == "tee" and len(words) > 1:
        target = words[-1].text
    runs = script and (reads_script(words) or names_script(target, script))
    return Command(tuple(words), words[0].line, exact and plain, script if runs else "")


def _read_word(node: Any, line: int) -> tuple[Word, bool]:
    # Also whether it is certainly one word.
    pieces, known, single = [], True, True
    for part in node.children if node.type in ("concatenation",) else (node,):
        text, certain = _unquote(part)
        pieces.append(text)
        known = known and certain
        single = single and part.type not in _ELASTIC
    text = "".join(pieces)
    shown = show_placeholders(text)
    if shown != text:
        known = False
        single = single and not (shown[0] == "[" or shown.endswith(("...", "...]")))
    elif is_stand_in(text):
        known, single = False, single and "…" not in text
    if node.type in ("word", "concatenation") and _EXPANDS.search(text):
        single = False
    if single and text == "$@":
        single = False
    return Word(shown, known, line + node.start_point[0]), single


def _unquote(node: Any) -> tuple[str, bool]:
    # The text of one part of a word, and whether it is known.
    text = node.text.decode("utf-8", "replace")
    if node.type in ("word", "number", "command_name"):
        return _unescape(_ESCAPED, text), True
    if node.type == "raw_string":
        return text[1:-1], True
    if node.type == "ansi_c_string":
        return _decode_escapes(text[2:-1]), True
    if node.type in ("string", "translated_string"):
        inner = text[text.index('"') + 1 : -1]
        known = not any(child.type in _ELASTIC for child in _list_parts(node))
        return _unescape(_ESCAPED_IN_QUOTES, inner), known
    # A bare punctuation mark of a concatenation is itself; anything else is only known when the shell runs.
    return text, not node.is_named


def _unescape(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: "" if match[1] == "\n" else match[1], text) if "\\" in text else text


def _list_parts(node: Any) -> list[Any]:
    return node.children[1].children if node.type == "translated_string" and len(node.children) > 1 else node.children


def _decode_escapes(text: str) -> str:
    simple = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}

    def decode(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "xuU" and len(code) > 1:
            value = int(code[1:], 16)
            return chr(value) if value < 0x110000 and not 0xD800 <= value < 0xE000 else "\ufffd"
        return chr(int(code, 8)) if code[0] in "01234567" else simple.get(code, code)

    return re.sub(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3}|.)", decode, text, flags=re.S)


def _drop_prefixes(words: list[Word]) -> tuple[list[Word], bool]:
    exact, start = True, 0
    elastic = False
    while start < len(words) and words[start].known and (name := words[start].text.rpartition("/")[2]) in _PREFIXES:
        elastic = elastic or name == "xargs"
        start += 1
        while start < len(words) and words[start].text.startswith("-") and words[start].text != "-":
            option = words[start].text
            start += 1
            if option == "--":
                break
            # -u NAME takes the next word, -uNAME and --user=NAME do not, --user NAME does for those we know.
            if (len(option) == 2 and option[1] in _PREFIXES[name]) or (option in _LONG_WITH_VALUE.split()):
                start += 1
        while name in ("sudo", "env", "doas") and start < len(words) and re.match(r"\w+=", words[start].text):
            start += 1
        if name == "timeout":
            start += 1
    words = words[start:]
    if elastic and words:
        words, exact = [*words, replace(words[-1], text="...", known=False)], False
    return words, exact
