"""Thinking told from the answer, in each form in which models and servers leave it in a reply's text.

At the start of a reply a mark opens a thought; a text that speaks of such marks may hold them anywhere, in code or in a
sentence.
"""

import bisect
import re

# Names that nothing but thinking bears, and names that an answer in XML might: those must be closed, with an answer behind.
_SURE = ("think", "thinking", "thought", "thoughts", "reasoning", "seed:think", "antthinking")
_LIKELY = ("reflection", "analysis", "scratchpad", "inner_monologue", "inner_thoughts", "reason", "cot", "rationale")
_MARKS = (
    *((f"<{name}>", f"</{name}>") for name in (*_SURE, *_LIKELY)),
    *((f"[{name}]", f"[/{name}]") for name in ("think", "thinking", "reasoning")),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|start_of_thought|>", "<|end_of_thought|>"),
    ("<|start_thinking|>", "<|end_thinking|>"),
    ("<|thinking|>", "<|/thinking|>"),
    ("<|think|>", "<|/think|>"),
    ("◁think▷", "◁/think▷"),
)
_NEED_AN_END = frozenset(f"<{name}>" for name in _LIKELY)
_SWALLOWED = tuple(pair for pair in _MARKS if pair[0] not in _NEED_AN_END)  # whose closing mark alone ends a thought
# What some models put around the answer behind their thinking.
_WRAPPED = re.compile(
    r"\s*(?:<(answer|response|final|output|final_answer)>(.*)</\1>"
    r"|<\|(?:begin_of_solution|start_response)\|>(.*?)(?:<\|(?:end_of_solution|end_response)\|>)?)\s*\Z",
    re.S | re.I,
)

_FINAL = re.compile(r"<\|channel\|>\s*final\s*(?:<\|[^|>]*\|>[^<]*)?<\|message\|>")
_HARMONY = re.compile(r"<\|(?:start|end|return|call|channel|message|constrain)\|>")
_HARMONY_START = re.compile(r"\s*(?:<\|(?:start|channel|message)\|>|(?:analysis|commentary)<\|message\|>)")
_BARE_HARMONY = re.compile(r"\s*(?:analysis|commentary)(?=[A-Z\"'(*])")  # its marks were left out, its words were not
_BARE_FINAL = re.compile(r"assistant\s?final(?=[^a-z]|\Z)")

_LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")
_LINE = 200  # characters before a mark that are looked at
_FAR = 2**62
_TRIES = 20  # closing marks that are looked at; a text with more speaks of them
_CODE = re.compile(r"(`{3,}|~{3,}).*?(?:\1|\Z)|(`{1,2})(?!`)[^`\n]+\2", re.S)


def split_thinking(text: str) -> tuple[str, str, bool]:
    """Separate an answer from the thinking that a model wrote around it.

    Returns the answer, the thinking, and whether the thinking never ended, so that there is no answer yet. Some servers swallow
    the opening mark; a closing one alone ends the thinking unless it is spoken of, in code or in a sentence.
    """
    if not any(sign in text for sign in "<[◁") and not _BARE_HARMONY.match(text):
        return text, "", False  # each mark begins with one of these; this is read for every reply
    if (read := _split_harmony(text)) is not None:
        return read
    rest, thoughts, open_ended = _take_leading(text)
    if open_ended:
        return "", "\n\n".join(thoughts), True
    if not thoughts and (parts := _split_at_closing(text)):
        thoughts, rest = [parts[0]], parts[1]
    rest, later = _take_later(rest, bool(thoughts))
    if not thoughts and not later:
        return text, "", False
    if thoughts and (wrapped := _WRAPPED.match(rest)):
        rest = wrapped[2] or wrapped[3] or ""
    return rest, "\n\n".join(thoughts + later), not rest.strip()


def _split_harmony(text: str) -> tuple[str, str, bool] | None:
    """Split a reply written in channels; None for one that is not."""
    code = _find_code(text)
    final = [match for match in _FINAL.finditer(text) if not _is_inside(match.start(), code)]
    if _HARMONY_START.match(text) or (final and text[: final[-1].start()].rstrip().endswith("<|start|>assistant")):
        if not final:
            return "", _HARMONY.sub(" ", text).strip(), True
        answer = re.split(r"<\|(?:end|return|call|start)\|>", text[final[-1].end() :])[0]
        return answer, _HARMONY.sub(" ", text[: final[-1].start()]).strip(), False
    if not _BARE_HARMONY.match(text):
        return None
    bare = list(_BARE_FINAL.finditer(text))
    if bare:
        return text[bare[-1].end() :], text[: bare[-1].start()].strip(), False
    return "", text.strip(), True


