"""What an earlier run left is kept where the new rows would cost some of it, and only there."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import synthdata as sd


def make_rows(n: int, **columns: Any) -> pd.DataFrame:
    frame = {
        "instruction": "q",
        "id": [f"i{k}" for k in range(n)],
        "response": [f"r{k}" for k in range(n)],
        "reward": 1.0,
    }
    return pd.DataFrame({**frame, **columns})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sd.write_jsonl(make_rows(4), tmp_path / sd.RAW_FILE)
    (tmp_path / sd.FILTERED_FILE).write_text("kept\n", encoding="utf-8")
    (tmp_path / sd.JUDGEMENTS_FILE).touch()
    (tmp_path / sd.THRESHOLDS_FILE).touch()
    (tmp_path / "dataset").mkdir()
    (tmp_path / "notes.txt").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (make_rows(2), "lack 2 responses and 2 rewards"),
        (make_rows(4, response=["r0", "r1", None, "r3"]), "lack 1 responses"),
        (make_rows(4, reward=[1.0, None, None, None]), "lack 3 rewards"),
        (make_rows(6, id=[f"other{k}" for k in range(6)]), "lack 4 responses and 4 rewards"),
        (make_rows(4, response="new"), "lack 4 responses"),
    ],
)
def test_a_run_that_lacks_answers_moves_the_files_first(
    folder: Path, rows: pd.DataFrame, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target = sd.keep_earlier(rows, folder)
    assert target == folder / "earlier-1"
    assert said in capsys.readouterr().out
    assert sorted(path.name for path in target.iterdir()) == ["dataset", sd.RAW_FILE, sd.FILTERED_FILE]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["earlier-1", sd.JUDGEMENTS_FILE, sd.THRESHOLDS_FILE, "notes.txt"]
    )
    assert len(sd.read_jsonl(target / sd.RAW_FILE)) == 4
    sd.write_jsonl(rows, folder / sd.RAW_FILE)
    assert sd.keep_earlier(rows, folder) is None
    assert sd.keep_earlier(make_rows(1, id=["z"]), folder) == folder / "earlier-2"


@pytest.mark.parametrize("rows", [make_rows(4), make_rows(9), make_rows(4, reward=[2.0] * 4)])
def test_nothing_moves_where_nothing_is_lost(folder: Path, rows: pd.DataFrame) -> None:
    assert sd.keep_earlier(rows, folder) is None
    assert sd.keep_earlier(rows, folder / "empty") is None
    assert (folder / sd.FILTERED_FILE).exists()


def test_a_file_that_is_not_ours_is_kept_too(folder: Path) -> None:
    (folder / sd.RAW_FILE).write_text(json.dumps({"prompt": "x"}) + "\n", encoding="utf-8")
    assert sd.keep_earlier(make_rows(4), folder)
    (folder / sd.RAW_FILE).write_text("{torn", encoding="utf-8")
    assert (sd.keep_earlier(make_rows(4), folder) or folder).name == "earlier-2"
