"""The notebook: its shape, its replay, that it fails when it should, and that it works live in a browser."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

import synthdata as sd
from tests.conftest import ROOT
from tests.nim_server import GENERATOR, REWARD, Answer, NimServer

NOTEBOOK = ROOT / "create_dataset.ipynb"
RECORDING = ROOT / "tests" / "recordings" / "docker_commands.jsonl"


def read_notebook(path: Path = NOTEBOOK) -> Any:
    return nbformat.read(path, as_version=4)


def get_code_cells() -> list[Any]:
    return [cell for cell in read_notebook().cells if cell.cell_type == "code"]


def run_papermill(output: Path, *parameters: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(NOTEBOOK),
        str(output),
        "--no-progress-bar",
        "--kernel",
        "python3",
    ]
    environment = {**os.environ, **environment}
    options: Any = {"cwd": ROOT, "env": environment, "capture_output": True, "text": True, "timeout": 200}
    return subprocess.run([*command, *parameters], check=False, **options)


def run_nbval(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", NOTEBOOK.name]
    environment = {**os.environ, "SYNTHDATA_REPLAY": "recording.jsonl"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "synthdata", tmp_path / "synthdata", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(NOTEBOOK, tmp_path)
    shutil.copy(RECORDING, tmp_path / "recording.jsonl")
    return tmp_path


def test_cells_are_short_and_plain() -> None:
    cells = get_code_cells()
    lines = sorted(len(cell.source.splitlines()) for cell in cells)
    assert 20 <= len(cells) <= 35
    assert lines[-1] <= 12
    assert lines[len(lines) // 2] <= 4
    assert not [cell.source for cell in cells if re.search(r"^\s*(def|class) ", cell.source, re.MULTILINE)]
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in cells) == 1


def test_the_runs_that_readme_prints_name_parameters_of_the_notebook() -> None:
    (cell,) = [cell for cell in get_code_cells() if "parameters" in cell.metadata.get("tags", [])]
    known = set(re.findall(r"^(\w+) =", cell.source, re.M))
    lines = re.findall(r"^.*papermill create_dataset.*$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert len(lines) >= 2
    for line in lines:
        assert ".venv/bin/papermill " in line  # works as printed, in no activated environment
        assert set(re.findall(r"-p (\w+)", line)) <= known, line


def test_all_cells_ran_in_order_and_kept_their_outputs() -> None:
    cells = get_code_cells()
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    silent = [cell.source for cell in cells if not cell.outputs]
    assert len(silent) <= 3, silent
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    pages = [output.get("data", {}).get("text/html", "") for cell in cells for output in cell.outputs]
    pictures = re.findall(r"<img [^>]*>", "".join(pages))
    assert len(pictures) >= 6
    assert all(re.search(r' alt="[^"]{20,}"', picture) for picture in pictures)


def test_the_committed_file_holds_no_widget_state_key_or_path() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert "widgets" not in json.loads(text)["metadata"]
    for secret in (
        r"nvapi-\w",
        # Answers on Docker speak of paths below /var; of those, only temporary folders are a machine's.
        r"(?<![\w.:/])/(home|root|tmp|var/folders|work|Users)\b/?",
        re.escape(str(ROOT)),
        r"[A-Z]:\\\\Users",
        r"127\.0\.0\.1:\d",
    ):
        assert not re.search(secret, text), secret


def test_the_committed_data_is_what_the_recording_gives(tmp_path: Path) -> None:
    done = run_papermill(tmp_path / "out.ipynb", "-p", "OUTPUT_DIR", str(tmp_path), SYNTHDATA_REPLAY=str(RECORDING))
    assert done.returncode == 0, done.stderr[-3000:]
    for name in (sd.RAW_FILE, sd.FILTERED_FILE):
        assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes(), name


def test_the_committed_data_holds_no_command_that_does_not_exist() -> None:
    kept, everything = sd.read_jsonl(ROOT / sd.FILTERED_FILE), sd.read_jsonl(ROOT / sd.RAW_FILE)
    checked = sd.verify_responses(kept[["topic", "instruction", "response", "finish_reason"]])
    wrong = checked["verified"].eq(False).fillna(False)
    assert not wrong.any(), checked.loc[wrong, "problems"].tolist()
    assert not everything["verified"].all()  # or the stage has found nothing to do
    assert everything["repair"].notna().any()
    assert set(everything.loc[everything["verified"].eq(False), "keep"]) == {False}
    # None of this model's corrections holds; one that did would have nothing wrong left in it.
    assert not everything.loc[everything["repair"].isin(["shortened", "improved", "no better"]), "keep"].any()
    assert everything.loc[everything["repair"].eq("repaired"), "verified"].all()


def test_strict_nbval_passes_and_runs_every_cell(copy: Path) -> None:
    done = run_nbval(copy)
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(rf"\b{len(get_code_cells())} passed", done.stdout)


def change_threshold(folder: Path) -> None:
    path = folder / NOTEBOOK.name
    notebook = read_notebook(path)
    (cell,) = [cell for cell in notebook.cells if cell.source.startswith("THRESHOLDS = ")]
    cell.source = cell.source.replace("helpfulness=(3.0, None)", "helpfulness=(0.7, None)")
    assert "0.7" in cell.source
    nbformat.write(notebook, path)


def adopt_threshold(folder: Path) -> None:
    rows = sd.read_jsonl(ROOT / sd.RAW_FILE)
    (cell,) = [cell for cell in get_code_cells() if cell.source.startswith("THRESHOLDS = ")]
    literal = eval(cell.source.splitlines()[0].removeprefix("THRESHOLDS = "), {"sd": sd})
    sd.write_adoption(rows, sd.Thresholds(reward=(3.5, None)), literal, folder)


def change_prompt(folder: Path) -> None:
    path = folder / "synthdata" / "generate" / "prompts.py"
    path.write_text(
        path.read_text(encoding="utf-8").replace("distinct subtopics", "different subtopics"), encoding="utf-8"
    )


def break_list_parser(folder: Path) -> None:
    path = folder / "synthdata" / "generate" / "lists.py"
    text = path.read_text(encoding="utf-8")
    assert "return items" not in text or text.count("return drop_repeats(items)") == 1
    path.write_text(text.replace("return drop_repeats(items)", "return drop_repeats(items)[1:]"), encoding="utf-8")


def break_reward_parser(folder: Path) -> None:
    path = folder / "synthdata" / "quality" / "scores" / "judge.py"
    text = path.read_text(encoding="utf-8")
    assert text.count('mass["yes"] / total') == 1
    path.write_text(text.replace('mass["yes"] / total', 'mass["no"] / total'), encoding="utf-8")


@pytest.mark.parametrize(
    "change", [change_threshold, adopt_threshold, change_prompt, break_list_parser, break_reward_parser]
)
def test_strict_nbval_fails_when_something_changed(copy: Path, change: Any) -> None:
    change(copy)
    done = run_nbval(copy)
    assert done.returncode == 1, done.stdout[-3000:]
    assert re.search(r"\d+ failed", done.stdout)


def test_another_topic_runs_against_nim_without_an_edit(tmp_path: Path) -> None:
    with NimServer() as server:
        done = run_papermill(
            tmp_path / "out.ipynb",
            *(
                "-p",
                "TOPIC",
                "Git commands",
                "-p",
                "N_SUBTOPICS",
                "3",
                "-p",
                "N_QUESTIONS",
                "4",
                "-p",
                "N_SAMPLES",
                "2",
            ),
            *("-p", "GENERATOR", f"{server.url}#{GENERATOR}", "-p", "REWARD", f"{server.url}#{REWARD}"),
            *("-p", "OUTPUT_DIR", str(tmp_path / "data")),
            SYNTHDATA_RECORD=str(tmp_path / "r.jsonl"),
        )
        assert done.returncode == 0, done.stderr[-3000:]
        sent = len(server.requests)
    raw = sd.read_jsonl(tmp_path / "data" / sd.RAW_FILE)
    kept = sd.read_jsonl(tmp_path / "data" / sd.FILTERED_FILE)
    assert len(raw) == 24
    assert set(raw["topic"]) == {"Git commands"}
    assert set(raw["reward_form"].dropna()) == {"logprobs"}
    assert raw["duplicate_of"].notna().sum() == 12  # the server gives both samples of a question one answer
    assert raw.loc[raw["duplicate_of"].notna(), "reward_form"].isna().all()
    assert raw["keep"].sum() == len(kept)
    assert list(raw.columns[:2]) == ["instruction", "response"]
    replayed = run_papermill(
        tmp_path / "again.ipynb",
        *("-p", "TOPIC", "Git commands", "-p", "N_SUBTOPICS", "3", "-p", "N_QUESTIONS", "4", "-p", "N_SAMPLES", "2"),
        *("-p", "GENERATOR", f"{server.url}#{GENERATOR}", "-p", "REWARD", f"{server.url}#{REWARD}"),
        *("-p", "OUTPUT_DIR", str(tmp_path / "data2")),
        SYNTHDATA_REPLAY=str(tmp_path / "r.jsonl"),
    )
    assert replayed.returncode == 0, replayed.stderr[-3000:]
    for name in (sd.RAW_FILE, sd.FILTERED_FILE):
        assert (tmp_path / "data" / name).read_bytes() == (tmp_path / "data2" / name).read_bytes()
    assert sent >= 30


def test_a_run_that_cannot_do_its_work_says_so_and_exits_with_an_error(tmp_path: Path) -> None:
    with NimServer(lambda server, body: Answer(401, {"title": "Unauthorized"})) as server:
        done = run_papermill(
            tmp_path / "out.ipynb", "-p", "GENERATOR", f"{server.url}#m", "-p", "OUTPUT_DIR", str(tmp_path)
        )
    assert done.returncode != 0
    assert "put the right one in SYNTHDATA_API_KEY" in done.stderr


def test_a_preview_is_reused_and_no_run_costs_another_its_rows(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with NimServer() as server:

        def run(questions: int, *more: str) -> str:
            sizes = ("-p", "TOPIC", "Git", "-p", "N_SUBTOPICS", "2", "-p", "N_QUESTIONS", str(questions))
            models = ("-p", "GENERATOR", f"{server.url}#{GENERATOR}", "-p", "REWARD", f"{server.url}#{REWARD}")
            done = run_papermill(tmp_path / "out.ipynb", *sizes, *models, "-p", "OUTPUT_DIR", str(folder), *more)
            assert done.returncode == 0, done.stderr[-3000:]
            outputs = [
                output for cell in read_notebook(tmp_path / "out.ipynb").cells for output in cell.get("outputs", [])
            ]
            return "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs)

        assert "Preview: 2 of 4 rows" in run(2, "-p", "PREVIEW", "2")
        assert len(sd.read_jsonl(folder / "preview" / sd.RAW_FILE)) == 2
        run(2)
        asked = [json.dumps(body, sort_keys=True) for body in server.requests]
        twice = {body for body in asked if asked.count(body) > 1}
        assert len(twice) == 2, twice  # what preflight asks each time
        assert len(sd.read_jsonl(folder / sd.RAW_FILE)) == 4
        first = (folder / sd.RAW_FILE).read_bytes()
        said = run(1)
        assert "earlier-1" in said
        assert (folder / "earlier-1" / sd.RAW_FILE).read_bytes() == first
        said = run(6, "-p", "BUDGET", "5")
        assert "not sent: the budget of 5 requests is used up" in said
        assert (folder / "earlier-1" / sd.RAW_FILE).read_bytes() == first


def test_after_a_wrong_parameter_no_cell_exports_the_rows_of_the_run_before(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbclient import NotebookClient

    notebook = read_notebook()
    (connect,) = [cell.source for cell in get_code_cells() if cell.source.startswith("import synthdata")]
    (export,) = [cell.source for cell in get_code_cells() if "sd.export_dataset" in cell.source]
    gone = f"import os; os.rename({sd.RAW_FILE!r}, 'kept.jsonl'); N_QUESTIONS = 0"
    lines = [*export.splitlines(), *(cell.source for cell in get_code_cells() if "sd.write_jsonl" in cell.source)]
    extra = [nbformat.v4.new_code_cell(source) for source in (gone, connect, *lines)]
    notebook.cells += extra
    monkeypatch.setenv("SYNTHDATA_REPLAY", "recording.jsonl")
    monkeypatch.chdir(copy)
    NotebookClient(
        notebook, allow_errors=True, kernel_name="python3", resources={"metadata": {"path": str(copy)}}
    ).execute()
    said = [[output.get("evalue", "") for output in cell.outputs] for cell in extra]
    assert said[0] == []
    assert "N_QUESTIONS is 0" in said[1][0]
    assert all("got a NoneType" in line[0] for line in said[2:]), said
    assert (copy / "kept.jsonl").exists()
    assert not (copy / sd.RAW_FILE).exists()
