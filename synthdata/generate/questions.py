"""Subtopics and questions: asking for them, topping up what falls short, one row for each (instruction, sample)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from synthdata.base.errors import EndpointError
from synthdata.base.frame import check_columns, check_count, check_topic, make_id
from synthdata.base.text import clean_text
from synthdata.generate.lists import normalize_item, parse_questions, parse_subtopics
from synthdata.generate.prompts import QUESTION_PROMPT, SUBTOPIC_PROMPT, fill_prompt, list_existing
from synthdata.generate.reading.refusals import name_no_answer
from synthdata.models.client import Client
from synthdata.models.replies import LIMIT_NAMES, Completion, Failure, find_limit, is_natural_end

ROUNDS = 3  # asking, and at most two rounds of topping up; more for a long list:
ITEMS_PER_ROUND = 4  # one round for so many items asked for

LIST_MAX_TOKENS = 1024
TOKENS_PER_ITEM = 20  # of a question of one sentence; the English ones of the committed run take 13

TRIES = 3  # rounds in a row without anything new, where a request would not be the same again
SHOWN_CHARACTERS = 8_000  # of what exists, in a prompt: about 2,000 tokens; twice as many when only known items came


def generate_subtopics(
    topic: str,
    n_subtopics: int,
    client: Client,
    *,
    prompt: str = SUBTOPIC_PROMPT,
    params: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Ask for distinct subtopics of a topic, in portions that fit max_tokens, until all are there or nothing new comes.

    What is missing is asked for again, at most ROUNDS times, for long lists once for each ITEMS_PER_ROUND items.

    prompt: a template with {topic}, {n} and {existing}. params: sampling parameters.
    Output columns: topic, subtopic; n_subtopics rows or fewer, which is said.
    Raises InputError for an empty topic or a count below 1, EndpointError when no subtopic came.
    """
    topic, count = check_topic(topic), check_count("N_SUBTOPICS", n_subtopics)
    found = _collect_items(
        [topic],
        count,
        client,
        "subtopics",
        parse_subtopics,
        lambda _, n, have: fill_prompt(
            prompt, "the subtopic prompt", ("topic", "n"), topic=topic, n=n, existing=list_existing(have)
        ),
        params,
    )[0]
    return pd.DataFrame({"topic": topic, "subtopic": found}, dtype="str")


