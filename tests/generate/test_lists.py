"""Lists as models really send them."""

import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from synthdata.base.errors import InputError
from synthdata.generate.lists import drop_repeats, normalize_item, parse_list, parse_questions, parse_subtopics
from synthdata.generate.prompts import QUESTION_PROMPT, fill_prompt, parse_repair

THREE = ["How do I list containers?", "How do I stop one?", "How do I see its logs?"]


@pytest.mark.parametrize(
    "text",
    [
        "{0}\n{1}\n{2}",
        "1. {0}\n2. {1}\n3. {2}",
        "1) {0}\n2) {1}\n3) {2}",
        "(1) {0}\n(2) {1}\n(3) {2}",
        "- {0}\n- {1}\n- {2}",
        "* {0}\n* {1}\n* {2}\n",
        "• {0}\n• {1}\n• {2}",
        "- **{0}**\n- **{1}**\n- **{2}**",
        "1. **{0}**\n\n2. **{1}**\n\n3. **{2}**",
        "**1. {0}**\n**2. {1}**\n**3. {2}**",
        "**1.** {0}\n**2.** {1}\n**3.** {2}",
        '"{0}"\n"{1}"\n"{2}"',
        '1. "{0}"\n2. "{1}"\n3. "{2}"',
        '["{0}", "{1}", "{2}"]',
        '```json\n["{0}", "{1}", "{2}"]\n```',
        'Here is the JSON:\n{{"questions": ["{0}", "{1}", "{2}"]}}',
        '[{{"question": "{0}"}}, {{"question": "{1}"}}, {{"question": "{2}"}}]',
        "Sure! Here are 3 questions:\n\n1. {0}\n2. {1}\n3. {2}\n\nLet me know if you need more!",
        "Here are the questions:\n{0}\n{1}\n{2}",
        "## Questions\n\n{0}\n\n{1}\n\n{2}\n",
        "Question 1: {0}\nQuestion 2: {1}\nQuestion 3: {2}",
        "**Question 1:** {0}\n**Question 2:** {1}\n**Question 3:** {2}",
        "Question 1:\n{0}\n\nQuestion 2:\n{1}\n\nQuestion 3:\n{2}",
        "Q1. {0}\nQ2. {1}\nQ3. {2}",
        "{0} ?\n{1}?\n{2} ? ?",
        "1. {0}\r\n2. {1}\r\n3. {2}\r\n",
        "{0}\n{1}\n{0}\n{2}\n{1}",
        "1. {0} 2. {1} 3. {2}",
        "a) {0}\nb) {1}\nc) {2}",
    ],
)
def test_a_list_is_read_in_every_dress(text: str) -> None:
    items = parse_questions(text.format(*THREE))
    assert [normalize_item(item) for item in items] == [normalize_item(item) for item in THREE]
    assert all(item.endswith("?") and not item.startswith(("*", '"', "1", "-")) for item in items)


def test_a_list_cut_off_loses_its_last_item_only() -> None:
    assert parse_list("1. one two\n2. three four\n3. fi", "length") == ["one two", "three four"]
    assert parse_list("1. one two\n2. three four\n", "length") == ["one two", "three four"]
    assert parse_list('["one two", "three four", "fi', "length") == ["one two", "three four"]
    assert parse_list("only a fragm", "length") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. **Images**: how they are built\n2. **Volumes** - keeping data", ["Images", "Volumes"]),
        ("Images, Volumes, and Networks.", ["Images", "Volumes", "Networks"]),
        ("Images; Volumes; Networks", ["Images", "Volumes", "Networks"]),
        ("* Images\n* images.\n* IMAGES", ["Images"]),
        ("I cannot help with that.", []),
        ("", []),
    ],
)
def test_subtopics_lose_their_explanations(text: str, expected: list[str]) -> None:
    assert parse_subtopics(text) == expected


def test_code_in_a_question_survives() -> None:
    assert parse_questions("1. How do I use `docker run --rm`?\n2. What does `-v a:/b` do?") == [
        "How do I use `docker run --rm`?",
        "What does `-v a:/b` do?",
    ]


