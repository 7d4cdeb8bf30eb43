"""A slider for each score: where its handles stand for which thresholds, and which thresholds they stand for."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from synthdata.base.extras import load_extra
from synthdata.filtering.decide import Decider
from synthdata.filtering.review.plots import get_range
from synthdata.filtering.thresholds import Bounds, Thresholds
from synthdata.quality.scores.reward import ATTRIBUTES

Positions = dict[str, tuple[float, float]]  # by column, where the two handles stand


class Sliders(Mapping[str, Any]):
    """Range sliders by column. A handle at the end of its slider is an open bound.

    start: the thresholds they began at. A slider that stands where it began gives back its bound as it was written there.
    """

    def __init__(self, decider: Decider, columns: list[str], start: Thresholds) -> None:
        self.start = start
        self._scale = start.scale or decider.scale_name or None  # what is pasted says what it was chosen for
        self._marks = _find_marks(decider) if "similarity" in columns else 1.0
        self._widgets = {column: _make_slider(decider, column, start.get(column, (None, None))) for column in columns}
        self.move(self.place(start))

    def __getitem__(self, column: str) -> Any:
        return self._widgets[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._widgets)

    def __len__(self) -> int:
        return len(self._widgets)

    @property
    def positions(self) -> Positions:
        return {column: widget.value for column, widget in self.items()}

    def move(self, positions: Positions) -> None:
        """Move the handles."""
        for column, position in positions.items():
            self[column].value = position

    def observe(self, call: Callable[[Any], None]) -> None:
        """Call a function after each move of a handle."""
        for widget in self.values():
            widget.observe(call, names="value")

    def place(self, thresholds: Thresholds) -> Positions:
        """Tell where the handles stand for these thresholds."""
        return {column: self._place(column, thresholds.get(column)) for column in self}

    def _place(self, column: str, pair: Bounds | None) -> tuple[float, float]:
        # Without a bound on similarity the marks decide, so the handle stands where they do.
        low, high = pair or (None, self._marks if column == "similarity" else None)
        least, most = self[column].min, self[column].max
        ends = (least if low is None else low, most if high is None else high)
        return min(max(float(ends[0]), least), most), min(max(float(ends[1]), least), most)

    def read(self) -> Thresholds:
        """Read the thresholds that the handles stand for, those of the start first, in its order."""
        bounds: dict[str, Bounds] = {}
        for column in dict.fromkeys([*self.start, *self]):
            if column not in self or self[column].value == self._place(column, self.start.get(column)):
                if column in self.start:
                    bounds[column] = self.start[column]
                continue
            low, high = (round(value, 4) for value in self[column].value)
            pair = (None if low <= self[column].min else low, None if high >= self[column].max else high)
            # An open similarity lets every mark pass; without a bound on it the marks would decide.
            if pair != (None, None) or column == "similarity":
                bounds[column] = pair
        return Thresholds(scale=self._scale, **bounds)


def _make_slider(decider: Decider, column: str, pair: Bounds) -> Any:
    ipywidgets = load_extra("ipywidgets", "notebook", "a slider")
    low, high = get_range(decider.df, column)
    step = 0.01 if high - low <= 2 else 0.05
    if column == "reward_rank":
        low, step = 0.0, 1.0
    elif column not in (*ATTRIBUTES, "similarity"):
        step = 10.0 ** math.floor(math.log10((high - low) / 50))
        low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    # A handle at an end is an open bound, so the bounds of the start must lie within.
    bounds = [bound for bound in pair if bound is not None]
    low, high = min(low, *(bound - step for bound in bounds), high), max(high, *(bound + step for bound in bounds), low)
    return ipywidgets.FloatRangeSlider(
        value=[low, high], min=low, max=high, step=step, description=column, continuous_update=False,
        readout_format=".0f" if step >= 1 else ".2f",
        layout=ipywidgets.Layout(width="95%", max_width="560px"), style={"description_width": "95px"},
    )  # fmt: skip


def _find_marks(decider: Decider) -> float:
    """Find the bound on similarity that rejects what the marks in duplicate_of reject."""
    values = decider.get_values("similarity")
    if "duplicate_of" not in decider.df:
        return 1.0
    marked = decider.df["duplicate_of"].notna().to_numpy()
    if not marked.any():
        return 1.0
    least = float(np.nanmin(values[marked]))
    rounded = math.floor(least * 100) / 100
    return rounded if not (values[~marked] >= rounded).any() else least
