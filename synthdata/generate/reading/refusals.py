"""Replies to a list prompt that hold no list but a refusal or a question back, in the languages that models answer in."""

import re

from synthdata.generate.reading.loose_json import is_question

_SORRY = (
    r"(?:i['’]m|i am|we['’]re|we are)?\s?(?:very |so |really |truly |terribly )?(?:sorry|afraid)\b|unfortunately"
    r"|regrettably|i apologi[sz]e|(?:my |sincere )?apologies|as an? (?:ai|language model|large)"
    r"|lo siento|lamento|lamentablemente|desafortunadamente|disculp\w+|como (?:ia|modelo)|me temo"
    r"|(?:es )?tut mir (?:sehr |wirklich )?leid|leider|entschuldigung|als (?:ki|sprachmodell)|ich bedaure"
    r"|(?:je suis )?d[ée]sol[ée]e?|malheureusement|je regrette|en tant qu['’]ia|mi dispiace|purtroppo|spiacente"
    r"|desculpe|sinto muito|infelizmente"
    r"|het spijt me|helaas|beklager|beklagar|tyv[äa]rr|desv[æa]rre|valitettavasti|pahoittelen|przepraszam"
    r"|przykro mi|niestety|omlouv[áa]m|bohu[žz]el|[žz]ia[ľl]"
    r"|sajn[áa]lom|sajnos|[îi]mi pare r[ăa]u|din p[ăa]cate|[üu]zg[üu]n[üu]m|maalesef|maaf|mohon maaf|xin l[ỗo]i"
    r"|r[ấa]t ti[ếe]c|t[ôo]i xin l[ỗo]i"
    r"|извините|простите|к сожалению|сожалею|вибачте|на жаль|λυπάμαι|δυστυχώς|συγγνώμη|(?:很|非常)?(?:抱歉|遗憾"
    r"|遺憾)|对不起|對不起|不好意思"
    r"|申し訳|すみません|残念|ごめん|죄송|미안|유감|عذر|آسف|أعتذر|للأسف|מצטער|סליחה|לצערי|क्षमा|माफ़|माफ|खेद"
    r"|दुर्भाग्य|ขออภัย|ขอโทษ|น่าเสียดาย|দুঃখিত|متأسف|ببخشید"
)
_CANNOT = (
    r"i (?:can ?not|can['’]t|won['’]t|will not|must decline|do not|don['’]t|am unable|am not able)"
    r"|i['’]m (?:unable|not able)|"
    r"no (?:puedo|podemos|me es posible)|ich kann (?:\w+ ){0,3}(?:nicht|leider|keine)|je ne (?:peux|suis|saurais)"
    r"|non (?:posso|sono in grado)|não (?:posso|consigo)|"
    r"ik kan (?:\w+ ){0,3}(?:niet|geen)|nie mog[ęe]|jag kan inte|jeg kan ikke|nem tud\w+|nemohu|nu pot|yapamam"
    r"|я не (?:могу|смогу)|не могу|(?:我|作为\w{0,12}我?)(?:无法|不能|沒辦法|无法提供|不可以)|无法|"
    r"(?:お答え|お手伝い|対応|回答|提供)\w{0,8}(?:できません|いたしかねます)|도와드릴 수 없|لا (?:أستطيع|يمكنني)"
    r"|मैं .{0,40}नहीं (?:कर|दे) सकत|ไม่สามารถ|tôi không thể|saya tidak (?:dapat|bisa)"
)
_DECLINES = (
    r"(?:this|that|the|your) (?:request|topic|question|subject)\b.{0,40}"
    r"\b(?:violates|(?:is|goes) against|is not (?:something|allowed)"
    r"|isn['’]t (?:something|allowed)|cannot be|can['’]t be)|request (?:denied|refused|declined)"
)
_REFUSAL = re.compile(rf"\W*(?:{_SORRY}|{_CANNOT}|{_DECLINES})", re.I)

# A question back that needs no "you": an offer to help, and then a question; or words that ask for more.
_OFFERS = re.compile(
    r"\W*(?:sure|of course|certainly|absolutely|gladly|happy to|(?:i['’]d|i would) be (?:happy|glad)|i can help|claro|por supuesto"
    r"|natürlich|gerne|bien sûr|certo|certamente|конечно|当然|當然|好的|もちろん|물론|بالتأكيد)\b[^?？؟]{0,120}[!.,:。！，]",
    re.I,
)
# What a model says behind a list: whether more is wanted.
_MORE = re.compile(
    r"\W*(?:(?:would|do) you (?:want|like|need)\b.{0,40}\b(?:more|another|others?|questions|examples|me to)\b"
    r"|shall i\b|should i (?:add|write|go)\b"
    r"|need (?:more|anything)\b|¿?(?:quieres|quiere|deseas|desea|te gustaría|necesitas)\s|(?:möchtest|möchten|brauchst|brauchen)\s"
    r"|soll ich\b|(?:voulez|souhaitez)-vous|veux-tu|vuoi\s|desideri|gostaria|você quer|wil je|vill du|czy chcesz"
    r"|хотите|нужн[ыо] (?:ли|ещё|еще)"
    r"|还(?:需要|想)|需要更多|もっと(?:必要|知り)|더 (?:필요|원하)|هل تريد)",
    re.I,
)

