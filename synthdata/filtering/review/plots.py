"""Histograms of scores with the cut drawn, as PNG: they show on a static page, and in a dark theme too, having a background."""

import io
import math
from typing import Any

import numpy as np
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.extras import load_extra
from synthdata.base.frame import check_columns
from synthdata.base.text import clean_line
from synthdata.filtering.decide import Decider
from synthdata.filtering.review.pages import Picture
from synthdata.filtering.thresholds import Thresholds
from synthdata.quality.scores.reward import ATTRIBUTES
from synthdata.quality.scores.scale import list_scales, list_scores

KEPT, REJECTED, REQUESTED = "#0072B2", "#E69F00", "#999999"  # Okabe and Ito: told apart by colour-blind readers

REJECTED_STYLE: dict[str, Any] = {"facecolor": REJECTED, "edgecolor": "white", "hatch": "////", "linewidth": 0}

BINS = 17
LENGTH = "completion_tokens"

ACROSS, WIDTH, HEIGHT = 7, 8.4, 1.6  # pictures in a row; inches of a row


def plot_scores(df: pd.DataFrame, thresholds: Thresholds | None = None) -> Picture:
    """Draw a histogram of each score, and of the length, kept and rejected stacked, the bounds drawn; returns a picture.

    Input columns: the score columns; completion_tokens when present; with thresholds, those apply_thresholds needs.
    Raises InputError when there are no scores.
    """
    if not list_columns(df):
        raise refuse_unscored(df, "plot_scores")
    columns = [*list_columns(df), *list_lengths(df)]
    keep = Decider(df).decide(thresholds).keep if thresholds is not None else np.ones(len(df), dtype=bool)
    values = {column: df[column].astype("Float64").to_numpy(dtype=float, na_value=math.nan) for column in columns}
    ranges = {column: get_range(df, column) for column in columns}
    figure = ScoreFigure(values, ranges, legend=thresholds is not None)
    return Picture(figure.draw(keep, thresholds or Thresholds()), f"Histograms of {', '.join(columns)}")


def measure_length_bias(df: pd.DataFrame) -> float:
    """Measure how far the reward follows length: the rank correlation (Spearman, -1 to 1) of reward and characters.

    Input columns: response, reward. Returns NaN where fewer than three rows have both. A scorer that likes short or long answers
    as such, whatever they say, shows here; how much of it is right only a reader can tell.
    """
    check_columns(df, "measure_length_bias", ("response", "reward"))
    rows = df[df["reward"].notna() & df["response"].notna()]
    ranks = rows["reward"].astype(float).rank(), rows["response"].str.len().rank()
    return round(float(ranks[0].corr(ranks[1])), 2) if len(rows) > 2 else math.nan


def plot_length(df: pd.DataFrame) -> Picture:
    """Draw the reward of each response against its length in characters; returns a PNG image for display.

    Input columns: response, reward. Raises InputError when no row has a reward.
    """
    bias = measure_length_bias(df)
    rows = df[df["reward"].notna() & df["response"].notna()]
    if rows.empty:
        raise refuse_unscored(df, "plot_length")
    figure, canvas = make_figure(4.5, 2.4)
    axis = figure.subplots()
    axis.scatter(rows["response"].str.len(), rows["reward"].astype(float), s=12, color=KEPT, alpha=0.6, linewidths=0)
    axis.set_xlabel("characters in the response", fontsize=8)
    axis.set_ylabel("reward", fontsize=8)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title(f"rank correlation of reward and length: {bias:.2f}", fontsize=9)
    canvas.draw()
    return Picture(encode_png(np.asarray(canvas.buffer_rgba())), f"Reward against length, rank correlation {bias:.2f}")


def refuse_unscored(df: pd.DataFrame, stage: str) -> InputError:
    """Make the error of a frame without scores; it names the most frequent cause, such as a budget that is used up."""
    causes = df["error"].dropna().value_counts() if "error" in df else pd.Series(dtype=int)
    if causes.empty:
        return InputError(f"{stage}: no row has a score: run score_responses first.")
    said, count = clean_line(str(causes.index[0]).partition(": ")[2] or causes.index[0]), int(causes.iloc[0])
    more = " Raise BUDGET and run again: what was answered is not paid for twice." if "budget" in said else ""
    return InputError(f"{stage}: no row has a score. Of {count:,} of {len(df):,} rows the cause is: {said}.{more}")


def make_figure(width: float, height: float) -> tuple[Any, Any]:
    """Make a figure, sizes in inches, and the canvas that it is drawn on."""
    figure = load_extra("matplotlib.figure", "notebook", "a picture").Figure(
        figsize=(width, height), dpi=110, layout="constrained", facecolor="white"
    )
    return figure, load_extra("matplotlib.backends.backend_agg", "notebook", "a picture").FigureCanvasAgg(figure)


def list_columns(df: pd.DataFrame) -> list[str]:
    """List the columns that get a histogram and a slider: the scores, and similarity where a row has one."""
    near = ["similarity"] if "similarity" in df and df["similarity"].notna().any() else []
    return [*list_scores(df), *near]


