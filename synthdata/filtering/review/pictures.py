"""Pictures of what scores say together: what a bound costs, score against score, score by subtopic, with the length among them."""

from typing import Any

import numpy as np
import pandas as pd

from synthdata.base.frame import check_columns
from synthdata.base.text import clean_text
from synthdata.filtering.decide import Decider
from synthdata.filtering.review.pages import Picture
from synthdata.filtering.review.plots import (
    KEPT,
    REQUESTED,
    WIDTH,
    encode_png,
    list_columns,
    list_lengths,
    make_figure,
    refuse_unscored,
)
from synthdata.filtering.review.typed import LOWEST_FIRST
from synthdata.filtering.thresholds import Thresholds

POINTS = 2_000  # of a scatter: more only make it black

SUBTOPICS = 12  # with a box each


def plot_curves(df: pd.DataFrame) -> Picture:
    """Draw for each score, and for the length, how many rows stay under a bound at each place of it; returns a picture for display.

    Input columns: those of apply_thresholds and the scores; completion_tokens when present. Rows that faults or duplicates take are
    not counted. Of LOWEST_FIRST the bound is the highest that stays, of the others the lowest. Raises InputError without scores.
    """
    columns = _list_axes(df, "plot_curves")
    decider = Decider(df)
    passing = decider.decide(Thresholds()).keep
    figure, canvas = make_figure(WIDTH, 1.6)
    for axis, column in zip(figure.subplots(1, len(columns), sharey=True, squeeze=False)[0], columns, strict=True):
        values = np.sort(decider.get_values(column)[passing])
        values = values[~np.isnan(values)]
        lowest = column in LOWEST_FIRST
        counts = np.arange(1, len(values) + 1) if lowest else np.arange(len(values), 0, -1)
        axis.fill_between(values, counts, step="post" if lowest else "pre", color=KEPT, alpha=0.15, linewidth=0)
        axis.step(values, counts, where="post" if lowest else "pre", color=KEPT, linewidth=1.4)
        _dress(axis, f"{column} {'≤' if lowest else '≥'}")
        axis.set_ylim(0, max(int(passing.sum()), 1) * 1.05)
    figure.supylabel("rows that stay", fontsize=8)
    return _draw(canvas, f"Rows that stay, of {int(passing.sum()):,}, as a bound moves along {', '.join(columns)}")


def plot_pairs(df: pd.DataFrame) -> Picture:
    """Draw each score against each other, and against the length, with their rank correlations; returns a picture for display.

    Input columns: the scores; completion_tokens when present. Below the diagonal the rows (at most POINTS), above it Spearman's
    correlation (-1 to 1). Raises InputError when there are no scores.
    """
    columns = _list_axes(df, "plot_pairs")
    values = df[columns].astype("Float64").astype(float)
    ranks = values.corr(method="spearman")
    shown = values.iloc[:: max(len(values) // POINTS, 1)]
    figure, canvas = make_figure(WIDTH, 0.62 * len(columns) + 0.3)
    grid = figure.subplots(len(columns), len(columns), squeeze=False)
    for down, across in np.ndindex(grid.shape):
        axis = grid[down, across]
        axis.set(xticks=[], yticks=[])
        if down == across:
            axis.set_axis_off()
            axis.text(0.5, 0.5, columns[down].replace("_", "\n"), ha="center", va="center", fontsize=8, weight="bold")
        elif down > across:
            axis.scatter(shown.iloc[:, across], shown.iloc[:, down], s=4, color=KEPT, alpha=0.5, linewidths=0)
        else:
            strength = ranks.iloc[down, across]
            axis.set_facecolor((0, 0.45, 0.7, 0.35 * abs(strength)) if strength == strength else "white")
            axis.text(
                0.5, 0.5, f"{strength:.2f}" if strength == strength else "–", ha="center", va="center", fontsize=9
            )
    pairs = [(a, b) for a in range(len(columns)) for b in range(a) if ranks.iloc[a, b] == ranks.iloc[a, b]]
    strongest = sorted(pairs, key=lambda pair: -abs(ranks.iloc[pair]))[:3]
    named = ", ".join(f"{columns[b]} and {columns[a]} {ranks.iloc[a, b]:.2f}" for a, b in strongest)
    return _draw(canvas, f"Scatter of {', '.join(columns)} against one another; strongest rank correlations: {named}")


def plot_subtopics(df: pd.DataFrame) -> Picture:
    """Draw boxes of each score, and of the length, by subtopic; returns a picture for display.

    Input columns: subtopic and the scores; completion_tokens when present. The SUBTOPICS with most rows are shown, in the frame's
    order. Raises InputError for a missing column, or when there are no scores.
    """
    check_columns(df, "plot_subtopics", ("subtopic",))
    columns = _list_axes(df, "plot_subtopics")
    most = set(df["subtopic"].value_counts().index[:SUBTOPICS])
    names = [name for name in df["subtopic"].dropna().unique() if name in most]
    figure, canvas = make_figure(WIDTH, 0.24 * len(names) + 0.7)
    axes = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    line = {"color": "black", "linewidth": 0.8}
    for axis, column in zip(axes, columns, strict=True):
        groups = [df.loc[df["subtopic"] == name, column].dropna().astype(float).to_numpy() for name in names]
        axis.boxplot(
            groups, orientation="horizontal", widths=0.6, patch_artist=True, flierprops={"markersize": 3}, medianprops=line,
            boxprops={"facecolor": KEPT, "alpha": 0.45, "linewidth": 0.8}, whiskerprops=line, capprops=line,
        )  # fmt: skip
        axis.axvline(
            float(df[column].astype("Float64").median()), color=REQUESTED, linewidth=0.8, linestyle=":", zorder=0
        )
        _dress(axis, column)
    # A $ in a label would start a formula.
    labels = [clean_text(" ".join(str(name).split()))[:32].replace("$", r"\$") for name in names]
    axes[0].set_yticks(range(1, len(names) + 1), labels, fontsize=8)
    axes[0].invert_yaxis()
    return _draw(canvas, f"Boxes of {', '.join(columns)} by subtopic: {', '.join(labels)}")


def _list_axes(df: pd.DataFrame, stage: str) -> list[str]:
    columns = [column for column in list_columns(df) if column != "similarity"]
    if not columns:
        raise refuse_unscored(df, stage)
    return [*columns, *list_lengths(df)]


def _dress(axis: Any, title: str) -> None:
    axis.set_title(title.replace("completion_tokens", "tokens"), fontsize=8)
    axis.tick_params(labelsize=7)
    axis.locator_params(axis="x", nbins=4)
    axis.spines[["top", "right"]].set_visible(False)


def _draw(canvas: Any, alt: str) -> Picture:
    canvas.draw()
    return Picture(encode_png(np.asarray(canvas.buffer_rgba())), alt)