@given(st.text(max_size=400), st.sampled_from(["stop", "length", None]))
@example("A\xa0.", "stop")
def test_any_text_is_read_without_an_error(text: str, finish_reason: str | None) -> None:
    for parse in (parse_list, parse_subtopics, parse_questions):
        items = parse(text, finish_reason)
        assert len({normalize_item(item) for item in items}) == len(items)
        assert all(item == item.strip() and item for item in items)


words = st.lists(st.from_regex(r"[a-z]{3,9}", fullmatch=True), min_size=3, max_size=6).map(
    lambda w: f"Xa {' '.join(w)}"
)


@given(
    st.lists(words, min_size=3, max_size=12, unique_by=normalize_item),
    st.sampled_from(["{}. {}", "- {1}", "{}) **{}**"]),
)
def test_what_is_written_as_a_list_is_read_back(items: list[str], style: str) -> None:
    text = "\n".join(style.format(number, item) for number, item in enumerate(items, start=1))
    assert parse_list(text) == items


def test_repeats_of_known_items_are_dropped() -> None:
    assert drop_repeats(["Docker run!", "new one"], known=["docker  RUN"]) == ["new one"]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("no fields", "lacks {n}"),
        ("{n} {subtopic} {wrong}", "unknown field {wrong}"),
        ("{n} {subtopic} {", "cannot be read"),
    ],
)
def test_a_wrong_template_is_refused_with_its_fields(template: str, said: str) -> None:
    with pytest.raises(InputError, match=said.replace("{", r"\{").replace("}", r"\}")):
        fill_prompt(template, "the question prompt", ("n", "subtopic"), topic="t", subtopic="s", n=3, existing="")


def test_the_standard_template_is_filled() -> None:
    text = fill_prompt(QUESTION_PROMPT, "p", ("n",), topic="Git", subtopic="branches", n=7, existing="")
    assert "7 different questions" in text
    assert "branches" in text


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Certainly, here's the corrected answer:\n\n1. Do this.\n\n2. Do that.", "1. Do this.\n\n2. Do that."),
        ("I apologize for the confusion.\n\nRun it.", "Run it."),
        ("Here is the revised answer:", "Here is the revised answer:"),
        ("Run it.\n\nThe corrected file is read again.", "Run it.\n\nThe corrected file is read again."),
        ("```sh\n# corrected\n```\n\nRun it.", "```sh\n# corrected\n```\n\nRun it."),
        ("", ""),
    ],
)
def test_a_corrected_answer_is_read_without_words_on_the_correction(said: str, read: str) -> None:
    assert parse_repair(said) == read


def test_a_colon_after_the_asked_for_beginning_is_left_out() -> None:
    said = "How do I: list branches?\nHow do I list branches?\nHow can I - rename one?\nHow do I undo: step by step?"
    assert parse_questions(said) == ["How do I list branches?", "How can I rename one?", "How do I undo: step by step?"]


WRITTEN = {
    "English": THREE,
    "German": ["Wie liste ich Container auf?", "Wie entferne ich ein Image?", "Wie sehe ich Protokolle?"],
    "Russian": ["Как посмотреть контейнеры?", "Как удалить образ?", "Как войти в контейнер?"],
    "Chinese": ["如何查看容器日志？", "如何删除镜像？", "如何进入容器？"],
    "Japanese": ["ログを見るにはどうすればよいですか？", "イメージを削除する方法は？", "コンテナに入るには？"],
    "Thai": ["ฉันจะดูบันทึกได้อย่างไร", "ฉันจะลบอิมเมจได้อย่างไร", "ฉันจะเข้าไปในคอนเทนเนอร์ได้อย่างไร"],
    "Arabic": ["كيف أعرض الحاويات؟", "كيف أحذف صورة؟", "كيف أدخل إلى الحاوية؟"],
    "Hindi": ["मैं कंटेनर कैसे देखूं?", "मैं छवि कैसे हटाऊं?", "मैं कंटेनर में कैसे जाऊं?"],
    "Korean": ["컨테이너 목록을 어떻게 보나요?", "이미지를 어떻게 삭제하나요?", "컨테이너에 어떻게 들어가나요?"],
}


