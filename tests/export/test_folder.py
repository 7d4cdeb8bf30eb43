"""A dataset folder loads in `datasets` as it is, whatever is null in it, and says what it holds."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from datasets import Dataset, concatenate_datasets, load_dataset

import synthdata as sd
from tests.conftest import ROOT


def load(folder: Path, tmp_path: Path, config: str | None = None) -> Dataset:
    return load_dataset(str(folder), config, split="train", cache_dir=str(tmp_path / "cache"))


def make_frame(**columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"instruction": ["How?", "And?"], "response": ["So.", "Thus."], "keep": [True, True]})
    return frame.assign(**columns)


def test_the_committed_rows_load_in_any_order(tmp_path: Path) -> None:
    df = sd.read_jsonl(ROOT / sd.RAW_FILE)
    sd.write_folder(df, tmp_path / "data")
    kept, every, chat = (load(tmp_path / "data", tmp_path, name) for name in ("filtered", "raw", "messages"))
    assert (len(kept), len(every), len(chat)) == (int(df["keep"].sum()), len(df), int(df["keep"].sum()))
    assert load(tmp_path / "data", tmp_path).to_list() == kept.to_list()
    for order in ([kept, every], [every, kept]):
        assert len(concatenate_datasets(order)) == len(kept) + len(every)
    assert chat[0]["messages"][0] == {"role": "user", "content": kept[0]["instruction"]}


def test_two_runs_with_other_options_load_together(tmp_path: Path) -> None:
    """All null in one and filled in the other: problems, similarity, a later value; and a run without those columns."""
    problem = [{"kind": "k", "text": "t", "line": 1, "suggestion": "", "fatal": True}]
    frames = {
        "bare": make_frame(),
        "null": make_frame(similarity=[None, None], problems=[[], []], duplicate_of=[None, None], reward=[None, None]),
        "full": make_frame(
            similarity=[None, 0.5], problems=[[], problem], duplicate_of=["a", None], reward=[1.5, None]
        ),
    }
    loaded = {}
    for name, frame in frames.items():
        sd.write_folder(frame, tmp_path / name)
        loaded[name] = load(tmp_path / name, tmp_path)
    for order in (("bare", "null", "full"), ("full", "null", "bare"), ("null", "full", "bare")):
        together = concatenate_datasets([loaded[name] for name in order])
        assert len(together) == 6
        assert sorted(filter(None, together["similarity"])) == [0.5]


def test_a_user_s_own_columns_go_along(tmp_path: Path) -> None:
    sd.write_folder(
        make_frame(weight=[0.5, None], tags=[["a"], ["b", "c"]], level=[1, 2], good=[True, False]), tmp_path / "x"
    )
    rows = load(tmp_path / "x", tmp_path)
    assert rows[1]["tags"] == ["b", "c"]
    assert (rows[0]["weight"], rows[1]["weight"], rows[1]["level"], rows[1]["good"]) == (0.5, None, 2, False)


def test_the_card_tells_what_decided_and_what_the_licence_asks(tmp_path: Path) -> None:
    df = make_frame(
        topic="Docker | commands",
        subtopic="s",
        model="meta/llama-3.1-405b-instruct",
        verified=[True, None],
        reject_reason=None,
    )
    bounds = sd.Thresholds("attributes", helpfulness=(3.0, None), verbosity=(None, 2.5))
    sd.write_folder(df, tmp_path, ["messages", "alpaca"], thresholds=bounds)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "helpfulness ≥ 3, verbosity ≤ 2.5 (scale: attributes)" in card
    assert "begins with “Llama”" in card
    assert "1 hold nothing that could be checked" in card
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "README.md", "alpaca.jsonl", "filtered.jsonl", "messages.jsonl", "raw.jsonl",
    ]  # fmt: skip


def test_a_folder_with_something_else_in_it_is_refused_and_ours_is_written_again(tmp_path: Path) -> None:
    sd.write_folder(make_frame(), tmp_path / "ours")
    sd.write_folder(make_frame(), tmp_path / "ours")
    (tmp_path / "README.md").write_text("# Somebody's project\n")
    with pytest.raises(sd.InputError, match="did not write: name an empty folder"):
        sd.write_folder(make_frame(), tmp_path)
    with pytest.raises(sd.InputError, match="'parquet' is no format"):
        sd.write_folder(make_frame(), tmp_path / "new", ["parquet"])
    assert not (tmp_path / "new").exists()


def test_a_format_that_is_no_longer_asked_for_leaves_no_file_of_another_run(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    sd.write_folder(make_frame(), folder, ["messages", "sharegpt"])
    (folder / "alpaca.jsonl").write_text("{}\n")  # the user's own: no card of ours names it
    sd.write_folder(make_frame(), folder, ["messages"])
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md", "alpaca.jsonl", "filtered.jsonl", "messages.jsonl", "raw.jsonl",
    ]  # fmt: skip
    assert "sharegpt" not in (folder / "README.md").read_text()
