"""What verification found, for a reader: outcomes that add up, problems by kind, the worst of them."""

from collections import Counter
from typing import Any

import pandas as pd

from synthdata.base.frame import check_columns
from synthdata.base.text import clean_line

_COMMAND_KINDS = ("command", "flag", "argument", "value")


def describe_verification(df: pd.DataFrame) -> pd.DataFrame:
    """Account for every row of a verified frame.

    Input columns: response, verified, problems. Returns a frame of outcome ("verified", "problems",
    "not checked"), reason (the row's first fatal problem; why nothing was checked), rows and share (0 to 1, rounded to 3
    decimals). The rows add up to those of the frame.
    """
    check_columns(df, "describe_verification", ("response", "verified", "problems"))
    counts: Counter[tuple[str, str]] = Counter()
    for response, verified, problems in zip(df["response"], df["verified"], df["problems"], strict=True):
        if not pd.isna(verified):
            fatal = [problem["kind"] for problem in problems if problem["fatal"]]
            counts[("verified", "") if verified else ("problems", fatal[0])] += 1
        elif not isinstance(response, str):
            counts["not checked", "no response"] += 1
        else:
            unknown = sorted(problem["text"] for problem in problems if problem["kind"] == "no verifier")
            counts["not checked", f"no verifier for {unknown[0]}" if unknown else "nothing to check"] += 1
    order = {"verified": 0, "problems": 1, "not checked": 2}
    lines = sorted(counts.items(), key=lambda item: (order[item[0][0]], -item[1], item[0][1]))
    table = pd.DataFrame([(*key, rows) for key, rows in lines], columns=["outcome", "reason", "rows"])
    return table.assign(share=(table["rows"] / max(1, len(df))).round(3))


def count_problems(df: pd.DataFrame) -> pd.DataFrame:
    """Count the problems of a verified frame by kind, most frequent first.

    Input column: problems. Returns a frame of kind, fatal, rows (that have it at least once) and found (in all).
    """
    check_columns(df, "count_problems", ("problems",))
    found: Counter[tuple[str, bool]] = Counter()
    rows: Counter[tuple[str, bool]] = Counter()
    for problems in df["problems"]:
        keys = [(problem["kind"], problem["fatal"]) for problem in problems]
        found.update(keys)
        rows.update(set(keys))
    lines = sorted(rows, key=lambda key: (not key[1], -rows[key], key[0]))
    return pd.DataFrame([(*key, rows[key], found[key]) for key in lines], columns=["kind", "fatal", "rows", "found"])


def list_worst_commands(df: pd.DataFrame, n: int = 10) -> pd.DataFrame:
    """List the commands, flags and values that are wrong in most rows.

    Input column: problems. Returns a frame of text, kind, suggestion and rows, at most n lines.
    """
    check_columns(df, "list_worst_commands", ("problems",))
    rows: Counter[tuple[Any, ...]] = Counter()
    for problems in df["problems"]:
        fatal = [problem for problem in problems if problem["fatal"] and problem["kind"].endswith(_COMMAND_KINDS)]
        rows.update({(problem["text"], problem["kind"], problem["suggestion"]) for problem in fatal})
    lines = sorted(rows.items(), key=lambda item: (-item[1], item[0]))[:n]
    shown = [(clean_line(text), kind, clean_line(suggestion), count) for (text, kind, suggestion), count in lines]
    return pd.DataFrame(shown, columns=["text", "kind", "suggestion", "rows"])
