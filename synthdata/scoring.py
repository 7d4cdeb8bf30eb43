"""The scoring stage: every response to a reward model, or to a chat model that judges.

Covers what is sent and what is not, and how replies become columns. Not covered: reading replies (reward.py).
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from synthdata.checks import check_columns
from synthdata.client import Client
from synthdata.errors import InputError
from synthdata.judge import JUDGE_JSON_PROMPT, JUDGE_QUESTIONS, weigh_judgement
from synthdata.replies import Completion, Failure
from synthdata.reward import (
    ATTRIBUTES,
    NO_LOGPROBS,
    TOP_LOGPROBS,
    Reward,
    parse_judge_json,
    parse_reward,
    parse_yes_no,
)
from synthdata.run import Ahead

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
    scalar reward, whose weights belong to them. context_tokens: a longer conversation is not sent.
    Output columns: the five attributes and reward (floats, null when unscored), reward_model, reward_form; error and
    raw_reply of rows that could not be scored. Attributes run from about 0 to 4 and are not clipped.
    Raises InputError for a missing column or form, EndpointError when the run cannot go on.
    """
    check_columns(df, "score_responses", ("instruction", "response", "error", "prompt_tokens", "completion_tokens"))
    form = choose_form(client, form)
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
    if form == "reward":
        bodies = (body for pair in conversations for body in make_bodies(pair, form))
        rewards = client.complete(bodies, label="reward", read=parse_reward)
    else:
        rewards = judge_conversations(conversations, client, questions or JUDGE_QUESTIONS)
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


def choose_form(client: Client, form: str = "auto") -> str:
    """Decide between "reward" and "judge". Raises InputError for another word than those and "auto"."""
    if form not in ("auto", "reward", "judge"):
        raise InputError(f"form is {form!r}: write 'reward', 'judge' or 'auto'.")
    if form == "auto":
        return "reward" if "reward" in client.endpoint.model.lower() else "judge"
    return form


def make_conversation(instruction: str, response: str) -> list[dict[str, str]]:
    """Make the two messages that a reward model scores."""
    return [{"role": "user", "content": instruction}, {"role": "assistant", "content": response}]


def make_bodies(
    pair: list[dict[str, str]], form: str, questions: Mapping[str, tuple[str, bool]] = JUDGE_QUESTIONS
) -> list[dict[str, Any]]:
    """Make the request bodies that score one conversation: one for a reward model, one a question for a judge."""
    if form == "reward":
        return [{"messages": pair}]
    sampling = {"max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": TOP_LOGPROBS}
    turns = [{"role": "user", "content": f"{question} Answer yes or no."} for question, _ in questions.values()]
    return [{"messages": [*pair, turn], **sampling} for turn in turns]


def plan_ahead(client: Client, instructions: list[str]) -> Ahead:
    """Plan the scoring of responses that are still being written; instructions: by position.

    Conversations that score_responses would not send are left out here too.
    """
    form = choose_form(client)

    def make(position: int, reply: Completion) -> list[dict[str, Any]]:
        tokens = (reply.prompt_tokens or 0) + (reply.completion_tokens or 0) or len(reply.text.encode()) / 3
        if not reply.text or reply.finish_reason == "content_filter" or tokens + 64 > REWARD_CONTEXT_TOKENS:
            return []
        return make_bodies(make_conversation(instructions[position], reply.text), form)

    return Ahead(client, form, make)


def judge_conversations(
    conversations: list[list[dict[str, str]]], client: Client, questions: Mapping[str, tuple[str, bool]]
) -> list[Reward | Failure]:
    """Score conversations with a chat model: one yes/no question for each attribute, asked as the next turn.

    The score is the probability of yes (of no, where yes is bad) among yes and no as the first token, times 4. Where
    the endpoint serves no logprobs, one JSON reply for each conversation instead. The turns go out one after another
    for each conversation, so that a server that caches prefixes reads it once.
    """
    if not conversations:
        return []
    bodies = (body for pair in conversations for body in make_bodies(pair, "judge", questions))
    answers = client.complete(bodies, label="judge", read=parse_yes_no, in_turn=len(questions))
    if all(isinstance(answer, Failure) and answer.reason == NO_LOGPROBS for answer in answers):
        json_bodies = (
            {"messages": [*pair, {"role": "user", "content": JUDGE_JSON_PROMPT}], "max_tokens": 120, "temperature": 0}
            for pair in conversations
        )
        return client.complete(json_bodies, label="judge", read=parse_judge_json)
    rewards: list[Reward | Failure] = []
    for pair, start in zip(conversations, range(0, len(answers), len(questions)), strict=True):
        scores: dict[str, float] = {}
        failure = None
        turns = answers[start : start + len(questions)]
        for (name, (_, yes_is_good)), answer in zip(questions.items(), turns, strict=True):
            if isinstance(answer, Failure):
                failure = failure or Failure(f"{name}: {answer.reason}", answer.raw)
            else:
                scores[name] = round(4 * (answer if yes_is_good else 1 - answer), 6)
        reward = weigh_judgement(scores, pair[1]["content"]) if questions == JUDGE_QUESTIONS and not failure else None
        rewards.append(failure or Reward(scores, reward, "judge"))
    return rewards


def estimate_tokens(df: pd.DataFrame) -> pd.Series:
    """Estimate the tokens of each conversation: the generator's own count, else a third of the UTF-8 bytes."""
    counted = df["prompt_tokens"].astype("Float64") + df["completion_tokens"].astype("Float64")
    text = df["instruction"].astype(object) + df["response"].astype(object).where(df["response"].notna(), "")
    return counted.fillna(text.map(lambda value: len(value.encode()) / 3).astype("Float64"))


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
            error[position], raw[position] = f"reward: {reward.reason}", reward.raw or None
    columns["error"], columns["raw_reply"] = pd.array(error, dtype="str"), pd.array(raw, dtype="str")
    return columns
