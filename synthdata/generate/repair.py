"""Repair: a response with problems goes back to its generator, the problems named."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns
from synthdata.base.text import clean_text
from synthdata.generate.prompts import REPAIR_PROMPT, fill_prompt, parse_repair
from synthdata.models.client import Client
from synthdata.models.replies import Completion
from synthdata.verify.problems import INVENTED, count_fatal
from synthdata.verify.stage import verify_responses

NAMED_PROBLEMS = 8  # more than a model attends to

KEPT_COLUMNS = ("response", "problems", "finish_reason")  # what the row keeps of the version that lost


def repair_responses(
    df: pd.DataFrame,
    client: Client,
    *,
    attempts: int = 1,
    verifiers: Sequence[str] | None = None,
    prompt: str = REPAIR_PROMPT,
    params: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Send each response that has a fatal problem back to the generator, and keep the better version.

    Input columns: instruction, response, finish_reason, verified, problems. attempts: how often, at most, each row is sent
    back, 0 for never; a row that verifies is not sent again. verifiers: as verify_responses takes them. prompt: a template with
    {problems}, the next turn after instruction and response. params: sampling parameters.
    The version with fewer fatal problems wins; the earlier one where they are equal.
    Output columns: response, finish_reason, verified, problems and completion_tokens of the version that won;
    repair: null for rows that were not sent, else "repaired" (it verifies now), "improved" (fewer problems), "no better" or
    "failed: <why>"; repair_attempts, the replies that came; other_response, other_problems and other_finish_reason of the
    version as first written where a later one won, else of the last attempt; null where there is none.
    Raises InputError for a missing column or template field, EndpointError when the run cannot go on.
    """
    check_columns(df, "repair_responses", ("instruction", "response", "finish_reason", "verified", "problems"))
    if isinstance(attempts, bool) or not isinstance(attempts, int) or attempts < 0:
        raise InputError(f"attempts is {attempts!r}: give a whole number, 0 to send nothing back.")
    result = df.assign(
        repair=pd.array([None] * len(df), dtype="str"),
        repair_attempts=pd.array([0] * len(df), dtype="Int64"),
        **{f"other_{name}": pd.Series([None] * len(df), index=df.index, dtype=object) for name in KEPT_COLUMNS},
    )
    waiting = [place for place, bad in enumerate(df["verified"].eq(False).fillna(False)) if bad]
    for attempt in range(attempts):
        if not waiting:
            break
        part = result.iloc[waiting]
        bodies = [_write_request(row, prompt, params, attempt) for row in part.to_dict("records")]
        replies = client.complete(bodies, label="repair", require_any=False)
        tried = verify_responses(_fill_in(part, replies), verifiers)
        result, waiting = _choose_versions(result, waiting, tried, replies)
    sent = int(result["repair"].notna().sum())
    saved = int(result["repair"].eq("repaired").fillna(False).sum())
    print(f"repair: {sent:,} rows sent back, {saved:,} verify now")
    return result


def count_repairs(df: pd.DataFrame) -> pd.DataFrame:
    """Count what came of sending rows back. Input column: repair.

    Returns a frame of repair ("not sent", "repaired", "improved", "no better", "failed"), rows and share (0 to 1).
    """
    check_columns(df, "count_repairs", ("repair",))
    outcome = df["repair"].astype(object).where(df["repair"].notna(), "not sent").str.partition(":")[0]
    counts = outcome.value_counts()
    order = [name for name in ("not sent", "repaired", "improved", "no better", "failed") if name in counts]
    counts = counts.reindex(order)
    return pd.DataFrame({"rows": counts, "share": counts / max(len(df), 1)}).rename_axis("repair").reset_index()


def count_invented(df: pd.DataFrame) -> pd.DataFrame:
    """Count the whole responses that hold a command or flag that does not exist, as written and after repair.

    Input columns: response, finish_reason, problems; repair and other_problems when present. Returns a frame of version
    ("as written", "after repair"), responses (those neither missing nor cut off at first), invented, and share (0 to 1).
    """
    check_columns(df, "count_invented", ("response", "finish_reason", "problems"))
    replaced = df["repair"].isin(["repaired", "improved"]) if "repair" in df else pd.Series(False, index=df.index)
    before = df["problems"].where(~replaced, df["other_problems"]) if "repair" in df else df["problems"]
    first = df["finish_reason"].where(~replaced, df["other_finish_reason"]) if "repair" in df else df["finish_reason"]
    whole = df["response"].notna() & ~first.eq("length").fillna(False).astype(bool)
    lines = []
    for version, problems in (("as written", before), ("after repair", df["problems"])):
        invented = sum(any(p["fatal"] and p["kind"] in INVENTED for p in found) for found in problems[whole])
        lines.append((version, int(whole.sum()), invented, invented / max(int(whole.sum()), 1)))
    return pd.DataFrame(lines, columns=["version", "responses", "invented", "share"])


