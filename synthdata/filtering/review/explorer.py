"""Look before you cut: sliders that show what a threshold costs, at once, and the rows it decides about.

Covers a range slider for each score and for similarity, with counts by reason and by subtopic, histograms with the cut
drawn, the rows that changed sides at the last move and those nearest to each bound. The explorer never decides: the
literal in the notebook does. Model output is shown as escaped text. Not covered: judging rows by hand (reviewer.py).
"""

import asyncio
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.extras import load_extra
from synthdata.base.frame import check_columns
from synthdata.base.text import clean_text, escape_text
from synthdata.filtering.boundary import ROWS_AT_CUT, find_flips, find_nearest
from synthdata.filtering.decide import Decider
from synthdata.filtering.outcomes import tabulate_outcomes, tabulate_subtopics
from synthdata.filtering.review.pages import make_bundle, place_beside, write_frame, write_row, write_table
from synthdata.filtering.review.plots import ScoreFigure, get_range, list_scores
from synthdata.filtering.thresholds import Bounds, Thresholds
from synthdata.quality.scores.scale import ATTRIBUTES, check_scorers

DRAW_DELAY = 0.03  # seconds in which moves are gathered into one drawing

FLIPS_SHOWN, SUBTOPICS_SHOWN = 5, 12

SCALES = {
    "judge": "Scores are a judge's: a chat model's probability of yes, times 4. They rank; they are no reward model's.",
    "judge-json": "Scores are a judge's: numbers that a chat model wrote. They rank; they are no reward model's.",
    "scalar": "Rewards are scalars that compare only within an instruction: bound their rank or their margin.",
}


def explore_thresholds(df: pd.DataFrame, thresholds: Thresholds) -> "Explorer":
    """Show a range slider for every score, with counts, histograms and the rows at the cut.

    Input columns: those of apply_thresholds, the scores, instruction; subtopic when present. thresholds: where the
    sliders start. Returns the Explorer, whose `thresholds` is the literal to paste; the frame is not changed.
    Raises InputError when no row has a score, when more than one scorer's scores are in the frame, and for scalar
    rewards without a rank: run rank_within_instruction first.
    """
    return Explorer(df, thresholds)


