"""Every parameter is checked first; a preview is a part of the whole; tables show texts on the left."""

import os
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from IPython import get_ipython
from IPython.core.interactiveshell import InteractiveShell

import synthdata as sd
from tests.conftest import ROOT

GIVEN: dict[str, Any] = {
    "TOPIC": "Git", "N_SUBTOPICS": 2, "N_QUESTIONS": 3, "N_SAMPLES": 2, "GENERATOR": "local", "REWARD": "local",
    "SAMPLING": {"max_tokens": 640}, "REPAIRS": 1, "REQUESTS_PER_MINUTE": None, "BUDGET": None, "PREVIEW": None, "OUTPUT_DIR": ".",
}  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_good_parameters_give_folder_and_rows(place: Path) -> None:
    assert sd.check_parameters(GIVEN) == (".", 12)
    assert sd.check_parameters({**GIVEN, "OUTPUT_DIR": "out", "SAMPLING": {"max_completion_tokens": 9}}) == ("out", 12)
    assert (place / "out").is_dir()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TOPIC", " ", "TOPIC is ' '"),
        ("N_QUESTIONS", 0, "N_QUESTIONS is 0"),
        ("N_SAMPLES", True, "N_SAMPLES is True"),
        ("GENERATOR", "ollama", "GENERATOR: endpoint 'ollama' is not understood"),
        (
            "REWARD",
            "nim:",
            "REWARD: endpoint 'nim:' names no model: write for example nim:nvidia/nemotron-4-340b-reward",
        ),
        ("SAMPLING", {"temperature": 1}, "SAMPLING gives max_tokens=None"),
        ("SAMPLING", {"max_tokens": "640"}, "SAMPLING gives max_tokens="),
        ("SAMPLING", None, "SAMPLING is None"),
        ("REPAIRS", -1, "REPAIRS is -1"),
        ("REQUESTS_PER_MINUTE", 0, "REQUESTS_PER_MINUTE is 0"),
        ("REQUESTS_PER_MINUTE", "40", "REQUESTS_PER_MINUTE is '40'"),
        ("BUDGET", 1.5, "BUDGET is 1.5"),
        ("BUDGET", -1, "BUDGET is -1"),
        ("PREVIEW", 0, "PREVIEW is 0"),
        ("OUTPUT_DIR", None, "OUTPUT_DIR is None"),
        ("OUTPUT_DIR", "a-file", "OUTPUT_DIR is 'a-file': no folder"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_value(place: Path, name: str, value: Any, said: str) -> None:
    (place / "a-file").touch()
    with pytest.raises(sd.InputError, match=re.escape(said)):
        sd.check_parameters({**GIVEN, name: value})


def test_a_parameter_that_is_missing_is_named() -> None:
    with pytest.raises(sd.InputError, match="PREVIEW is not set"):
        sd.check_parameters({name: value for name, value in GIVEN.items() if name != "PREVIEW"})


def test_a_preview_has_a_folder_of_its_own(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sd.check_parameters({**GIVEN, "PREVIEW": 5}) == ("./preview", 5)
    assert "Preview: 5 of 12 rows, into ./preview." in capsys.readouterr().out
    assert sd.check_parameters({**GIVEN, "PREVIEW": 50})[1] == 12


def test_a_preview_takes_from_each_subtopic_and_keeps_the_order() -> None:
    df = pd.DataFrame({"subtopic": list("aaabbc"), "n": range(6)}, index=[9, 8, 7, 6, 5, 4])
    assert sd.take_preview(df, 4)["n"].tolist() == [0, 1, 3, 5]
    assert sd.take_preview(df, None).equals(df)
    assert sd.take_preview(df, 99).equals(df)


def test_nobody_is_asked_for_a_key_where_nobody_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("getpass.getpass", lambda text: asked.append(text) or "nvapi-typed")
    monkeypatch.delenv("NVIDIA_API_KEY", raising=False)
    sd.ask_missing_key("nim:a/b", "local")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    sd.ask_missing_key("local", "http://127.0.0.1/v1#m")
    assert not asked
    sd.ask_missing_key("nim:a/b", "local")
    assert len(asked) == 1
    assert sd.parse_endpoint("nim:a/b").api_key == "nvapi-typed"
    sd.ask_missing_key("nim:a/b", "local")
    assert len(asked) == 1


@pytest.mark.parametrize("person", [True, False])
def test_a_kernel_asks_for_a_key_only_where_its_page_can_answer(person: bool, tmp_path: Path) -> None:
    from jupyter_client.manager import start_new_kernel

    environment = {name: value for name, value in os.environ.items() if name != "SYNTHDATA_REPLAY"}
    manager, client = start_new_kernel(cwd=str(ROOT), env={**environment, "JUPYTER_RUNTIME_DIR": str(tmp_path)})
    asked: list[str] = []

    def answer(message: dict[str, Any]) -> None:
        asked.append(message["content"]["prompt"])
        assert message["content"]["password"]
        client.input("nvapi-typed")

    try:
        code = "import synthdata as sd; sd.ask_missing_key('nim:a/b'); print(sd.parse_endpoint('nim:a/b').api_key)"
        reply = client.execute_interactive(
            code, allow_stdin=person, stdin_hook=answer, output_hook=lambda _: None, timeout=60
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert reply["content"]["status"] == ("ok" if person else "error")
    assert len(asked) == person
    assert person or "NVIDIA_API_KEY is not set" in reply["content"]["evalue"]


def test_texts_stand_on_the_left_and_numbers_where_they_were() -> None:
    shell = get_ipython() or InteractiveShell.instance()
    try:
        sd.prepare_page()
        frame = pd.DataFrame({"rows": [1], "reason": ["<b>"], "share": [0.5]}, index=pd.Index(["x"], name="stage"))
        page = shell.display_formatter.format(frame)[0]["text/html"]
    finally:
        InteractiveShell.clear_instance()
        pd.reset_option("display.max_colwidth")
        pd.reset_option("display.html.use_mathjax")
    assert ".texts-1-3 tr > :nth-child(1), .texts-1-3 tr > :nth-child(3) {" in page
    assert 'class="dataframe texts-1-3' in page
    assert "nth-child(2)" not in page
    assert "&lt;b&gt;" in page


def test_progress_names_the_stage_what_follows_and_what_is_left() -> None:
    client = sd.Client("local", budget=sd.Budget(50, spent=8))
    assert client.describe_plan("responses") == " · 42 requests left of the budget"
    sd.estimate_run(6, 12, 1, client, client, repairs=1)
    assert client.describe_plan("responses") == " · stage 3 of 5, then about 9 min · 42 requests left of the budget"
    assert client.describe_plan("judge") == " · stage 5 of 5 · 42 requests left of the budget"
    sd.estimate_run(6, 12, 1, client, client)
    assert list(client.plan) == ["subtopics", "questions", "responses", "judge"]


def test_a_preview_is_estimated_as_one() -> None:
    client = sd.Client("local")
    stages = sd.estimate_run(6, 12, 1, client, client, repairs=1, preview=5).set_index("stage")["requests"]
    assert stages[["subtopics", "questions", "responses", "repair", "judge"]].tolist() == [1, 5, 5, 1, 25]
