"""Recording again: whole or not at all, and a run of the tests that fails leaves the committed data alone."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests import record
from tests.conftest import ROOT

WRITE = "from pathlib import Path\nPath('synthetic_data.jsonl').write_text('new')\n"


def write_notebook(path: Path, *sources: str) -> None:
    parameters = nbformat.v4.new_code_cell("OUTPUT_DIR = '.'", metadata={"tags": ["parameters"]})
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [parameters, *map(nbformat.v4.new_code_cell, sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "recording.jsonl").write_text("{}\n", encoding="utf-8")
    (tmp_path / "synthetic_data.jsonl").write_text("old", encoding="utf-8")
    places = {"ROOT": tmp_path, "NOTEBOOK": tmp_path / "notebook.ipynb", "RECORDING": tmp_path / "recording.jsonl"}
    for name, path in places.items():
        monkeypatch.setattr(record, name, path)
    monkeypatch.setattr(sys, "argv", ["record", "--replay-only"])
    return tmp_path


def test_a_replay_saves_outputs_and_data_and_nothing_of_the_run(tree: Path) -> None:
    slider = "import ipywidgets\nipywidgets.FloatSlider()"
    write_notebook(tree / "notebook.ipynb", WRITE + slider)
    assert record.main() == 0
    assert (tree / "synthetic_data.jsonl").read_text(encoding="utf-8") == "new"
    notebook = nbformat.read(tree / "notebook.ipynb", as_version=4)
    assert [cell.execution_count for cell in notebook.cells] == [1, 2]
    assert notebook.cells[1].outputs[0]["data"]["text/plain"].startswith("FloatSlider")
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert [dict(cell.metadata) for cell in notebook.cells] == [{"tags": ["parameters"]}, {}]


def test_a_run_that_fails_replaces_nothing(tree: Path) -> None:
    write_notebook(tree / "notebook.ipynb", WRITE + "1 / 0")
    before = (tree / "notebook.ipynb").read_bytes()
    with pytest.raises(subprocess.CalledProcessError):
        record.main()
    assert (tree / "notebook.ipynb").read_bytes() == before
    assert (tree / "synthetic_data.jsonl").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize("workers", ["0", "1"])
def test_nbval_leaves_the_data_as_it_was_when_it_fails(tmp_path: Path, workers: str) -> None:
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "synthetic_data.jsonl").write_text("old", encoding="utf-8")
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "raw.jsonl").write_text("old", encoding="utf-8")
    move = "Path('earlier-1').mkdir()\nPath('dataset/raw.jsonl').rename('earlier-1/raw.jsonl')\n"
    write_notebook(tmp_path / "notebook.ipynb", WRITE + move + "1 / 0", "2 / 0")
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "--nbval", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, "notebook.ipynb"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "ZeroDivisionError" in done.stdout, done.stdout[-2000:]
    assert "1 failed, 1 passed, 1 skipped" in done.stdout  # the first failure is the only one
    assert (tmp_path / "dataset" / "raw.jsonl").read_text(encoding="utf-8") == "old"
    assert not (tmp_path / "earlier-1").exists()
    assert (tmp_path / "synthetic_data.jsonl").read_text(encoding="utf-8") == "old"
