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
