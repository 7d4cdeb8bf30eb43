"""Repair: a response with problems goes back to its generator, the problems named; what comes back is not taken on trust."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns
from synthdata.base.text import clean_text
from synthdata.generate.prompts import REPAIR_PROMPT, fill_prompt, parse_repair
from synthdata.models.client import Client
from synthdata.models.replies import Completion, Failure, find_end, find_limit
from synthdata.verify.problems import HALLUCINATED, Problem, add_problems, count_fatal
from synthdata.verify.remains import find_losses, find_remains
from synthdata.verify.stage import verify_responses

NAMED_PROBLEMS = 8  # more than a model attends to
VERSION_COLUMNS = ("response", "finish_reason", "completion_tokens", "verified", "problems")
KEPT_COLUMNS = ("response", "problems", "finish_reason")  # what the row keeps of the version that lost
REPLACED = ("repaired", "shortened", "improved")  # outcomes in which a later version stands in the row
OUTCOMES = ("not sent", *REPLACED, "no better", "failed")


@dataclass(slots=True)
class _Repair:
    """One row on its way: the version as first written, the one in force, the last that came, and the outcome so far."""

    first: dict[str, Any]
    best: dict[str, Any]
    last: dict[str, Any] | None = None
    outcome: str = ""
    replies: int = 0

    def take(self, new: dict[str, Any]) -> None:
        """Compare a version that came back with the one in force, and keep the better one."""
        self.replies, self.last = self.replies + 1, new
        lost = [problem for problem in new["problems"] if problem["kind"] == "shortened"]
        before, after = count_fatal(self.best["problems"]), count_fatal(new["problems"]) - len(lost)
        if self.outcome == "shortened":
            before = 1
        if lost and after:  # fewer problems because there is less of everything
            self.outcome = self.outcome or "no better"
        elif lost:
            self.best, self.outcome = new, "shortened"
        elif after < before:
            self.best, self.outcome = new, "improved" if after else "repaired"
        else:
            self.outcome = self.outcome if self.outcome in REPLACED else "no better"


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
    back, 0 for never; a row that verifies is not sent again. verifiers: as verify_responses takes them. prompt: a template
    with {problems}, the next turn after instruction and response. params: sampling parameters.
    A new version is verified, and compared with the first one: whatever of the first one's problems still stands in it, in
    any form, is a fatal problem of kind "fault remains"; one that lost most of the commands or of the length has a fatal
    problem of kind "shortened". The version with fewer fatal problems wins; the earlier one where they are equal.
    Output columns: response, finish_reason, completion_tokens, verified and problems of the version that won; repair: null
    for rows that were not sent, else "repaired" (it verifies now), "shortened" (it would verify, but too little is left),
    "improved" (fewer problems), "no better" or "failed: <why>"; repair_attempts, the replies that came; other_response,
    other_problems and other_finish_reason of the version as first written where a later one won, else of the last attempt;
    null where there is none.
    Raises InputError for a missing column or template field, EndpointError when the run cannot go on.
    """
    check_columns(df, "repair_responses", ("instruction", "response", "finish_reason", "verified", "problems"))
    if isinstance(attempts, bool) or not isinstance(attempts, int) or attempts < 0:
        raise InputError(f"attempts is {attempts!r}: give a whole number, 0 to send nothing back.")
    names = [name for name in VERSION_COLUMNS if name in df]
    bad = [place for place, wrong in enumerate(df["verified"].eq(False).fillna(False)) if wrong]
    versions = df[names].iloc[bad].to_dict("records")
    rows = {place: _Repair(version, version) for place, version in zip(bad, versions, strict=True)}
    for attempt in range(attempts):
        waiting = [place for place, row in rows.items() if row.outcome != "repaired"]
        if not waiting:
            break
        instructions = df["instruction"].iloc[waiting].tolist()
        bodies = [
            _write_request(instruction, rows[place], prompt, params, attempt)
            for instruction, place in zip(instructions, waiting, strict=True)
        ]
        replies = client.complete(bodies, label="repair", require_any=False)
        tried = _verify_again(
            df.iloc[waiting], replies, [rows[place].first for place in waiting], verifiers, find_limit(params or {})
        )
        for place, new, reply in zip(waiting, tried[names].to_dict("records"), replies, strict=True):
            if isinstance(new["response"], str):
                rows[place].take(new)
            elif not rows[place].outcome:
                reason = reply.reason if isinstance(reply, Failure) else reply.fault or "the reply was empty"
                rows[place].outcome = f"failed: {reason}"
    saved = sum(row.outcome == "repaired" for row in rows.values())
    print(f"repair: {len(rows) if attempts else 0:,} rows sent back, {saved:,} verify now")
    return df.assign(**_write_columns(df, rows, names))


