"""A chat model as judge: its questions, and how its answers and the shape of a response become one score.

Covers the five questions, the shape of a text, and the weights, fitted to verdicts of Nemotron-4-340b-reward. Not covered:
asking (scoring.py), reading the replies (reward.py).

The weights were fitted to Docker answers of one model (Llama-3.1-405b), judged by the embedded 1.5B. They hold for that; for
another topic, another judge or a model with other habits of writing they are a guess, and `reward` is no more than a ranking.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from synthdata.models.client import Client
from synthdata.models.replies import Failure, get_message, read_completion
from synthdata.quality.scores.reward import ATTRIBUTE_PAIR, Reward, gather_scores, read_number

# The question for each attribute, asked as the next turn of the conversation, and whether yes is good.
JUDGE_QUESTIONS: dict[str, tuple[str, bool]] = {
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

# A ridge-penalized logistic regression (penalty 3 on standardized values) of "kept" on 252 rows, 169 of them kept. Complexity
# and verbosity added nothing in cross-validation. That coherence counts against a row is what this judge's answers gave, not
# what one would expect: it finds contradictions in answers that qualify what they say.
SCORE_WEIGHTS = {"helpfulness": 2.1053, "correctness": 2.5007, "coherence": -3.8345}

SHAPE_WEIGHTS = {"length": -2.4987, "variety": 11.9024, "bold": 0.1728}

INTERCEPT = 14.3618

EDGE = 1e-4  # probabilities are kept this far from 0 and 1, so that a sure answer is no infinite one


def measure_shape(response: str) -> dict[str, float]:
    """Measure a text's shape: the log of its length in characters, how varied its words are (0 to 1), bold phrases."""
    words = re.findall(r"\w+", response.lower())
    return {
        "length": math.log(max(len(response), 1)),
        "variety": len(set(words)) / max(len(words), 1),
        "bold": response.count("**") / 2,
    }


def weigh_judgement(scores: Mapping[str, float], response: str) -> float:
    """Reduce a judge's attributes (0 to 4) and the response's shape to one scalar, 0 to 4, rounded to 6 decimals.

    It is four times the chance, by a logistic regression, that Nemotron-4-340b-reward's usual thresholds (helpfulness at
    least 3, verbosity at most 2.5) would keep the response. See the module's docstring for how far that holds.
    """
    total = INTERCEPT
    for name, weight in SCORE_WEIGHTS.items():
        chance = min(max(scores[name] / 4, EDGE), 1 - EDGE)
        total += weight * math.log(chance / (1 - chance))
    shape = measure_shape(response)
    total += sum(weight * shape[name] for name, weight in SHAPE_WEIGHTS.items())
    return round(4 / (1 + math.exp(-total)), 6)


NO_LOGPROBS = "the endpoint serves no logprobs"

TOP_LOGPROBS = 12

LEAST_MASS = 0.05  # less probability than this on yes and no together is no answer to a yes/no question


def parse_yes_no(reply: Mapping[str, Any]) -> float | Failure:
    """Read the probability of yes among yes and no, 0 to 1, from the first token's logprobs."""
    choice = reply["choices"][0]
    content = get_message(choice).get("content") or ""
    logprobs = choice.get("logprobs")
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not entries or not isinstance(entries[0], dict) or not entries[0].get("top_logprobs"):
        return Failure(NO_LOGPROBS, content)
    mass = {"yes": 0.0, "no": 0.0}
    for entry in entries[0]["top_logprobs"]:
        word = str(entry.get("token")).strip().lower()
        value = read_number(entry.get("logprob"))
        if word in mass and value is not None:
            mass[word] += math.exp(min(value, 0.0))
    total = mass["yes"] + mass["no"]
    return mass["yes"] / total if total >= LEAST_MASS else Failure("answered neither yes nor no", content)


def parse_judge_json(reply: Mapping[str, Any]) -> Reward | Failure:
    """Read a judge's JSON object with a number from 0 to 4 for each attribute; reward: helpfulness and correctness."""
    content = read_completion(dict(reply)).text
    scores = gather_scores([(name.lower(), value) for name, value in ATTRIBUTE_PAIR.findall(content)])
    if scores is None or not all(0 <= value <= 4 for value in scores.values()):
        return Failure("the judge's reply holds no five scores from 0 to 4", content)
    return Reward(scores, (scores["helpfulness"] + scores["correctness"]) / 2, "judge-json")


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
