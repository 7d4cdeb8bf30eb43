"""TODO docstring."""

import re
from collections.abc import Sequence

from synthdata.verify.checks.linters import lint_texts
from synthdata.verify.parse.shell import mask_placeholders
from synthdata.verify.problems import Problem

# What makes a build fail, of hadolint's errors; the others are advice. SC1…: a RUN line that no shell can parse.
_DOCKERFILE_ERRORS = {"DL1000", "DL3011", "DL3021", "DL3023", "DL3043"}


def check_dockerfiles(texts: Sequence[str]) -> list[list[Problem]]:
    """Check Dockerfiles or fragments of them: for each its problems, lines counted from 1 in the text."""
    prepared = [_prepare_dockerfile(text) for text in texts]
    results = []
    for text, (_, numbers), messages in zip(
        texts, prepared, lint_texts("hadolint", [p for p, _ in prepared]), strict=True
    ):
        lines, problems = text.split("\n"), []
        for message in messages:
            code, number = message["code"], numbers[min(message["line"], len(numbers)) - 1]
            shown = lines[number - 1].strip()
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
