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

# The examples come from other subjects than datasets are usually made about, since a small model copies what it is shown.
KINDS = pd.DataFrame(
    [
        ("how-to", 3, "tells what the person is doing and asks how to get one thing done",
         "Our office printer takes A4 only, but the drawings are A3. How can I print each of them on two sheets that I can tape?"),
        ("error report", 2, "tells what was tried, what went wrong or which message came, and asks for the way out",
         "The radiator in the bedroom stays cold although I bled it and the valve is fully open. What should I try next?"),
        ("task", 2, "gives an order in the imperative, with the exact names and numbers to use",
         "Write me a shopping list for 12 people for three days of hiking, vegetarian, with nothing that needs a fridge."),
        ("choose between", 1, "has two ways in mind, says what matters, and asks which one to take",
         "We move 40 boxes one floor up on Saturday. Shall we rent a trolley or ask two more friends, to be done by noon?"),
        ("comparison", 1, "asks what the difference between two similar things is in practice",
         "What is the difference between baking soda and baking powder when a recipe has yoghurt in it?"),
        ("why", 1, "has seen a behaviour, did not expect it, and asks for its reason",
         "Why does my sourdough rise well in the bowl and then go flat as soon as I move it to the hot stone?"),
        ("fix this", 1, "shows something short that is wrong, word for word, and asks for it to be put right",
         "My formula `=SUM(A1;A9` gives an error in the German spreadsheet. What must I write instead?"),
        ("explain this", 1, "quotes something short word for word and asks what its parts mean",
         "The knitting pattern says `k2, p2, sl1 wyif`. What exactly do I do at `sl1 wyif`?"),
        ("review this", 1, "shows something short that works, word for word, and asks what to improve",
         "Here is my packing list for Iceland in May: `2 jeans, 5 T-shirts, 1 umbrella`. What would you change?"),
    ],
    columns=["kind", "share", "description", "example"],
)  # fmt: skip

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

    Columns: kind, share (a weight, not a percentage), description, example. Raises InputError for anything else.
    """
    check_columns(kinds, "the table of kinds", ("kind", "share", "description", "example"))
    shares = pd.to_numeric(kinds["share"], errors="coerce")
    wrong = kinds.loc[~shares.ge(0), "kind"].tolist()
    if wrong or not shares.sum() > 0:
        said = f"the share of {wrong[0]!r} is no number" if wrong else "no kind has a share above zero"
        raise InputError(f"kinds: {said}: give each kind a weight, 0 to leave it out.")
    return kinds.assign(share=shares)


def draw_kinds(n: int, kinds: pd.DataFrame = KINDS, *, seed: int = 1) -> pd.DataFrame:
    """Draw n kinds in the proportion of their shares, in random order. Returns a frame of kind, description and example.

    Each kind comes as often as its share says, rounded by the largest remainders, so that a small dataset has the mix too.
    """
    table = check_kinds(kinds)
    wanted = table["share"] / table["share"].sum() * n
    counts = wanted.astype(int)
    for place in (wanted - counts).sort_values(ascending=False, kind="stable").index[: n - int(counts.sum())]:
        counts[place] += 1
    order = [place for place in table.index for _ in range(counts[place])]
    random.Random(seed).shuffle(order)
    return table.loc[order, ["kind", "description", "example"]].reset_index(drop=True)


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
