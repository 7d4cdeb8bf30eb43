"""Look before you cut: score distributions, and sliders that show what a threshold costs.

Covers a figure of all scored columns, and an explorer with a range slider for each attribute that shows at once how
many rows stay, the histograms with the cut drawn, and the rows on either side of it. The explorer never decides: the
literal in the notebook does. Model output is shown as escaped text. Not covered: judging rows by hand.
"""

import html
import io
from typing import Any

import pandas as pd

from synthdata.checks import check_columns
from synthdata.errors import InputError
from synthdata.filtering import Thresholds, apply_thresholds
from synthdata.reward import ATTRIBUTES

KEPT, REJECTED = "#0072B2", "#E69F00"  # Okabe and Ito's palette: told apart by colour-blind readers
BINS = 17
ROWS_AT_CUT = 3


def list_scores(df: pd.DataFrame) -> list[str]:
    """List the score columns of a frame that hold at least one number: attributes first, then the scalar."""
    return [column for column in (*ATTRIBUTES, "reward") if column in df and df[column].notna().any()]


def plot_scores(df: pd.DataFrame, thresholds: Thresholds | None = None, columns: list[str] | None = None) -> Any:
    """Draw a histogram of each score, kept and rejected stacked, the bounds drawn; returns a PNG image for display.

    Input columns: the score columns; with thresholds, those apply_thresholds needs.
    Raises InputError when there are no scores.
    """
    from IPython.display import Image
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = columns or list_scores(df)
    if not columns:
        raise InputError("plot_scores: no row has a score: look at df['error'].value_counts().")
    kept = apply_thresholds(df, thresholds)["keep"] if thresholds is not None else pd.Series(True, index=df.index)
    figure = Figure(figsize=(2.6 * min(len(columns), 3), 2.1 * -(-len(columns) // 3)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(-(-len(columns) // 3), min(len(columns), 3), squeeze=False).flat
    for axis, column in zip(axes, columns, strict=False):
        low, high = get_range(df, column)
        parts = [df.loc[kept, column].dropna().astype(float), df.loc[~kept, column].dropna().astype(float)]
        axis.hist(parts, bins=BINS, range=(low, high), stacked=True, color=[KEPT, REJECTED], label=["kept", "rejected"])
        for bound in thresholds.get(column, ()) if thresholds is not None else ():
            if bound is not None:
                axis.axvline(bound, color="black", linestyle="--", linewidth=1)
        axis.set_title(column, fontsize=9)
        axis.tick_params(labelsize=8)
    for axis in list(axes):
        axis.set_visible(False)
    if thresholds is not None:
        figure.axes[0].legend(fontsize=7, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    said = ", ".join(columns)
    return Image(buffer.getvalue(), format="png", alt=f"Histograms of {said}")


def get_range(df: pd.DataFrame, column: str) -> tuple[float, float]:
    """Get fixed bin edges for a score: 0 to 4 for an attribute, widened to the data; the data's own range else."""
    values = df[column].dropna().astype(float)
    low, high = float(values.min()), float(values.max())
    if column in ATTRIBUTES:
        low, high = min(0.0, low), max(4.0, high)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def count_outcomes(df: pd.DataFrame) -> pd.DataFrame:
    """Count rows and their share by outcome. Input columns: keep, reject_reason."""
    check_columns(df, "count_outcomes", ("keep", "reject_reason"))
    outcome = df["reject_reason"].astype(object).where(df["reject_reason"].notna(), "kept")
    counts = outcome.value_counts().sort_index(key=lambda names: names.map(lambda name: (name != "kept", str(name))))
    return pd.DataFrame({"rows": counts, "share": (counts / max(len(df), 1)).round(3)}).rename_axis("outcome")


def list_at_cut(df: pd.DataFrame, thresholds: Thresholds, n: int = ROWS_AT_CUT) -> pd.DataFrame:
    """List the rows nearest to each bound, n on either side.

    Input columns: id, instruction, response and the thresholds' columns.
    Returns a frame of bound, side (kept or cut by this bound), score, instruction, response, nearest first.
    """
    check_columns(df, "list_at_cut", ("instruction", "response", *thresholds))
    lines = []
    for column, pair in thresholds.items():
        for bound, sign in zip(pair, (1, -1), strict=True):
            if bound is None:
                continue
            gap = (df[column].astype("Float64") - bound).dropna() * sign
            for side, near in (("passes", gap[gap >= 0].nsmallest(n)), ("is cut", gap[gap < 0].nlargest(n))):
                for index in near.index:
                    row = df.loc[index]
                    mark = f"{column} {'≥' if sign > 0 else '≤'} {bound:g}"
                    lines.append((mark, side, round(float(row[column]), 3), row["instruction"], row["response"]))
    return pd.DataFrame(lines, columns=["bound", "side", "score", "instruction", "response"])


def explore_thresholds(df: pd.DataFrame, thresholds: Thresholds) -> "Explorer":
    """Show range sliders for every scored attribute, with counts, histograms and the rows at the cut.

    Input columns: those of apply_thresholds and the scores. thresholds: where the sliders start.
    Returns the Explorer, whose `thresholds` is the literal to paste; the frame is not changed.
    Raises InputError when no row has a score.
    """
    return Explorer(df, thresholds)


class Explorer:
    """Sliders over a frame. `thresholds` follows them; assigning nothing here changes the frame or the decision."""

    def __init__(self, df: pd.DataFrame, thresholds: Thresholds) -> None:
        import ipywidgets
        from IPython.display import display

        self.df, self.thresholds, self._start = df, thresholds, thresholds
        self.columns = list_scores(df)
        if not self.columns:
            raise InputError("explore_thresholds: no row has a score: look at df['error'].value_counts().")
        if df["reward_form"].eq("scalar").any() if "reward_form" in df else False:
            self.columns = [column for column in self.columns if column != "reward"]
        self.sliders = {column: self._make_slider(column) for column in self.columns}
        for slider in self.sliders.values():
            slider.observe(self._redraw, names="value")
        bundle = ipywidgets.VBox(list(self.sliders.values()))._repr_mimebundle_()
        # A page without widgets shows the text instead, and a widget's own is no reading matter.
        display({**bundle, "text/plain": "(Sliders: open the notebook in JupyterLab to move them.)"}, raw=True)
        self._counts = display(self._show_counts(), display_id=True)
        self._picture = display(plot_scores(df, thresholds, self.columns), display_id=True)
        self._rows = display(self._show_rows(), display_id=True)

    def __repr__(self) -> str:
        return repr(self.thresholds)

    def _make_slider(self, column: str) -> Any:
        import ipywidgets

        low, high = get_range(self.df, column)
        bounds = self._start.get(column, (None, None))
        start = [low if bounds[0] is None else bounds[0], high if bounds[1] is None else bounds[1]]
        step = 0.05 if column in ATTRIBUTES else (high - low) / 100
        return ipywidgets.FloatRangeSlider(
            value=[min(max(value, low), high) for value in start], min=low, max=high, step=step,
            description=column, readout_format=".2f", continuous_update=False,
            layout=ipywidgets.Layout(width="95%", max_width="560px"), style={"description_width": "90px"},
        )  # fmt: skip

    def _redraw(self, _: Any) -> None:
        bounds = {}
        for column, slider in self.sliders.items():
            low, high = slider.value
            lowest, highest = slider.min, slider.max
            pair = (None if low <= lowest else round(low, 3), None if high >= highest else round(high, 3))
            if pair != (None, None):
                bounds[column] = pair
        self.thresholds = Thresholds(**bounds)
        if self._counts is not None:  # outside a notebook display() gives no handle, and there is nothing to redraw
            self._counts.update(self._show_counts())
            self._picture.update(plot_scores(self.df, self.thresholds, self.columns))
            self._rows.update(self._show_rows())

    def _show_counts(self) -> Any:
        from IPython.display import HTML

        table = count_outcomes(apply_thresholds(self.df, self.thresholds))
        kept = int(table["rows"].get("kept", 0))
        said = f"{kept:,} of {len(self.df):,} rows stay ({kept / max(len(self.df), 1):.0%})"
        return HTML(
            f"<p><b>{said}</b> with <code>{html.escape(repr(self.thresholds))}</code></p>{table.to_html(border=0)}"
        )

    def _show_rows(self) -> Any:
        from IPython.display import HTML

        rows = list_at_cut(self.df, self.thresholds)
        if rows.empty:
            return HTML("<p>No bound is set: nothing is at a cut.</p>")
        blocks = [
            f"<tr><td>{html.escape(row.bound)}</td><td>{row.side}</td><td>{row.score:.3f}</td>"
            f"<td style='text-align:left'><details><summary>{html.escape(row.instruction)}</summary>"
            f"<pre style='white-space:pre-wrap'>{html.escape(str(row.response))}</pre></details></td></tr>"
            for row in rows.itertuples(index=False)
        ]
        head = (
            "<tr><th>bound</th><th></th><th>score</th><th style='text-align:left'>instruction (click to read)</th></tr>"
        )
        return HTML(f"<table>{head}{''.join(blocks)}</table>")
