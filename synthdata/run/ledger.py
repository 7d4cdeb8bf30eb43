"""The ledger: from the rows asked for to the rows kept, by stage and reason, as a table, a picture and a file; it adds up."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns
from synthdata.base.jsonl import replace_file
from synthdata.base.text import clean_line, clean_text
from synthdata.filtering.outcomes import read_reason
from synthdata.filtering.review.pages import Picture
from synthdata.filtering.review.plots import KEPT, REJECTED, REQUESTED, encode_png, make_figure
from synthdata.filtering.thresholds import Thresholds
from synthdata.run.costs import STAGES, add_costs

LEDGER_FILE = "synthetic_data_ledger.json"


def make_ledger(df: pd.DataFrame, requested: int) -> pd.DataFrame:
    """Account for every row that was asked for.

    Input columns: keep, reject_reason; verified when present. requested: rows asked for (subtopics × questions × samples).
    Returns a frame of stage, outcome ("not generated", "failed", "unverified", "duplicate", "contaminated", "rejected"),
    reason, rows, left (rows that remain after this line), share of the requested (0 to 1, 3 decimals) and remark. The first line is
    what was requested, the last what is kept; requested = kept + all lines between. The remark says how many of the kept
    rows were not verified, their verified being null; beside failed rows it names the most frequent cause, from error when present.
    Raises InputError for a missing column, a row without keep or reason, or more rows than requested.
    """
    check_columns(df, "make_ledger", ("keep", "reject_reason"))
    bare = df["keep"].isna() | (df["keep"].fillna(False).astype(bool) == df["reject_reason"].notna())
    if bare.any():
        raise InputError(f"make_ledger: row {df.index[bare][0]} has no single outcome: run apply_thresholds again.")
    if len(df) > requested:
        raise InputError(f"make_ledger: {len(df):,} rows, but only {requested:,} requested: pass what was asked for.")
    lines = [("questions", "not generated", "subtopic or question not obtained", requested - len(df))]
    lines += [(*read_reason(str(reason)), int(count)) for reason, count in df["reject_reason"].value_counts().items()]
    order = list(STAGES)
    lines[1:] = sorted(lines[1:], key=lambda line: (order.index(line[0]), line[1], -line[3], line[2]))
    kept = df["keep"].astype(bool)
    lines = [("", "requested", "", requested), *lines, ("", "kept", "", int(kept.sum()))]
    ledger = pd.DataFrame(lines, columns=["stage", "outcome", "reason", "rows"])
    left = requested - ledger["rows"].iloc[1:-1].cumsum()
    if left.iloc[-1] != kept.sum():
        raise InputError(f"make_ledger: the outcomes leave {left.iloc[-1]:,} rows, but {kept.sum():,} are kept.")
    unknown = int((kept & df["verified"].isna()).sum()) if "verified" in df else 0
    return ledger.assign(
        left=[requested, *left, int(kept.sum())],
        share=(ledger["rows"] / max(requested, 1)).round(3),
        remark=[
            *(
                _name_cause(df, line.reason) if line.outcome == "failed" else ""
                for line in ledger.iloc[:-1].itertuples()
            ),
            f"{unknown:,} of them not verified" if unknown else "",
        ],
    )


def _name_cause(df: pd.DataFrame, made: str) -> str:
    """Name the most frequent cause why `made`, a response or a reward, could not be made; "" where no row tells."""
    causes = df["error"].dropna() if "error" in df else pd.Series(dtype="str")
    causes = causes[causes.str.startswith(f"{made}: ")].str.removeprefix(f"{made}: ")
    return clean_line(causes.value_counts().index[0]) if len(causes) else ""


def plot_ledger(ledger: pd.DataFrame) -> Picture:
    """Draw the ledger as a waterfall, from requested down to kept; returns a PNG image for display.

    Input columns: outcome, reason, rows, left, as make_ledger returns them.
    """
    check_columns(ledger, "plot_ledger", ("outcome", "reason", "rows", "left"))
    lines = ledger[(ledger["rows"] > 0) | ledger["outcome"].isin(["requested", "kept"])].reset_index(drop=True)
    figure, canvas = make_figure(7.5, 0.32 * len(lines) + 0.6)
    axis = figure.subplots()
    whole = lines["outcome"].isin(["requested", "kept"])
    colors = lines["outcome"].map({"requested": REQUESTED, "kept": KEPT}).fillna(REJECTED)
    hatches = ["" if plain else "////" for plain in whole]
    starts = lines["left"].where(~whole, 0)
    axis.barh(lines.index, lines["rows"], left=starts, color=colors, hatch=hatches, edgecolor="white", linewidth=0)
    for place, end, count, plain in zip(lines.index, starts + lines["rows"], lines["rows"], whole, strict=True):
        axis.annotate(
            f"{'' if plain else '−'}{count:,}", (end, place), (4, 0), textcoords="offset points", va="center", size=8
        )
    labels = (lines["outcome"] + ": " + lines["reason"]).str.removesuffix(": ").tolist()
    # A $ in a label would start a formula.
    axis.set_yticks(lines.index, [clean_text(label)[:60].replace("$", r"\$") for label in labels], fontsize=8)
    axis.invert_yaxis()
    axis.set_xlim(0, max(float(ledger["rows"].iloc[0]), 1.0) * 1.1)
    axis.tick_params(axis="x", labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    canvas.draw()
    return Picture(encode_png(np.asarray(canvas.buffer_rgba())), f"From requested to kept: {', '.join(labels)}")


def write_ledger(
    ledger: pd.DataFrame,
    folder: str | os.PathLike[str] = ".",
    usage: pd.DataFrame | None = None,
    thresholds: Thresholds | None = None,
) -> Path:
    """Write the ledger to synthetic_data_ledger.json beside the data; returns the path.

    ledger: from make_ledger. usage: from summarize_usage, adds the key "cost", the one part that differs between a first
    run and one answered from the cache; without it the bytes depend on the ledger alone. thresholds: what decided. Keys:
    requested, kept, thresholds (the scale, and the bounds by column), lines (stage, outcome, reason, rows, left, remark),
    cost (by stage, as add_costs gives it).
    Raises InputError for a missing column or a folder that cannot be written.
    """
    names = ["stage", "outcome", "reason", "rows", "left", "remark"]
    check_columns(ledger, "write_ledger", tuple(names))
    content: dict[str, Any] = {
        "requested": int(ledger["rows"].iloc[0]),
        "kept": int(ledger["rows"].iloc[-1]),
        **({} if thresholds is None else {"thresholds": {"scale": thresholds.scale, "bounds": dict(thresholds)}}),
        "lines": ledger[names].astype(object).to_dict("records"),
    }
    if usage is not None:
        content["cost"] = add_costs(ledger, usage).astype(object).to_dict("records")
    path = Path(folder) / LEDGER_FILE
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY
    replace_file(path, orjson.dumps(content, option=option))
    return path
