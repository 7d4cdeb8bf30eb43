"""Is an answer in the language of its question? With and without accents, short and long, and where another was asked for."""

import pytest

from synthdata.verify.checks.completeness import check_completeness
from synthdata.verify.checks.languages import find_other_language
from synthdata.verify.parse.markdown import parse_markdown

# What each says: bread dough must rest before it goes into the oven, and why; accents left out where people do.
ANSWERS = {
    "en": "The dough must rest before it goes into the oven, because the yeast needs time to work. When you press it with a finger "
    "and the mark stays, it is ready. If the kitchen is cold, this can take twice as long, and a warm place near the stove helps.",
    "de": "Der Teig muss ruhen, bevor er in den Ofen kommt, weil die Hefe Zeit braucht. Wenn man mit dem Finger darauf druckt und "
    "der Abdruck bleibt, ist er fertig. Ist die Kuche kalt, kann das doppelt so lange dauern, und ein warmer Platz hilft.",
    "fr": "La pate doit reposer avant d'aller dans le four, car la levure a besoin de temps. Si vous appuyez avec un doigt et que "
    "la marque reste, elle est prete. Dans une cuisine froide, cela peut durer deux fois plus, et un endroit chaud aide.",
    "es": "La masa debe reposar antes de entrar en el horno, porque la levadura necesita tiempo. Si se aprieta con un dedo y la "
    "marca se queda, esta lista. En una cocina fria esto puede durar el doble, y un lugar calido cerca de la estufa ayuda.",
    "pt": "A massa deve descansar antes de ir para o forno, porque o fermento precisa de tempo. Se voce aperta com o dedo e a "
    "marca fica, ela esta pronta. Em uma cozinha fria isso pode demorar o dobro, e um lugar quente perto do fogao ajuda muito.",
    "hu": "A tesztanak pihennie kell, mielott a sutobe kerul, mert az elesztonek ido kell. Ha az ujjunkkal megnyomjuk es a nyom "
    "megmarad, akkor kesz van. Ha a konyha hideg, ez ketszer annyi ideig is tarthat, es egy meleg hely sokat segit.",
    "pl": "Ciasto musi odpoczac, zanim trafi do pieca, bo drozdze potrzebuja czasu. Jesli nacisniesz je palcem i slad zostaje, to "
    "jest gotowe. W zimnej kuchni moze to trwac dwa razy dluzej, a cieple miejsce przy piecu bardzo w tym pomaga.",
    "tr": "Hamur firina girmeden once dinlenmeli, cunku maya icin zaman gerekir. Parmakla basinca iz kaliyorsa hamur hazir "
    "demektir. Mutfak soguk ise bu iki kat daha uzun surebilir ve firina yakin sicak bir yer bu is icin cok iyi olur.",
    "zh": "面团在放进烤箱之前必须静置，因为酵母需要时间发挥作用。如果用手指按下去之后痕迹没有消失，就说明已经准备好了。"
    "如果厨房比较冷，可能需要两倍的时间，这时候放在炉子旁边温暖的地方会有很大帮助。",
    "ja": "生地はオーブンに入れる前に休ませなければなりません。酵母が働くには時間が必要だからです。"
    "指で押して跡が残れば準備ができています。台所が寒いと二倍の時間がかかることもあります。",
    "ru": "Тесто должно отдохнуть перед тем, как попасть в печь, потому что дрожжам нужно время. Если нажать пальцем и след "
    "остаётся, оно готово. На холодной кухне это может длиться вдвое дольше, и тёплое место рядом с плитой помогает.",
}  # fmt: skip
ANSWERS = {name: f"{text}\n\n{text}" for name, text in ANSWERS.items()}
QUESTIONS = {
    "en": ["Why must dough rest?", "List all steps of baking bread", "Explain yeast"],
    "de": ["Wie lange ruht der Teig?", "Warum geht Hefe in an der Luft auf?"],
    "fr": ["Pourquoi la pate repose?", "Comment savoir si la pate est prete ?"],
    "es": ["Por que reposa la masa?", "Como se sabe si la masa esta lista?"],
    "pt": ["Como saber se a massa esta pronta?"],
    "hu": ["Hogyan keszul a kenyer?", "Mi a kulonbseg az eleszto es a kovasz kozott?"],
    "pl": ["Jak dlugo odpoczywa ciasto?"],
    "tr": ["Hamur nasil dinlenir?"],
    "zh": ["面团要静置多久？"],
    "ja": ["生地はどのくらい休ませますか？"],
    "ru": ["Сколько отдыхает тесто?"],
}
NEITHER = [
    ("vi", "Lam the nao de bot no?"), ("cs", "Jak dlouho odpociva testo?"), ("id", "Bagaimana cara adonan mengembang?"),
    ("sv", "Hur lange vilar degen?"), ("fi", "Miten taikina lepaa?"), ("nl", "Hoe lang moet deeg rusten?"),
]  # fmt: skip


