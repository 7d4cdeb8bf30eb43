"""JSONL that survives a round trip, byte for byte."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthdata as sd


def test_instruction_and_response_come_first_and_bytes_do_not_change(tmp_path: Path) -> None:
    df = pd.DataFrame(
        {
            "id": ["a", "b"], "instruction": ["naïve /path", "q\n2"], "response": ["日本", None],
            "helpfulness": pd.array([3.5, None], dtype="Float64"), "keep": [True, False],
        }
    )  # fmt: skip
    written = sd.export_dataset(df, tmp_path)
    assert written["rows"].tolist() == [2, 1]
    text = (tmp_path / sd.RAW_FILE).read_text(encoding="utf-8")
    assert (
        text.splitlines()[0] == '{"instruction":"naïve /path","response":"日本","id":"a","helpfulness":3.5,"keep":true}'
    )
    assert '"response":null' in text
    before = (tmp_path / sd.RAW_FILE).read_bytes()
    sd.export_dataset(df, tmp_path)
    assert (tmp_path / sd.RAW_FILE).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([sd.RAW_FILE, sd.FILTERED_FILE])


@given(st.lists(st.tuples(st.text(), st.one_of(st.none(), st.text()), st.floats(allow_infinity=False)), max_size=10))
def test_any_rows_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str | None, float]]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "x.jsonl"
    df = pd.DataFrame(rows, columns=["instruction", "response", "score"]).astype(
        {"instruction": object, "response": object}
    )
    sd.write_jsonl(df, path)
    back = sd.read_jsonl(path)
    assert back["instruction"].tolist() == df["instruction"].tolist()
    assert [None if pd.isna(v) else v for v in back["response"]] == [response for _, response, _ in rows]
    assert path.read_bytes().count(b"\n") == len(rows)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"instruction": "a"', "line 2 is not JSON"),
        ("[1]", "line 2 is a JSON list"),
        ('{"instruction": "a"}', "line 2 lacks the key 'response'"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"instruction": "a", "response": "b"}\n' + line + "\n")
    with pytest.raises(sd.InputError, match=said) as caught:
        sd.read_jsonl(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_blocked_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(sd.InputError, match="No such file"):
        sd.read_jsonl(tmp_path / "none.jsonl")
    (tmp_path / "file").write_text("")
    with pytest.raises(sd.InputError, match="cannot be written"):
        sd.write_jsonl(pd.DataFrame({"instruction": [], "response": []}), tmp_path / "file" / "x.jsonl")


def test_a_frame_without_the_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(sd.InputError, match="write_jsonl needs the column 'response'"):
        sd.write_jsonl(pd.DataFrame({"instruction": ["a"]}), tmp_path / "x.jsonl")
    with pytest.raises(sd.InputError, match="give it the DataFrame"):
        sd.write_jsonl([], tmp_path / "x.jsonl")  # type: ignore[arg-type]
    with pytest.raises(sd.InputError, match="row 1 cannot be written"):
        sd.write_jsonl(pd.DataFrame({"instruction": ["a"], "response": [{1, 2}]}), tmp_path / "x.jsonl")


@pytest.mark.parametrize(
    "data",
    [
        b'\xef\xbb\xbf{"instruction": "a", "response": "b"}\n',
        b'{"instruction": "a", "response": "b"}\r\n\xef\xbb\xbf{"instruction": "a", "response": "b"}\r\n',
        '{"instruction": "a", "response": "b"}\n'.encode("utf-16"),
    ],
)
def test_byte_order_marks_are_no_part_of_a_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "marked.jsonl"
    path.write_bytes(data)
    assert set(sd.read_jsonl(path)["instruction"]) == {"a"}
    assert list(sd.mark_contamination(sd.read_jsonl(path), [path]).columns)[-1] == "contaminated_by"


ROWS = pd.DataFrame(
    {
        "instruction": ["How?", "And then?"],
        "response": ["So.", "Thus."],
        "history": [None, [{"role": "user", "content": "How?"}, {"role": "assistant", "content": "So."}]],
        "keep": [True, True],
    }
)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("messages", {"messages": [{"role": "user", "content": "How?"}, {"role": "assistant", "content": "So."}]}),
        (
            "prompt-completion",
            {
                "prompt": [{"role": "user", "content": "How?"}],
                "completion": [{"role": "assistant", "content": "So."}],
            },
        ),
        ("sharegpt", {"conversations": [{"from": "human", "value": "How?"}, {"from": "gpt", "value": "So."}]}),
        ("alpaca", {"instruction": "How?", "input": "", "output": "So."}),
    ],
)
def test_kept_rows_are_written_as_trainers_read_them(tmp_path: Path, name: str, line: dict[str, Any]) -> None:
    written = sd.export_dataset(ROWS.iloc[:1], tmp_path, formats=name)
    assert written["file"].tolist() == [sd.RAW_FILE, sd.FILTERED_FILE, f"synthetic_data_{name}.jsonl"]
    assert json.loads((tmp_path / f"synthetic_data_{name}.jsonl").read_text()) == line


def test_earlier_turns_come_before_the_instruction(tmp_path: Path) -> None:
    sd.export_dataset(ROWS, tmp_path, formats=["messages", "sharegpt"])
    later = json.loads((tmp_path / "synthetic_data_messages.jsonl").read_text().splitlines()[1])
    assert [turn["content"] for turn in later["messages"]] == ["How?", "So.", "And then?", "Thus."]
    with pytest.raises(sd.InputError, match="later turn of a conversation"):
        sd.export_dataset(ROWS, tmp_path, formats=["alpaca"])


def test_an_unknown_format_is_refused_with_the_list_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(sd.InputError, match="'chat' is no format: choose from messages, "):
        sd.export_dataset(ROWS, tmp_path, formats=["chat"])
    assert list(tmp_path.iterdir()) == []