@pytest.mark.parametrize(
    "mark",
    [
        "{q}",
        "{i}. {q}",
        "{i}.{q}",
        "{i}) {q}",
        "({i}) {q}",
        "{i}: {q}",
        "{i}- {q}",
        "{i} - {q}",
        "{i} {q}",
        "{i}\\. {q}",
        "{i}、{q}",
        "（{i}）{q}",
        "{z}、{q}",
        "（{z}）{q}",
        "第{z}、{q}",
        "{f}．{q}",
        "{f}、{q}",
        "{c} {q}",
        "{c}{q}",
        "{i}\ufe0f\u20e3 {q}",
        "{a}. {q}",
        "{a}- {q}",
        "- [ ] {q}",
        "* [x] {q}",
        "☐ {q}",
        "• {q}",
        "・{q}",
        "– {q}",
        "-{q}",
        "➤ {q}",
        "🔹 {q}",
        "\\item {q}",
        "\ufeff{i}. {q}",
        "\u200b{i}. {q}",
        "\u200f{i}. {q}",
        "\u200f{a}. {q}",
        "[{i}] {q}",
        "【{i}】{q}",
        "#{i}: {q}",
        "№{i} {q}",
        "1.{i} {q}",
        "{l}) {q}",
        "({l}) {q}",
        "{r}. {q}",
        "> {i}. {q}",
        "### {i}. {q}",
        "{i}.\n{q}\n",
        "Question {i} of 3: {q}",
        "**{i}.** {q}",
        "**{i}. {q}**",
        "{i}. **{q}**",
        "* *{q}*",
        "**Question {i}**\n{q}\n",
        "### Question {i}\n\n{q}\n",
        "Frage {i}: {q}",
        "Вопрос {i}. {q}",
        "问题{i}：{q}",
        "問題{z}：{q}",
        "第{i}题：{q}",
        "질문 {i}: {q}",
        "السؤال {i}: {q}",
        "प्रश्न {i}: {q}",
        "Question: {q}",
        "**Q:** {q}",
        "- question: {q}",
        '"{q}",',
        "「{q}」",
        "`{q}`",
        "- {q};",
        "<li>{q}</li>",
        "<question>{q}</question>",
    ],
)
@pytest.mark.parametrize("language", WRITTEN)
def test_marks_of_any_script_are_taken_off(mark: str, language: str) -> None:
    asked = WRITTEN[language]
    text = "\n".join(
        mark.format(
            i=i + 1, z="一二三"[i], f="１２３"[i], c="①②③"[i], a="١٢٣"[i], l="abc"[i], r="i" * (i + 1), q=question
        )
        for i, question in enumerate(asked)
    )
    assert parse_questions(text) == asked
    framed = f"Sure! Here are 3 questions:\n\n{text}\n\nLet me know if you need more!"
    assert parse_questions(framed) == parse_questions(framed, "stop", 3) == asked


ONE = "How do I build, tag, and push an image to a private registry?"


@pytest.mark.parametrize(
    ("text", "n", "expected"),
    [
        (ONE, None, [ONE]),
        (ONE, 1, [ONE]),
        (ONE, 6, [ONE]),
        (" ".join(THREE), 3, THREE),
        ("1. {} 2. {} 3. {}".format(*THREE), None, THREE),
        ("①{}②{}③{}".format(*WRITTEN["Chinese"]), None, WRITTEN["Chinese"]),
        ("1、{}2、{}3、{}".format(*WRITTEN["Chinese"]), None, WRITTEN["Chinese"]),
        ("My container exits. How do I find out why?", 3, ["My container exits. How do I find out why?"]),
    ],
)
def test_one_line_of_questions_is_split_only_on_evidence(text: str, n: int | None, expected: list[str]) -> None:
    assert parse_questions(text, "stop", n) == expected


@pytest.mark.parametrize(
    ("text", "n", "expected"),
    [
        ("Building, tagging, and pushing images", 1, ["Building, tagging, and pushing images"]),
        ("Building, tagging, and pushing images", None, ["Building, tagging, and pushing images"]),
        ("Food and drinks, Technology, and Travel", 3, ["Food and drinks", "Technology", "Travel"]),
        ("Subtopics: Images; Volumes; Networks.", 3, ["Images", "Volumes", "Networks"]),
        ("镜像管理、容器管理、网络配置", 3, ["镜像管理", "容器管理", "网络配置"]),
        (
            "Building, tagging, and pushing\nNetworks, bridges, and ports",
            2,
            ["Building, tagging, and pushing", "Networks, bridges, and ports"],
        ),
    ],
)
def test_one_line_of_names_is_split_only_on_evidence(text: str, n: int | None, expected: list[str]) -> None:
    assert parse_subtopics(text, "stop", n) == expected


