"""Check shell scripts for errors of syntax, by shellcheck."""

import re
from collections.abc import Sequence

from synthdata.verify.checks.linters import lint_texts
from synthdata.verify.parse.placeholders import mask_placeholders
from synthdata.verify.problems import Problem

# How a line begins that somebody types into a shell.
_COMMANDLIKE = re.compile(
    r"[ \t]*(?:(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|function|sudo|docker|docker-compose|git|kubectl|helm|echo"
    r"|printf|cat|cd|ls|cp|mv|rm|mkdir|touch|chmod|chown|export|set|read|test|grep|sed|awk|find|xargs|curl|wget|tar|ssh|scp|apt"
    r"|apt-get|yum|dnf|apk|pip|npm|python3?|bash|sh|systemctl|source|exec|sleep|kill|ps|alias|tee|jq|make)(?=\s|$|;)"
    r"|\w+=|\w+\(\)|[{}()\[.!$\"'])"
)


def check_scripts(texts: Sequence[str]) -> list[list[Problem]]:
    """Check shell scripts for errors of syntax: for each at most one problem, its line counted from 1 in the text."""
    results = []
    prepared = [mask_placeholders(text) for text in texts]
    for text, messages in zip(texts, lint_texts("shellcheck", prepared), strict=True):
        lines, problems = text.split("\n"), []
        for message in messages:
            # Output of a command that stands in its block is no shell and not meant to be.
            line = min(message["line"], len(lines))
            if 1000 <= message["code"] < 2000 and message["level"] == "error" and _COMMANDLIKE.match(lines[line - 1]):
                problems = [Problem("shell syntax", lines[line - 1].strip(), line, message["message"][:160])]
                break
        results.append(problems)
    return results