class Explorer:
    """Sliders over a frame. `thresholds` follows them at once, the page a moment later; neither changes the frame.

    sliders: by column. followers: functions called, without arguments, after each drawing.
    """

    def __init__(self, df: pd.DataFrame, thresholds: Thresholds) -> None:
        check_columns(df, "explore_thresholds", ("instruction", "response", *thresholds))
        scale = check_scorers(df, "explore_thresholds")
        if scale == "scalar" and "reward_rank" not in df:
            raise InputError(
                "explore_thresholds: scalar rewards compare only within an instruction: run rank_within_instruction on the "
                "frame first, then bound reward_rank=(None, 1)."
            )
        self.columns = list(dict.fromkeys([*list_scores(df), *(c for c in thresholds if df[c].notna().any())]))
        if not self.columns:
            raise InputError("explore_thresholds: no row has a score: look at df['error'].value_counts().")
        self.df, self.thresholds, self.followers = df, thresholds, list[Callable[[], None]]()
        self.decider = Decider(df)
        self.codes, self.reasons = self.decider.decide(thresholds)
        self._before, self._start, self._past = self.codes, thresholds, list[dict[str, Any]]()
        self._waiting = self._setting = False
        self._note = SCALES.get(scale, "")
        self._texts = [df[name].to_numpy(dtype=object) for name in ("instruction", "response")]
        self._subtopics = pd.factorize(df["subtopic"], use_na_sentinel=False) if "subtopic" in df else None
        self._place_sliders()
        self._figure = ScoreFigure(
            {column: self.decider.get_values(column) for column in self.columns},
            {column: (slider.min, slider.max) for column, slider in self.sliders.items()},
            legend=True, suffix=" (judge)" if scale.startswith("judge") else "",
        )  # fmt: skip
        self._show()

    def __repr__(self) -> str:
        return repr(self.thresholds)

    def move(self, thresholds: Thresholds) -> None:
        """Move the sliders to these bounds. Raises InputError for a column that has no slider."""
        for column in thresholds:
            if column not in self.sliders:
                raise InputError(f"explorer.move: {column!r} has no slider: choose among {', '.join(self.sliders)}.")
        self._set({column: self._find_position(column, thresholds.get(column)) for column in self.sliders})

    def draw(self) -> None:
        """Draw the page for the sliders' present position."""
        self._waiting = False
        self._shown = {column: slider.value for column, slider in self.sliders.items()}
        self._before, (self.codes, self.reasons) = self.codes, self.decider.decide(self.thresholds)
        if self._counts is not None:  # outside a notebook display() gives no handle, and there is nothing to redraw
            self._counts.update(self._write_counts(), raw=True)
            self._picture.update(self._draw_picture(), raw=True)
            self._rows.update(self._write_rows(), raw=True)
        for follow in self.followers:
            follow()

    def _show(self) -> None:
        ipywidgets = load_extra("ipywidgets", "notebook", "exploring with sliders")
        from IPython.display import display

        buttons = []
        for name, tip, call in (
            ("Undo", "Back to the position before the last move", self._undo),
            ("Reset", "Back to the thresholds of this cell", lambda _: self.move(self._start)),
        ):
            buttons.append(ipywidgets.Button(description=name, tooltip=tip))
            buttons[-1].on_click(call)
        bundle = ipywidgets.VBox([*self.sliders.values(), ipywidgets.HBox(buttons)])._repr_mimebundle_()
        # A page without widgets shows the text instead, and a widget's own is no reading matter.
        display({**bundle, "text/plain": "(Sliders: open the notebook in JupyterLab to move them.)"}, raw=True)
        self._counts = display(self._write_counts(), display_id=True, raw=True)
        self._picture = display(self._draw_picture(), display_id=True, raw=True)
        self._rows = display(self._write_rows(), display_id=True, raw=True)

    def _place_sliders(self) -> None:
        ipywidgets = load_extra("ipywidgets", "notebook", "exploring with sliders")

        self.sliders: dict[str, Any] = {}
        self._marks = self._find_marks() if "similarity" in self.columns else 1.0
        for column in self.columns:
            low, high = get_range(self.df, column)
            step = 0.01 if high - low <= 2 else 0.05
            if column == "reward_rank":
                low, high, step = 0.0, high, 1.0
            elif column not in (*ATTRIBUTES, "similarity"):
                step = 10.0 ** math.floor(math.log10((high - low) / 50))
                low, high = math.floor(low / step) * step, math.ceil(high / step) * step
            bounds = [bound for bound in self._start.get(column, ()) if bound is not None]
            # A handle at an end of its slider is an open bound, so a bound must lie within.
            low, high = min(low, *(bound - step for bound in bounds), high), max(high, *(b + step for b in bounds), low)
            self.sliders[column] = slider = ipywidgets.FloatRangeSlider(
                value=[low, high], min=low, max=high, step=step, description=column, continuous_update=False,
                readout_format=".0f" if step >= 1 else ".2f",
                layout=ipywidgets.Layout(width="95%", max_width="560px"), style={"description_width": "95px"},
            )  # fmt: skip
            slider.value = self._find_position(column, self._start.get(column))
            slider.observe(self._follow_slider, names="value")
        self._shown = {column: slider.value for column, slider in self.sliders.items()}

    def _find_marks(self) -> float:
        """The bound on similarity that rejects what the marks reject."""
        values = self.decider.get_values("similarity")
        marked = (
            self.df["duplicate_of"].notna().to_numpy() if "duplicate_of" in self.df else np.zeros(len(values), bool)
        )
        if not marked.any():
            return 1.0
        least = float(np.nanmin(values[marked]))
        rounded = math.floor(least * 100) / 100
        return rounded if not (values[~marked] >= rounded).any() else least

    def _find_position(self, column: str, pair: Bounds | None) -> tuple[float, ...]:
        slider = self.sliders[column]
        low, high = pair or (None, self._marks if column == "similarity" else None)
        ends = (slider.min if low is None else low, slider.max if high is None else high)
        return tuple(min(max(float(end), slider.min), slider.max) for end in ends)

    def _follow_slider(self, _: Any) -> None:
        if self._setting:
            return
        self.thresholds = self._read_sliders()
        if self._waiting:
            return  # a drawing is due that will show this position too
        self._past.append(self._shown)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.draw()
        else:
            # Moves that queued up while the last drawing was made are all read before the next one.
            self._waiting = True
            loop.call_later(DRAW_DELAY, self.draw)

    def _read_sliders(self) -> Thresholds:
        bounds = {}
        for column in dict.fromkeys([*self._start, *self.sliders]):
            if column not in self.sliders or self.sliders[column].value == self._find_position(
                column, self._start.get(column)
            ):
                if column in self._start:
                    bounds[column] = self._start[column]  # not moved: the literal as it was written
            else:
                slider = self.sliders[column]
                low, high = (round(value, 4) for value in slider.value)
                pair = (None if low <= slider.min else low, None if high >= slider.max else high)
                # An open similarity lets every mark pass; without a bound on it the marks would decide.
                if pair != (None, None) or column == "similarity":
                    bounds[column] = pair
        return Thresholds(**bounds)

    def _set(self, positions: dict[str, Any]) -> None:
        self._setting = True
        for column, position in positions.items():
            self.sliders[column].value = position
        self._setting = False
        self._follow_slider(None)

    def _undo(self, _: Any) -> None:
        if self._past:
            position = self._past.pop()
            depth = len(self._past)
            self._set(position)
            del self._past[depth:]  # moving back is no move to take back

    def _draw_picture(self) -> dict[str, str | bytes]:
        picture = self._figure.draw(self.codes == 0, self.thresholds)
        return {"image/png": picture, "text/plain": f"(Histograms of {', '.join(self.columns)}.)"}

    def _write_counts(self) -> dict[str, str]:
        keep = self.codes == 0
        said = f"{keep.sum():,} of {len(keep):,} rows stay ({keep.mean() if len(keep) else 0:.0%})"
        outcomes = tabulate_outcomes(self.codes, self.reasons)
        parts, texts, words = (
            [write_frame(outcomes)],
            [clean_text(outcomes.to_string())],
            [self._note] * bool(self._note),
        )
        if self._subtopics is not None:
            subtopics = tabulate_subtopics(self._subtopics[0], self._subtopics[1], keep)
            empty = [clean_text(name) for name in subtopics.index[subtopics["kept"] == 0]]
            if empty:
                more = f" and {len(empty) - 10:,} more" if len(empty) > 10 else ""
                words.append(f"No row stays of: {', '.join(empty[:10])}{more}.")
            if len(subtopics) > SUBTOPICS_SHOWN:
                words.append(f"The {SUBTOPICS_SHOWN} subtopics of {len(subtopics):,} that lose most:")
                subtopics = subtopics.sort_values("share", kind="stable").head(SUBTOPICS_SHOWN)
            parts.append(write_frame(subtopics))
            texts.append(clean_text(subtopics.to_string()))
        literal = f"THRESHOLDS = sd.{self.thresholds!r}"
        page = f"<p><b>{said}</b> &nbsp;<code>{escape_text(literal)}</code></p>"
        page += "".join(f"<p>{escape_text(word)}</p>" for word in words) + place_beside(*parts)
        return make_bundle(page, "\n\n".join([f"{said}\n{literal}", *words, *texts]))

    def _write_rows(self) -> dict[str, str]:
        came, went, first_in, first_out = find_flips(self._before, self.codes, FLIPS_SHOWN)
        nearest = find_nearest(self.decider, self.thresholds, ROWS_AT_CUT)
        said = f"At the last move {came:,} rows came in and {went:,} went out."
        lines = [["came in", "", self._write_row(row)] for row in first_in]
        lines += [["went out", escape_text(self.reasons[self.codes[row]]), self._write_row(row)] for row in first_out]
        page = f"<p><b>At the cut.</b> {said}{' The first of them:' if came + went > len(lines) else ''}</p>"
        page += write_table(["move", "reason", "instruction (open it to read the row)"], lines) if lines else ""
        page += "<p>Nearest to each bound, among the rows that nothing else rejects:</p>" if nearest else ""
        table = [
            [escape_text(bound), side, f"{self.decider.get_values(column)[row]:.3f}", self._write_row(row)]
            for column, bound, side, row in nearest
        ]
        heads = ["bound", "side", "score", "instruction (open it to read the row)"]
        page += write_table(heads, table) if table else "<p>No row is near a bound.</p>"
        counts = pd.Series([f"{bound}, {side}" for _, bound, side, _ in nearest], dtype=object).value_counts(sort=False)
        return make_bundle(page, "\n".join([said, *(f"{name}: {count} rows shown" for name, count in counts.items())]))

    def _write_row(self, row: int) -> str:
        return write_row(*(texts[row] for texts in self._texts))
