"""Is an answer in the language of its question? Told by script, by a classifier, and by the small words of a language.

False alarms cost good rows: a language is only judged on 200 letters of prose, and only where both are sure.
"""

import functools
import re
import unicodedata
from typing import Any

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
# The small words of languages in Latin script, without accents, which people and models often leave out. A classifier of
# letters is unsure of such a text; these words are half of it.
_SMALL_WORDS = {
    name: frozenset(words.split())
    for name, words in {
        "en": "the of and to in is that for it with as on be are this by from or an you your can which if not at will when have "
        "has how what do does all use using into should there they these its",
        "de": "der die das und zu den dem ein eine einen einer ist nicht mit auf fur von im sie werden wird sich auch aus bei als "
        "wenn oder konnen kann wie nach um durch uber diese dieser sind was ich ihre",
        "nl": "de het een en van te dat niet met op voor is zijn aan wordt worden als door ook bij uit naar kan of deze dit om "
        "u uw wat hoe ik moet",
        "fr": "le la les de des du et un une en est pour que qui dans sur pas par avec ce cette il vous votre ou au aux plus ne se "
        "sont si comment peut etre",
        "es": "el la los las de del y un una en es para que por con se su al lo no como mas si esta o este puede sus son cuando",
        "pt": "o a os as de do da dos das e um uma em no na para que por com se seu ao nao como mais ou esta este pode sao quando",
        "it": "il lo la i gli le di del della dei e un una in per che con si su al non come piu se o questo essere sono quando da",
        "ro": "si de la in cu pe un o sa se nu este sunt pentru care din ca mai sau prin cum poate fi ale lui",
        "pl": "i w na z do nie sie to jest ze o jak za po dla od ktory ktore przez lub ten ta sa by moze czy aby oraz jesli",
        "cs": "a v na se je to ze do s z pro jak si o by nebo jsou ktery ktere pri od jako podle pokud muze tak az",
        "sv": "och att det i som en ett pa ar for av med den till inte om du kan har eller fran nar hur alla de var ska",
        "da": "og at det i som en et pa er for af med den til ikke om du kan har eller fra nar hvordan alle de var skal",
        "fi": "ja on ei se etta kun tai mutta voi ovat joka myos kuin jos sen niin ole mita miten ne hyvin voit",
        "hu": "a az es hogy nem is egy van ha ki meg vagy csak mint de azt ez amely lehet kell hogyan mi ami amikor majd utan "
        "nagyon mert kell a",
        "tr": "ve bir bu icin ile da de ne olarak daha gibi cok olan en kadar sonra ya nasil ise veya icin tum her",
        "id": "yang dan di untuk dengan dari ini itu pada adalah tidak dalam ke akan atau dapat juga oleh anda bagaimana jika cara",
        "vi": "va la cua cho cac co khong duoc mot trong de nay voi khi nhu ban den tu the nao hoac lam neu",
    }.items()
}  # fmt: skip
_SMALL_SHARE = 0.17  # of the words of an answer; ordinary prose has 0.25 to 0.5
# How a question begins that is in one of these languages and in no other; "come" and "comment" are English words too.
_ASKS_IN = re.compile(
    r"\W*(?:(?P<de>wie|warum|welche[rsn]?|wozu|wodurch)|(?P<nl>hoe|waarom|welke)|(?P<fr>pourquoi|quels?|quelles?|combien)"
    r"|(?P<es>cuales?|cuando|por que|donde)|(?P<pt>quais|qual)|(?P<it>perche|quali|quale)|(?P<ro>cum|cand|care)"
    r"|(?P<pl>jak|dlaczego|ktory|gdzie)|(?P<sv>hur|varfor|vilken|vilka)|(?P<da>hvordan|hvorfor|hvad|hvilke[nt]?)"
    r"|(?P<fi>miten|miksi|mika|kuinka)|(?P<hu>hogyan|miert|melyik|hogy lehet)|(?P<tr>nasil|neden|hangi)"
    r"|(?P<id>bagaimana|mengapa|apa itu)|(?P<vi>lam the nao|tai sao|lam sao))\b",
)  # fmt: skip
_SHARED = frozenset(
    ["a", "i", "an", "in", "is", "of", "do", "on", "to", "as"]
)  # English words that other languages have too
_ASKS_AT_THE_END = re.compile(r"\b(?P<tr>nasil|nedir)\b")