def list_lengths(df: pd.DataFrame) -> list[str]:
    """List the column that tells how long responses are, where they differ: a bound on it tells what a score adds to length."""
    return [LENGTH] if LENGTH in df and df[LENGTH].nunique() > 1 else []


def get_range(df: pd.DataFrame, column: str) -> tuple[float, float]:
    """Get the ends of a column's axis: similarity from 0.5 to 1, an attribute as its scale has it, both widened to the data;
    what bunches, rounded outwards to a tenth; anything else, as the data are.
    """
    values = df[column].dropna().astype(float)
    low, high = float(values.min()), float(values.max())
    axes = [scale.axis for scale in list_scales(df)] or [(0.0, 4.0)]
    ends: tuple[float, float] | None = (low, high)
    if column == "similarity":
        ends = (0.5, 1.0)
    elif column in ATTRIBUTES:
        ends = None if None in axes else axes[0]
    if ends is None:
        low, high = math.floor(low * 10) / 10, math.ceil(high * 10) / 10
    else:
        low, high = min(ends[0], low), max(ends[1], high)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


class ScoreFigure:
    """One histogram for each score. The axes and all rows are drawn once, the kept rows and the bounds at each call.

    Stacking kept below rejected always reaches the same height, so only what lies in front changes: matplotlib's
    blitting (https://matplotlib.org/stable/users/explain/animations/blitting.html) draws that in a few milliseconds.
    """

    def __init__(
        self, values: dict[str, np.ndarray], ranges: dict[str, tuple[float, float]], legend: bool, suffix: str = ""
    ) -> None:
        down = -(-len(values) // ACROSS)
        across = -(-len(values) // down)
        figure, self._canvas = make_figure(WIDTH, HEIGHT * down)
        axes = list(figure.subplots(down, across, squeeze=False).flat)
        self._edges = {column: np.linspace(*ranges[column], BINS + 1) for column in values}
        self._bins = {column: assign_bins(array, ranges[column]) for column, array in values.items()}
        self._parts = {
            column: self._fill_axis(axis, column, column if column == LENGTH else column + suffix)
            for axis, column in zip(axes, values, strict=False)
        }
        for axis in axes[len(values) :]:
            axis.set_visible(False)
        if legend:
            make_patch = load_extra("matplotlib.patches", "notebook", "a picture").Patch
            parts = [make_patch(facecolor=KEPT, label="kept"), make_patch(**REJECTED_STYLE, label="rejected")]
            figure.legend(handles=parts, loc="outside upper left", ncols=2, fontsize=8, frameon=False)
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(figure.bbox)

    def _fill_axis(self, axis: Any, column: str, title: str) -> tuple[Any, Any, Any]:
        """Draw all rows of a column; return the axis, and on it the bars of kept rows and the line of a bound, to be moved."""
        edges = self._edges[column]
        total = np.bincount(self._bins[column], minlength=BINS + 1)[:BINS]
        axis.stairs(total, edges, fill=True, **REJECTED_STYLE)
        axis.set_ylim(0, max(total.max(), 1) * 1.05)
        axis.set_xlim(edges[0], edges[-1])
        axis.set_title(title.replace(LENGTH, "tokens"), fontsize=8)
        axis.tick_params(labelsize=7)
        axis.locator_params(nbins=4)
        front = axis.stairs(total, edges, fill=True, color=KEPT, animated=True)
        return axis, front, axis.axvline(0, color="black", linestyle="--", linewidth=1.2, animated=True)

    def draw(self, keep: np.ndarray, thresholds: Thresholds) -> bytes:
        """Draw the kept rows and the bounds; returns a PNG, the same bytes for the same arguments."""
        self._canvas.restore_region(self._background)
        for column, (axis, front, line) in self._parts.items():
            bins = self._bins[column]
            front.set_data(np.bincount(bins[keep], minlength=BINS + 1)[:BINS], self._edges[column])
            axis.draw_artist(front)
            for bound in thresholds.get(column, ()):
                if bound is not None:
                    line.set_xdata([bound, bound])
                    axis.draw_artist(line)
        return encode_png(np.asarray(self._canvas.buffer_rgba()))


def encode_png(pixels: np.ndarray) -> bytes:
    """Encode pixels as PNG without a time or a version in it, lightly compressed: a slider waits for this."""
    imsave = load_extra("matplotlib.image", "notebook", "a picture").imsave
    nothing: Any = {"Software": None}
    buffer = io.BytesIO()
    imsave(buffer, pixels, format="png", metadata=nothing, pil_kwargs={"compress_level": 3})
    return buffer.getvalue()


def assign_bins(values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """Assign each value its bin, the last one closed; null, and what lies outside, goes to bin BINS, never drawn."""
    low, high = ends
    with np.errstate(invalid="ignore"):
        inside = (values >= low) & (values <= high)
    place = np.where(inside, (np.where(inside, values, low) - low) / (high - low) * BINS, BINS)
    return np.where(inside, np.minimum(place, BINS - 1), BINS).astype(np.int64)
