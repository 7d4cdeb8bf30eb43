"""An answer that is not whole says so; one that is, is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdata.verify.checks.completeness import check_completeness
from synthdata.verify.parse.markdown import parse_markdown

ASKED = "How do I see which containers are running?"


def kinds(response: str, finish_reason: str | None = None, instruction: str = ASKED) -> list[str]:
    found = check_completeness(instruction, response, parse_markdown(response), finish_reason)
    assert all(problem.fatal for problem in found)
    return [problem.kind for problem in found]


@pytest.mark.parametrize(
    "response",
    [
        "Run `docker ps`.",
        "docker ps",
        "```bash\ndocker ps\n```",
        "Use it like so:\n\n    docker ps -a\n    docker top web and",
        "There are two ways:\n\n- `docker ps` lists them\n- `docker top` shows what runs in",
        "Sorry for the detour: run `docker ps`, which can help.",
        "Unfortunately the old flag is gone. Run `docker ps` and it will assist you.\n\n```sh\ndocker ps\n```",
        "You can't access a stopped container that way; start it first.",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "See https://docs.example.org/containers/list",
        "1",
        "That is the network your container is connected to",
        "It depends on what you are looking for",
        "Then it works like this",
        "The operators are AND and OR",
        "> Run this:\n> ```bash\n> docker ps\n> ```",
        "1. > ```bash\n   > docker ps\n   > ```",
        "How do I see which containers are running? docker ps",
        "How do I see which containers are running? Type `docker ps` and read the table that it prints.",
    ],
)
def test_whole_answers_pass(response: str) -> None:
    assert kinds(response) == [] == kinds(response, "stop")


def test_answers_that_were_cut_off() -> None:
    assert kinds("Run `docker ps`.", "length") == ["cut off"]
    for torn in (
        "You list them with `docker ps`, and then you stop the",
        "First look at the list, which shows every name,",
        "To see them all, including those that have stopped, add `docker ps -",
        "It prints a table of the containers (",
    ):
        assert kinds(torn) == ["cut off"], torn
        assert kinds(torn, "stop") == [], torn


def test_a_fence_that_is_never_closed() -> None:
    assert kinds("Type:\n\n```bash\ndocker ps\n") == ["unclosed fence"] == kinds("Type:\n~~~\ndocker ps", "stop")
    assert kinds("Type:\n\n```bash\ndocker", "length") == ["unclosed fence", "cut off"]


def test_empty_answers() -> None:
    for text in ("", "  \n\t", "...", "```\n```", "—"):
        assert kinds(text) == ["empty response"]


def test_refusals() -> None:
    for text in (
        "I'm sorry, but I can't help with that.",
        "I cannot assist with this request.",
        "As an AI language model, I am unable to access your machine.",
        "Unfortunately, I'm not able to provide commands for this.",
        "I can’t comply.",
    ):
        assert kinds(text) == ["refusal"], text


def test_an_echo_of_the_question() -> None:
    assert kinds(ASKED) == kinds(f"**{ASKED.upper()}**") == ["repeats the question"]
    assert kinds("List all", instruction="List all") == []


GERMAN = (
    "Mit diesem Befehl sehen Sie alle Container, die gerade laufen. Wenn Sie auch die angehaltenen sehen möchten, fügen Sie die "
    "passende Option hinzu. Die Ausgabe zeigt für jeden Container den Namen, das Abbild und die Zeit, seit der er läuft. Mehr "
    "ist dazu nicht nötig, denn der Befehl verändert nichts."
)
ENGLISH = (
    "This command shows all of the containers that are running at the moment. If you want to see those that have stopped as "
    "well, add the option for it. The output has the name, the image and the age of each container, one on a line. There is "
    "no more to it, since the command changes nothing on your machine."
)


def test_an_answer_in_another_language_than_the_question() -> None:
    assert kinds(GERMAN) == ["another language"]
    assert kinds(ENGLISH, instruction="Wie sehe ich, welche Container gerade auf meinem Rechner laufen?") == [
        "another language"
    ]
    assert kinds(ENGLISH, instruction="如何查看哪些容器正在运行？") == ["another language"]
    (problem,) = check_completeness(ASKED, GERMAN, [], None)
    assert (problem.text, problem.suggestion) == ("de", "en")


CHINESE = (
    "要查看正在运行的容器，请使用 docker ps 命令。这个命令会显示每个容器的名称、镜像和运行时间。"
    "如果还想看到已经停止的容器，请加上相应的选项。"
)
SPANISH = (
    "Con esta orden se muestran todos los contenedores que están en marcha. Si también quieres ver los que están parados, añade la "
    "opción adecuada. La salida tiene el nombre, la imagen y la edad de cada contenedor. No hace falta "
    "nada más, porque la orden no "
    "cambia nada en tu máquina."
)
# Of this one the classifier gives Spanish less than it asks for, and the rest to Spanish dialects.
NEARLY_SPANISH = (
    "Para ver los registros de un contenedor en ejecución, utiliza la orden correspondiente. Muestra la "
    "salida estándar y los errores. "
    "Para seguir las líneas nuevas a medida que llegan, añade la opción adecuada. Nada cambia en tu máquina "
    "con ello, así que puedes "
    "probarlo."
)


@pytest.mark.parametrize("answer", [CHINESE, CHINESE * 4, SPANISH, NEARLY_SPANISH])
@pytest.mark.parametrize("reason", [None, "stop"])
def test_an_english_question_wants_an_english_answer(answer: str, reason: str | None) -> None:
    assert kinds(answer, reason) == ["another language"]


@pytest.mark.parametrize(
    "asked",
    [
        "Wie zeige ich die Protokolle eines laufenden Containers an?",
        "Was ist in der Datei an Daten drin?",
        "Hoe zie ik in Docker of een container is gestopt?",
        "Is het mogelijk om in Docker een container te stoppen?",
        "Come si avvia a mano un container in rete?",
        "Jak zobaczyc logi kontenera i co to jest?",
        "Do czego sluzy polecenie docker ps i jak to dziala?",
        "Como puedo ver los registros de un contenedor?",
        "Как посмотреть журналы контейнера?",
        "كيف أعرض سجلات الحاوية؟",
    ],
)
def test_words_that_languages_share_make_no_question_english(asked: str) -> None:
    assert kinds(ENGLISH, instruction=asked) == ["another language"]


@pytest.mark.parametrize(
    "asked",
    [
        "Übersetze „Guten Morgen“ ins Englische",
        "Uebersetze diesen Satz ins Englische: ich habe heute keine Zeit",
        "请用英文写一封邮件给我的老板",
        "把下面的句子翻译成英文：我今天没有时间",
        "Escribe un correo a mi jefe en inglés",
        "Traduisez ce texte en anglais : je n'ai pas le temps",
        "Scrivi una mail al mio capo in inglese",
        "Escreva um e-mail ao meu chefe em inglês",
        "Vertaal naar het Engels: vandaag heb ik geen tijd",
        "Napisz list do szefa po angielsku",
        "Напиши письмо начальнику по-английски",
        "Переклади англійською: я не маю часу",
        "Napiš dopis šéfovi anglicky",
        "Fordítsd le angolra: ma nincs időm",
        "Skriv en e-post til sjefen på engelsk",
        "Käännä englanniksi tämä",
        "Patronuma İngilizce bir e-posta yaz",
        "اكتب رسالة إلى مديري باللغة الانجليزية",
        "כתוב מכתב למנהל שלי באנגלית",
        "अंग्रेजी में अनुवाद करें",
        "上司に英語でメールを書いてください",
        "상사에게 영어로 이메일을 써 주세요",
        "เขียนอีเมลถึงหัวหน้าเป็นภาษาอังกฤษ",
        "Viết email cho sếp bằng tiếng Anh",
        "Tulis surat kepada bos saya dalam bahasa Inggris",
        "Μετάφρασε στα αγγλικά: δεν έχω χρόνο",
    ],
)
def test_a_request_for_another_language_is_allowed_its_answer(asked: str) -> None:
    assert kinds(ENGLISH, instruction=asked) == []


@pytest.mark.parametrize(
    "reason",
    ["stop", "STOP", "end_turn", "endTurn", "eos", "stop_sequence", "COMPLETE", "FinishReason.STOP", "unknown", ""],
)
def test_natural_ends_are_whole(reason: str) -> None:
    assert kinds("Run docker ps.", reason) == []


@pytest.mark.parametrize(
    "reason", ["length", "MAX_TOKENS", "model_length", "error", "SAFETY", "content_filter", "tool_calls", "incomplete"]
)
def test_any_other_end_is_a_cut(reason: str) -> None:
    assert kinds("Run docker ps.", reason) == ["cut off"]


def test_an_echo_is_the_question_and_nothing_else() -> None:
    assert kinds("Is Docker free? Yes.", instruction="Is Docker free?") == []
    assert kinds("The default branch is main.", instruction="The default branch is") == []
    assert kinds("```sh\ndocker ps -a\n```", instruction="docker ps -a") == []
    assert kinds(f"{ASKED}\n\n{ASKED}") == ["repeats the question"]
    chinese = "如何查看正在运行的容器的日志？"
    assert kinds(chinese, instruction=chinese) == ["repeats the question"]


def test_languages_are_only_judged_on_evidence() -> None:
    assert kinds(GERMAN, instruction="Wie sehe ich, welche Container gerade auf meinem Rechner laufen?") == []
    assert kinds(GERMAN, instruction="Say in German how I list containers") == []
    assert kinds(GERMAN[:90]) == [] == kinds(ENGLISH)
    assert kinds(f"Run this.\n\n```python\n{GERMAN}\n```") == []
    assert kinds(ENGLISH, instruction="docker ps") == []


@given(st.text(max_size=300), st.text(max_size=60), st.sampled_from([None, "stop", "length", "content_filter"]))
def test_any_text_is_judged(response: str, instruction: str, reason: str | None) -> None:
    for problem in check_completeness(instruction, response, parse_markdown(response), reason):
        assert 0 <= problem.line <= response.count("\n") + response.count("\r") + 1
