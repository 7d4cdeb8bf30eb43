"""Record the committed run again: python -m tests.record [--replay-only]

Runs create_dataset.ipynb with the embedded model and records its exchanges, then runs it once more in replay, so that the saved
outputs are those of the recording. Nothing is replaced before both runs have ended well; no widget state is left behind.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "create_dataset.ipynb"
RECORDING = ROOT / "tests" / "recordings" / "docker_commands.jsonl"


def main() -> int:
    """Record and replay; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "recording.jsonl"
        if "--replay-only" in sys.argv:
            recording.write_bytes(RECORDING.read_bytes())
        else:
            run(Path(folder) / "live.ipynb", folder, SYNTHDATA_RECORD=str(recording))
        replayed = Path(folder) / "replayed.ipynb"
        run(replayed, ".", SYNTHDATA_REPLAY=str(recording))
        notebook = nbformat.read(replayed, as_version=4)
        clean(notebook)
        RECORDING.write_bytes(recording.read_bytes())
        nbformat.write(notebook, NOTEBOOK)
    return 0


def run(output: Path, folder: str, **environment: str) -> None:
    """Run the notebook with papermill; raises CalledProcessError when a cell fails."""
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(NOTEBOOK),
        str(output),
        "--kernel",
        "python3",
        "--no-progress-bar",
    ]
    parameters = ["-p", "GENERATOR", "local", "-p", "REWARD", "local", "-p", "OUTPUT_DIR", folder]
    if folder == ".":
        parameters = []  # the saved notebook shows its parameters as they are
    names = ("NVIDIA_API_KEY", "SYNTHDATA_REPLAY", "SYNTHDATA_RECORD")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    subprocess.run([*command, *parameters], cwd=ROOT, env={**kept, **environment}, check=True)


def clean(notebook: "nbformat.NotebookNode") -> None:
    """Take out what a run leaves behind: widget state, papermill's notes, the times of cells."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        cell.metadata["tags"] = [tag for tag in cell.metadata.get("tags", []) if tag != "papermill-error-cell-tag"]
        if not cell.metadata["tags"]:
            del cell.metadata["tags"]
    notebook.cells = [cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", [])]


if __name__ == "__main__":
    sys.exit(main())
