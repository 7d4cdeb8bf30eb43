"""Prompt templates that a user may replace, and how values get into them."""

import re
import string
from collections.abc import Iterable

from synthdata.base.errors import InputError

SUBTOPIC_PROMPT = """\
I am building a dataset about {topic}. Name {n} distinct subtopics that together cover what people do with {topic} in \
practice.
Write one subtopic on each line, two to five words each: no numbering, no explanations, nothing else.{existing}"""

QUESTION_PROMPT = """\
Write {n} different questions about "{subtopic}" that people who use {topic} ask an expert. Each is one sentence, with one \
concrete goal that existing, well-known features can reach.
Write one question on each line, beginning with How do I: no numbering, no answers, nothing else.{existing}"""

RESPONSE_PROMPT = "{instruction}"

REPAIR_PROMPT = """\
Parts of your answer are wrong; they were checked against the real tools:
{problems}
Write the whole answer again, at its full length. Reach each goal by commands and options that really exist and mean what is \
needed. Where you know of none, leave that step out everywhere, in text as well as in commands, and say in one sentence that it \
cannot be done this way. Leave all other parts as they are, and do not mention the correction."""

EXISTING = "\nThese are already taken; do not repeat them or reword them:\n{items}"

_CORRECTION = re.compile(
    r"\b(?:correct(?:ed|ion)|revised|rewritten|updated|apologi[sz]e|apologies|sorry|mistake|confusion)\b", re.IGNORECASE
)


def fill_prompt(template: str, name: str, needed: Iterable[str], **values: object) -> str:
    """Put values into a template's {fields}.

    name: what the template is called, for errors. needed: fields it must contain.
    Raises InputError for a missing or unknown field, or a stray brace.
    """
    try:
        fields = {field for _, field, _, _ in string.Formatter().parse(template) if field is not None}
    except (ValueError, TypeError) as cause:
        raise InputError(f"{name} cannot be read ({cause}): write {{{{ and }}}} for literal braces.") from cause
    missing, unknown = sorted(set(needed) - fields), sorted(fields - set(values))
    if missing or unknown:
        wrong = f"lacks {{{missing[0]}}}" if missing else f"has an unknown field {{{unknown[0]}}}"
        raise InputError(f"{name} {wrong}: its fields are {', '.join(f'{{{field}}}' for field in values)}.")
    return template.format(**values)


def list_existing(items: list[str]) -> str:
    """Write the paragraph that shows a model what it has said already; empty when there is nothing."""
    return EXISTING.format(items="\n".join(items)) if items else ""


def parse_repair(text: str) -> str:
    """Read a corrected answer: without a first paragraph of at most 250 characters that only speaks of the correction."""
    first, _, rest = text.strip().partition("\n\n")
    if rest.strip() and len(first) <= 250 and "```" not in first and _CORRECTION.search(first):
        return rest.strip()
    return text.strip()