# A question about the request itself: it asks the person to say more, or which of several is meant.
_ASKS_BACK = re.compile(
    r"\bclarif\w+|\bmore (?:details?|information|context|specific\w*)|\bbe more specific|\bspecif(?:y"
    r"|ic)\b.{0,60}\byou\b|\byou\b.{0,60}\bspecif(?:y|ic)\b"
    r"|\b(?:could|can|would|will) you (?:please )?(?:tell|let|give|provide|share|specify|confirm|elaborate|say)\b"
    r"|\b(?:what|which) .{0,60}(?:would you like|do you (?:want|mean|need|have in mind|prefer)"
    r"|are you (?:interested|looking|referring|asking))"
    r"|\b(?:do|would) you (?:want|like|mean|prefer)\b.{0,20}\b(?:me|questions?|subtopics?|list|topics?)\b"
    r"|\bhow (?:can|may) i (?:help|assist) you"
    r"|aclar\w+|precisar\b|especific\w+|\bprecis(?:er|a|are)\b|\bpr[ée]cis(?:er|ez)\b|chiarir\w*|esclarec\w+"
    r"|pr[äa]zisier\w*|genauer|verduidelijk\w*|toelicht\w*|spesifik|belirt\w*|netle[şs]tir\w*"
    r"|doprecyz\w*|sprecyz\w*|wyja[śs]ni\w*|upřesn\w*|pontos[íi]t\w*|förtydliga|precisera|præcisere|presisere"
    r"|tarkenta\w*|klarifikasi|jelaskan lebih|làm rõ|cho (?:tôi )?biết thêm"
    r"|уточн\w*|поясни\w*|о какой|какую именно|澄清|说明一下|說明一下|具体|具體|更多信息|更多資訊|您(?:想|指|是指"
    r"|需要|希望)|你(?:想|指|是指|希望)|詳し[くい]|具体的|明確|教えて(?:いただけ|くださ|もらえ)|ご希望"
    r"|구체적|명확|자세히 (?:알려|말씀|설명)|알려주(?:시|실|세)|توضيح|توضّح|توضح|تحديد|تحدد|स्पष्ट|विस्तार से बता"
    r"|ชี้แจง|ระบุ|เพิ่มเติม|להבהיר|לפרט|διευκριν\w*",
    re.I,
)
_TO_A_PERSON = re.compile(
    r"\b(?:you|your|te|tu|usted|ustedes|du|dir|sie|ihnen|ihr|vous|voc[êe]|lei|je|u|jij|pan|pani|siz|sen|anda|bạn"
    r"|вы|вам|вас|ты)\b"
    r"|(?:pod|po)[rd]\w{1,8}|k[öo]nnte[ns]?|pourr\w+|potre\w+|могли|可以|能否|请|請|您|你|ください|いただけ|주시"
    r"|세요|실 수|هل يمكن|يرجى|क्या आप|आप|คุณ|ช่วย|αν μπορ|μπορείτε|תוכל|kan du|kunt|czy m",
    re.I,
)


def is_no_answer(text: str, questions: bool) -> bool:
    """Tell whether a reply, or its beginning where nothing like a list follows, is a refusal or a question back."""
    return name_no_answer(text, questions) != ""


def name_no_answer(text: str, questions: bool = True) -> str:
    """Name what a reply is instead of a list: "refused", "asked back", or "" where it may be a list."""
    lines = [line.strip() for line in text[:6000].split("\n") if line.strip()]
    if not lines or len(lines) > 12:
        return ""
    first = lines[0][:400]
    several = len(lines) > 1 and first.rstrip("*_ ").endswith((":", "："))
    if _REFUSAL.match(first) and not several and not (questions and is_question(first)):
        marked = sum(re.match(r"(?:[-*•]|\d+[.)])\s", line) is not None for line in lines)
        return "" if marked > 2 else "refused"
    asked = [line for line in lines if is_question(line)]
    marked = sum(re.match(r"(?:[-*•]|\(?\d+[.)、]|[①-⑳])\s?", line) is not None for line in lines)
    if asked and len(asked) <= 2 and not marked and len(lines) <= 3 and _asks_back(asked[0][-400:]):
        return "asked back"
    if len(lines) == 1 and is_question(first) and _OFFERS.match(first):
        return "asked back"
    if marked and is_question(first) and _asks_back(first):
        return "asked back"
    return ""


def asks_for_more(text: str) -> bool:
    """Tell whether a line behind a list asks whether more is wanted."""
    return _MORE.match(text) is not None and is_question(text)


def _asks_back(text: str) -> bool:
    return _ASKS_BACK.search(text) is not None and _TO_A_PERSON.search(text) is not None
