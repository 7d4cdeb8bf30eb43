"""One short message for each request: asking for it, taking it out of the reply, having it written once more."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from synthdata.models.client import Client
from synthdata.models.replies import Completion, is_natural_end
from synthdata.quality.overlap.variety import ALIKE
from synthdata.quality.overlap.words import split_words

MESSAGE_TOKENS = 160
COPIED = 0.6  # ROUGE-L with a line of its prompt

_LABEL = re.compile(r"^[*_#\s]{0,4}(?:message|question|q|user|person|task)[*_]{0,2}:[*_]{0,2}\s*(?=\S)", re.I)


def ask_messages(
    prompts: Sequence[str],
    client: Client,
    find_problem: Callable[[int, str], str | None],
    revision: str,
    *,
    label: str = "questions",
    params: Mapping[str, Any] | None = None,
) -> tuple[list[str], list[str | None]]:
    """Ask for one message for each prompt, and once more for each that has a problem, naming it (revising, as in Nemotron-4,
    Adler et al. 2024, arXiv:2406.11704).

    find_problem: says of a place and a message what is wrong with it, None for nothing; that it repeats its prompt is found
    here. revision: a template with {problem}, sent as the next turn; the new message counts only if nothing is wrong with it.
    Returns the messages, "" where none came, and what is wrong with each still. Raises EndpointError when the run cannot go on.
    """
    turns = [[{"role": "user", "content": prompt}] for prompt in prompts]
    messages = _ask(turns, client, label, params, require_any=True)
    lines = [[split_words(line) for line in prompt.splitlines()] for prompt in prompts]

    def judge(place: int, text: str) -> str | None:
        # A small model copies what it is shown.
        copied = find_alike(split_words(text), lines[place], COPIED) is not None
        return "it repeats what you were shown" if copied else find_problem(place, text)

    problems = [judge(place, text) if text else "none came" for place, text in enumerate(messages)]
    again = [place for place, problem in enumerate(problems) if problem and messages[place]]
    if again:
        retries = [
            [
                *turns[place],
                {"role": "assistant", "content": messages[place]},
                {"role": "user", "content": revision.format(problem=problems[place])},
            ]
            for place in again
        ]
        for place, text in zip(
            again, _ask(retries, client, f"{label}, revised", params, require_any=False), strict=True
        ):
            if text and judge(place, text) is None:
                messages[place], problems[place] = text, None
    return messages, problems


def find_alike(words: list[str], known: Sequence[list[str]], bound: float = ALIKE) -> int | None:
    """Find the place of a text among known ones whose ROUGE-L F1 with these words reaches the bound; None for none."""
    from rapidfuzz.distance import Indel
    from rapidfuzz.process import extractOne

    best = extractOne(words, known, scorer=Indel.normalized_similarity, score_cutoff=bound) if known and words else None
    return None if best is None else int(best[2])


def _ask(
    turns: Sequence[list[dict[str, str]]],
    client: Client,
    label: str,
    params: Mapping[str, Any] | None,
    require_any: bool,
) -> list[str]:
    bodies = [{"messages": messages, "max_tokens": MESSAGE_TOKENS, **(params or {})} for messages in turns]
    replies = client.complete(bodies, label=label, require_any=require_any)
    return [read_message(reply) if isinstance(reply, Completion) else "" for reply in replies]


def read_message(reply: Completion) -> str:
    """Read the message of a reply: without quotes, a label, or what follows its first part; "" where it was cut off."""
    if not is_natural_end(reply.finish_reason):
        return ""
    paragraphs = reply.text.strip().split("\n\n")
    # A message that shows a file or a command goes on behind it; what follows otherwise is an answer or a remark.
    text = reply.text.strip() if "```" in reply.text else paragraphs[0]
    text = _LABEL.sub("", text.strip()).strip()
    if text[:1] in "\"“'" and text[-1:] in "\"”'":
        text = text[1:-1]
    return text.strip() if "\n" in text else " ".join(text.split())
