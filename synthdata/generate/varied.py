"""Questions that are varied by construction: one request for each, with its kind, concept, level, length and who asks drawn."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from synthdata.base.frame import check_columns, check_count, make_id
from synthdata.generate.kinds import ANYBODY, KINDS, LENGTHS, LEVELS, draw_kinds, draw_personas
from synthdata.generate.lists import parse_subtopics
from synthdata.generate.messages import ask_messages, find_alike
from synthdata.generate.prompts import CONCEPT_PROMPT, VARIED_QUESTION_PROMPT, VARIED_REVISION_PROMPT, fill_prompt
from synthdata.models.client import Client
from synthdata.models.replies import Completion
from synthdata.quality.overlap.words import split_words

ROUNDS = 3  # asking, and twice more for what is missing


def add_concepts(
    subtopics: pd.DataFrame,
    n: int,
    client: Client,
    *,
    prompt: str = CONCEPT_PROMPT,
    params: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Ask for the key concepts of each subtopic, a short syllabus (GLAN, Li et al. 2024, arXiv:2402.13064).

    Input columns: topic, subtopic. prompt: a template with {topic}, {subtopic} and {n}. Output column: concepts, a list of at
    most n names, empty where none came.
    """
    check_columns(subtopics, "add_concepts", ("topic", "subtopic"))
    count = check_count("n", n)
    bodies = [
        {
            "messages": [{"role": "user", "content": fill_prompt(
                prompt, "the concept prompt", ("subtopic", "n"), topic=row.topic, subtopic=row.subtopic, n=count
            )}],
            "max_tokens": 512,
            **(params or {}),
        }
        for row in subtopics.itertuples()
    ]  # fmt: skip
    replies = client.complete(bodies, label="concepts")
    found = [
        parse_subtopics(reply.text, reply.finish_reason, count)[:count] if isinstance(reply, Completion) else []
        for reply in replies
    ]
    return subtopics.assign(concepts=pd.Series(found, index=subtopics.index, dtype=object))


def generate_varied_questions(
    subtopics: pd.DataFrame,
    n_questions: int,
    client: Client,
    *,
    kinds: pd.DataFrame = KINDS,
    personas: Sequence[str] = (),
    seeds: Sequence[str] = (),
    prompt: str = VARIED_QUESTION_PROMPT,
    params: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Ask for each question by itself, its kind, concept, level, length and persona drawn, and refuse near-repeats.

    Input columns: topic, subtopic; concepts when present. n_questions: for each subtopic. kinds: a table like KINDS, whose
    shares are the mix. personas: who asks (generate_personas). seeds: questions of your own that show the style and are never
    repeated. prompt: a template with {topic}, {subtopic}, {about}, {persona}, {kind}, {description}, {level}, {length}, {style}.
    A question whose ROUGE-L F1 with an earlier one or a seed reaches 0.7 is refused (Self-Instruct, Wang et al. 2023,
    arXiv:2212.10560) and another one asked for, in at most ROUNDS rounds; what is missing then is said.
    Output columns: id, topic, subtopic, instruction, sample, persona, kind, level. Raises InputError for a missing column, a count
    below 1 or a table of kinds that is none.
    """
    check_columns(subtopics, "generate_varied_questions", ("topic", "subtopic"))
    plan = _draw_plan(subtopics, check_count("N_QUESTIONS", n_questions), kinds, personas, seeds)
    known = [split_words(seed) for seed in seeds]
    found: list[str | None] = [None] * len(plan)
    refused = 0
    for attempt in range(ROUNDS):
        waiting = [place for place, question in enumerate(found) if question is None]
        if not waiting:
            break
        rows = plan.iloc[waiting].to_dict("records")
        # The same request again would bring the same reply: each round has its own concept and seed.
        rows = [row | {"about": row["abouts"][attempt % len(row["abouts"])]} for row in rows]
        names = ("topic", "subtopic", "about", "persona", "kind", "description", "level", "length", "style")
        prompts = [
            fill_prompt(prompt, "the question prompt", ("subtopic",), **{name: row[name] for name in names})
            for row in rows
        ]
        sampling = dict(params or {}) | ({"seed": int((params or {}).get("seed") or 0) + attempt} if attempt else {})
        questions, problems = ask_messages(
            prompts,
            client,
            lambda _, text: find_varied_problem(text),
            VARIED_REVISION_PROMPT,
            params=sampling,
        )
        for place, question, problem in zip(waiting, questions, problems, strict=True):
            words = split_words(question)
            if problem or find_alike(words, known) is not None:
                refused += bool(question)
                continue
            known.append(words)
            found[place] = question
    out = plan.assign(instruction=pd.array(found, dtype="str"), sample=0)
    out = out[out["instruction"].notna()].reset_index(drop=True)
    print(f"questions: asked {len(plan):,}, got {len(out):,}, {refused:,} refused as near-repeats or at fault")
    ids = [make_id(row.topic, row.subtopic, row.instruction, 0) for row in out.itertuples()]
    out = out.assign(id=pd.array(ids, dtype="str"), persona=out["persona"].mask(out["persona"] == ANYBODY))
    return out[["id", "topic", "subtopic", "instruction", "sample", "persona", "kind", "level"]]


def find_varied_problem(question: str) -> str | None:
    """Find what is wrong with a question by itself; None for nothing."""
    words = split_words(question)
    if len(words) < 5:
        return "it is too short to tell what is wanted"
    if question.lower().startswith(("a question", "as a ", "as an ", "here is a question", "this message")):
        return "it speaks about the message and is not the message"
    return None


def _draw_plan(
    subtopics: pd.DataFrame, count: int, kinds: pd.DataFrame, personas: Sequence[str], seeds: Sequence[str]
) -> pd.DataFrame:
    """Draw what each question is to be: a frame with a row for each."""
    total = count * len(subtopics)
    mix, people, rng = draw_kinds(total, kinds), draw_personas(total, personas), random.Random(2)
    lists = subtopics["concepts"].tolist() if "concepts" in subtopics else [[]] * len(subtopics)
    rows: list[dict[str, Any]] = []
    for (topic, subtopic), concepts in zip(subtopics[["topic", "subtopic"]].to_numpy(), lists, strict=True):
        for n in range(count):
            kind = mix.iloc[len(rows)]
            abouts = [concepts[(n + step) % len(concepts)] for step in range(ROUNDS)] if len(concepts) else [subtopic]
            style = f" In the style of this one, about something else: {rng.choice(list(seeds))}" if seeds else ""
            rows.append({
                "topic": topic, "subtopic": subtopic, "abouts": abouts, "persona": people[len(rows)] or ANYBODY,
                "kind": kind["kind"], "description": kind["description"], "style": style,
                "level": rng.choice(LEVELS), "length": rng.choice(LENGTHS),
            })  # fmt: skip
    return pd.DataFrame(rows)
