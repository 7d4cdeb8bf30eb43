"""The package: its public names, what importing costs, what a built wheel holds, and that its parts know only what they may."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import synthdata as sd
from tests.conftest import ROOT

ANSWER = '{"topic": "Docker commands", "instruction": "How?", "response": "```bash\\ndocker ps --everything\\n```"}\n'
SCRIPT = """
import pandas as pd, synthdata as sd
df = pd.DataFrame({"topic": ["Docker commands"], "instruction": ["How?"], "response": ["Run `docker ps --everything`."]})
print(sd.__file__, sd.verify_responses(df)["problems"][0][0]["text"])
"""


def test_all_names_exist_once() -> None:
    assert len(set(sd.__all__)) == len(sd.__all__)
    assert all(hasattr(sd, name) for name in sd.__all__)


def test_every_public_function_says_what_it_does() -> None:
    assert all(getattr(sd, name).__doc__ for name in sd.__all__ if callable(getattr(sd, name)))


def test_heavy_packages_load_when_used() -> None:
    heavy = ("openai", "aiohttp", "xllamacpp", "matplotlib", "ipywidgets", "IPython", "rensa", "rapidfuzz")
    heavy += ("tree_sitter", "markdown_it", "jsonschema", "yaml", "py3langid", "huggingface_hub")
    script = f"import sys, synthdata; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_errors_render_as_one_line_in_a_notebook() -> None:
    assert sd.InputError("TOPIC is ''")._render_traceback_() == ["InputError: TOPIC is ''"]
    assert issubclass(sd.InputError, ValueError)
    stopped = sd.InterruptedRun("responses: 3 of 9 are answered and stored")
    assert stopped._render_traceback_() == ["Interrupted. responses: 3 of 9 are answered and stored"]
    assert isinstance(stopped, KeyboardInterrupt)


def read_requirements(lines: list[str]) -> set[str]:
    return {re.sub(r"\s", "", line.partition("#")[0]) for line in lines} - {""}


def test_requirements_and_pyproject_name_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(line for name in ("notebook", "local", "verify", "dev") for line in extras[name]),
    ]
    written = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert read_requirements(written) == read_requirements(wanted)
    reasons = [line for line in written if line and not line.startswith("#")]
    assert [line for line in reasons if "#" not in line and not line.startswith("pytest>")] == []


def list_imports() -> list[tuple[Path, ast.AST, str, bool]]:
    """Every import of the library: file, node, module, and whether it stands inside a function."""
    found = []
    for path in sorted((ROOT / "synthdata").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inner = {
            id(x) for f in ast.walk(tree) if isinstance(f, (ast.FunctionDef, ast.AsyncFunctionDef)) for x in ast.walk(f)
        }
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [(path, node, name, id(node) in inner) for name in names]
    return found


def test_no_import_of_our_own_hides_in_a_function() -> None:
    assert [
        (path.name, name) for path, _, name, inside in list_imports() if inside and name.startswith("synthdata")
    ] == []


def test_every_module_says_in_its_first_sentence_what_it_does() -> None:
    for path in (ROOT / "synthdata").rglob("*.py"):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert len(said) > 20, path
        assert "TODO" not in said, path


@pytest.mark.parametrize(
    ("module", "call", "extra"),
    [
        ("xllamacpp", "sd.Client('local:tiny').complete([{'messages': []}], quiet=True)", "local"),
        ("matplotlib", "sd.plot_scores(scored)", "notebook"),
        ("ipywidgets", "sd.explore_thresholds(scored, sd.Thresholds())", "notebook"),
    ],
)
def test_a_missing_extra_is_named_when_it_is_used(module: str, call: str, extra: str, tmp_path: Path) -> None:
    script = f"""
import sys
sys.modules["{module}"] = None
import pandas as pd, synthdata as sd
scored = pd.DataFrame({{"instruction": ["a"], "response": ["b"], "finish_reason": ["stop"], "error": [None], "helpfulness": [3.0]}})
try:
    {call}
except sd.InputError as fault:
    print(fault)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"pip install 'synthdata[{extra}]'" in done.stdout, done.stderr[-2000:]
    assert len(done.stdout.strip().splitlines()) == 1


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, capture_output=True, text=True, check=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_verifies_in_a_clean_environment_outside_the_tree(wheel: Path, tmp_path: Path) -> None:
    assert "synthdata/py.typed" in zipfile.ZipFile(wheel).namelist()
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    empty = tmp_path / "empty"
    empty.mkdir()
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", str(wheel)]
    subprocess.run(install, capture_output=True, text=True, check=True, cwd=empty)
    done = subprocess.run([str(python), "-c", SCRIPT], cwd=empty, capture_output=True, text=True, check=True)
    assert "docker ps --everything" in done.stdout
    assert str(ROOT) not in done.stdout
    (empty / "file.jsonl").write_text(ANSWER, encoding="utf-8")
    command = [str(python), "-m", "synthdata.verify", "file.jsonl"]
    checked = subprocess.run(command, cwd=empty, capture_output=True, text=True, check=False)
    assert checked.returncode == 1, checked.stderr
    assert "unknown flag" in checked.stdout


def test_the_notebook_runs_on_the_wheel_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path / "installed"),
        "SYNTHDATA_REPLAY": str(ROOT / "tests" / "recordings" / "docker_commands.jsonl"),
    }
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(ROOT / "create_dataset.ipynb"),
        "out.ipynb",
        "--kernel",
        "python3",
    ]
    done = subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (empty / sd.RAW_FILE).read_bytes() == (ROOT / sd.RAW_FILE).read_bytes()