@pytest.mark.parametrize(
    "style",
    [
        "{i}. {q}\n   - Covers {d} and more of it",
        "{i}. {q}\n- Covers {d} and more of it",
        "**{q}**\nCovers {d}",
        "**{q}**\nCovers {d}\n",
        "{i}. **{q}**\n   Covers {d}\n",
        "{i}. {q}\n\n   Covers {d}\n",
        "## {q}\nCovers {d}.\n",
        "## {i}. {q}\n- Covers {d}\n",
        "{q}\n  Covers {d}",
        "{i}. {q}: {d}",
        "- **{q}** – {d}",
        "**{i}. {q}:** {d}",
        "{i}. {q}：{d}",
        "{i}. {q}——{d}",
        "- {q}\n  * {d}",
        "🐳 {q}",
    ],
)
def test_what_stands_below_a_subtopic_is_none(style: str) -> None:
    names = ["Food and drinks", "Technology", "Travel"]
    text = "\n".join(style.format(i=i, q=name, d=f"part {'abc'[i]}") for i, name in enumerate(names, start=0) if i < 3)
    assert parse_subtopics(text) == names
    assert parse_subtopics(f"Hier sind die Themen:\n\n{text}\n\nIch hoffe, das hilft!", "stop", 3) == names


LOOSE = [
    "['{}', '{}', 'How do I see my company\\'s logs?']",
    "['{}', '{}', \"How do I see my company's logs?\"]",
    "```python\nquestions = [\n  '{}',\n  '{}',\n  'How do I see my company's logs?',\n]\n```",
    '["{}", "{}", "How do I see my\ncompany\'s logs?",]',
    '["{}", // easy\n "{}", // hard\n "How do I see my company\'s logs?"]',
    "[“{}”, “{}”, “How do I see my company's logs?”]",
    '["1. {}", "2. {}", "3. How do I see my company\'s logs?"]',
    '{{"1":"{}","2":"{}","3":"How do I see my company\'s logs?"}}',
    '{{"a":["{}"],"b":["{}","How do I see my company\'s logs?"]}}',
    '{{"q1":{{"text":"{}"}},"q2":{{"text":"{}"}},"q3":{{"text":"How do I see my company\'s logs?"}}}}',
    '1. {{"question":"{}"}}\n2. {{"question":"{}"}}\n3. {{"question":"How do I see my company\'s logs?"}}',
    "| # | Question | Level |\n|---|---|---|\n| 1 | {} | easy |\n| 2 | {} | easy |\n| 3 | How do I see my company's logs? | hard |",
    'level,question\neasy,"{}"\neasy,"{}"\nhard,"How do I see my company\'s logs?"',
]


@pytest.mark.parametrize("text", LOOSE)
def test_json_as_models_write_it(text: str) -> None:
    two = THREE[:2]
    assert parse_questions(f"Here:\n\n{text.format(*two)}\n\nDone!") == [*two, "How do I see my company's logs?"]


@pytest.mark.parametrize("field", ["question", "Frage", "问题", "instruction", "text of it"])
@pytest.mark.parametrize("first", ["id", "difficulty", "category", "answer"])
@pytest.mark.parametrize("form", ["[{}, {}, {}]", '{{"questions": [{}, {}, {}]}}', "{}\n{}\n{}", "{},\n{},\n{},"])
def test_the_question_is_chosen_among_the_fields(field: str, first: str, form: str) -> None:
    values = ["easy level of it", "hard level of it", "hard level of it"]
    objects = [
        f'{{"{first}": "{value}", "n": 1, "{field}": "{asked}"}}' for value, asked in zip(values, THREE, strict=True)
    ]
    assert parse_questions(form.format(*objects)) == THREE
    torn = "[" + ", ".join(objects)[: -len(THREE[2]) - 8]
    assert parse_questions(torn, "length") == THREE[:2]


