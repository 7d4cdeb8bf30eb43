"""What trainers read: each format is one function from a row to a line, and one entry in FORMATS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from synthdata.base.errors import InputError

Message = dict[str, str]


def make_messages(row: Mapping[str, Any]) -> dict[str, Any]:
    """Make a chat: read by TRL's SFT, OpenAI's fine-tuning and Axolotl (`type: chat_template`)."""
    return {"messages": [*make_prompt(row), {"role": "assistant", "content": row["response"]}]}


def make_prompt_completion(row: Mapping[str, Any]) -> dict[str, Any]:
    """Make a prompt and its completion: TRL's SFT trains on the completion alone."""
    return {"prompt": make_prompt(row), "completion": [{"role": "assistant", "content": row["response"]}]}


def make_sharegpt(row: Mapping[str, Any]) -> dict[str, Any]:
    """Make a ShareGPT conversation: read by LLaMA-Factory, Unsloth and TRL."""
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    turns = make_messages(row)["messages"]
    return {"conversations": [{"from": names[turn["role"]], "value": turn["content"]} for turn in turns]}


def make_alpaca(row: Mapping[str, Any]) -> dict[str, Any]:
    """Make an Alpaca line: read by LLaMA-Factory, Axolotl and Unsloth. It holds no earlier turns."""
    if read_history(row):
        raise InputError(
            f"alpaca: row {row.get('id')!r} is a later turn of a conversation, which the format cannot hold."
        )
    return {"instruction": row["instruction"], "input": "", "output": row["response"]}


@dataclass(frozen=True, slots=True)
class Format:
    """make: turns a row into the object that becomes its line. features: the types of its keys, as write_folder's card names them.

    A type is "string", "int64", "float64" or "bool"; a list of it; or a list of a mapping of names to types.
    """

    make: Callable[[Mapping[str, Any]], dict[str, Any]]
    features: dict[str, Any]


TURN = {"role": "string", "content": "string"}
FORMATS: dict[str, Format] = {
    "messages": Format(make_messages, {"messages": [TURN]}),
    "prompt-completion": Format(make_prompt_completion, {"prompt": [TURN], "completion": [TURN]}),
    "sharegpt": Format(make_sharegpt, {"conversations": [{"from": "string", "value": "string"}]}),
    "alpaca": Format(make_alpaca, {"instruction": "string", "input": "string", "output": "string"}),
}


def make_prompt(row: Mapping[str, Any]) -> list[Message]:
    """Make the messages that a response answers: earlier turns where the row has any, then its instruction."""
    return [*read_history(row), {"role": "user", "content": row["instruction"]}]


def read_history(row: Mapping[str, Any]) -> list[Message]:
    """Read the earlier turns of a row; none where it has no column `history`, or nothing in it."""
    history = row.get("history")
    return [dict(turn) for turn in history] if isinstance(history, list) else []
