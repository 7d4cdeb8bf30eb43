"""Check that an answer is whole: not empty or cut off, no refusal, no mere echo, in the language it was asked in.

False alarms cost good rows, so each check wants clear evidence: a language is only judged on 200 letters of prose.
"""

import functools
import re
from collections.abc import Sequence
from typing import Any

from synthdata.models.replies import is_natural_end
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

_ENGLISH_START = re.compile(
    r"(?:how|what|why|which|when|where|who|can|could|is|are|do|does|explain|write|show|list|give|create)\b", re.I
)
_SCRIPTS = {
    "zh": r"[\u4e00-\u9fff]", "ja": r"[\u3040-\u30ff]", "ko": r"[\uac00-\ud7af]", "ru": r"[\u0400-\u04ff]",
    "ar": r"[\u0600-\u06ff]", "he": r"[\u0590-\u05ff]", "el": r"[\u0370-\u03ff]",
    "hi": r"[\u0900-\u097f]", "th": r"[\u0e00-\u0e7f]",
}  # fmt: skip
_SCRIPT_LETTERS = 30  # of another script, in prose: more than a quoted name
# A question that asks for another language, in the languages that people ask in: to translate, or a language's name.
_NAMES_A_LANGUAGE = re.compile(
    r"\b(?:translat\w*|[üu]ebersetz\w*|übersetz\w*|tradu\w*|tr[aá]du\w*|vertaal\w*|vertal\w*|t[łl]umacz\w*|przet[łl]umacz\w*|övers[äa]tt\w*"
    r"|oversett\w*|overs[æa]t\w*|k[äa][äa]nn[äa]\w*|çevir\w*|tercüme|ford[íi]t\w*|p[řr]elo[žz]\w*|terjemah\w*|d[ịi]ch)"
    r"|\b(?:english|french|german|spanish|italian|portuguese|dutch|polish|russian|ukrainian|chinese|japanese|korean"
    r"|arabic|hindi|turkish|swedish|danish|norwegian|finnish|hungarian|czech|latin|greek|vietnamese|indonesian|hebrew|thai)\b"
    r"|\b(?:englisch\w*|deutsch\w*|franz[öo]sisch\w*|spanisch\w*|italienisch\w*|russisch\w*|chinesisch\w*|japanisch\w*)"
    r"|\b(?:ingl[ée]s\w*|inglês|anglais\w*|alem[áa]n|allemand\w*|franc[ée]s|français\w*|español|espagnol\w*|italiano|portugu[ée]s|chino|ruso)\b"
    r"|\b(?:inglese|tedesco|francese|spagnolo|engels|duits|frans|spaans|angielsk\w*|niemieck\w*|angol\w*|ingilizce|engelsk\w*|englanni\w*)\b"
    r"|英[文语語]|中文|汉语|日[文语語]|法[文语語]|德[文语語]|翻[译訳譯]|英訳|和訳|영어|번역|англий\w*|перевед\w*|перевод\w*|немецк\w*|الإنجليزية|ترجم|अंग्रेज़ी|अनुवाद|แปล|อังกฤษ",
    re.I,
)
_REFUSAL = re.compile(
    r"^\W*(?:(?:(?:i['’]m|i am)? ?(?:very |so |really )?sorry|unfortunately|i apologi[sz]e|as an ai\b)[^.!\n]{0,60}?)?"
    r"\bi ?(?:can ?not|can['’]t|won['’]t|(?:am|['’]m) (?:unable|not able) to|don['’]t have the ability to)\b[^.!\n]{0,20}?"
    r"\b(?:help|assist|comply|fulfil\w*|provide|answer|do that|do this|complete|generate|create|discuss|support|browse|access)\b",
    re.I,
)

# Nothing ends like this: a comma, an open bracket, a word that wants another.
_UNFINISHED = re.compile(r"(?:[,(\[{–—]|\b(?:and|or|the|an|your|this|a|if|because|such as))$", re.I)

