"""The scoring stage: which responses go to a reward model or a judge, and what of its replies becomes columns."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from synthdata.base.frame import check_columns, write_error
from synthdata.models.client import Client
from synthdata.models.replies import Failure
from synthdata.quality.scores.judge import JUDGE, JUDGE_QUESTIONS
from synthdata.quality.scores.reward import ATTRIBUTES, Reward, make_conversation
from synthdata.quality.scores.scale import choose_way
from synthdata.quality.scores.shape import weigh_shape
from synthdata.verify.stage import verify_responses

REWARD_CONTEXT_TOKENS = 4096


def score_responses(
    df: pd.DataFrame,
    client: Client,
    *,
    form: str = "auto",
    questions: Mapping[str, tuple[str, bool]] | None = None,
    context_tokens: int = REWARD_CONTEXT_TOKENS,
    score_all: bool = False,
) -> pd.DataFrame:
    """Score every response that may still be kept with a reward model or a judge.

    Input columns: instruction, response, error, prompt_tokens, completion_tokens; verified and duplicate_of when present:
    rows that did not verify, and duplicates, are not sent, since requests cost money; score_all sends them too.
    form: "reward" for a reward model, "judge" for a chat model, "auto" decides by the word reward in the model's name.
    questions: for a judge, the question for each attribute and whether yes is good; other than JUDGE_QUESTIONS give no
    scalar reward. context_tokens: a longer conversation is not sent.
    Output columns: the five attributes and reward (floats, null when unscored), reward_model, reward_form; error and
    raw_reply of rows that could not be scored. Attributes run from about 0 to 4 and are not clipped. A judge's reward is the
    mean of helpfulness and correctness; the embedded judge's is weigh_shape's, whatever it answered.
    Raises InputError for a missing column or form, EndpointError when the run cannot go on.
    """
    check_columns(df, "score_responses", ("instruction", "response", "error", "prompt_tokens", "completion_tokens"))
    way = choose_way(client, form)
    sizes = estimate_tokens(df)
    answered = (df["response"].notna() & df["error"].isna()).to_numpy()
    lost = pd.Series(False, index=df.index)
    if "verified" in df and not score_all:
        lost |= df["verified"].eq(False).fillna(False).astype(bool)
    if "duplicate_of" in df and not score_all:
        lost |= df["duplicate_of"].notna()
    spared = answered & lost.to_numpy()
    answered = answered & ~spared
    fits = (sizes + 64 <= context_tokens).to_numpy()
    chosen = df[answered & fits]
    conversations = [make_conversation(*texts) for texts in zip(chosen["instruction"], chosen["response"], strict=True)]
    rewards = way.score(conversations, client, questions or JUDGE_QUESTIONS)
    if way is JUDGE and client.endpoint.is_local:
        rewards = _weigh_shapes(chosen, rewards)
    by_row: list[Reward | Failure | None] = [None] * len(df)
    for position, reward in zip((answered & fits).nonzero()[0], rewards, strict=True):
        by_row[position] = reward
    for position in (answered & ~fits).nonzero()[0]:
        size = int(sizes.iloc[position])
        by_row[position] = Failure(f"not sent: about {size:,} tokens do not fit its context of {context_tokens:,}")
    unscored = sum(isinstance(reward, Failure) for reward in by_row)
    spent = f", {int(spared.sum()):,} not sent (unverified or duplicates)" if spared.any() else ""
    print(f"reward: {len(df):,} rows, {int(answered.sum()) - unscored:,} scored, {unscored:,} unscored{spent}")
    return df.assign(**_unpack_rewards(df, by_row, client.endpoint.model))


def _weigh_shapes(chosen: pd.DataFrame, rewards: Sequence[Reward | Failure]) -> list[Reward | Failure]:
    """Give the embedded judge's rows the scalar of their shape. Rows that were not verified are verified for it."""
    checked = chosen if "verified" in chosen or chosen.empty else verify_responses(chosen[["instruction", "response"]])
    faulty = checked["verified"].eq(False).fillna(False).tolist() if len(chosen) else []
    rows = zip(chosen["instruction"], chosen["response"], faulty, rewards, strict=True)
    return [
        replace(reward, reward=weigh_shape(instruction, response, faulty))
        if isinstance(reward, Reward) and reward.reward is not None
        else reward
        for instruction, response, faulty, reward in rows
    ]


def estimate_tokens(df: pd.DataFrame) -> pd.Series:
    """Estimate the tokens of each conversation: the generator's own count, else a third of the UTF-8 bytes."""
    counted = df["prompt_tokens"].astype("Float64") + df["completion_tokens"].astype("Float64")
    text = df["instruction"].astype(object) + df["response"].astype(object).where(df["response"].notna(), "")
    return counted.fillna(text.map(lambda value: len(value.encode(errors="replace")) / 3).astype("Float64"))


def _unpack_rewards(df: pd.DataFrame, rewards: list[Reward | Failure | None], model: str) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in ATTRIBUTES:
        columns[name] = pd.array(
            [reward.scores.get(name) if isinstance(reward, Reward) else None for reward in rewards], dtype="Float64"
        )
    scored = [reward if isinstance(reward, Reward) else None for reward in rewards]
    columns["reward"] = pd.array([reward.reward if reward else None for reward in scored], dtype="Float64")
    columns["reward_model"] = pd.array([model if reward else None for reward in scored], dtype="str")
    columns["reward_form"] = pd.array([reward.form if reward else None for reward in scored], dtype="str")
    error = df["error"].astype(object).where(df["error"].notna(), None).tolist()
    raw = (
        df["raw_reply"].astype(object).where(df["raw_reply"].notna(), None).tolist()
        if "raw_reply" in df
        else [None] * len(df)
    )
    for position, reward in enumerate(rewards):
        if isinstance(reward, Failure):
            error[position], raw[position] = write_error("reward", reward.reason), reward.raw or None
    columns["error"], columns["raw_reply"] = pd.array(error, dtype="str"), pd.array(raw, dtype="str")
    return columns
