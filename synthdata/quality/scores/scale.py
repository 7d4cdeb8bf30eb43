"""Every form of score in one table: how it is read, what may be compared with what, and what readers are told of it.

A form is one file that reads it and one line here. `SCALES` puts forms whose numbers mean the same on one scale. A bound means
something only on the scale that it was chosen for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.models.client import Client
from synthdata.models.replies import Failure, write_raw
from synthdata.quality.scores.judge import JUDGE
from synthdata.quality.scores.reward import (
    ATTRIBUTES,
    Conversation,
    Probe,
    Questions,
    Reward,
    Way,
    make_conversation,
    read_attributes,
    read_scalar,
    read_text,
)

RANKED = ("reward_rank", "reward_margin")  # columns that compare within an instruction, whatever the scale

Bounds = tuple[float | None, float | None]


def parse_reward(reply: dict[str, Any]) -> Reward | Failure:
    """Read a reward model's reply in the first form that fits; a Failure with its text when none does."""
    for scale in SCALES:
        reward = scale.read(reply) if scale.read else None
        if reward is not None:
            return reward
    return Failure("the reply holds no scores", read_text(reply) or write_raw(reply))


def ask_reward_model(
    conversations: Sequence[Conversation], client: Client, questions: Questions
) -> list[Reward | Failure]:
    """Score conversations by sending each as it is. questions: not for a reward model."""
    return client.complete(({"messages": pair} for pair in conversations), label="reward", read=parse_reward)


def _read_probe(reply: dict[str, Any]) -> str | Failure:
    reward = parse_reward(reply)
    return reward if isinstance(reward, Failure) else reward.form


REWARD_MODEL = Way(
    name="reward",
    model_word="reward",
    requests=1,
    score=ask_reward_model,
    probes=(Probe({"messages": make_conversation("What is 1 + 1?", "2")}, _read_probe),),
)


@dataclass(frozen=True, eq=False, slots=True)
class Scale:
    """Scores that can be compared with one another, and what to do with them.

    name; forms: the values of reward_form whose scores are on it. way: how such a scorer is asked. read: reads a reply to the
    bare conversation, None when it is not of this kind; for scales whose way is REWARD_MODEL. answers: what preflight says.
    across: scores of different instructions may be compared; else only their rank within one. start: the usual bounds to
    begin with, by column; none where only faults should decide. axis: what a picture of an attribute shows at least; None where
    scores bunch, so that only their own range is shown. label: a word for titles. note: a sentence for whoever moves the bounds.
    """

    name: str
    forms: tuple[str, ...] = ()
    way: Way = REWARD_MODEL
    read: Callable[[dict[str, Any]], Reward | None] | None = None
    answers: str = ""
    across: bool = True
    start: Mapping[str, Bounds] = field(default_factory=dict)
    axis: tuple[float, float] | None = (0.0, 4.0)
    label: str = ""
    note: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that bounds on this scale make sense for."""
        return (*ATTRIBUTES, *(("reward",) if self.across else RANKED))

    @property
    def literal(self) -> str:
        """The usual start as it is written in Thresholds(…)."""
        return ", ".join(f"{column}={pair!r}" for column, pair in self.start.items())


SCALES: list[Scale] = [
    Scale(
        "attributes", ("logprobs", "content"), read=read_attributes, answers="five attributes",
        start={"helpfulness": (3.0, None), "verbosity": (None, 2.5)},
    ),
    Scale(
        "scalar", ("scalar",), read=read_scalar, answers="one scalar: comparable within an instruction only",
        across=False, start={"reward_rank": (None, 1)},
        note="Rewards are scalars that compare only within an instruction: bound their rank or their margin.",
    ),
    Scale(
        "judge", ("judge",), JUDGE, answers="judge, probability of yes", axis=None, label="judge",
        note="Attributes are a judge's: a chat model's probability of yes, times 4. It is not calibrated here: read rows.",
    ),
    Scale(
        "judge-json", ("judge-json",), JUDGE, answers="judge, JSON (no logprobs served)", axis=None, label="judge",
        note="Attributes are a judge's: numbers that a chat model wrote. It is not calibrated here: read rows.",
    ),
]  # fmt: skip


def find_scale(form: str) -> Scale:
    """Find the scale of a form; one that the table lacks is a scale of its own, taken to compare across instructions."""
    return next((scale for scale in SCALES if form in scale.forms), Scale(form, (form,)))


def list_scales(df: pd.DataFrame) -> list[Scale]:
    """List the scales of a frame's scores. Input column: reward_form, when present."""
    forms = df["reward_form"].dropna().unique() if "reward_form" in df else ()
    return list({scale.name: scale for scale in map(find_scale, map(str, forms))}.values())


def list_scores(df: pd.DataFrame) -> list[str]:
    """List the score columns that can be bounded and hold a number.

    The reward is left out where it cannot be compared across instructions; its rank and margin can.
    """
    across = all(scale.across for scale in list_scales(df))
    return [column for column in Scale("", across=across).columns if column in df and df[column].notna().any()]


def check_scorers(df: pd.DataFrame, stage: str) -> Scale:
    """Tell the scale of a frame's scores; one without a name where no row says.

    Input columns: reward_model and reward_form, when present. Raises InputError when more than one scorer is at work.
    """
    if "reward_form" not in df:
        return Scale("")
    scored = df.loc[df["reward_form"].notna(), [c for c in ("reward_model", "reward_form") if c in df]]
    names = {form: find_scale(str(form)).name for form in scored["reward_form"].unique()}
    scored = scored.assign(reward_form=scored["reward_form"].map(names))
    if scored.nunique().gt(1).any():
        scorers = scored.value_counts(sort=False, dropna=False)
        named = sorted(f"{' as '.join(map(str, key))}: {count:,} rows" for key, count in scorers.items())
        raise InputError(
            f"{stage}: these rows were scored by {len(scorers)} scorers ({'; '.join(named)}), and one bound means something "
            "else for each: score all rows with one model, or decide on each scorer's rows by themselves."
        )
    return find_scale(next(iter(names))) if names else Scale("")


def name_scale(df: pd.DataFrame) -> str:
    """Name the scale of a frame's scores, as Thresholds(scale=…) takes it; "" where no row has a score.

    What a judge says means something only for that judge, so its scale bears the model's name. Input columns: reward_form and
    reward_model, when present. Raises InputError when more than one scorer is at work.
    """
    scale = check_scorers(df, "name_scale")
    if scale.way is not JUDGE or "reward_model" not in df:
        return scale.name
    model = str(df.loc[df["reward_form"].notna(), "reward_model"].iloc[0])
    return f"{scale.name} of {model.rpartition('/')[2].rpartition(':')[2]}"


def choose_way(client: Client, form: str = "auto") -> Way:
    """Choose how to ask a scorer: by name, or, with "auto", by a word in the model's name.

    Raises InputError for another name than "auto" and the ways' in SCALES.
    """
    ways = {scale.way.name: scale.way for scale in SCALES}
    if form != "auto" and form not in ways:
        raise InputError(f"form is {form!r}: write {', '.join(map(repr, ways))} or 'auto'.")
    fitting = [way for way in ways.values() if way.model_word in client.endpoint.model.lower()]
    return ways[form] if form != "auto" else max(fitting, key=lambda way: len(way.model_word))
