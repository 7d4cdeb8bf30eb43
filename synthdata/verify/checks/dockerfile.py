"""Check Dockerfiles for what would make a build fail, by hadolint's parser and by the flags and JSON that BuildKit reads."""

import re
from collections.abc import Sequence

import orjson

from synthdata.verify.checks.linters import lint_texts
from synthdata.verify.parse.placeholders import mask_placeholders
from synthdata.verify.problems import Problem

# What makes a build fail, of hadolint's errors; the others are advice. SC1…: a RUN line that no shell can parse.
_DOCKERFILE_ERRORS = {"DL1000", "DL3011", "DL3021", "DL3023", "DL3043"}


# Flags of each instruction, as BuildKit's parser knows them (frontend/dockerfile/docs/reference.md).
_FLAGS = {
    "FROM": {"platform"},
    "RUN": {"mount", "network", "security", "device"},
    "COPY": {"from", "chown", "chmod", "link", "parents", "exclude"},
    "ADD": {"keep-git-dir", "checksum", "chown", "chmod", "link", "exclude", "unpack"},
    "HEALTHCHECK": {"interval", "timeout", "start-period", "start-interval", "retries"},
}
_USAGE = re.compile(
    r"\[(?:OPTIONS?|--[\w-]+|options?)|\bCMD command\b|<[a-z][\w .-]*>|\.\.\.|…"
)  # a line that explains the syntax


def check_instructions(text: str) -> list[Problem]:
    """Check what hadolint lets pass: flags that an instruction does not have, and an exec form that is no JSON."""
    problems = []
    continued = False
    for number, line in enumerate(text.split("\n"), start=1):
        match = None if continued else re.match(r"\s*([A-Za-z]+)[ \t]+((?:--[\w-]+(?:=\S*)?[ \t]+)*)(.*)", line)
        continued = line.rstrip().endswith("\\") and not line.lstrip().startswith("#")
        if match is None or _USAGE.search(line):
            continue
        instruction = match[1].upper()
        known = _FLAGS.get(instruction, set())
        for flag in re.findall(r"--([\w-]+)", match[2]) if instruction in _FLAGS else ():
            if flag not in known:
                problems.append(Problem("dockerfile", line.strip(), number, f"{instruction} has no flag --{flag}"))
        rest = match[3].strip()
        if instruction in ("CMD", "ENTRYPOINT", "SHELL", "RUN") and rest.startswith("[") and not continued:
            strings = rest.count('"') >= 2 and not rest.startswith("[ ") and not rest.startswith("[[")
            if strings and not _is_json_list(rest):
                # The shell form takes it, and then runs a program called [.
                problems.append(Problem("dockerfile", line.strip(), number, "is no JSON list of strings"))
    return problems


def _is_json_list(text: str) -> bool:
    try:
        value = orjson.loads(re.sub(r"\s+#.*$", "", text))
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def check_dockerfiles(texts: Sequence[str]) -> list[list[Problem]]:
    """Check Dockerfiles or fragments of them: for each its problems, lines counted from 1 in the text."""
    prepared = [_prepare_dockerfile(text) for text in texts]
    results = []
    for text, (_, numbers), messages in zip(
        texts, prepared, lint_texts("hadolint", [p for p, _ in prepared]), strict=True
    ):
        lines, problems = text.split("\n"), check_instructions(text)
        seen = {problem.line for problem in problems}
        for message in messages:
            code, number = message["code"], numbers[min(message["line"], len(numbers)) - 1]
            shown = lines[number - 1].strip()
            if number in seen or _USAGE.search(shown):
                continue
            if code in _DOCKERFILE_ERRORS or (code.startswith("SC1") and message["level"] == "error"):
                # Docker only warns of a host port in EXPOSE, which it ignores.
                fatal = not re.match(r"(?i)EXPOSE\s.*:", shown)
                advice = message["message"].replace("\n", "; ")
                problems.append(Problem("dockerfile", shown, number, advice[:160], fatal))
        results.append(problems)
    return results


def _prepare_dockerfile(text: str) -> tuple[str, list[int]]:
    # The text as hadolint can read it, and for each of its lines the line of the original.
    text = mask_placeholders(re.sub(r"(?m)^[ \t]*(?:\.\.\.|…)[ \t]*$", "#", text))
    lines: list[str] = []
    numbers: list[int] = []
    waiting: list[str] = []
    if not re.search(r"(?im)^[ \t]*FROM[ \t]", text):
        lines, numbers = ["FROM scratch"], [1]
    for number, line in enumerate(text.split("\n"), start=1):
        lines.append(line)
        numbers.append(number)
        if waiting:
            if line.strip() == waiting[0]:
                waiting.pop(0)
                if not waiting:
                    # Version 2.15 wants an empty line behind a heredoc, which docker does not.
                    lines.append("")
                    numbers.append(number)
        elif re.match(r"(?i)[ \t]*(?:RUN|COPY|ADD)[ \t]", line):
            waiting = re.findall(r"<<-?[\"']?(\w+)", line)
    return "\n".join(lines), numbers