def count_repairs(df: pd.DataFrame) -> pd.DataFrame:
    """Count what came of sending rows back. Input column: repair.

    Returns a frame of repair (one of OUTCOMES), rows and share (0 to 1, rounded to 3 decimals).
    """
    check_columns(df, "count_repairs", ("repair",))
    outcome = df["repair"].astype(object).where(df["repair"].notna(), "not sent").str.partition(":")[0]
    counts = outcome.value_counts()
    counts = counts.reindex([name for name in OUTCOMES if name in counts])
    share = (counts / max(len(df), 1)).round(3)
    return pd.DataFrame({"rows": counts, "share": share}).rename_axis("repair").reset_index()


def count_hallucinated(df: pd.DataFrame) -> pd.DataFrame:
    """Count the whole responses that hold a command or flag that does not exist, as written and after repair.

    Input columns: response, finish_reason, problems; repair and other_problems when present. Returns a frame of version
    ("as written", "after repair"), responses (those neither missing nor cut off at first), hallucinated, and share (0 to 1,
    rounded to 3 decimals).
    """
    check_columns(df, "count_hallucinated", ("response", "finish_reason", "problems"))
    replaced = df["repair"].isin(REPLACED) if "repair" in df else pd.Series(False, index=df.index)
    before = df["problems"].where(~replaced, df["other_problems"]) if "repair" in df else df["problems"]
    first = df["finish_reason"].where(~replaced, df["other_finish_reason"]) if "repair" in df else df["finish_reason"]
    whole = df["response"].notna() & ~first.eq("length").fillna(False).astype(bool)
    lines = []
    for version, problems in (("as written", before), ("after repair", df["problems"])):
        count = sum(any(p["fatal"] and p["kind"] in HALLUCINATED for p in found) for found in problems[whole])
        lines.append((version, int(whole.sum()), count, round(count / max(int(whole.sum()), 1), 3)))
    return pd.DataFrame(lines, columns=["version", "responses", "hallucinated", "share"])


def compare_versions(df: pd.DataFrame, row: int = 0) -> str:
    """Write what repair changed in one response: its problems, then removed lines after - and new ones after +.

    Input columns: instruction, response, repair, other_response, other_problems. row: counts the rows that were repaired,
    then those that were improved, from 0, in each the smallest change first. Returns printable text, control characters
    written as escapes; says so when there is no such row. Raises InputError for a missing column.
    """
    check_columns(df, "compare_versions", ("instruction", "response", "repair", "other_response", "other_problems"))
    texts: list[str] = []
    for outcome in ("repaired", "improved"):
        chosen = df[df["repair"].eq(outcome).fillna(False)]
        texts += sorted((_write_changes(version) for version in chosen.to_dict("records")), key=len)
    return texts[row] if row < len(texts) else f"repair made {len(texts):,} rows better"


def list_problems(problems: Sequence[Mapping[str, Any]]) -> str:
    """Write a row's fatal problems as a list, for a model or a reader; each once, with what is right only where that is certain.

    A model takes whatever name it is given: told that `--pids-limit` is the nearest to an invented `--ports-limit`, it limits
    processes where ports were meant. So the nearest name is named only where the wrong one is a misspelling of it.
    """
    lines: dict[str, str] = {}
    for problem in problems:
        if problem["fatal"]:
            fault = f"- {problem['kind']}: {problem['text']}"
            certain = problem["kind"] not in HALLUCINATED or is_misspelling(problem["text"], problem["suggestion"])
            lines.setdefault(
                fault, f" (right would be: {problem['suggestion']})" if problem["suggestion"] and certain else ""
            )
    return "\n".join(fault + right for fault, right in [*lines.items()][:NAMED_PROBLEMS])


