"""The text of a dataset's card: what the rows are, how they came about, what was checked, and what nobody knows of them."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from synthdata.base.text import clean_line

# What the licence of a generator asks of whoever trains on its output. A reading, no legal advice; the names as models bear them.
CONDITIONS = {
    "llama-3": "Llama 3.1 Community License, 1.b.i: a model trained on this and distributed bears a name that begins with “Llama”.",
    "gemma": "Gemma Terms of Use: a model trained on this counts as a derivative of Gemma.",
    "qwen2.5-coder-1.5b": "Apache-2.0: no condition on what is trained on its output.",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """What a card tells of. df: all rows, decided. ledger: from make_ledger. thresholds: what decided, with their scale."""

    df: pd.DataFrame
    ledger: pd.DataFrame | None
    thresholds: Any


def write_text(origin: Origin, mark: str) -> str:
    """Write the card's text as Markdown. mark: what every card of ours holds."""
    parts = [_write_title(origin.df, mark), _write_funnel(origin), _write_makers(origin.df), _write_checks(origin)]
    return "\n".join([*parts, LIMITS])


def _write_title(df: pd.DataFrame, mark: str) -> str:
    topics = (
        ", ".join(clean_line(name) for name in df["topic"].dropna().unique()[:3]) if "topic" in df else "Instructions"
    )
    count = df["subtopic"].nunique() if "subtopic" in df else 0
    return (
        f"# {topics}\n\nInstructions and responses, {mark}: written by a language model, checked by programs, scored by a model. "
        f"{int(df['keep'].sum()):,} of {len(df):,} rows are kept{f', in {count:,} subtopics' if count else ''}.\n\n"
        "```python\nfrom datasets import load_dataset\n\n"
        'kept = load_dataset("path/to/this/folder")          # what passed\n'
        'every = load_dataset("path/to/this/folder", "raw")  # every row, with the reason against it\n```\n'
    )


def _write_funnel(origin: Origin) -> str:
    if origin.ledger is None:
        counts = (
            origin.df["reject_reason"].fillna("kept").value_counts() if "reject_reason" in origin.df else pd.Series()
        )
        lines = [f"| {_escape(name)} | {count:,} |" for name, count in counts.items()]
    else:
        shown = origin.ledger[(origin.ledger["rows"] > 0) | origin.ledger["outcome"].isin(["requested", "kept"])]
        lines = [
            f"| {_escape(f'{line.outcome}: {line.reason}' if line.reason else line.outcome)} | {line.rows:,} |"
            for line in shown.itertuples()
        ]
    return "\n".join(["## From asked for to kept", "", "| | rows |", "|---|---|", *lines, ""])


def _write_makers(df: pd.DataFrame) -> str:
    lines = ["## Who wrote and who scored", ""]
    for role, column in (("Written by", "model"), ("Scored by", "reward_model")):
        for name in df[column].dropna().unique() if column in df else ():
            terms = next((said for key, said in CONDITIONS.items() if key in str(name).lower()), "")
            lines.append(f"- {role} `{clean_line(name)}`. {terms if column == 'model' else ''}".rstrip())
    return "\n".join([*lines, "- Read the generator's licence before you train on this or publish it.", ""])


def _write_checks(origin: Origin) -> str:
    df = origin.df
    lines = ["## What was checked", ""]
    if "verified" in df:
        verified = df["verified"].astype("boolean")
        lines.append(
            f"- *Verified*: commands, flags, files and code were compared with what the real tools accept; nothing was run. "
            f"{int(verified.eq(True).sum()):,} rows passed, {int(verified.eq(False).sum()):,} have a problem, "
            f"{int(verified.isna().sum()):,} hold nothing that could be checked. Whether a command does what "
            "was asked is not checked."
        )
    if "contaminated_by" in df:
        lines.append(
            f"- {int(df['contaminated_by'].notna().sum()):,} rows repeat a prompt of an evaluation set that was named."
        )
    if "duplicate_of" in df:
        lines.append(f"- {int(df['duplicate_of'].notna().sum()):,} rows say what a better one says already.")
    if origin.thresholds is not None:
        bounds = ", ".join(f"{column} {_write_bounds(*pair)}" for column, pair in dict(origin.thresholds).items())
        scale = getattr(origin.thresholds, "scale", None)
        lines.append(
            f"- Thresholds: {bounds or 'none; faults and duplicates alone decide'}{f' (scale: {scale})' if scale else ''}."
        )
    return "\n".join([*lines, ""])


def _write_bounds(low: float | None, high: float | None) -> str:
    return " and ".join([*([f"≥ {low:g}"] if low is not None else []), *([f"≤ {high:g}"] if high is not None else [])])


def _escape(text: Any) -> str:
    return clean_line(text).replace("|", "\\|")


LIMITS = """\
## Known limits

- Everything here was written by a model. A score ranks; it does not vouch. A judge's scores are probabilities of its own.
- What a response says in prose is not checked, nor are languages, tools and files for which there is no verifier.
- Read some rows before you train on them: each tells its problems, its scores and the reason against it in `raw.jsonl`.
"""
