"""A chat model as judge: its questions, and how its answers become scores."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from synthdata.models.client import Client
from synthdata.models.replies import Failure, get_choice, read_completion
from synthdata.quality.scores.reward import (
    Conversation,
    Probe,
    Questions,
    Reward,
    Way,
    find_scores,
    make_conversation,
    read_number,
    read_text,
)

# The question for each attribute, asked as the next turn of the conversation, and whether yes is good.
JUDGE_QUESTIONS: Questions = {
    "helpfulness": ("Would a strict reviewer give your answer full marks?", True),
    "correctness": ("Does your answer contain a mistake?", False),
    "coherence": ("Does any part of your answer contradict another part?", False),
    "complexity": ("Is what I asked for difficult?", True),
    "verbosity": ("Is your answer longer than it needs to be?", True),
}

JUDGE_JSON_PROMPT = """\
Rate your last answer. Reply with nothing but a JSON object with a number from 0 (worst) to 4 (best) for "helpfulness", \
"correctness" and "coherence", from 0 (trivial) to 4 (expert) for "complexity", and from 0 (terse) to 4 (wordy) for \
"verbosity"."""

NO_LOGPROBS = "the endpoint serves no logprobs"

TOP_LOGPROBS = 12

FEW_LOGPROBS = 5  # as many as the strictest servers give

LEAST_MASS = 0.05  # less probability than this on yes and no together is no answer to a yes/no question


def parse_yes_no(reply: dict[str, Any]) -> float | Failure:
    """Read the probability of yes among yes and no, 0 to 1, from the first token's logprobs."""
    content = read_text(reply)
    logprobs = get_choice(reply).get("logprobs")
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    first = entries[0] if isinstance(entries, list) and entries else None
    tokens = first.get("top_logprobs") if isinstance(first, dict) else None
    if not isinstance(tokens, list) or not tokens:
        return Failure(NO_LOGPROBS, content)
    mass = {"yes": 0.0, "no": 0.0}
    for entry in tokens:
        word = _read_word(entry) if isinstance(entry, dict) else ""
        value = read_number(entry.get("logprob")) if word in mass else None
        if value is not None:
            mass[word] += math.exp(min(value, 0.0))
    total = mass["yes"] + mass["no"]
    return mass["yes"] / total if total >= LEAST_MASS else Failure("answered neither yes nor no", content)


def _read_word(entry: Mapping[str, Any]) -> str:
    """Read a token as a word: in lower case, without what tokenizers write for a space, and without quotes and marks."""
    token, signs = str(entry.get("token")), entry.get("bytes")
    if token.startswith("token_id:") and isinstance(signs, list):
        token = bytes(sign for sign in signs if isinstance(sign, int) and 0 <= sign < 256).decode(errors="replace")
    return re.sub(r"^[\W_ĠĊ]+|[\W_]+$", "", token).lower()


def parse_judge_json(reply: dict[str, Any]) -> Reward | Failure:
    """Read a judge's JSON object with a number from 0 to 4 for each attribute; reward: helpfulness and correctness."""
    content = read_completion(reply).text
    scores = find_scores(content)
    if scores is None or not all(0 <= value <= 4 for value in scores.values()):
        return Failure("the judge's reply holds no five scores from 0 to 4", content)
    return Reward(scores, weigh_judgement(scores), "judge-json")


def weigh_judgement(scores: Mapping[str, float]) -> float:
    """Reduce a judge's attributes to one scalar, 0 to 4: the mean of helpfulness and correctness, not calibrated."""
    return round((scores["helpfulness"] + scores["correctness"]) / 2, 6)


def judge_conversations(
    conversations: Sequence[Conversation], client: Client, questions: Questions
) -> list[Reward | Failure]:
    """Score conversations with a chat model: one yes/no question for each attribute, asked as the next turn.

    The score is the probability of yes (of no, where yes is bad) among yes and no as the first token, times 4. Where
    the endpoint serves no logprobs, one JSON reply for each conversation instead: at once where preflight has seen it.
    The turns go out one after another for each conversation, so that a server that caches prefixes reads it once.
    """
    if not conversations:
        return []
    answers: list[Any] = []
    if client.learned.get("form") != "judge-json":
        top = client.learned.get("top_logprobs", TOP_LOGPROBS)
        bodies = (_ask_yes_no(pair, question, top) for pair in conversations for question, _ in questions.values())
        answers = client.complete(bodies, label="judge", read=parse_yes_no, in_turn=len(questions))
    if all(isinstance(answer, Failure) and answer.reason == NO_LOGPROBS for answer in answers):
        return client.complete(map(_ask_json, conversations), label="judge", read=parse_judge_json)
    starts = range(0, len(answers), len(questions))
    return [_combine_answers(answers[start : start + len(questions)], questions) for start in starts]


def _ask_yes_no(pair: Conversation, question: str, top_logprobs: int) -> dict[str, Any]:
    turn = {"role": "user", "content": f"{question} Answer yes or no."}
    sampling = {"max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": top_logprobs}
    return {"messages": [*pair, turn], **sampling}


def _ask_json(pair: Conversation) -> dict[str, Any]:
    return {"messages": [*pair, {"role": "user", "content": JUDGE_JSON_PROMPT}], "max_tokens": 120, "temperature": 0}


def _combine_answers(answers: Sequence[float | Failure], questions: Questions) -> Reward | Failure:
    """Make one reward of a response's answers; the first answer that failed speaks for all."""
    scores: dict[str, float] = {}
    for (name, (_, yes_is_good)), answer in zip(questions.items(), answers, strict=True):
        if isinstance(answer, Failure):
            return Failure(f"{name}: {answer.reason}", answer.raw)
        scores[name] = round(4 * (answer if yes_is_good else 1 - answer), 6)
    # What other questions' answers are worth together, only who asked them knows.
    return Reward(scores, weigh_judgement(scores) if questions == JUDGE_QUESTIONS else None, "judge")


def _read_yes_no_probe(reply: dict[str, Any]) -> str | Failure:
    completion, answer = read_completion(reply), parse_yes_no(reply)
    if completion.reasoning or "thinking" in completion.fault:
        return Failure("thinks before it answers", completion.text or completion.reasoning or read_text(reply))
    if isinstance(answer, Failure):
        return "judge-json" if answer.reason == NO_LOGPROBS else answer
    return "judge"


def _read_json_probe(reply: dict[str, Any]) -> str | Failure:
    answer = parse_judge_json(reply)
    return answer if isinstance(answer, Failure) else answer.form


_EXAMPLE = make_conversation("What is 1 + 1?", "2")

JUDGE = Way(
    name="judge",
    model_word="",
    requests=len(JUDGE_QUESTIONS),
    score=judge_conversations,
    probes=(
        Probe(_ask_yes_no(_EXAMPLE, "Is that right?", TOP_LOGPROBS), _read_yes_no_probe),
        Probe(
            _ask_yes_no(_EXAMPLE, "Is that right?", FEW_LOGPROBS), _read_yes_no_probe, {"top_logprobs": FEW_LOGPROBS}
        ),
        Probe(_ask_json(_EXAMPLE), _read_json_probe),
    ),
)
