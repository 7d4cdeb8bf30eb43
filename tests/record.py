"""Record the committed run again: python -m tests.record [--replay-only]

Runs create_dataset.ipynb with the embedded model and records its exchanges, then runs it once more in replay, so that the saved
outputs and the data are those of the recording. Both run in a temporary folder, and nothing that is committed is replaced before
both have ended well; no widget state is left behind. Replies are kept in .synthdata, so that a run cut short goes on.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "create_dataset.ipynb"
RECORDING = ROOT / "tests" / "recordings" / "docker_commands.jsonl"
OF_RUNS = ("SYNTHDATA_REPLAY", "SYNTHDATA_RECORD", "NVIDIA_API_KEY")  # what would make this run another one


def main() -> int:
    """Record and replay; returns the exit status."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recording = folder / "recording.jsonl"
        if "--replay-only" in sys.argv[1:]:
            shutil.copy(RECORDING, recording)
        else:
            (ROOT / ".synthdata").mkdir(exist_ok=True)
            (folder / ".synthdata").symlink_to(ROOT / ".synthdata")
            local = ("-p", "GENERATOR", "local", "-p", "REWARD", "local")
            run_notebook(folder, folder / "live.ipynb", *local, SYNTHDATA_RECORD=str(recording))
        run_notebook(folder, folder / "replayed.ipynb", SYNTHDATA_REPLAY=str(recording))
        notebook = nbformat.read(folder / "replayed.ipynb", as_version=4)
        clean_notebook(notebook)
        nbformat.write(notebook, NOTEBOOK)
        shutil.copy(recording, RECORDING)
        for path in folder.glob("synthetic_data*.json*"):
            shutil.copy(path, ROOT)
        if (folder / "dataset").is_dir():
            shutil.copytree(folder / "dataset", ROOT / "dataset", dirs_exist_ok=True)
    return 0


def run_notebook(folder: Path, output: Path, *parameters: str, **environment: str) -> None:
    """Run the notebook with papermill in a folder; raises CalledProcessError when a cell fails."""
    command = [sys.executable, "-m", "papermill", str(NOTEBOOK), str(output), "--kernel", "python3", *parameters]
    kept = {name: value for name, value in os.environ.items() if name not in OF_RUNS}
    subprocess.run(command, cwd=folder, env={**kept, "PYTHONPATH": str(ROOT), **environment}, check=True)


def clean_notebook(notebook: "nbformat.NotebookNode") -> None:
    """Take out what a run leaves behind: widget state, papermill's notes and parameters, the times of cells."""
    for note in ("widgets", "papermill"):
        notebook.metadata.pop(note, None)
    notebook.cells = [cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        for note in ("papermill", "execution"):
            cell.metadata.pop(note, None)
        if not cell.metadata.get("tags", ["one"]):
            del cell.metadata["tags"]


if __name__ == "__main__":
    sys.exit(main())
