"""Kinds of question in a table that a user edits, who asks them, and how a mix of both is drawn."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from synthdata.base.errors import EndpointError, InputError
from synthdata.base.frame import check_columns, check_count, check_topic
from synthdata.generate.lists import parse_list
from synthdata.generate.prompts import PERSONA_PROMPT, fill_prompt
from synthdata.models.client import Client
from synthdata.models.replies import Completion

# No examples: the embedded model copied them ("print each of my drawings on two sheets") into questions about Docker.
KINDS = pd.DataFrame(
    [
        ("how-to", 3, "tells what the person is doing and asks how to get one thing done"),
        ("error report", 2, "tells what was tried, what went wrong or which message came, and asks for the way out"),
        ("task", 2, "gives an order in the imperative, with the exact names and numbers to use"),
        ("choose between", 1, "has two ways in mind, says what matters, and asks which one to take"),
        ("comparison", 1, "asks what the difference between two similar things is in practice"),
        ("why", 1, "has seen a behaviour, did not expect it, and asks for its reason"),
        ("fix this", 1, "shows something short that is wrong, word for word, and asks for it to be put right"),
        ("explain this", 1, "quotes something short word for word and asks what its parts mean"),
        ("review this", 1, "shows something short that works, word for word, and asks what to improve"),
    ],
    columns=["kind", "share", "description"],
)

# What a person who needs one command can say without knowing it.
COMMAND_KINDS = KINDS[KINDS["kind"].isin(["how-to", "error report", "task"])].reset_index(drop=True)

PERSONA_TOKENS = 40  # a line of 20 words, with room; a small model may go on for ever

# What a passage can answer by itself.
PASSAGE_KINDS = KINDS[KINDS["kind"].isin(["how-to", "error report", "comparison", "why"])].reset_index(drop=True)

LEVELS = ("new to it", "using it daily", "an expert")
LENGTHS = ("one sentence", "two sentences", "three or four sentences")
ANYBODY = "somebody who uses it at work"


def check_kinds(kinds: pd.DataFrame) -> pd.DataFrame:
    """Check a table of kinds: what is drawn from must be there, and the shares numbers of which one is above zero.

    Columns: kind, share (a weight, not a percentage), description. Raises InputError for anything else.
    """
    check_columns(kinds, "the table of kinds", ("kind", "share", "description"))
    shares = pd.to_numeric(kinds["share"], errors="coerce")
    wrong = kinds.loc[~shares.ge(0), "kind"].tolist()
    if wrong or not shares.sum() > 0:
        said = f"the share of {wrong[0]!r} is no number" if wrong else "no kind has a share above zero"
        raise InputError(f"kinds: {said}: give each kind a weight, 0 to leave it out.")
    return kinds.assign(share=shares).reset_index(drop=True)


def draw_kinds(n: int, kinds: pd.DataFrame = KINDS, *, seed: int = 1) -> pd.DataFrame:
    """Draw n kinds in the proportion of their shares, in random order. Returns a frame of kind and description.

    Each kind comes as often as its share says, rounded by the largest remainders, so that a small dataset has the mix too.
    """
    table = check_kinds(kinds)
    wanted = table["share"] / table["share"].sum() * n
    counts = wanted.astype(int)
    for place in (wanted - counts).sort_values(ascending=False, kind="stable").index[: n - int(counts.sum())]:
        counts[place] += 1
    order = [place for place in table.index for _ in range(counts[place])]
    random.Random(seed).shuffle(order)
    return table.loc[order, ["kind", "description"]].reset_index(drop=True)


def generate_personas(
    topic: str, n: int, client: Client, *, prompt: str = PERSONA_PROMPT, params: Mapping[str, Any] | None = None
) -> list[str]:
    """Ask, in one request, for different people who have questions about a topic (personas: Ge et al. 2024, arXiv:2406.20094).

    prompt: a template with {topic} and {n}. Returns at most n descriptions, fewer where the model names fewer, which is said.
    Raises EndpointError when none came.
    """
    text = fill_prompt(prompt, "the persona prompt", ("topic", "n"), topic=check_topic(topic), n=check_count("n", n))
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": PERSONA_TOKENS * n, **(params or {})}
    reply = client.complete([body], label="personas")[0]
    found = parse_list(reply.text, reply.finish_reason, n)[:n] if isinstance(reply, Completion) else []
    if not found:
        raise EndpointError(
            "personas: the reply holds no list. Try another generator, or a prompt of your own with prompt=…"
        )
    if len(found) < n:
        print(f"personas: asked {n:,}, got {len(found):,}")
    return found


def draw_personas(n: int, personas: Sequence[str], seed: int = 1) -> list[str | None]:
    """Draw who asks each of n questions, all personas equally often; null where there are none."""
    if not personas:
        return [None] * n
    drawn = [personas[place % len(personas)] for place in range(n)]
    random.Random(seed).shuffle(drawn)
    return list(drawn)
