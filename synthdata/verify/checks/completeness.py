"""Is the answer whole: not empty, not cut off, no refusal, no mere echo, in the language it was asked in?

Covers what shows in the text and in finish_reason. False alarms cost good rows, so each check wants clear evidence: an
answer whose server says "stop" is not suspected of being cut off, and a language is only judged on 200 letters of prose.
Not covered: whether the answer is right or answers all that was asked; very short answers in another language of the same
script.
"""

import functools
import re
from collections.abc import Sequence
from typing import Any

from synthdata.verify.parse.markdown import Block
from synthdata.verify.problems import Problem

_PROSE_LETTERS = 200

_COMMON_ENGLISH = "the a an to of is and in for with how what you your do that this from by on are i can my"

# Languages that a classifier of short texts cannot tell apart, and readers of one can read the other.
_NEAR = (
    {"zh", "yue", "wuu"},
    {"no", "nb", "nn", "da", "sv"},
    {"hr", "bs", "sr", "sh"},
    {"id", "ms"},
    {"es", "gl", "ca"},
)

_NAMES_A_LANGUAGE = re.compile(
    r"\b(?:translat\w*|english|french|german|spanish|italian|portuguese|dutch|polish|russian|ukrainian|chinese|japanese|korean"
    r"|arabic|hindi|turkish|swedish|hungarian|czech|latin|greek|vietnamese|indonesian)\b",
    re.I,
)

_REFUSAL = re.compile(
    r"^\W*(?:(?:(?:i['’]m|i am)? ?(?:very |so |really )?sorry|unfortunately|i apologi[sz]e|as an ai\b)[^.!\n]{0,60}?)?"
    r"\bi ?(?:can ?not|can['’]t|won['’]t|(?:am|['’]m) (?:unable|not able) to|don['’]t have the ability to)\b[^.!\n]{0,20}?"
    r"\b(?:help|assist|comply|fulfil\w*|provide|answer|do that|do this|complete|generate|create|discuss|support|browse|access)\b",
    re.I,
)

# Nothing ends like this: a comma, an open bracket, a word that wants another.
_UNFINISHED = re.compile(
    r"(?:[,(\[{–—]|\b(?:and|or|the|an|of|to|with|for|by|from|in|that|which|is|are|your|this|a|if|as))$", re.I
)

_LIST_ITEM = re.compile(r"[-*+#>|]|\d+[.)]\s")


def check_completeness(
    instruction: str, response: str, blocks: Sequence[Block], finish_reason: str | None = None
) -> list[Problem]:
    """Check one response; blocks: what parse_markdown found in it. Problems of the whole response have line 0."""
    text = response.strip()
    if not re.search(r"\w", text):
        return [Problem("empty response", text[:40])]
    problems = []
    unclosed = next((block for block in blocks if not block.closed), None)
    if unclosed:
        problems.append(Problem("unclosed fence", f"```{unclosed.language}", max(1, unclosed.line - 1), "close it"))
    if finish_reason == "length" or (not finish_reason and not unclosed and _ends_unfinished(text, blocks)):
        problems.append(Problem("cut off", text.split("\n")[-1][-60:], response.rstrip().count("\n") + 1))
    if not blocks and _REFUSAL.match(text[:300]):
        problems.append(Problem("refusal", text.split("\n")[0][:80], 1))
    if _is_echo(instruction, text):
        problems.append(Problem("repeats the question", text[:80], 1))
    if other := _find_other_language(instruction, text):
        problems.append(Problem("another language", other[0], 0, other[1]))
    return problems


def _ends_unfinished(text: str, blocks: Sequence[Block]) -> bool:
    last = text.split("\n")[-1].strip()
    if last.startswith(("```", "~~~")) or last == "|" or (blocks and _ends_in_code(text, blocks)):
        return False
    if last.count("`") % 2 == 1:
        return True
    plain = re.sub(r"[*_`\"'”’]+$", "", last)
    return len(last) > 20 and _UNFINISHED.search(plain) is not None and not _LIST_ITEM.match(last)


def _ends_in_code(text: str, blocks: Sequence[Block]) -> bool:
    return blocks[-1].form == "indented" and text.endswith(blocks[-1].text.rstrip().split("\n")[-1].strip())


def _is_echo(instruction: str, text: str) -> bool:
    asked, said = re.findall(r"\w+", instruction.lower()), re.findall(r"\w+", text.lower())
    return len(asked) > 2 and said[: len(asked)] == asked and len(said) <= len(asked) + 3


def _find_other_language(instruction: str, text: str) -> tuple[str, str] | None:
    # What was answered and what was asked, as ISO 639 codes, when they surely differ.
    prose = re.sub(r"\s+", " ", re.sub(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", " ", text[:20_000], flags=re.S))
    if sum(map(str.isalpha, prose)) < _PROSE_LETTERS or _NAMES_A_LANGUAGE.search(instruction):
        return None
    words, common = re.findall(r"[a-z]+", prose.lower()), set(_COMMON_ENGLISH.split())
    if instruction.isascii() and sum(word in common for word in words) > 0.12 * len(words):
        asked = re.findall(r"[a-z]+", instruction.lower())
        if len(asked) < 4 or any(word in common for word in asked):
            return None  # English both; the classifier costs a millisecond
    identifier = _load_identifier()
    said, certainty = identifier.classify(prose[:2_000])
    ranks = dict(identifier.rank(instruction[:2_000]))
    best = max(ranks, key=ranks.__getitem__)
    group = next((group for group in _NEAR if best in group), {best})
    likely = sum(ranks.get(name, 0) for name in group)
    if certainty < 0.999 or said in group or likely < 0.5 or ranks.get(said, 0) > 0.02:
        return None
    return str(said), str(best)


@functools.cache
def _load_identifier() -> Any:
    from py3langid.langid import LanguageIdentifier

    return LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)
