"""What trainers read: each format is one function from a row to a line, and one entry in FORMATS."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns

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


def make_kto(row: Mapping[str, Any]) -> dict[str, Any]:
    """Make a judged answer: TRL's KTO takes the decision, not a rank, as its label."""
    return {**make_prompt_completion(row), "label": bool(row["keep"])}


def make_grpo(row: Mapping[str, Any]) -> dict[str, Any]:
    """Make a prompt alone: TRL's GRPO samples and scores the answers itself."""
    return {"prompt": make_prompt(row)}


def make_dpo(row: Mapping[str, Any]) -> dict[str, Any]:
    """Make a preference with both scores: read by TRL's DPO and reward trainers."""
    chosen, rejected = ([{"role": "assistant", "content": row[name]}] for name in ("chosen", "rejected"))
    scores = {name: row[name] for name in ("score_chosen", "score_rejected")}
    return {"prompt": make_prompt(row), "chosen": chosen, "rejected": rejected, **scores}


def make_openai_preference(row: Mapping[str, Any]) -> dict[str, Any]:
    """Make a preference as OpenAI, Together and Fireworks read it. It holds no scores."""
    pair = make_dpo(row)
    return {
        "input": {"messages": pair["prompt"]},
        "preferred_output": pair["chosen"],
        "non_preferred_output": pair["rejected"],
    }


@dataclass(frozen=True, slots=True)
class Format:
    """make: turns a row into the object that becomes its line. features: the types of its keys, as write_folder's card names them.

    A type is "string", "int64", "float64" or "bool"; a list of it; a mapping of names to types; or a list of such a mapping.
    rows: what becomes a line, as select_rows explains: "kept", "judged", "prompts" or "pairs".
    """

    make: Callable[[Mapping[str, Any]], dict[str, Any]]
    features: dict[str, Any]
    rows: str = "kept"


TURN = {"role": "string", "content": "string"}
FORMATS: dict[str, Format] = {
    "messages": Format(make_messages, {"messages": [TURN]}),
    "prompt-completion": Format(make_prompt_completion, {"prompt": [TURN], "completion": [TURN]}),
    "sharegpt": Format(make_sharegpt, {"conversations": [{"from": "string", "value": "string"}]}),
    "alpaca": Format(make_alpaca, {"instruction": "string", "input": "string", "output": "string"}),
    "openai": Format(make_messages, {"messages": [TURN]}),
    "kto": Format(make_kto, {"prompt": [TURN], "completion": [TURN], "label": "bool"}, "judged"),
    "grpo": Format(make_grpo, {"prompt": [TURN]}, "prompts"),
    "dpo": Format(
        make_dpo,
        {
            "prompt": [TURN],
            "chosen": [TURN],
            "rejected": [TURN],
            "score_chosen": "float64",
            "score_rejected": "float64",
        },
        "pairs",
    ),
    "openai-preference": Format(
        make_openai_preference,
        {"input": {"messages": [TURN]}, "preferred_output": [TURN], "non_preferred_output": [TURN]},
        "pairs",
    ),
}

# Rejected for another reason than the answer itself: no example of a bad one.
_NOT_JUDGED = ("failed", "duplicate", "contaminated")


def check_formats(formats: Sequence[str], stage: str, pairs: pd.DataFrame | None) -> None:
    """Raise InputError for a name that FORMATS lacks, or a format of pairs where there are none to write."""
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise InputError(f"{stage}: {unknown[0]!r} is no format: choose from {', '.join(FORMATS)}.")
    needing = [name for name in formats if FORMATS[name].rows == "pairs"]
    if not needing:
        return
    if pairs is None:
        raise InputError(f"{stage}: {needing[0]!r} is written from preference pairs: give pairs=make_pairs(df).")
    columns = ("instruction", "chosen", "rejected", "score_chosen", "score_rejected")
    check_columns(pairs, f"{stage}(pairs=…)", columns)


def select_rows(name: str, df: pd.DataFrame, pairs: pd.DataFrame | None) -> pd.DataFrame:
    """Select the rows that become the lines of a format.

    "kept": the rows with keep. "judged": those, and the rows rejected for what the answer is; a row that failed, is a duplicate or
    contaminated says nothing of it. "prompts": one kept row for each instruction and its earlier turns. "pairs": the pairs.
    Input columns: keep, instruction, response; reject_reason and history when present.
    """
    rows = FORMATS[name].rows
    if rows == "pairs" and pairs is not None:
        return pairs
    keep = df["keep"].astype(bool)
    if rows == "judged":
        reasons = df["reject_reason"] if "reject_reason" in df else pd.Series(None, df.index, dtype=object)
        kinds = reasons.astype(object).where(reasons.notna(), "").str.split(":").str[0]
        return df[keep | (df["response"].notna() & ~kinds.isin(_NOT_JUDGED))]
    if rows == "prompts":
        kept = df[keep]
        return kept[~pd.Series([repr(make_prompt(row)) for row in kept.to_dict("records")], kept.index).duplicated()]
    return df[keep]


def make_prompt(row: Mapping[str, Any]) -> list[Message]:
    """Make the messages that a response answers: earlier turns where the row has any, then its instruction."""
    return [*read_history(row), {"role": "user", "content": row["instruction"]}]


def read_history(row: Mapping[str, Any]) -> list[Message]:
    """Read the earlier turns of a row; none where it has no column `history`, or nothing in it."""
    history = row.get("history")
    return [dict(turn) for turn in history] if isinstance(history, list) else []