def find_other_language(instruction: str, text: str) -> tuple[str, str] | None:
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
    if script == "zh" and _count_script("ja", instruction) and not _count_script("ja", prose):
        return "zh", "ja"  # Japanese has Chinese signs too, but none without its own
    if sum(map(str.isalpha, prose)) < _PROSE_LETTERS:
        return None
    words = re.findall(r"[a-z']+", prose.lower())
    asks_elsewhere = _find_asked(_fold(instruction[:200])) != ""
    if sum(word in _ENGLISH for word in words) > 0.06 * len(words) and _is_english(instruction) and not asks_elsewhere:
        return None  # English both; what follows costs a millisecond
    if found := _compare_small_words(instruction, words, prose):
        return found
    identifier = _load_identifier()
    answered, ranks = dict(identifier.rank(prose[:2_000])), dict(identifier.rank(instruction[:2_000]))
    said, best = max(answered, key=answered.__getitem__), max(ranks, key=ranks.__getitem__)
    same, group = _find_group(said), _find_group(best)
    certainty = sum(answered.get(name, 0) for name in same)
    likely = sum(ranks.get(name, 0) for name in group)
    if certainty < 0.999 or said in group or likely < 0.5 or sum(ranks.get(name, 0) for name in same) > 0.02:
        return None
    return str(said), str(best)


def _compare_small_words(instruction: str, words: list[str], prose: str) -> tuple[str, str] | None:
    """Compare question and answer by their small words, where one is English; None where they do not tell."""
    said, share = _find_by_small_words(words if prose.isascii() else _fold(prose))
    if share < _SMALL_SHARE:
        return None
    asked = _fold(instruction)
    english = _SMALL_WORDS["en"]
    if said != "en":
        own = _SMALL_WORDS[said] - english
        starts = _ENGLISH_START.match(instruction.strip()) is not None
        starts = starts and (len(asked) > 2 or asked[0] in ("explain", "describe", "compare"))
        is_english = starts or sum(word in english or word in _ENGLISH for word in asked) * 2 >= len(asked) > 3
        return (said, "en") if is_english and not own & set(asked) - _COMMON_ENGLISH else None
    name = _find_asked(asked)
    return ("en", name) if name else None


def _find_asked(asked: list[str]) -> str:
    """Find the language other than English that a question is in by its question word or its small words; "" for none."""
    plain = " ".join(asked)
    match = _ASKS_IN.match(plain) or _ASKS_AT_THE_END.search(plain)
    rest = plain[match.end() :].split() if match else asked
    if any(word in _COMMON_ENGLISH and word not in _SHARED for word in rest):
        return ""
    if match:
        return str(match.lastgroup)
    counts = {name: sum(word in small - _COMMON_ENGLISH for word in asked) for name, small in _SMALL_WORDS.items()}
    name = max(counts, key=counts.__getitem__)
    return name if name != "en" and counts[name] >= max(2, 0.3 * len(asked)) else ""


def _find_by_small_words(words: list[str]) -> tuple[str, float]:
    """Find the language whose small words are the largest share of a text; 0 where English has nearly as many."""
    if len(words) < 25:
        return "", 0.0
    shares = {name: sum(word in small for word in words) / len(words) for name, small in _SMALL_WORDS.items()}
    name = max(shares, key=shares.__getitem__)
    rival = max(share for other, share in shares.items() if (other == "en") != (name == "en"))
    return name, shares[name] if shares[name] > 2 * rival else 0.0


def _fold(text: str) -> list[str]:
    """Cut a text into words in lower case, without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l").replace("ı", "i").replace("ø", "o"))
    return re.findall(r"[a-z']+", "".join(sign for sign in plain if not unicodedata.combining(sign)))


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
