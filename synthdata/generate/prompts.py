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

PERSONA_PROMPT = """\
Name {n} different people who have to do with {topic}: their job or hobby, what they work on, and how much they know of it.
Write one person on each line, 8 to 20 words, beginning with "a" or "an": no names, no numbering, nothing else."""

COMMAND_QUESTION_PROMPT = """\
A person needs a command and does not know it. Write what that person asks an expert: in the first person, with the situation, \
concrete names and numbers, in one or two plain sentences, naming no command and no option.

Command: tar --create --gzip --exclude=PATTERN
Person: a photographer
Message: I want to put my project folder on a USB stick as one small file, but without the 2 GB of previews in it. What is the \
quickest way?

Command: rsync --delete --dry-run
Person: the administrator of a school
Message: Before I mirror our file server tonight, show me which files would disappear on the copy, without anything being \
touched yet.

Command: ssh -L ADDRESS
Person: a web developer
Message: My reports fail with "connection refused" because the database on db1 listens on that machine only. How do I get at it \
from my laptop?

The next message {description}. All that the options do is needed in it.

Command: {source}
{passage}
Person: {persona}
Message:"""

COMMAND_REVISION_PROMPT = """\
This message does not work: {problem}. Write it again: what the person wants to achieve and why, in words of everyday work, in one \
or two sentences, naming neither a command nor an option. Reply with the message alone."""

COMMAND_RESPONSE_PROMPT = """\
{instruction}

Note for you, which the reader does not see: the answer is this command. Use it with each of these options, and put example values \
in; write no option that is not listed here.
{source}
{passage}
Answer as an expert in a few sentences with one code block, and do not mention this note."""

CONCEPT_PROMPT = """\
Name the {n} key concepts that somebody must understand who does "{subtopic}" in {topic}: real features, files, terms.
Write one on each line, one to four words each: no numbering, no explanations, nothing else."""

VARIED_QUESTION_PROMPT = """\
Write what a person asks an expert in {topic}, in the first person, with concrete names, numbers and messages. It asks for what \
real features can do.{style}
Subject: {subtopic}, more exactly {about}
Person: {persona}, {level}
Kind of message: {kind}. It {description}.
Length: {length}
Reply with the message alone."""

VARIED_REVISION_PROMPT = """\
This message does not work: {problem}. Write another one that does. Reply with the message alone."""

PASSAGE_QUESTION_PROMPT = """\
{passage}

Write one question about {topic} that {persona} has who never saw the words above, and that they answer in full. The question \
{description}. It names what it is about, and speaks of no text or document.
Question:"""

PASSAGE_REVISION_PROMPT = """\
This question does not work: {problem}. Write another one that the passage answers. Reply with the question alone."""

PASSAGE_RESPONSE_PROMPT = """\
{passage}

Answer the question below from the text above alone, in your own words, for a reader who does not have that text: do not speak of \
it. Then write a last line that begins with Quote: and copies, word for word, the sentence of the text that shows that the answer \
is right.

Question: {instruction}"""

TOPIC_PROMPT = """\
A dataset is about: {topic}
Is the following about that, so that an expert in {topic} would be the one to ask? Answer yes, or no and in five words what it is \
about instead.
{text}"""

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