def _take_leading(text: str) -> tuple[str, list[str], bool]:
    """Take the thoughts off the start of a text, one after another; True where the last of them never ends."""
    thoughts: list[str] = []
    rest = text
    while True:
        rest = rest.lstrip()
        start = rest[:30].lower()
        pair = next(((o, c) for o, c in _MARKS if start.startswith(o) or _has_attributes(start, o)), None)
        if pair is None:
            return rest if thoughts else text, thoughts, False
        begin = len(pair[0]) if start.startswith(pair[0]) else rest.find(">") + 1
        ends = _find_end(rest, begin, *pair)
        if ends is None and pair[0] in _NEED_AN_END:
            return rest if thoughts else text, thoughts, False
        thoughts.append(rest[begin : ends[0] if ends else len(rest)].strip())
        if ends is None:
            return "", thoughts, True
        if pair[0] in _NEED_AN_END and not rest[ends[1] :].strip():
            return text, [], False  # nothing but this element: then it is the answer
        rest = rest[ends[1] :]


def _has_attributes(start: str, opening: str) -> bool:
    """Whether a mark stands at the start with attributes: `<thinking budget="1">`."""
    return opening[0] == "<" and opening[1] != "|" and start.startswith(opening[:-1] + " ") and "=" in start


def _find_end(text: str, begin: int, opening: str, closing: str) -> tuple[int, int] | None:
    """Find the mark that closes a thought: the first that is not spoken of in quotes, and closes no thought within it."""
    places = [match.start() for match in re.finditer(re.escape(closing), text[begin:], re.I)]
    if not places:
        return None
    spans = [(begin + place, begin + place + len(closing)) for place in places]
    ends = [span for span in spans if not _is_quoted(text, *span)] or spans[-1:]
    chosen = 0
    while chosen + 1 < min(len(ends), _TRIES):
        opened = text[begin : ends[chosen][0]].lower().count(f"\n{opening}")
        if opened <= chosen or opening in text[ends[chosen][1] : ends[chosen + 1][0]].lower():
            break
        chosen += 1
    return ends[chosen]


def _is_quoted(text: str, start: int, end: int) -> bool:
    return text[start - 1 : start] in ("`", "'", '"') and text[end : end + 1] in ("`", "'", '"')


def _split_at_closing(text: str) -> tuple[str, str] | None:
    """Split a text at a closing mark whose opening one the server swallowed; None where none ends a thought."""
    lowered = text.lower()
    for opening, closing in _SWALLOWED:
        place = lowered.find(closing)
        if place < 0 or opening in lowered[:place]:
            continue
        code = _find_code(text)
        for _ in range(_TRIES):
            if place < 0:
                break
            after = text[place + len(closing) :]
            if after.strip() and not _is_inside(place, code) and _ends_thinking(text[:place], after):
                return text[:place].strip(), after.lstrip()
            place = lowered.find(closing, place + 1)
    return None


def _ends_thinking(thought: str, after: str) -> bool:
    """Whether a closing mark without an opening one ends a thought, and is not spoken of in a sentence."""
    if re.match(r"[`'\")\],.;:]|[ \t]+[a-z(=-]", after):
        return False
    line = thought.rsplit("\n", 1)[-1]
    if not line.strip():
        return True
    if re.fullmatch(r"\s*(?:[-*+>|]|\d+[.)])\s*", line):
        return False  # an item of a list of marks
    if line[-1:].isspace():
        return re.search(r"[.!?…。！？)]\s+\Z", line) is not None
    return line[-1] not in "`'\"(["


def _take_later(text: str, thinks: bool) -> tuple[str, list[str]]:
    """Take further thoughts out of an answer: those of a model that thinks anywhere, else only such as stand apart."""
    taken: list[str] = []
    for opening, closing in _MARKS:
        if opening in _NEED_AN_END or opening not in text.lower():
            continue
        kept, last = [], 0
        code = _find_code(text)
        for match in re.finditer(rf"{re.escape(opening)}.*?(?:{re.escape(closing)}|\Z)", text, re.S | re.I):
            closed = match[0].lower().endswith(closing)
            before = text[max(0, match.start() - _LINE) : match.start()].rsplit("\n", 1)[-1]
            apart = closed and not before.strip() and _LINE_END.match(text, match.end())
            if _is_inside(match.start(), code) or not (apart or (thinks and not before.endswith(("`", "'", '"', " ")))):
                continue
            taken.append(match[0])
            kept.append(text[last : match.start()])
            last = match.end()
        text = "".join([*kept, text[last:]])
    return text, taken


def _find_code(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _CODE.finditer(text)]


def _is_inside(place: int, spans: list[tuple[int, int]]) -> bool:
    at = bisect.bisect_right(spans, (place, _FAR)) - 1
    return at >= 0 and spans[at][0] <= place < spans[at][1]