def compare_versions(df: pd.DataFrame, row: int = 0) -> str:
    """Write what repair changed in one response: its problems, then removed lines after - and new ones after +.

    Input columns: instruction, response, repair, other_response, other_problems. row: counts the rows that repair made
    better, from 0, the smallest change first. Returns printable text, control characters written as escapes; says so when
    there is no such row.
    Raises InputError for a missing column.
    """
    check_columns(df, "compare_versions", ("instruction", "response", "repair", "other_response", "other_problems"))
    better = df[df["repair"].isin(["repaired", "improved"])]
    if row >= len(better):
        return f"repair made {len(better):,} rows better"
    texts = [_write_changes(chosen) for chosen in better.to_dict("records")]
    return sorted(texts, key=len)[row]


def list_problems(problems: Sequence[Mapping[str, Any]]) -> str:
    """Write a row's fatal problems as a list, for a model or a reader."""
    lines = []
    for problem in [problem for problem in problems if problem["fatal"]][:NAMED_PROBLEMS]:
        right = f" (right would be: {problem['suggestion']})" if problem["suggestion"] else ""
        lines.append(f"- {problem['kind']}: {problem['text']}{right}")
    return "\n".join(lines)


def _write_changes(row: Mapping[str, Any]) -> str:
    before, after = (clean_text(row[name]).splitlines() for name in ("other_response", "response"))
    changes = list(difflib.unified_diff(before, after, n=1, lineterm=""))[2:]
    problems = clean_text(list_problems(row["other_problems"]))
    return "\n".join([clean_text(row["instruction"]), "", problems, "", *changes])


def _write_request(
    row: Mapping[str, Any], prompt: str, params: Mapping[str, Any] | None, attempt: int
) -> dict[str, Any]:
    text = fill_prompt(prompt, "the repair prompt", ("problems",), problems=list_problems(row["problems"]))
    turns = (("user", row["instruction"]), ("assistant", row["response"]), ("user", text))
    sampling = dict(params or {})
    # Without a seed of its own, a second attempt on the same version would be the same request, answered once.
    sampling["seed"] = int(sampling.get("seed") or 0) + attempt
    return {"messages": [{"role": role, "content": content} for role, content in turns], **sampling}


def _fill_in(part: pd.DataFrame, replies: list[Any]) -> pd.DataFrame:
    """The rows with the new answers in place of the old ones; null where none came."""
    done = [reply if isinstance(reply, Completion) and reply.text else None for reply in replies]
    return part.assign(
        response=pd.array([parse_repair(reply.text) if reply else None for reply in done], dtype="str"),
        finish_reason=pd.array([reply.finish_reason if reply else None for reply in done], dtype="str"),
        completion_tokens=pd.array([reply.completion_tokens if reply else None for reply in done], dtype="Int64"),
    )


def _choose_versions(
    df: pd.DataFrame, places: list[int], tried: pd.DataFrame, replies: list[Any]
) -> tuple[pd.DataFrame, list[int]]:
    """Put the better version of each row into the frame; returns the frame and the places that still have problems."""
    names = [name for name in tried.columns if name in df.columns]
    columns = {name: df[name].astype(object).tolist() for name in df.columns}
    still = []
    for place, new, reply in zip(places, tried[names].to_dict("records"), replies, strict=True):
        if not isinstance(new["response"], str):
            reason = "the reply was empty" if isinstance(reply, Completion) else reply.reason
            if pd.isna(columns["repair"][place]):
                columns["repair"][place] = f"failed: {reason}"
            still.append(place)
            continue
        columns["repair_attempts"][place] += 1
        before, after = count_fatal(columns["problems"][place]), count_fatal(new["problems"])
        if columns["repair"][place] != "improved":  # else the version as first written is kept there already
            loser = new if after >= before else {name: columns[name][place] for name in KEPT_COLUMNS}
            for name in KEPT_COLUMNS:
                columns[f"other_{name}"][place] = loser[name]
        if after < before:
            for name in ("response", "finish_reason", "completion_tokens", "verified", "problems"):
                columns[name][place] = new[name]
        improved = after < before or columns["repair"][place] == "improved"
        columns["repair"][place] = "improved" if improved else "no better"
        if after == 0:
            columns["repair"][place] = "repaired"
        else:
            still.append(place)
    changed = {
        name: pd.Series(values, index=df.index, dtype=object if df[name].dtype == object else df[name].dtype)
        for name, values in columns.items()
        if name in (*names, "repair", "repair_attempts", *(f"other_{name}" for name in KEPT_COLUMNS))
    }
    return df.assign(**changed), still