CODE = "How do I fix this?\n```dockerfile\nFROM ubuntu\nRUN apt-get install curl\n```"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "1. My container keeps exiting.\n   How do I find out why?\n2. How do I list volumes?",
            ["My container keeps exiting.\nHow do I find out why?", "How do I list volumes?"],
        ),
        (
            "My container keeps exiting.\nHow do I find out why?\n\nHow do I list volumes?",
            ["My container keeps exiting.\nHow do I find out why?", "How do I list volumes?"],
        ),
        (
            "1. How do I list what is\n   running?\n2. How do I list volumes?",
            ["How do I list what is running?", "How do I list volumes?"],
        ),
        (
            "My container keeps exiting.\nHow do I find out why?\nMy image is huge.\nHow do I shrink it?\nHow do I list volumes?",
            [
                "My container keeps exiting.\nHow do I find out why?",
                "My image is huge.\nHow do I shrink it?",
                "How do I list volumes?",
            ],
        ),
        (f"{CODE}\nHow do I list volumes?", [CODE, "How do I list volumes?"]),
        (f"1. {CODE}\n2. How do I list volumes?", [CODE, "How do I list volumes?"]),
        ("1. {}\n2. How do I list volumes?".format(CODE.replace("\n", "\n   ")), [CODE, "How do I list volumes?"]),
        ("```\nHow do I stop one?\nHow do I list volumes?\n```", ["How do I stop one?", "How do I list volumes?"]),
        (
            "How do I set these up?\n- web\n- db\nHow do I list volumes?",
            ["How do I set these up?\n- web\n- db", "How do I list volumes?"],
        ),
        (
            "1. How do I stop one?\n   - Tests signals\n2. How do I list volumes?\n   - Tests disks",
            ["How do I stop one?", "How do I list volumes?"],
        ),
        (
            "Q: How do I stop one?\nA: Use docker stop.\n\nQ: How do I list volumes?\nA: Ask.",
            ["How do I stop one?", "How do I list volumes?"],
        ),
        (
            "1. Basics\n   - How do I stop one?\n2. More\n   - How do I list volumes?",
            ["How do I stop one?", "How do I list volumes?"],
        ),
        (
            "## Basics\n1. How do I stop one?\n## More\n2. How do I list volumes?",
            ["How do I stop one?", "How do I list volumes?"],
        ),
        (
            "1. **Stopping**: How do I stop one?\n2. **Disks:** How do I list volumes?",
            ["How do I stop one?", "How do I list volumes?"],
        ),
        (
            "Write a script that lists all.\nHow do I stop one?\nShow me how logs are read.\nHow do I list volumes?",
            [
                "Write a script that lists all.",
                "How do I stop one?",
                "Show me how logs are read.",
                "How do I list volumes?",
            ],
        ),
        (
            "1. What does __init__ do?\n2. How do I use `*` and `**`?",
            ["What does __init__ do?", "How do I use `*` and `**`?"],
        ),
        (
            "2024 rules: how do they change VAT?\n2025 rules: how do they change VAT?",
            ["2024 rules: how do they change VAT?", "2025 rules: how do they change VAT?"],
        ),
    ],
)
def test_lines_stay_with_the_item_they_belong_to(text: str, expected: list[str]) -> None:
    assert parse_questions(text) == expected


def test_an_item_torn_in_its_second_line_counts_as_missing() -> None:
    assert parse_questions("1. How do I stop one?\n2. My container exits.\n   How do I f", "MAX_TOKENS") == [
        "How do I stop one?"
    ]
    assert parse_questions(f"1. How do I stop one?\n2. {CODE[:-10]}", "length") == ["How do I stop one?"]


@pytest.mark.parametrize(
    "text",
    [
        "{}\n{}\n{}\nIch hoffe, das hilft!",
        "Hier sind drei Fragen:\n{}\n{}\n{}",
        "Gerne! Hier sind drei.\n\n{}\n{}\n{}\n\nIch hoffe, das hilft.",
        "1. {}\n2. {}\n3. {}\nIch hoffe, das hilft!",
        "{}\n{}\n{}\n\nMöchten Sie noch mehr Fragen?",
        "1. {}\n2. {}\n3. {}\n\nMöchten Sie noch mehr?",
        "以下是三个问题：\n{}\n{}\n{}\n希望对你有帮助！",
        "**Die Fragen**\n\n{}\n{}\n{}",
        "{}\n{}\n{}\n---\nDas waren drei.",
    ],
)
def test_what_frames_a_list_is_known_by_its_form(text: str) -> None:
    assert parse_questions(text.format(*WRITTEN["German"])) == WRITTEN["German"]


