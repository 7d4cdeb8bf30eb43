"""All rows in a table that is searched, sorted and filtered; a click on one shows its text, its problems and its repair."""

import difflib
from typing import Any

import pandas as pd

from synthdata.base.extras import load_extra
from synthdata.base.frame import check_columns
from synthdata.base.text import clean_text, escape_text
from synthdata.filtering.outcomes import read_reason
from synthdata.filtering.review.aide import make_aide, show_panel
from synthdata.filtering.review.pages import write_table, write_text
from synthdata.quality.scores.scale import list_scores

FILTERED = ("outcome", "reason", "subtopic", "repair")  # columns whose values are chosen from a list
INSTRUCTION_CHARACTERS = 70  # of an instruction in its line; the search finds all of it
SEARCHED_CHARACTERS = 20_000_000  # of text that goes to the browser to be searched; beyond this, instructions alone


def browse_rows(df: pd.DataFrame) -> None:
    """Show every row in a table: search its texts, sort by a score, choose outcomes, reasons and subtopics; click one to read it.

    Input columns: instruction, response, keep, reject_reason; subtopic, the scores, completion_tokens, problems, repair,
    other_response and other_problems when present. Thousands of rows are fine: the browser has them all, and draws a page of them.
    """
    check_columns(df, "browse_rows", ("instruction", "response", "keep", "reject_reason"))
    ipywidgets = load_extra("ipywidgets", "notebook", "a table of rows")
    lines = make_lines(df)
    chosen = [place for place, name in enumerate(lines) if name in FILTERED]
    hidden = lines.columns.get_loc("text")
    table = load_extra("itables.widget", "notebook", "a table of rows").ITable(
        lines, select="single", showIndex=False, maxBytes=0, maxColumns=0, style="margin:0; font-size:12px", scrollX=True,
        classes="display compact nowrap", pageLength=10, lengthMenu=[10, 25, 100], order=[],
        columnDefs=[
            {"targets": chosen, "columnControl": [["searchList"]]},  # in brackets: in a list that opens
            {"targets": hidden, "visible": False},
        ],
    )  # fmt: skip
    detail = ipywidgets.HTML("<p>Click a row to read it.</p>")
    aide = make_aide("All rows")

    def show(change: Any) -> None:
        if change["new"]:
            detail.value = write_detail(df.iloc[change["new"][0]])
            aide.said = "The row's text stands below the table."

    table.observe(show, names="selected_rows")
    text = f"({len(df):,} rows: open the notebook in JupyterLab to search, sort, filter and read them.)"
    show_panel(ipywidgets.VBox([table, detail]), aide, text)


def make_lines(df: pd.DataFrame) -> pd.DataFrame:
    """Make a line of the table for each row: what it became, why, its subtopic, what it asks, its scores, the text to search.

    Output columns: outcome, reason, subtopic, instruction, the scores, completion_tokens and repair where the frame has them, text.
    """
    reasons = df["reject_reason"].astype(object).where(df["reject_reason"].notna(), None)
    outcomes = {reason: read_reason(reason) for reason in set(reasons) - {None}}
    lines = pd.DataFrame({"outcome": [outcomes[reason].kind if reason else "kept" for reason in reasons]})
    lines["reason"] = [clean_text(outcomes[reason].detail) if reason else "" for reason in reasons]
    if "subtopic" in df:
        lines["subtopic"] = [clean_text(name) if isinstance(name, str) else "" for name in df["subtopic"]]
    texts = [" ".join(clean_text(text).split()) for text in df["instruction"]]
    lines["instruction"] = [
        t if len(t) <= INSTRUCTION_CHARACTERS else f"{t[: INSTRUCTION_CHARACTERS - 1]}…" for t in texts
    ]
    scores = sorted(list_scores(df), key=lambda name: name != "reward")
    for column in [*scores, *(name for name in ("completion_tokens",) if name in df)]:
        lines[column] = pd.to_numeric(df[column], errors="coerce").astype("Float64").astype(float).round(2).to_list()
    if "repair" in df:
        lines["repair"] = df["repair"].astype(object).where(df["repair"].notna(), "").to_list()
    responses = [clean_text(text) if isinstance(text, str) else "" for text in df["response"]]
    whole = sum(map(len, texts)) + sum(map(len, responses)) <= SEARCHED_CHARACTERS
    lines["text"] = [f"{a} {b}" for a, b in zip(texts, responses, strict=True)] if whole else texts
    return lines


def write_detail(row: pd.Series) -> str:
    """Write a row in full as HTML: why it went, its texts, what is wrong in it, and what its repair changed."""
    said = "kept" if pd.isna(row["reject_reason"]) else str(row["reject_reason"])
    page = f"<p><b>{escape_text(said)}</b></p>{write_text(row['instruction'], row['response'])}"
    problems = _list_problems(row.get("problems"))
    if problems:
        page += write_table(["kind", "line", "right would be", "text"], problems)
    other = row.get("other_response")
    if isinstance(other, str):
        changes = difflib.unified_diff(
            clean_text(other).splitlines(),
            clean_text(row["response"] if isinstance(row["response"], str) else "").splitlines(),
            "the other version",
            "this one",
            lineterm="",
            n=1,
        )
        text = escape_text("\n".join(changes))
        head = f"<summary>Repair: {escape_text(row.get('repair'))}</summary>"
        page += f"<details>{head}<pre style='white-space:pre-wrap'>{text}</pre></details>"
    return f"<div style='max-height:420px; overflow:auto'>{page}</div>"


def _list_problems(problems: Any) -> list[list[str]]:
    if problems is None or isinstance(problems, (str, float)):
        return []
    return [
        [
            escape_text(problem.get("kind")) + ("" if problem.get("fatal", True) else " (a remark)"),
            escape_text(problem.get("line")), escape_text(problem.get("suggestion")), escape_text(problem.get("text")),
        ]
        for problem in problems
    ]  # fmt: skip
