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

# Words that only English uses so, and words that it shares with other languages (German "an in", Dutch "is of", Italian "a i").
_ENGLISH = frozenset(
    ["the", "and", "with", "how", "what", "you", "your", "this", "from", "are", "which", "why", "when", "does", "explain", "that",
     "there", "where", "should", "would", "my", "it's", "into", "between", "using", "used"]
)  # fmt: skip
_COMMON_ENGLISH = _ENGLISH | {
    "a", "an", "to", "of", "is", "in", "for", "do", "by", "on", "i", "can", "as", "it", "be", "not", "or",
}  # fmt: skip

# Languages that a classifier of short texts cannot tell apart, and readers of one can read the other.
_NEAR = (
    {"zh", "yue", "wuu"},
    {"en", "pcm"},
    {"de", "lb"},
    {"it", "vec", "lij"},
    {"ar", "arz", "ary"},
    {"no", "nb", "nn", "da", "sv"},
    {"hr", "bs", "sr", "sh"},
    {"id", "ms"},
    {"es", "gl", "ca", "ext", "an"},
    {"he", "hbo"},
    {"el", "grc"},
)

_ENGLISH_START = re.compile(
    r"(?:how|what|why|which|when|where|who|could|are|does|explain|describe|write|show|list|create|remove|run|compare|build|make)\b",
    re.I,
)
_SCRIPTS = {
    "zh": r"[\u4e00-\u9fff]", "ja": r"[\u3040-\u30ff]", "ko": r"[\uac00-\ud7af]", "ru": r"[\u0400-\u04ff]",
    "ar": r"[\u0600-\u06ff]", "he": r"[\u0590-\u05ff]", "el": r"[\u0370-\u03ff]",
    "hi": r"[\u0900-\u097f]", "th": r"[\u0e00-\u0e7f]",
}  # fmt: skip
_SCRIPT_LETTERS = 30  # of another script, in prose: more than a quoted name
# A question that asks for another language: it speaks of translating, or names a language, in any of those that people ask in.
_ASKS_FOR_A_LANGUAGE = re.compile(
    # to translate
    r"\b(?:translat|(?:ü|ue|u)bersetz|trad[uú]|vertal|vertaal|t[łl]umacz|prze(?:t[łl]umacz|[łl]o[żz])|p[řr]elo[žz]|prelo[žz]|pr(?:e|ij)?eve[dľ]"
    r"|(?:ö|o)vers(?:ä|a)tt|overs(?:æ|e)t|oversett|k(?:ää|aa)nn|suomenna|ford[íi]t|çevir|cevir"
    r"|terc[üu]me|terjemah|alih bahasa|d[ịi]ch\b|tafsiri)"
    r"|перевед|перевод|переклад|превед|превод|μετ[άα]φρ|ترجم|תרגם|תרגום|לתרגם|अनुवाद|অনুবাদ"
    r"|மொழிபெயர்|แปล|翻[译訳譯]|[英和中韓仏独西]訳|译成|譯成|번역|옮겨"
    # the languages' names in English
    r"|\b(?:english|french|german|spanish|italian|portuguese|dutch|polish|russian|ukrainian"
    r"|chinese|mandarin|cantonese|japanese|korean|arabic"
    r"|hindi|urdu|bengali|tamil|telugu|marathi|punjabi|gujarati|turkish|persian|farsi|swedish"
    r"|danish|norwegian|finnish|icelandic|hungarian|czech"
    r"|slovak|sloven(?:e|ian)|croatian|serbian|bosnian|bulgarian|romanian|albanian|lithuanian"
    r"|latvian|estonian|latin|greek|vietnamese"
    r"|indonesian|malay|tagalog|filipino|hebrew|yiddish|thai|swahili|zulu|afrikaans|irish|welsh"
    r"|gaelic|basque|catalan|galician|esperanto"
    r"|kazakh|uzbek|georgian|armenian|nepali|burmese|khmer|lao|mongolian|bilingual|language)\b"
    # and in others
    r"|\b(?:engl[ie]s[ckh]|engels|anglais|ingl[eéê]s|angiel|anglick|angli[čc]t|angol|[iİı]ngiliz"
    r"|inggris|inglise|englann|engle[zs]|ti[ếe]ng |bahasa )"
    r"|\b(?:deutsch|duits|allemand|alem[áa]n|alem[ãa]o|tedesc|niemieck|n[ěe]meck|n[ěe]m[čc]in|n[ée]met|almanca|tysk|saksa)"
    r"|\b(?:fran[zs](?:ö|oe|o)s|frans\b|fran[çc]ais|franc[eéê]s|frances[ei]\b|francusk|francouz"
    r"|francia\b|frans[ıi]zca|fransk|ranskaksi)"
    r"|\b(?:spanisch|spaans|espagnol|espa[ñn]ol|espanhol|spagnol|hiszpa[ńn]sk|[šs]pan[ěe]l|spanyol|[iİı]spanyolca|spansk|espanja)"
    r"|\b(?:italien|italiaan|italian|w[łl]osk|ital[šs]t|olasz|portug|russisch|russe\b|ruso\b"
    r"|russo\b|rosyjsk|rusk[yýa]|orosz|rusça|ryska"
    r"|chinesisch|chinees|chinois|chino\b|chin[eê]s|cinese|chi[ńn]sk|k[íi]nai|[çc]ince|kinesisk"
    r"|japanisch|japans\b|japonais|japon[eéê]s|giappon|japo[ńn]sk)"
    r"|англ|инглиш|по-русски|русск|російськ|немецк|німецьк|французск|французьк|испанск|іспанськ"
    r"|итальянск|китайск|японск|αγγλικ|γαλλικ|γερμανικ|ισπανικ"
    r"|نجليزي|نكليزي|فرنسي|[أا]لماني|[إا]سباني|العربية|انگلیسی|فرانسه|آلمانی|אנגלי|צרפתי|גרמני"
    r"|ספרדי|अंग्रे|अँग्रे|हिन्दी|हिंदी|ইংরেজ|ภาษา"
    r"|英[文语語]|中文|[汉漢]语|[漢国]語|日[文语語]|日本語|法[文语語]|フランス語|德[文语語]|ドイツ語|西班牙[文语語]|スペイン語|俄[文语語]|ロシア語"
    r"|[韩韓][文语語]|韓国語|中国語|普通话|영어|한국어|일본어|중국어|프랑스어|독일어|스페인어",
    re.I,
)
_REFUSAL = re.compile(
    r"^\W*(?:(?:(?:i['’]m|i am)? ?(?:very |so |really )?sorry|unfortunately|i apologi[sz]e|as an ai\b)[^.!\n]{0,60}?)?"
    r"\bi ?(?:can ?not|can['’]t|won['’]t|(?:am|['’]m) (?:unable|not able) to|don['’]t have the ability to)\b[^.!\n]{0,20}?"
    r"\b(?:help|assist|comply|fulfil\w*|provide|answer|do that|do this|complete|generate|create|discuss|support|browse|access)\b",
    re.I,
)