@pytest.mark.parametrize("answered", ANSWERS)
@pytest.mark.parametrize("asked", QUESTIONS)
def test_only_an_answer_in_another_language_is_flagged(asked: str, answered: str) -> None:
    near = {"es", "pt", "fr"} >= {asked, answered}  # one of these without accents may pass for another
    between = "en" in (asked, answered) or {asked, answered} & {"zh", "ja", "ru"}
    for question in QUESTIONS[asked]:
        found = find_other_language(question, ANSWERS[answered])
        if asked == answered:
            assert found is None
        elif between and not near:
            assert found is not None, question


@pytest.mark.parametrize(("name", "question"), NEITHER)
def test_a_question_of_one_telling_word_is_no_english(name: str, question: str) -> None:
    assert find_other_language(question, ANSWERS["en"]) is not None, name


@pytest.mark.parametrize("answered", ["de", "hu", "pt", "zh"])
def test_a_language_named_in_its_own_words_is_asked_for(answered: str) -> None:
    assert (
        find_other_language("Reply in Deutsch, magyarul, em português ou 用中文 (any language)", ANSWERS[answered])
        is None
    )


@pytest.mark.parametrize(
    "question",
    [
        "Translate this note about dough into German, French or Hungarian", "How would a Spanish baker say it?",
        "Antworte auf Englisch: wie lange ruht der Teig?", "Réponds en anglais : combien de temps ?", "Rispondi in inglese",
        "Napisz to po angielsku", "Kirjoita ohje englanniksi", "请用英文回答", "英語で答えてください", "Напиши это по-английски",
        "İngilizce yaz", "Írd le angolul", "Tulis dalam bahasa Inggris", "Viết bằng tiếng Anh",
    ],
)  # fmt: skip
def test_a_request_for_a_language_may_be_answered_in_it(question: str) -> None:
    for answer in ANSWERS.values():
        assert find_other_language(question, answer) is None


def kinds(text: str, reason: str | None = None) -> set[str]:
    return {problem.kind for problem in check_completeness("How?", text, parse_markdown(text), reason)}


@pytest.mark.parametrize(
    "text",
    [
        "Put the dough into a bowl and use the following:", "Der Teig braucht Zeit, Ruhe und", "面团需要的材料有以下几种：",
        "Mix the flour with water, salt and", "> Mix the flour with water, and then the",
    ],
)  # fmt: skip
def test_what_wants_another_word_is_cut_off(text: str) -> None:
    assert kinds(text) == {"cut off"}
    assert kinds(text, "stop") == set()


@pytest.mark.parametrize(
    "text",
    [
        "That is the oven you put it in.", "The pan that it came with", "Run `make`", "It is the one we spoke of",
        "> ```bash\n> make\n> ```", "As the book says:\n\n    make", "- Do\n  ```bash\n  make\n  ```", "Both gates, OR and AND",
        "443", "You fill in name: and age:\n\n```yaml\nname: x\n```",
    ],
)  # fmt: skip
def test_right_ends_are_no_cut_off(text: str) -> None:
    assert kinds(text) == set()


@pytest.mark.parametrize(
    "reason", ["<|im_end|>", "FINISH_REASON_STOP", "eosFound", "stop-sequence", "natural", "Unspecified", "</s>"]
)
def test_natural_ends_of_many_servers(reason: str) -> None:
    assert kinds("It rests.", reason) == set()


@pytest.mark.parametrize(
    "reason", ["MAX_TOKENS", "FINISH_REASON_MAX_TOKENS", "abort", "context_length_exceeded", "incomplete"]
)
def test_any_other_end_cuts_off(reason: str) -> None:
    assert kinds("It rests.", reason) == {"cut off"}