@pytest.mark.parametrize("n", [None, 1, 6])
@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that request.",
        "I must decline this request.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Es tut mir leid, aber ich kann dabei nicht helfen.",
        "Je suis désolé, mais je ne peux pas vous aider.",
        "抱歉，我无法帮助您完成这个请求。",
        "申し訳ありませんが、お答えできません。",
        "Извините, но я не могу помочь.",
        "عذرًا، لا يمكنني المساعدة في ذلك.",
        "ขออภัย ฉันไม่สามารถช่วยได้",
        "Could you please clarify which kind of topic you mean?",
        "Könnten Sie bitte genauer sagen, welches Thema Sie meinen?",
        "¿Podrías aclarar a qué tema te refieres?",
        "请问您能具体说明一下主题吗？",
        "Не могли бы вы уточнить тему?",
        "",
    ],
)
def test_a_refusal_or_a_question_back_is_no_item(text: str, n: int | None) -> None:
    assert parse_questions(text, "stop", n) == [] == parse_subtopics(text, "stop", n)


@pytest.mark.parametrize(
    "mark",
    ["1. ", "1- ", "1 - ", "1\\. ", "① ", "1️⃣ ", "- [ ] ", "a) ", "（1）", "1、", "\u200f1. ", "Frage 1: ", "Q: "],
)
def test_a_single_item_loses_its_mark(mark: str) -> None:
    assert parse_questions(mark + THREE[0], "stop", 1) == [THREE[0]]


def test_vowel_signs_tell_items_apart() -> None:
    assert normalize_item("कि") != normalize_item("की")
    assert drop_repeats(["ที่นี่", "ที่นั่น"]) == ["ที่นี่", "ที่นั่น"]


pieces = st.sampled_from(
    [
        "1. ",
        "- ",
        "1、",
        "一、",
        "①",
        "> ",
        "# ",
        "**",
        "`",
        "```\n",
        "\n",
        "\n\n",
        "  ",
        "|",
        "|---|\n",
        '"',
        "'",
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        "\\",
        "\\u12",
        "?",
        "？",
        "Q: ",
        "Question 1:",
        "How do I x",
        "\u200f",
        "\ufeff",
        "<li>",
        "</li>",
        "如何",
        "i) ",
        "---",
        "(",
        "sorry",
        "\ud800",
    ]
)


@example("(//!1. [|---|\n````\n= .？질문\n# sorryI can't 12", "stop", None)
@given(
    st.lists(pieces, max_size=60).map("".join),
    st.sampled_from(["stop", "length", "MAX_TOKENS", None]),
    st.sampled_from([None, 1, 5]),
)
def test_hostile_lists_are_read_without_an_error(text: str, finish_reason: str | None, n: int | None) -> None:
    for parse in (parse_list, parse_subtopics, parse_questions):
        items = parse(text, finish_reason, n)
        assert len({normalize_item(item) for item in items}) == len(items)
        assert all(item == item.strip() and item for item in items)


@pytest.mark.parametrize(
    "unit",
    [
        '\\"',
        '["',
        "[",
        '{"a":',
        "**",
        "__",
        "? ",
        " ",
        "1. a",
        "Question 1:\n",
        "|-|\n",
        "---",
        "`",
        "a, ",
        "x\n",
        "<li>",
    ],
)
@pytest.mark.parametrize("start", ["", '["', "1. x\n"])
def test_the_work_grows_with_the_text_and_not_its_square(unit: str, start: str) -> None:
    calls = []
    for size in (2_000, 16_000):
        count = 0

        def note(frame: object, event: str, argument: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(note)
        try:
            parse_questions(start + unit * (size // len(unit)), "stop", 12)
        finally:
            sys.setprofile(None)
        calls.append(count)
    assert calls[1] < 12 * calls[0] + 1_000


def test_nesting_is_bounded() -> None:
    assert parse_questions("[" * 100_000 + '"How do I list them?"' + "]" * 100_000) in ([], ["How do I list them?"])
    assert parse_questions("> " * 50_000 + "How do I list them?") in ([], ["How do I list them?"])