# Nothing ends like this: a comma, an open bracket, a word that wants another. In capitals they may be operators (AND, OR).
_UNFINISHED = re.compile(r"(?:[,，、،(（\[{–—]|\b(?:and|or|the|an|your|a|if|because|such as))$")

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


def _find_other_language(instruction: str, text: str) -> tuple[str, str] | None:
    """Find the language of the answer and that of the question, as ISO 639 codes, where they surely differ."""
    prose = re.sub(r"\s+", " ", re.sub(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", " ", text[:20_000], flags=re.S))
    if _ASKS_FOR_A_LANGUAGE.search(instruction):
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
    words = re.findall(r"[a-z']+", prose.lower())
    if sum(word in _COMMON_ENGLISH for word in words) > 0.12 * len(words) and _is_english(instruction):
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


def _is_english(text: str) -> bool:
    """Whether a short question is surely English, or too short to tell: by words that no other language uses so."""
    if not text.isascii():
        return False
    words = re.findall(r"[a-z']+", text.lower())
    common = sum(word in _COMMON_ENGLISH for word in words)
    if len(words) < 4 or any(word in _ENGLISH for word in words) or (common > 2 and common > 0.4 * len(words)):
        return True
    return common > 0 and _ENGLISH_START.match(text.strip()) is not None


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
