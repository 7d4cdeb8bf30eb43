"""A chat model as judge: its questions, and how its answers and the shape of a response become one score."""

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

# How the weights came about, and how far they reach. Nobody knows what a 1.5B model's "yes, full marks" is worth, so it was
# learned: 252 answers of Llama-3.1-405b on Docker were given to Nemotron-4-340b-reward, whose usual thresholds kept 169 of them,
# and to the embedded judge. A logistic regression then looked for the weighted sum that best tells the kept from the rejected.
# Into the sum go the log odds of each of the judge's answers, since its probabilities bunch near the ends, where a step from
# 0.98 to 0.99 says as much as one from 0.50 to 0.67; and three facts about the text: its length, how varied its words are, how
# many phrases are bold. A ridge penalty (3, on standardized values) pulls every weight towards zero, because 252 rows are few.
# Complexity and verbosity added nothing in cross-validation. That coherence counts against a row is what this judge's answers
# gave, not what one would expect: it finds contradictions in answers that qualify what they say. All that holds for Docker
# answers in that model's style, and was chosen on these same rows: for another topic, writer or judge the weights are a guess.
# tests/benchmarks/judge_agreement.py fits them.
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
    least 3, verbosity at most 2.5) would keep the response. See SCORE_WEIGHTS for how far that holds.
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
    return Reward(scores, (scores["helpfulness"] + scores["correctness"]) / 2, "judge-json")


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
    return [
        _combine_answers(pair[1]["content"], answers[start : start + len(questions)], questions)
        for pair, start in zip(conversations, starts, strict=True)
    ]


def _ask_yes_no(pair: Conversation, question: str, top_logprobs: int) -> dict[str, Any]:
    turn = {"role": "user", "content": f"{question} Answer yes or no."}
    sampling = {"max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": top_logprobs}
    return {"messages": [*pair, turn], **sampling}


def _ask_json(pair: Conversation) -> dict[str, Any]:
    return {"messages": [*pair, {"role": "user", "content": JUDGE_JSON_PROMPT}], "max_tokens": 120, "temperature": 0}


def _combine_answers(response: str, answers: Sequence[float | Failure], questions: Questions) -> Reward | Failure:
    """Make one reward of a response's answers; the first answer that failed speaks for all."""
    scores: dict[str, float] = {}
    for (name, (_, yes_is_good)), answer in zip(questions.items(), answers, strict=True):
        if isinstance(answer, Failure):
            return Failure(f"{name}: {answer.reason}", answer.raw)
        scores[name] = round(4 * (answer if yes_is_good else 1 - answer), 6)
    # The weights belong to the questions that they were fitted to.
    return Reward(scores, weigh_judgement(scores, response) if questions == JUDGE_QUESTIONS else None, "judge")


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
