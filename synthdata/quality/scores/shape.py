"""The scalar of the embedded judge: what the shape of an answer, its question and its faults say, since the model says nothing."""

import math
import re

# What can a 1.5B model say of an answer? It was asked fifteen questions about 115 of 252 Docker answers whose verdicts by
# Nemotron-4-340b-reward are known (its usual thresholds kept 169), and nothing it said improved on the shape of the text; about
# 88 Spanish ones no question reached a rank correlation of 0.3 with the 340B's helpfulness. So its answers are shown, and do not
# count. What counts was fitted to those verdicts by a logistic regression:
#   excess    how much longer than FREE_CHARACTERS, as a logarithm: of the shortest fifth nearly all were kept, of longer ones
#             six in ten, whatever their length. The fitted weight is taken by 0.6, so that the scalar is no measure of length.
#   bold      bold phrases for each 1,000 characters
#   variety   how many of the first 60 words are different: a model that repeats itself does so early
#   open      the instruction asks how, why, what: 87 % of those were kept, of commands ("List all volumes") 60 %. It says
#             something of the question, not of the answer, so two answers to one question differ by the rest alone.
#   fault     something in the answer does not exist. A rule, not fitted: the 340B does not see invented commands, and keeps
#             them as often as others.
# Cross-validated on those rows, an answer that was kept stands above one that was not with probability 0.80 (0.73 to 0.85); the
# features were chosen while looking at them, so expect less elsewhere, and nothing for another topic, language or writer.
# tests/benchmarks/judge_agreement.py fits and measures.
WEIGHTS = {"excess": -2.0, "bold": 0.17, "variety": 3.5, "open": 1.7, "fault": -1.25}
INTERCEPT = -0.96
FREE_CHARACTERS = 1_200
FIRST_WORDS = 60

_OPEN = re.compile(r"\W*(?:how|why|what|which|when|explain|describe|c[oó]mo|por qu[eé]|qu[eé]|cu[aá]l)", re.I)


def measure_shape(instruction: str, response: str, faulty: bool) -> dict[str, float]:
    """Measure what WEIGHTS weighs. faulty: whether verification found something wrong in the response."""
    size, words = max(len(response), 1), re.findall(r"\w+", response.lower())[:FIRST_WORDS]
    return {
        "excess": max(0.0, math.log(size / FREE_CHARACTERS)),
        "bold": response.count("**") / 2 / size * 1_000,
        "variety": len(set(words)) / max(len(words), 1),
        "open": float(_OPEN.match(instruction) is not None),
        "fault": float(faulty),
    }


def weigh_shape(instruction: str, response: str, faulty: bool) -> float:
    """Reduce the shape of a response to one scalar, 0 to 4, rounded to 6 decimals; no model is asked.

    It is four times the chance, by a logistic regression, that Nemotron-4-340b-reward's usual thresholds (helpfulness at
    least 3, verbosity at most 2.5) would keep the response. See WEIGHTS for how far that holds.
    """
    total = INTERCEPT + sum(
        WEIGHTS[name] * value for name, value in measure_shape(instruction, response, faulty).items()
    )
    return round(4 / (1 + math.exp(-total)), 6)
