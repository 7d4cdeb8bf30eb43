"""Preferences, labels and prompts load in `datasets` as their trainers read them."""

from pathlib import Path

import pandas as pd
import pytest
from datasets import load_dataset

import synthdata as sd

PREFERENCES = ["dpo", "openai-preference"]
OTHERS = ["openai", "kto", "grpo"]


def make_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": list("abcde"),
            "instruction": ["How?", "How?", "And?", "Why?", "Who?"],
            "response": ["So.", "Not so.", None, "Because.", "You."],
            "reward": pd.array([2.0, 0.5, None, 1.0, 1.0], dtype="Float64"),
            "finish_reason": ["stop"] * 5,
            "error": [None, None, "response: refused", None, None],
            "keep": [True, True, False, False, False],
            "reject_reason": [None, None, "failed: response", "reward < 2", "duplicate"],
        }
    )


@pytest.mark.parametrize("reverse", [False, True])
def test_every_format_loads_from_the_folder(tmp_path: Path, reverse: bool) -> None:
    df, names = make_rows(), sorted([*PREFERENCES, *OTHERS], reverse=reverse)
    sd.write_folder(df, tmp_path / "data", names, pairs=sd.make_pairs(df))
    got = {
        name: load_dataset(str(tmp_path / "data"), name, split="train", cache_dir=str(tmp_path / "c")).to_list()
        for name in names
    }
    prompt = [{"role": "user", "content": "How?"}]
    chosen, rejected = ([{"role": "assistant", "content": text}] for text in ("So.", "Not so."))
    assert got["dpo"] == [
        {"prompt": prompt, "chosen": chosen, "rejected": rejected, "score_chosen": 2.0, "score_rejected": 0.5}
    ]
    assert got["openai-preference"] == [
        {"input": {"messages": prompt}, "preferred_output": chosen, "non_preferred_output": rejected}
    ]
    assert [(row["completion"][0]["content"], row["label"]) for row in got["kto"]] == [
        ("So.", True), ("Not so.", True), ("Because.", False),
    ]  # fmt: skip
    assert got["grpo"] == [{"prompt": prompt}]
    assert [row["messages"][1]["content"] for row in got["openai"]] == ["So.", "Not so."]


def test_no_pairs_at_all_make_an_empty_file_and_the_rest_loads(tmp_path: Path) -> None:
    written = sd.write_folder(make_rows(), tmp_path / "data", ["dpo"], pairs=sd.make_pairs(make_rows(), min_gap=100))
    assert written.set_index("file").loc["dpo.jsonl"].tolist() == [0, 0]
    assert len(load_dataset(str(tmp_path / "data"), split="train", cache_dir=str(tmp_path / "c"))) == 2


def test_a_preference_without_pairs_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    for write in (sd.export_dataset, sd.write_folder):
        with pytest.raises(sd.InputError, match=r"'dpo' is written from preference pairs: give pairs=make_pairs"):
            write(make_rows(), tmp_path / "new", ["dpo"])
        with pytest.raises(sd.InputError, match="needs the column 'chosen', 'rejected'"):
            write(make_rows(), tmp_path / "new", ["dpo"], pairs=make_rows())
    assert not (tmp_path / "new").exists()


def test_earlier_turns_stand_in_the_prompt_of_a_pair(tmp_path: Path) -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    df = make_rows().assign(history=[turns, turns, None, None, None])
    sd.export_dataset(df, tmp_path, ["dpo"], pairs=sd.make_pairs(df))
    (row,) = load_dataset(
        "json", data_files=str(tmp_path / "synthetic_data_dpo.jsonl"), split="train", cache_dir=str(tmp_path / "c")
    )
    assert [turn["content"] for turn in row["prompt"]] == ["Be brief.", "Hi", "How?"]
