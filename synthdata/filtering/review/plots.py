"""Figures as PNG: they show on a static page, under nbval and in either theme, because they bring their own background.

Covers histograms of scores with the cut drawn, redrawn fast enough to follow a slider, and the ledger's waterfall. Not
covered: which rows are kept (filtering.py), sums (ledger.py).
"""

import io
import math
from typing import Any

import numpy as np
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.extras import load_extra
from synthdata.filtering.decide import Decider
from synthdata.filtering.ranking import RANKED
from synthdata.filtering.thresholds import Thresholds
from synthdata.quality.scores.scale import ATTRIBUTES

KEPT, REJECTED, REQUESTED = (
    "#0072B2",
    "#E69F00",
    "#999999",
)  # Okabe and Ito's palette: told apart by colour-blind readers

BINS = 17


def list_scores(df: pd.DataFrame) -> list[str]:
    """List the score columns that can be bounded and hold a number: attributes, the scalar, ranks, similarity.

    The scalar of a scalar reward model is left out: it cannot be compared across instructions, its rank can.
    """
    scalar = "reward_form" in df and df["reward_form"].eq("scalar").any()
    names = (*ATTRIBUTES, *(RANKED if scalar else ("reward",)), "similarity")
    return [column for column in names if column in df and df[column].notna().any()]


def plot_scores(df: pd.DataFrame, thresholds: Thresholds | None = None, columns: list[str] | None = None) -> Any:
    """Draw a histogram of each score, kept and rejected stacked, the bounds drawn; returns a PNG image for display.

    Input columns: the score columns; with thresholds, those apply_thresholds needs.
    Raises InputError when there are no scores.
    """
    display = load_extra("IPython.display", "notebook", "drawing pictures")
    columns = columns or list_scores(df)
    if not columns:
        raise InputError("plot_scores: no row has a score: look at df['error'].value_counts().")
    keep = Decider(df).decide(thresholds)[0] == 0 if thresholds is not None else np.ones(len(df), dtype=bool)
    values = {column: df[column].astype("Float64").to_numpy(dtype=float, na_value=math.nan) for column in columns}
    ranges = {column: get_range(df, column) for column in columns}
    figure = ScoreFigure(values, ranges, legend=thresholds is not None)
    return display.Image(
        figure.draw(keep, thresholds or Thresholds()), format="png", alt=f"Histograms of {', '.join(columns)}"
    )


def get_range(df: pd.DataFrame, column: str) -> tuple[float, float]:
    """Get fixed bin edges for a score: 0 to 4, widened to the data, for a reward model's attribute; 0.5 to 1, widened, for
    similarity; the data's own range, rounded outwards to a tenth, for a judge's scores, which bunch; its own range else.
    """
    values = df[column].dropna().astype(float)
    low, high = float(values.min()), float(values.max())
    judged = "reward_form" in df and df["reward_form"].isin(["judge", "judge-json"]).any()
    if column == "similarity":
        low, high = min(0.5, low), max(1.0, high)
    elif column in ATTRIBUTES and judged:
        low, high = math.floor(low * 10) / 10, math.ceil(high * 10) / 10
    elif column in ATTRIBUTES:
        low, high = min(0.0, low), max(4.0, high)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


class ScoreFigure:
    """One histogram for each score. The axes and all rows are drawn once, the kept rows and the bounds at each call.

    Stacking kept below rejected always reaches the same height, so only what lies in front changes: matplotlib's
    blitting (https://matplotlib.org/stable/users/explain/animations/blitting.html) draws that in a few milliseconds.
    """

    def __init__(
        self, values: dict[str, np.ndarray], ranges: dict[str, tuple[float, float]], legend: bool, suffix: str = ""
    ) -> None:
        load_extra("matplotlib", "notebook", "drawing pictures")
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.patches import Patch

        across, down = min(len(values), 3), -(-len(values) // 3)
        figure = Figure(figsize=(2.5 * across, 1.9 * down + 0.3), dpi=110, layout="constrained", facecolor="white")
        self._canvas = FigureCanvasAgg(figure)
        axes = list(figure.subplots(down, across, squeeze=False).flat)
        self._edges = {column: np.linspace(*ranges[column], BINS + 1) for column in values}
        self._bins = {column: _assign_bins(array, ranges[column]) for column, array in values.items()}
        self._parts: dict[str, tuple[Any, Any, Any]] = {}
        for axis, column in zip(axes, values, strict=False):
            edges = self._edges[column]
            total = np.bincount(self._bins[column], minlength=BINS + 1)[:BINS]
            axis.stairs(total, edges, fill=True, facecolor=REJECTED, edgecolor="white", hatch="////", linewidth=0)
            axis.set_ylim(0, max(total.max(), 1) * 1.05)
            axis.set_xlim(edges[0], edges[-1])
            axis.set_title(column + suffix, fontsize=9)
            axis.tick_params(labelsize=8)
            front = axis.stairs(total, edges, fill=True, color=KEPT, animated=True)
            self._parts[column] = (
                axis,
                front,
                axis.axvline(0, color="black", linestyle="--", linewidth=1.2, animated=True),
            )
        for axis in axes[len(values) :]:
            axis.set_visible(False)
        if legend:
            parts = [Patch(facecolor=KEPT, label="kept")]
            parts.append(Patch(facecolor=REJECTED, edgecolor="white", hatch="////", linewidth=0, label="rejected"))
            figure.legend(handles=parts, loc="outside upper left", ncols=2, fontsize=8, frameon=False)
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(figure.bbox)

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
    from matplotlib.image import imsave

    nothing: Any = {"Software": None}
    buffer = io.BytesIO()
    imsave(buffer, pixels, format="png", metadata=nothing, pil_kwargs={"compress_level": 3})
    return buffer.getvalue()


def _assign_bins(values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """Assign each value its bin, the last one closed; null, and what lies outside, goes to bin BINS, never drawn."""
    low, high = ends
    with np.errstate(invalid="ignore"):
        inside = (values >= low) & (values <= high)
    place = np.where(inside, (np.where(inside, values, low) - low) / (high - low) * BINS, BINS)
    return np.where(inside, np.minimum(place, BINS - 1), BINS).astype(np.int64)
