"""What stands beside the sliders: keep the best share, undo, reset, adopt, and a line that says what decides at the moment."""

import os
from collections.abc import Callable
from typing import Any, Protocol

from synthdata.base.errors import InputError
from synthdata.base.extras import load_extra
from synthdata.base.text import escape_text
from synthdata.filtering.decide import Decider
from synthdata.filtering.review.adoption import THRESHOLDS_FILE, write_adoption
from synthdata.filtering.review.aide import make_aide, show_panel
from synthdata.filtering.review.board import Cut, write_count
from synthdata.filtering.review.sliders import Sliders
from synthdata.filtering.review.typed import LOWEST_FIRST
from synthdata.filtering.thresholds import Thresholds

FAVOURITES = ("reward", "reward_rank", "helpfulness")  # what rows are ranked by at first


class Explored(Protocol):
    """What the tools use of an explorer."""

    decider: Decider
    sliders: Sliders
    thresholds: Thresholds
    cut: Cut

    def move(self, thresholds: Thresholds) -> None: ...
    def undo(self) -> None: ...
    def keep_best(self, column: str, rows: float, share: bool = True) -> None: ...


class Tools:
    """Buttons and fields around an explorer's sliders.

    decides: the thresholds that the cells below obey. home: the notebook's literal and the folder of its data; None where nothing
    can be adopted.
    """

    def __init__(
        self, explorer: Explored, decides: Thresholds, home: tuple[Thresholds, str | os.PathLike[str]] | None
    ) -> None:
        self._explorer, self.decides, self._home = explorer, decides, home
        self._words = ""
        ipywidgets = load_extra("ipywidgets", "notebook", "a slider")
        self._status = ipywidgets.HTML()
        self._aide = make_aide("Thresholds")
        columns = [column for column in explorer.sliders if column != "similarity"] or list(explorer.sliders)
        self._best = ipywidgets.BoundedFloatText(
            value=70, min=0.01, max=1e9, step=5, description="Keep best", layout=ipywidgets.Layout(width="155px"),
            style={"description_width": "70px"},
        )  # fmt: skip
        self._unit = ipywidgets.Dropdown(
            options=[("% of rows", True), ("rows", False)], tooltip="share or number of rows", layout={"width": "105px"}
        )
        self._by = ipywidgets.Dropdown(
            options=[(f"by {'lowest' if name in LOWEST_FIRST else 'highest'} {name}", name) for name in columns],
            value=next((name for name in FAVOURITES if name in columns), columns[0]),
            tooltip="by which score", layout={"width": "210px"},
        )  # fmt: skip
        explorer.sliders.on_fault = self.say
        self.follow()

    @property
    def folder(self) -> str:
        """Where the data are, "" where nothing can be adopted."""
        return str(self._home[1]) if self._home else ""

    def show(self) -> None:
        """Show the box of sliders and tools."""
        ipywidgets = load_extra("ipywidgets", "notebook", "a slider")
        wrap = ipywidgets.Layout(flex_flow="row wrap", width="100%")
        explorer = self._explorer
        buttons = [
            self._make_button("Set", "Move the slider so that these rows stay", self._keep_best, "50px"),
            self._make_button("Undo", "Back to the position before the last move", explorer.undo),
            self._make_button(
                "Reset", "Back to the thresholds of this cell", lambda: explorer.move(explorer.sliders.start)
            ),
        ]
        if self._home is not None:
            buttons.append(
                self._make_button("Adopt", "Have these thresholds decide, now and in every later run", self.adopt)
            )
        tools = ipywidgets.HBox([self._best, self._unit, self._by, *buttons], layout=wrap)
        panel = ipywidgets.VBox([ipywidgets.HBox(explorer.sliders.rows, layout=wrap), tools, self._status])
        show_panel(panel, self._aide, "(Sliders: open the notebook in JupyterLab to move them.)")

    def adopt(self) -> None:
        """Have what the sliders say decide. Raises InputError where there is no place to keep it."""
        if self._home is None:
            raise InputError(
                "explorer.adopt: give explore_thresholds the notebook's literal and the folder of its data."
            )
        literal, folder = self._home
        path = write_adoption(self._explorer.decider.df, self._explorer.thresholds, literal, folder)
        self.decides = self._explorer.thresholds
        kept = f"kept in {path}" if path else f"the literal of this cell, so {THRESHOLDS_FILE} is gone"
        self.say(f"Adopted: {kept}. Now run the cells below: the files still hold the decision before this one.")

    def follow(self) -> None:
        """Say what decides, and whether the sliders stand there."""
        self._words = ""
        self._show()

    def say(self, words: str) -> None:
        """Show a sentence beside what decides, until the next move."""
        self._words = words
        self._show()

    def _show(self) -> None:
        there = dict(self._explorer.thresholds) == dict(self.decides)
        if there:
            said = "The sliders stand at what decides."
        else:
            said = f"<b>Not adopted.</b> The cells below obey <code>{escape_text(self.decides)}</code>"
        self._status.value = f"<span style='line-height:1.4'>{said} {escape_text(self._words)}</span>"
        count = write_count(self._explorer.cut)
        self._aide.said = " ".join([f"{count}.", "" if there else "Not adopted.", self._words]).strip()

    def _keep_best(self) -> None:
        rows = float(self._best.value)
        self._explorer.keep_best(self._by.value, rows / 100 if self._unit.value else rows, bool(self._unit.value))

    def _make_button(self, name: str, tip: str, call: Callable[[], None], width: str = "80px") -> Any:
        ipywidgets = load_extra("ipywidgets", "notebook", "a slider")
        button = ipywidgets.Button(description=name, tooltip=tip, layout=ipywidgets.Layout(width=width))

        def press(_: Any) -> None:
            # A click has no cell for an error to appear under.
            try:
                call()
            except InputError as fault:
                self.say(str(fault))

        button.on_click(press)
        return button