_LIST_ITEM = re.compile(r"[-*+#>|]|\d+[.)]\s")


def check_completeness(
    instruction: str, response: str, blocks: Sequence[Block], finish_reason: str | None = None
) -> list[Problem]:
    """Check one response; blocks: what parse_markdown found in it. Problems of the whole response have line 0."""
    text = response.strip()
    if not re.search(r"\w", text):
        return [Problem("empty response", text[:40])]
    problems = []
    blocks = [block for block in blocks if block.form in ("fence", "indented")]
    unclosed = next((block for block in blocks if not block.closed), None)
    if unclosed:
        problems.append(Problem("unclosed fence", f"```{unclosed.language}", max(1, unclosed.line - 1), "close it"))
    if not is_natural_end(finish_reason) or (not finish_reason and not unclosed and _ends_unfinished(text, blocks)):
        problems.append(Problem("cut off", text.split("\n")[-1][-60:], response.rstrip().count("\n") + 1))
    if not blocks and _REFUSAL.match(text[:300]):
        problems.append(Problem("refusal", text.split("\n")[0][:80], 1))
    if not blocks and _is_echo(instruction, text):
        problems.append(Problem("repeats the question", text[:80], 1))
    if other := _find_other_language(instruction, text):
        problems.append(Problem("another language", other[0], 0, other[1]))
    return problems


def _ends_unfinished(text: str, blocks: Sequence[Block]) -> bool:
    last = text.split("\n")[-1].strip().lstrip("> ")
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
    """Find the language of the answer and that of the question, as ISO 639 codes, where they surely differ."""
    prose = re.sub(r"\s+", " ", re.sub(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", " ", text[:20_000], flags=re.S))
    if _NAMES_A_LANGUAGE.search(instruction):
        return None
    script, asked_script = _find_script(prose), _find_script(instruction)
    if (
        script
        and script != asked_script
        and _count_script(script, prose) >= _SCRIPT_LETTERS
        and not _count_script(script, instruction)
    ):
        return script, asked_script or "latin"
    if sum(map(str.isalpha, prose)) < _PROSE_LETTERS:
        return None
    common = set(_COMMON_ENGLISH.split())
    words, asked = re.findall(r"[a-z]+", prose.lower()), re.findall(r"[a-z]+", instruction.lower())
    if instruction.isascii() and sum(word in common for word in words) > 0.12 * len(words):
        known = [word for word in asked if word in common]
        if len(asked) < 4 or len(known) >= 2 or (known and _ENGLISH_START.match(instruction.strip())):
            return None  # English both; the classifier costs a millisecond
    identifier = _load_identifier()
    answered, ranks = dict(identifier.rank(prose[:2_000])), dict(identifier.rank(instruction[:2_000]))
    said, best = max(answered, key=answered.__getitem__), max(ranks, key=ranks.__getitem__)
    same, group = _find_group(said), _find_group(best)
    certainty = sum(answered.get(name, 0) for name in same)
    likely = sum(ranks.get(name, 0) for name in group)
    if certainty < 0.999 or said in group or likely < 0.5 or sum(ranks.get(name, 0) for name in same) > 0.02:
        return None
    return str(said), str(best)


def _find_group(language: str) -> set[str]:
    return next((group for group in _NEAR if language in group), {language})


def _find_script(text: str) -> str:
    """Find the script other than Latin that most letters of a text are written in, "" where that is Latin."""
    counts = {name: len(re.findall(pattern, text)) for name, pattern in _SCRIPTS.items()}
    name = max(counts, key=counts.__getitem__)
    return name if counts[name] > 0.3 * max(sum(map(str.isalpha, text)), 1) else ""


def _count_script(name: str, text: str) -> int:
    return len(re.findall(_SCRIPTS[name], text))


@functools.cache
def _load_identifier() -> Any:
    from py3langid.langid import LanguageIdentifier

    return LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)
