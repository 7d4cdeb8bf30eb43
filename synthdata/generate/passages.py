"""From documents: questions that a passage answers, and answers whose quotation is checked to stand in it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from synthdata.base.frame import check_columns, check_count, check_topic, make_id
from synthdata.generate.kinds import ANYBODY, PASSAGE_KINDS, draw_kinds, draw_personas
from synthdata.generate.messages import ask_messages, find_alike
from synthdata.generate.prompts import PASSAGE_QUESTION_PROMPT, PASSAGE_REVISION_PROMPT, fill_prompt
from synthdata.models.client import Client
from synthdata.quality.overlap.words import split_words
from synthdata.verify.problems import Problem, add_problems

SHORTEST_QUOTE = 4  # words: fewer stand in nearly every text
QUOTE_LINES = 20  # the quotation begins in one of the last lines

_QUOTE = re.compile(r"[\s>*_-]{0,8}(?:exact |direct )?quotes?[*_]{0,3}\s?[:：][*_]{0,3}\s*(.*)", re.I)
_QUOTE_BEHIND = re.compile(r"(?<=[.!?。！？])\s{1,4}[*_]{0,3}Quote[*_]{0,3}:[*_]{0,3}\s*(.+)")
_SPEAKS = re.compile(r"\b(?:passage|text|document|excerpt|article|paragraph)s?\b|\baccording to the\b", re.I)


def generate_passage_questions(
    topic: str,
    passages: pd.DataFrame,
    n_questions: int,
    client: Client,
    *,
    personas: Sequence[str] = (),
    kinds: pd.DataFrame = PASSAGE_KINDS,
    prompt: str = PASSAGE_QUESTION_PROMPT,
    params: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Ask for questions that each passage answers, one request for each, and once more for one that does not stand alone.

    Input columns: source, passage, as read_documents returns. n_questions: for each passage. personas, kinds: as in
    generate_varied_questions. prompt: a template with {topic}, {passage}, {persona} and {description}.
    Left out, and counted: a question that speaks of the passage, that is too short, or whose ROUGE-L F1 with an earlier one
    reaches 0.7. Output columns: id, topic, subtopic (the source), instruction, sample, persona, kind, source, passage.
    """
    check_columns(passages, "generate_passage_questions", ("source", "passage"))
    name, count = check_topic(topic), check_count("N_QUESTIONS", n_questions)
    plan = passages[["source", "passage"]].loc[passages.index.repeat(count)].reset_index(drop=True)
    mix, people = draw_kinds(len(plan), kinds), draw_personas(len(plan), personas)
    prompts = [
        fill_prompt(
            prompt, "the question prompt", ("passage",), topic=name, passage=row.passage,
            persona=persona or ANYBODY, description=kind.description,
        )
        for row, kind, persona in zip(plan.itertuples(), mix.itertuples(), people, strict=True)
    ]  # fmt: skip
    questions, problems = ask_messages(
        prompts, client, lambda _, text: find_passage_problem(text), PASSAGE_REVISION_PROMPT, params=params
    )
    known: list[list[str]] = []
    kept = []
    for place, (question, problem) in enumerate(zip(questions, problems, strict=True)):
        words = split_words(question)
        if not problem and find_alike(words, known) is None:
            known.append(words)
            kept.append(place)
    print(
        f"questions: asked {len(plan):,}, got {len(kept):,}, {len(plan) - len(kept):,} refused as near-repeats or at fault"
    )
    out = plan.assign(
        topic=name, subtopic=plan["source"], instruction=pd.array(questions, dtype="str"), sample=0,
        persona=pd.array(people, dtype="str"), kind=pd.array(mix["kind"], dtype="str"),
    ).iloc[kept].reset_index(drop=True)  # fmt: skip
    ids = [make_id(row.topic, row.subtopic, row.instruction, 0) for row in out.itertuples()]
    names = ["id", "topic", "subtopic", "instruction", "sample", "persona", "kind", "source", "passage"]
    return out.assign(id=pd.array(ids, dtype="str"))[names]


