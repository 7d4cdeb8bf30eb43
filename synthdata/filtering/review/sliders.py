"""A slider for each score: where its handles stand for which thresholds, and which thresholds they stand for."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from synthdata.base.errors import InputError
from synthdata.base.extras import load_extra
from synthdata.filtering.decide import Decider
from synthdata.filtering.review.plots import get_range
from synthdata.filtering.review.shares import DIGITS
from synthdata.filtering.review.typed import parse_bounds, write_bounds
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
        self._fields = {column: _make_field(column) for column in columns}
        self.on_fault: Callable[[str], None] = lambda _: None
        self.move(self.place(start))
        for column in columns:
            self._link(column)

    @property
    def rows(self) -> list[Any]:
        """A line for each score: its slider, and the field that shows its bounds and takes typed ones."""
        ipywidgets = load_extra("ipywidgets", "notebook", "a slider")
        return [
            ipywidgets.HBox(
                [self[column], self._fields[column]], layout=ipywidgets.Layout(width="440px", max_width="100%")
            )
            for column in self
        ]

    def get_field(self, column: str) -> Any:
        return self._fields[column]

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
        return self._limit(column, *(pair or (None, self._marks if column == "similarity" else None)))

    def _limit(self, column: str, low: float | None, high: float | None) -> tuple[float, float]:
        """Tell where the handles stand for these bounds, within the slider."""
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
            pair = self._read(column)
            # An open similarity lets every mark pass; without a bound on it the marks would decide.
            if pair != (None, None) or column == "similarity":
                bounds[column] = pair
        return Thresholds(scale=self._scale, **bounds)

    def _read(self, column: str) -> Bounds:
        low, high = (round(value, DIGITS) for value in self[column].value)
        return (None if low <= self[column].min else low, None if high >= self[column].max else high)

    def _link(self, column: str) -> None:
        """Have the field show what the slider says, and the slider follow what is typed into the field."""
        slider, field = self[column], self._fields[column]

        def show(_: Any = None) -> None:
            field.value = write_bounds(self._read(column))

        def take(change: Any) -> None:
            if change["new"] == write_bounds(self._read(column)):
                return
            try:
                low, high = parse_bounds(change["new"], column)
                if (low is not None and low > slider.max) or (high is not None and high < slider.min):
                    raise InputError(
                        f"{column}: {change['new']!r} lies beyond every score ({slider.min:g} to {slider.max:g})."
                    )
                slider.value = self._limit(column, low, high)
            except InputError as fault:
                self.on_fault(str(fault))
            show()

        slider.observe(show, names="value")
        field.observe(take, names="value")
        show()


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
        value=[low, high], min=low, max=high, step=step, description=column, continuous_update=False, readout=False,
        layout=ipywidgets.Layout(flex="1 1 auto", width="auto", min_width="0"), style={"description_width": "132px"},
    )  # fmt: skip


def _make_field(column: str) -> Any:
    ipywidgets = load_extra("ipywidgets", "notebook", "a slider")
    return ipywidgets.Text(
        continuous_update=False, tooltip=f"{column}: type bounds, such as 3, or 3 - 4.6, or <= 2.5",
        layout=ipywidgets.Layout(width="100px", flex="0 0 auto"),
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
