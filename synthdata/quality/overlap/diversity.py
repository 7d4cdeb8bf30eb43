"""How varied a dataset is, before and after the cut: distinct words, likeness of rows, balance of subtopics, commonest words."""

import math
import random
from collections import Counter
from typing import Any

import pandas as pd

from synthdata.base.frame import check_columns
from synthdata.quality.overlap.similarity import ASKING
from synthdata.quality.overlap.words import split_words

SEED = 1

SAMPLE_ROWS = 2_000

SAMPLE_PAIRS = 2_000

SHOWN = 5

LEADS = "how what which is are the a an to do does did can could should would i you we me my please best way command"


def measure_diversity(df: pd.DataFrame) -> pd.DataFrame:
    """Measure how varied all rows are, and those that are kept.

    Input columns: instruction, response, null responses left out; subtopic and keep when present.
    Returns a frame of measure and all, with keep also kept: rows and rows measured; distinct-1, -2 and -3, the share of
    different words, pairs and triples among all of instructions and responses, 0 to 1 (Li et al. 2016,
    arXiv:1510.03055); mean similarity of random pairs of rows, 0 to 1 (ROUGE-L F1, Lin 2004); subtopic balance, the
    entropy of the rows' subtopics over the highest possible, 1 when all have as many rows (null with fewer than two);
    and the commonest verbs (the first word of an instruction after a lead such as "how do I") and nouns (any other
    word that does not merely ask), each with the share of instructions that have it: English, and a guess.
    Distinct-n falls as text grows, so all and kept are measured on as many rows: a random SAMPLE_ROWS, or the kept
    ones' number. The draw is the same each time. Raises InputError for a missing column.
    """
    check_columns(df, "measure_diversity", ("instruction", "response"))
    answered = df[df["instruction"].notna() & df["response"].notna()]
    parts = {"all": answered}
    if "keep" in df:
        parts["kept"] = answered[answered["keep"].fillna(False).astype(bool)]
    size = min([SAMPLE_ROWS, *(len(part) for part in parts.values() if len(part))])
    subtopics = answered["subtopic"].nunique() if "subtopic" in df else 0
    columns = {name: _measure_part(part, size, subtopics) for name, part in parts.items()}
    return pd.DataFrame(columns, dtype=object).rename_axis("measure").reset_index()


def _measure_part(df: pd.DataFrame, size: int, subtopics: int) -> dict[str, Any]:
    from rapidfuzz.distance import Indel

    rng = random.Random(SEED)
    measures: dict[str, Any] = {"rows": len(df)}
    chosen = sorted(rng.sample(range(len(df)), min(size, len(df))))
    sample = df.iloc[chosen]
    measures["rows measured"] = len(sample)
    rows = [
        (split_words(str(a)), split_words(str(b)))
        for a, b in zip(sample["instruction"], sample["response"], strict=True)
    ]
    for n in (1, 2, 3):
        grams = [tuple(text[i : i + n]) for row in rows for text in row for i in range(len(text) - n + 1)]
        measures[f"distinct-{n}"] = round(len(set(grams)) / len(grams), 3) if grams else None
    joined = [[*instruction, *response] for instruction, response in rows]
    pairs = [rng.sample(joined, 2) for _ in range(SAMPLE_PAIRS)] if len(joined) > 1 else []
    alike = [Indel.normalized_similarity(a, b) for a, b in pairs]
    measures["mean similarity"] = round(sum(alike) / len(alike), 3) if alike else None
    measures["subtopic balance"] = measure_balance(df["subtopic"], subtopics) if subtopics > 1 and len(df) else None
    verbs, nouns = Counter[str](), Counter[str]()
    asking = set(ASKING.split())
    for instruction, _ in rows:
        verb = _find_verb(instruction)
        verbs.update(verb)
        nouns.update({word for word in instruction if word.isalpha()} - asking - set(verb))
    for name, counts in (("verbs", verbs), ("nouns", nouns)):
        commonest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]
        measures[name] = ", ".join(f"{word} {count / len(rows):.0%}" for word, count in commonest) or None
    return measures


def _find_verb(instruction: list[str]) -> list[str]:
    """Find the first word that does not lead up to what is asked, after "how" where that is near the start."""
    leads = LEADS.split()
    words = instruction[instruction.index("how") :] if "how" in instruction[:4] else instruction
    return [word for word in words if word not in leads and word.isalpha()][:1]


def measure_balance(column: pd.Series, groups: int) -> float:
    """Measure how evenly rows fall into groups: the entropy of their shares over the highest possible, 0 to 1. groups: above 1."""
    shares = column.value_counts(normalize=True)
    return round(-sum(share * math.log(share) for share in shares if share) / math.log(groups), 3)