def check_quotes(df: pd.DataFrame) -> pd.DataFrame:
    """Take the quotation off the end of each response and check that its words stand in the passage; run it after verification.

    Input columns: response, passage, verified, problems; checked when present. Rows without a passage or a response stay as they
    are. Letter case, spaces, line breaks, Markdown marks and the form of quotation marks and dashes do not count; every word and
    its order does. An ellipsis parts a quotation into pieces, each of which must stand in the passage, in that order.
    Output columns: response, without the quotation; evidence, the words copied, null where they are not in the passage; verified:
    False where there is no such evidence, with a fatal problem of kind "no quotation" or "not in the passage", else True where
    nothing else was wrong; checked, raised by one where a quotation was found. That the words support the answer is not checked.
    Raises InputError for a missing column.
    """
    check_columns(df, "check_quotes", ("response", "passage", "verified", "problems"))
    responses, verified = df["response"].tolist(), df["verified"].tolist()
    problems: list[list[Problem]] = [[] for _ in range(len(df))]
    checked = df["checked"].tolist() if "checked" in df else [0] * len(df)
    evidence: list[str | None] = list(df["evidence"]) if "evidence" in df else [None] * len(df)
    for place, (response, passage) in enumerate(zip(df["response"], df["passage"], strict=True)):
        if not isinstance(response, str) or not isinstance(passage, str):
            continue
        responses[place], quote = split_quote(response)
        fault = "" if quote and is_quoted(quote, passage) else "not in the passage" if quote else "no quotation"
        if not responses[place].strip():
            responses[place], fault = response, fault or "nothing but the quotation"
        if fault:
            evidence[place], problems[place] = None, [Problem(fault, quote[:200])]
        else:
            evidence[place], checked[place] = quote, checked[place] + 1
            verified[place] = True if pd.isna(verified[place]) else verified[place]
    out = df.assign(
        response=pd.array(responses, dtype="str"),
        evidence=pd.array(evidence, dtype="str"),
        verified=pd.array(verified, dtype="boolean"),
        checked=pd.array(checked, dtype="Int64"),
    )
    return add_problems(out, problems)


def split_quote(response: str) -> tuple[str, str]:
    """Split a response into the answer and the quotation that its last line copies; "" where there is none."""
    lines = response.rstrip().split("\n")
    for place in range(len(lines) - 1, max(len(lines) - QUOTE_LINES, 0) - 1, -1):
        if match := _QUOTE.match(lines[place]) or _QUOTE_BEHIND.search(lines[place]):
            quote = "\n".join([match[1], *lines[place + 1 :]])
            return "\n".join([*lines[:place], lines[place][: match.start()]]).rstrip(), quote.strip().strip(
                "\"“”„'*_ \n"
            ).strip()
    return response, ""


def is_quoted(quote: str, passage: str) -> bool:
    """Tell whether the words of a quotation stand in a passage one after the other, or its pieces between ellipses do."""
    text, start = f" {_fold(passage)} ", 0
    pieces = [piece for part in re.split(r"\[?(?:…|\.{3,})\]?", quote) if (piece := _fold(part))]
    if sum(len(piece.split()) for piece in pieces) < SHORTEST_QUOTE and sum(map(len, pieces)) < 4 * SHORTEST_QUOTE:
        return False
    for piece in pieces:
        place = text.find(f" {piece} ", start)
        if place < 0:
            return False
        start = place + len(piece)
    return True


def _fold(text: str) -> str:
    """Reduce a text to its words and the signs that change a meaning, so that only how it is set does not count."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = re.sub(r"[*_`#>|\"“”„«»'‘’]", "", plain)
    return " ".join(re.sub(r"[‐‑‒–—−]", "-", re.sub(r"(?<=\w)[.,;:!?]+(?=\s|$)", "", plain)).split())


def find_passage_problem(question: str) -> str | None:
    """Find what keeps a question from standing without its passage; None for nothing."""
    if len(question.split()) < 5 and len(question) < 24:
        return "it is too short to tell what is wanted"
    if match := _SPEAKS.search(question):
        return f"it says {match[0]!r}, which the person asking has never seen"
    return None
