"""Every recipe replays what it has recorded, with no key, and shows the outputs that are committed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.conftest import ROOT

RECIPES = sorted((ROOT / "recipes").glob("*.ipynb"))


def test_there_are_recipes() -> None:
    assert RECIPES


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_replays(path: Path, tmp_path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert all(len(cell.source.splitlines()) <= 12 for cell in cells)
    assert sum(bool(cell.outputs) for cell in cells) >= len(cells) - 3
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes", ignore=shutil.ignore_patterns("out", "*.sqlite*"))
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", path.name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("SYNTHDATA_REPLAY", None)
    done = subprocess.run(
        command, cwd=tmp_path / "recipes", env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
