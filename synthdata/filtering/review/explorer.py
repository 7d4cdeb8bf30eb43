"""Look before you cut: sliders that show at once what a threshold costs, and the rows it decides about."""

import asyncio
import os
from collections.abc import Callable
from enum import Enum
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.extras import load_extra
from synthdata.base.frame import check_columns
from synthdata.filtering.decide import Decider
from synthdata.filtering.review.board import Board, Cut
from synthdata.filtering.review.plots import list_columns, list_lengths, refuse_unscored
from synthdata.filtering.review.shares import bound_best
from synthdata.filtering.review.sliders import Positions, Sliders
from synthdata.filtering.review.tools import Tools
from synthdata.filtering.thresholds import Thresholds
from synthdata.quality.scores.scale import check_scorers

# Where sliders were left, by the folder of their data; for as long as the kernel lives.
_left: dict[str, Thresholds] = {}

DRAW_DELAY = 0.03  # seconds in which moves are gathered into one drawing


def explore_thresholds(
    df: pd.DataFrame,
    thresholds: Thresholds,
    literal: Thresholds | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> "Explorer":
    """Show a range slider for every score and for the length, with counts, histograms and the rows at the cut.

    Input columns: those of apply_thresholds, the scores, instruction; subtopic and completion_tokens when present. thresholds:
    what decides, and where the sliders start. literal, folder: what a notebook states, and where its data are; with them there is a
    button that adopts where the sliders stand, in the file that read_decision reads. Returns the Explorer, whose `thresholds` is
    the literal to paste; the frame is not changed.
    Raises InputError when no row has a score, when more than one scorer's scores are in the frame, and for rewards that
    compare only within an instruction and have no rank: run rank_within_instruction first.
    """
    return Explorer(df, thresholds, None if literal is None or folder is None else (literal, folder))


class State(Enum):
    """What an explorer does at the moment.

    IDLE     the page shows where the sliders stand
    DUE      they have moved, and a drawing is due that will show where they stand by then
    PLACING  they are being moved one after another, and are read once all are in place

    IDLE    a handle is moved                             DUE (drawn at once, and IDLE again, where no event loop runs)
    DUE     a handle is moved                             DUE
    DUE     DRAW_DELAY is over                            IDLE
    any     move, Undo or Reset                           PLACING, then as it was, as though a handle had been moved
    """

    IDLE = "idle"
    DUE = "due"
    PLACING = "placing"


class Explorer:
    """Sliders over a frame. `thresholds` follows them at once, the page a moment later; neither changes the frame.

    sliders: by column. cut: what the page shows. followers: functions called, without arguments, after each drawing.
    """

    def __init__(
        self, df: pd.DataFrame, thresholds: Thresholds, home: tuple[Thresholds, str | os.PathLike[str]] | None = None
    ) -> None:
        check_columns(df, "explore_thresholds", ("instruction", "response", *thresholds))
        scale = check_scorers(df, "explore_thresholds")
        if not scale.across and not any(column in df for column in scale.start):
            raise InputError(
                f"explore_thresholds: {scale.name} rewards compare only within an instruction: run rank_within_instruction on "
                f"the frame first, then bound {scale.literal}."
            )
        if not list_columns(df):
            raise refuse_unscored(df, "explore_thresholds")
        columns = list(
            dict.fromkeys([*list_columns(df), *list_lengths(df), *(c for c in thresholds if df[c].notna().any())])
        )
        self.followers = list[Callable[[], None]]()
        self.decider = Decider(df)
        decision = self.decider.decide(thresholds)
        self.cut = Cut(thresholds, decision, decision)
        self.sliders = Sliders(self.decider, columns, thresholds)
        self.thresholds = self.sliders.read()
        self._state, self._past = State.IDLE, list[Positions]()
        self._shown = self.sliders.positions
        self._board = Board(self.decider, self.sliders, scale)
        self._tools = Tools(self, thresholds, home)
        self._recall_position()
        self._handles = self._show()
        self.sliders.observe(lambda _: self._follow())

    def __repr__(self) -> str:
        return repr(self.thresholds)

    @property
    def decides(self) -> Thresholds:
        """The thresholds that decide: those it was opened with, or the ones adopted since."""
        return self._tools.decides

    @property
    def df(self) -> pd.DataFrame:
        return self.decider.df

    def move(self, thresholds: Thresholds) -> None:
        """Move the sliders to these bounds. Raises InputError for a column that has no slider."""
        for column in thresholds:
            if column not in self.sliders:
                raise InputError(f"explorer.move: {column!r} has no slider: choose among {', '.join(self.sliders)}.")
        self._place(self.sliders.place(thresholds))

    def undo(self) -> None:
        """Move the sliders back to where they stood before the last move; moving back is no move to take back."""
        if self._past:
            self._place(self._past.pop(), remember=False)

    def keep_best(self, column: str, rows: float, share: bool = True) -> None:
        """Move one slider so that the best rows by its column stay, as bound_best finds them. Raises InputError as it does."""
        self.move(bound_best(self.decider, self.thresholds, column, rows, share))

    def adopt(self) -> None:
        """Have what the sliders say decide: write the file that read_decision reads. Raises InputError where there is none."""
        self._tools.adopt()

    def draw(self) -> None:
        """Draw the page for the sliders' present position."""
        self._state, self._shown = State.IDLE, self.sliders.positions
        self.cut = Cut(self.thresholds, self.decider.decide(self.thresholds), self.cut.decision)
        if self._handles:
            for handle, part in zip(self._handles, self._board.write(self.cut), strict=True):
                handle.update(part, raw=True)
        self._tools.follow()
        for follow in self.followers:
            follow()

    def _place(self, positions: Positions, remember: bool = True) -> None:
        before, self._state = self._state, State.PLACING
        self.sliders.move(positions)
        self._state = before
        self._follow(remember)

    def _recall_position(self) -> None:
        """Say where the sliders were left when this cell ran before, if nobody adopted it, and have Undo lead there."""
        left = _left.get(self._tools.folder)
        if left is None or left.scale != self.thresholds.scale or not set(left) <= set(self.sliders):
            return
        if dict(left) != dict(self.thresholds):
            self._past.append(self.sliders.place(left))
            self._tools.say(
                f"When this cell ran before, the sliders were left at {left!r}, not adopted: Undo takes them there."
            )

    def _follow(self, remember: bool = True) -> None:
        """Follow the sliders. remember: Undo leads back to the position that the page shows now."""
        if self._state is State.PLACING:
            return
        self.thresholds = self.sliders.read()
        if self._tools.folder:
            _left[self._tools.folder] = self.thresholds
        if self._state is State.DUE:
            return
        if remember:
            self._past.append(self._shown)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.draw()
        else:
            # Moves that queued up while the last drawing was made are all read before the next one.
            self._state = State.DUE
            loop.call_later(DRAW_DELAY, self.draw)

    def _show(self) -> list[Any]:
        """Show sliders, tools and board; return the board's handles, none outside a notebook, where nothing is redrawn."""
        display = load_extra("IPython.display", "notebook", "a slider").display
        self._tools.show()
        handles = [display(part, display_id=True, raw=True) for part in self._board.write(self.cut)]
        return [handle for handle in handles if handle is not None]
