"""A chat model as judge: its questions, and how its answers and the shape of a response become one score.

Covers the five questions, the shape of a text, and the weights, fitted to verdicts of Nemotron-4-340b-reward. Not covered:
asking (scoring.py), reading the replies (reward.py).

The weights were fitted to Docker answers of one model (Llama-3.1-405b), judged by the embedded 1.5B. They hold for that; for
another topic, another judge or a model with other habits of writing they are a guess, and `reward` is no more than a ranking.
"""

import math
import re
from collections.abc import Mapping

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