def generate_questions(
    subtopics: pd.DataFrame,
    n_questions: int,
    client: Client,
    *,
    n_samples: int = 1,
    prompt: str = QUESTION_PROMPT,
    params: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Ask for questions about each subtopic, in portions that fit max_tokens, until all are there or nothing new comes.

    What is missing is asked for again, at most ROUNDS times, for long lists once for each ITEMS_PER_ROUND items.

    Input columns: topic, subtopic. n_questions: for each subtopic. n_samples: rows (responses) for each question.
    prompt: a template with {topic}, {subtopic}, {n} and {existing}. params: sampling parameters.
    Output columns: id, topic, subtopic, instruction, sample (0 to n_samples - 1). A question that two subtopics share
    counts for the first. Raises InputError for a missing column or a count below 1.
    """
    check_columns(subtopics, "generate_questions", ("topic", "subtopic"))
    count, samples = check_count("N_QUESTIONS", n_questions), check_count("N_SAMPLES", n_samples)
    pairs = list(zip(subtopics["topic"], subtopics["subtopic"], strict=True))

    def write_prompt(index: int, n: int, have: list[str]) -> str:
        topic, subtopic = pairs[index]
        return fill_prompt(
            prompt, "the question prompt", ("subtopic", "n"),
            topic=topic, subtopic=subtopic, n=n, existing=list_existing(have),
        )  # fmt: skip

    found = _collect_items([s for _, s in pairs], count, client, "questions", parse_questions, write_prompt, params)
    rows = [
        (make_id(topic, subtopic, question, sample), topic, subtopic, question, sample)
        for (topic, subtopic), questions in zip(pairs, found, strict=True)
        for question in questions
        for sample in range(samples)
    ]
    return pd.DataFrame(rows, columns=["id", "topic", "subtopic", "instruction", "sample"])


def _collect_items(
    names: list[str],
    count: int,
    client: Client,
    label: str,
    parse: Any,
    write_prompt: Any,
    params: Mapping[str, Any] | None,
) -> list[list[str]]:
    """Ask for `count` items under each name, in portions, until all are full, nothing new comes or the rounds are over."""
    given = dict(params or {})
    limit = find_limit(given) or LIST_MAX_TOKENS
    limits = {} if any(name in given for name in LIMIT_NAMES) else {"max_tokens": LIST_MAX_TOKENS}
    portion = max(limit // TOKENS_PER_ITEM, 1)
    rounds = max(ROUNDS, count // ITEMS_PER_ROUND)

    def write_request(index: int, n: int, shown: list[str]) -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": write_prompt(index, n, shown)}], **limits, **given}

    lists = [_Asked() for _ in names]
    seen: set[str] = set()
    for _ in range(rounds):
        short = [index for index, asked in enumerate(lists) if len(asked.items) < count and asked.tries > 0]
        if not short:
            break
        bodies, wanted = [], []
        for index in short:
            asked = lists[index]
            shown = _choose_shown(asked.items, asked.room)
            # The same request again would bring the same reply; with more shown it may not.
            asked.again = len(shown) < len(asked.items)
            most = min(count - len(asked.items), portion)
            options = [write_request(index, n, shown) for n in range(most, 0, -1)]
            place = 0 if asked.fresh else _find_answered(client, options)
            asked.built = place > 0
            wanted.append(most - place)
            bodies.append(options[place])
        before = len(seen)
        replies = client.complete(bodies, label=label, require_any=False)
        for index, n, reply in zip(short, wanted, replies, strict=True):
            full = isinstance(reply, Completion) and (reply.completion_tokens or 0) >= limit
            items = (
                parse(reply.text, "length" if full else reply.finish_reason, n) if isinstance(reply, Completion) else []
            )
            asked = lists[index]
            new = _take_new(items, seen, count - len(asked.items))
            asked.items += new
            asked.cause = (
                "" if new else reply.reason if isinstance(reply, Failure) else _explain(reply, items, limit, full)
            )
            retry = asked.again or isinstance(reply, Failure) or reply.again
            asked.fresh = asked.built and not new
            if not asked.fresh:
                asked.tries = TRIES if new else asked.tries - 1 if retry else 0
                asked.room *= 1 if new else 2
        if len(seen) == before and not any(lists[index].again or lists[index].fresh for index in short):
            break
    _report(names, lists, count, label, rounds)
    return [asked.items for asked in lists]


@dataclass
class _Asked:
    """What has come under one name.

    cause: why the last round brought nothing new. tries: such rounds that are left. room: characters of what exists that a prompt
    shows. again: another try may help. built: this round took what a smaller run was answered. fresh: that brought nothing new, so
    the next one asks for all that is missing.
    """

    items: list[str] = field(default_factory=list)
    cause: str = ""
    tries: int = TRIES
    room: int = SHOWN_CHARACTERS
    again: bool = False
    built: bool = False
    fresh: bool = False


def _find_answered(client: Client, options: list[dict[str, Any]]) -> int:
    """Find the place of the first option that is answered already, 0 where none is: a larger run keeps what a smaller one has."""
    return next((place for place, stored in enumerate(client.find_stored(options)) if stored), 0)


def _take_new(items: list[str], seen: set[str], room: int) -> list[str]:
    """Take at most `room` items that nobody has seen, and note them as seen."""
    new: list[str] = []
    for item in items:
        key = normalize_item(item)
        if len(new) < room and key not in seen:
            seen.add(key)
            new.append(item)
    return new


def _explain(reply: Completion, items: list[str], limit: int, full: bool) -> str:
    """Say why a reply brought nothing new, and what to do where that is known."""
    text = reply.text.strip()
    cut = full or not is_natural_end(reply.finish_reason)
    raise_it = f"raise it with params={{'max_tokens': {limit * 4}, …}}"
    if not text and reply.reasoning and cut:
        return f"cut off while thinking at max_tokens={limit}: {raise_it}"
    if not text:
        return reply.fault or "the reply was empty"
    if items:
        return "nothing new came: ask for fewer, or for narrower subtopics"
    said = clean_text(" ".join(text[:400].split())[:80])
    what = name_no_answer(text)
    if what:
        return f"the model {what}: {said!r}"
    if cut:
        return f"cut off at max_tokens={limit} before an item was whole: {raise_it}"
    return f"no list in the reply {said!r}"


def _choose_shown(items: list[str], room: int) -> list[str]:
    """Choose what a prompt shows of the items that exist: all, or of many the newest and an even part of the rest."""
    if sum(map(len, items)) <= room:
        return items
    newest, size = len(items), 0
    while size < room // 2 and newest > 0:
        newest -= 1
        size += len(items[newest])
    older = items[:newest]
    step = max(2 * sum(map(len, older)) // room + 1, 1)
    return older[::step] + items[newest:]


def _report(names: list[str], lists: list[_Asked], count: int, label: str, rounds: int) -> None:
    """Print what was asked and what came, with the cause of what is missing; raise EndpointError when nothing came."""
    got, wanted = sum(len(asked.items) for asked in lists), count * len(names)
    over = f"{rounds} rounds are over"
    causes = Counter(asked.cause or over for asked in lists if len(asked.items) < count)
    why = "; ".join(cause for cause, _ in causes.most_common(2)) + ("; …" if len(causes) > 2 else "")
    if names and not got:
        raise EndpointError(
            f"{label}: asked {wanted:,}, got none ({why}). Try another generator, or a prompt of your own with prompt=…"
        )
    print(f"{label}: asked {wanted:,}, got {got:,}" + (f" ({why})" if why else ""))
    empty = [name for name, asked in zip(names, lists, strict=True) if not asked.items]
    if empty:
        print(f"{label}: none for {', '.join(map(repr, empty[:5]))}{' …' if len(empty) > 5 else ''}")