def is_misspelling(wrong: str, right: str) -> bool:
    """Tell whether the last word of `right` is what the last word of `wrong` was meant to be: hardly a letter differs.

    Both have as many parts between dashes, each part begins with the same letter in both, and at most one letter in eight is
    another one, is missing, or has changed places with the next (optimal string alignment).
    """
    if " -" in wrong and " " in right:
        return False  # a flag of another command
    wrong, right = (
        text.split()[-1].lower().strip("-").replace("_", "-") if text.split() else "" for text in (wrong, right)
    )
    if not right or len(parts := wrong.split("-")) != len(real := right.split("-")):
        return False
    if any(part[:1] != name[:1] for part, name in zip(parts, real, strict=True)):
        return False
    from rapidfuzz.distance import OSA  # loaded when used, as everywhere

    return OSA.distance(wrong, right) <= max(1, len(right) // 8)


def _write_request(
    instruction: str, row: _Repair, prompt: str, params: Mapping[str, Any] | None, attempt: int
) -> dict[str, Any]:
    # A version that lost most of the answer is no start for the next attempt.
    start = row.first if row.outcome == "shortened" else row.best
    text = fill_prompt(prompt, "the repair prompt", ("problems",), problems=list_problems(start["problems"]))
    turns = (("user", instruction), ("assistant", start["response"]), ("user", text))
    sampling = dict(params or {})
    # Without a seed of its own, a second attempt on the same version would be the same request, answered once; some servers
    # refuse the parameter.
    if attempt or sampling.get("seed") is not None:
        sampling["seed"] = int(sampling.get("seed") or 0) + attempt
    return {"messages": [{"role": role, "content": content} for role, content in turns], **sampling}


def _verify_again(
    part: pd.DataFrame,
    replies: list[Any],
    firsts: list[dict[str, Any]],
    verifiers: Sequence[str] | None,
    limit: int | None,
) -> pd.DataFrame:
    """Verify the new answers in place of the old ones, null where none came, and compare them with the first versions."""
    done = [reply if isinstance(reply, Completion) and reply.text and not reply.fault else None for reply in replies]
    filled = part.assign(
        response=pd.array([parse_repair(reply.text) if reply else None for reply in done], dtype="str"),
        finish_reason=pd.array([find_end(reply, limit) if reply else None for reply in done], dtype="str"),
        completion_tokens=pd.array([reply.completion_tokens if reply else None for reply in done], dtype="Int64"),
    )
    tried = verify_responses(filled, verifiers)
    extra: list[list[Problem]] = []
    for response, problems, first in zip(tried["response"], tried["problems"], firsts, strict=True):
        known = {problem["text"] for problem in problems}
        found = compare_with_first(first, response) if isinstance(response, str) else []
        extra.append([problem for problem in found if problem.text not in known])
    return add_problems(tried, extra)


def compare_with_first(first: Mapping[str, Any], response: str) -> list[Problem]:
    """Compare a new response with the version as first written: what was wrong and remains, what was lost.

    first: response, finish_reason and problems of that version.
    """
    whole = first.get("finish_reason") != "length" and not any(p["kind"] == "cut off" for p in first["problems"])
    found = find_remains(response, first["problems"])
    found += find_losses(first["response"], response, first["problems"], whole)
    return found


def _write_columns(df: pd.DataFrame, rows: Mapping[int, _Repair], names: Sequence[str]) -> dict[str, Any]:
    """Write the columns that repair_responses adds or changes."""
    columns: dict[str, list[Any]] = {name: df[name].astype(object).tolist() for name in names}
    repair: list[str | None] = [None] * len(df)
    attempts, other = [0] * len(df), {name: [None] * len(df) for name in KEPT_COLUMNS}
    for place, row in rows.items():
        repair[place], attempts[place] = row.outcome or None, row.replies
        loser: Any = row.first if row.outcome in REPLACED else row.last
        for name in names:
            columns[name][place] = row.best[name]
        for name in KEPT_COLUMNS:
            other[name][place] = loser[name] if loser else None
    changed: dict[str, Any] = {
        name: pd.Series(values, index=df.index, dtype=df[name].dtype) for name, values in columns.items()
    }
    changed["repair"] = pd.array(repair, dtype="str")
    changed["repair_attempts"] = pd.array(attempts, dtype="Int64")
    return changed | {
        f"other_{name}": pd.Series(values, index=df.index, dtype=object) for name, values in other.items()
    }


def _write_changes(row: Mapping[str, Any]) -> str:
    before, after = (clean_text(row[name]).splitlines() for name in ("other_response", "response"))
    changes = list(difflib.unified_diff(before, after, n=1, lineterm=""))[2:]
    problems = clean_text(list_problems(row["other_problems"]))
    return "\n".join([clean_text(row["instruction"]), "", problems, "", *changes])
