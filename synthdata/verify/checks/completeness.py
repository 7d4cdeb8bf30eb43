"""Check that an answer is whole: not empty or cut off, no refusal, no mere echo, in the language it was asked in.

False alarms cost good rows, so each check wants clear evidence.
"""

import re
from collections.abc import Sequence

from synthdata.models.replies import is_natural_end
from synthdata.verify.checks.languages import find_other_language
from synthdata.verify.parse.markdown import Block
from synthdata.verify.problems import Problem

_REFUSAL = re.compile(
    r"^\W*(?:(?:(?:i['’]m|i am)? ?(?:very |so |really )?sorry|unfortunately|i apologi[sz]e|as an ai\b)[^.!\n]{0,60}?)?"
    r"\bi ?(?:can ?not|can['’]t|won['’]t|(?:am|['’]m) (?:unable|not able) to|don['’]t have the ability to)\b[^.!\n]{0,20}?"
    r"\b(?:help|assist|comply|fulfil\w*|provide|answer|do that|do this|complete|generate|create|discuss|support|browse|access)\b",
    re.I,
)

# Nothing ends like this: a comma, a colon, an open bracket, a word that wants another. In capitals they may be operators (AND).
_UNFINISHED = re.compile(
    r"(?:[,，、،(（\[{–—]|\w\s?[:：]|\b(?:and|or|the|an|your|a|if|because|such as|und|oder|weil|dass|eine|einen|einem|et|les|une"
    r"|pero|porque|los|las|una|och|eller|att|het|een|oraz|który|и|или|для|что))$"
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
    blocks = [block for block in blocks if block.form in ("fence", "indented")]
    unclosed = next((block for block in blocks if not block.closed), None)
    if unclosed:
        problems.append(Problem("unclosed fence", f"```{unclosed.language}", max(1, unclosed.line - 1), "close it"))
    if not is_natural_end(finish_reason) or (not finish_reason and not unclosed and _ends_unfinished(text, blocks)):
        problems.append(Problem("cut off", text.split("\n")[-1][-60:], response.rstrip().count("\n") + 1))
    if not blocks and _REFUSAL.match(text[:300]):
        problems.append(Problem("refusal", text.split("\n")[0][:80], 1))
    if all(block.form == "inline" for block in blocks) and _is_echo(instruction, text):
        problems.append(Problem("repeats the question", text[:80], 1))
    if other := find_other_language(instruction, text):
        problems.append(Problem("another language", other[0], 0, other[1]))
    return problems


def _ends_unfinished(text: str, blocks: Sequence[Block]) -> bool:
    last = text.split("\n")[-1].strip().lstrip("> ")
    if last.startswith(("```", "~~~")) or last == "|" or (blocks and _ends_in_code(text, blocks)):
        return False
    if last.count("`") % 2 == 1:
        return True
    plain = re.sub(r"[*_`\"'”’]+$", "", last)
    wide = sum("\u2e80" <= sign <= "\uffef" for sign in last)  # a Chinese word takes two signs, an English one six
    return len(last) + 2 * wide > 20 and _UNFINISHED.search(plain) is not None and not _LIST_ITEM.match(last)


def _ends_in_code(text: str, blocks: Sequence[Block]) -> bool:
    return blocks[-1].form == "indented" and text.endswith(blocks[-1].text.rstrip().split("\n")[-1].strip())


def _is_echo(instruction: str, text: str) -> bool:
    """Whether a text says the question again, once or more, and nothing else; a right answer may begin with its words."""
    asked, said = "".join(re.findall(r"\w+", instruction.lower())), "".join(re.findall(r"\w+", text.lower()))
    if len(asked) < 12 and (len(asked) < 6 or asked.isascii()):
        return False
    return len(said) % len(asked) == 0 and said == asked * (len(said) // len(asked))
