"""The built wheel works outside the tree: in an environment of its own, and under the notebook."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import synthdata as sd
from tests.conftest import ROOT

ANSWER = '{"topic": "Docker commands", "instruction": "How?", "response": "```bash\\ndocker ps --everything\\n```"}\n'
DOCKERFILE = ANSWER.replace("bash\\ndocker ps --everything", "dockerfile\\nFROM alpine")
SCRIPT = """
import pandas as pd, synthdata as sd
df = pd.DataFrame({"topic": ["Docker commands"], "instruction": ["How?"], "response": ["Run `docker ps --everything`."]})
checked = sd.verify_responses(df)
print(sd.__version__, sd.__file__, checked["verified"][0], checked["problems"][0][0]["text"])
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, capture_output=True, text=True, check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_the_wheel_holds_what_is_no_python(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "synthdata").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert "synthdata/py.typed" in wanted
    assert any(name.startswith("synthdata/verify/cli/specs/docker") for name in wanted)
    assert wanted <= names
    assert not [name for name in names - wanted if ".dist-info/" not in name]


def test_the_wheel_verifies_in_a_clean_environment_outside_the_tree(wheel: Path, tmp_path: Path, empty: Path) -> None:
    # This environment's pip installs into the new one: a new pip would take as long as all the rest.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    python = str(tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-compile"]
    installed = subprocess.run(
        [*pip, "--disable-pip-version-check", str(wheel)], cwd=empty, capture_output=True, text=True, check=False
    )
    assert installed.returncode == 0, installed.stderr[-2000:]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([python, "-c", SCRIPT], cwd=empty, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    version, file, verified, text = done.stdout.strip().split(maxsplit=3)
    assert (version, verified, text) == (sd.__version__, "False", "docker ps --everything")
    assert Path(file).is_relative_to(tmp_path / "venv")
    (empty / "file.jsonl").write_text(DOCKERFILE, encoding="utf-8")
    command = [python, "-m", "synthdata.verify", "file.jsonl"]
    lacking = subprocess.run(command, cwd=empty, env=clean, capture_output=True, text=True, check=False)
    assert lacking.returncode == 2, lacking.stdout
    assert "pip install 'synthdata[verify]'" in lacking.stderr.splitlines()[-1]
    (empty / "file.jsonl").write_text(ANSWER, encoding="utf-8")
    checked = subprocess.run(command, cwd=empty, env=clean, capture_output=True, text=True, check=False)
    assert checked.returncode == 1, checked.stderr
    assert "unknown flag" in checked.stdout


def test_the_notebook_runs_on_the_wheel_in_an_empty_folder(wheel: Path, tmp_path: Path, empty: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path / "installed"),
        "SYNTHDATA_REPLAY": str(ROOT / "tests" / "recordings" / "docker_commands.jsonl"),
    }
    notebook = str(ROOT / "create_dataset.ipynb")
    command = [sys.executable, "-m", "papermill", notebook, "out.ipynb", "--kernel", "python3"]
    done = subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (empty / sd.RAW_FILE).read_bytes() == (ROOT / sd.RAW_FILE).read_bytes()
