"""Buttons and keys to review rows with, beside the explorer, and what the reviewed rows say of where its sliders stand."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.extras import load_extra
from synthdata.base.frame import index_ids
from synthdata.base.text import escape_text
from synthdata.filtering.review.aide import make_aide, show_panel
from synthdata.filtering.review.explorer import Explorer
from synthdata.filtering.review.judgements import read_judgements
from synthdata.filtering.review.pages import make_bundle, write_frame, write_text
from synthdata.filtering.review.precision import ReviewedRows, count_needed
from synthdata.filtering.review.proposals import LEAST_REVIEWED, Proposal, search_thresholds, tabulate_proposals
from synthdata.filtering.review.rounds import VERDICTS, Round
from synthdata.filtering.review.sampling import draw_rows


def review_rows(explorer: Explorer, path: str | os.PathLike[str], k: int = 20, precision: float = 0.9) -> "Reviewer":
    """Show k rows, drawn around the explorer's present cut, to mark good or bad; and what the marks say about the cut.

    The explorer's frame needs the column id. path: the JSONL file that keeps the judgements; what it holds is not asked
    again. precision: what proposals aim at, 0 to 1. Returns the Reviewer, whose estimates follow the sliders.
    Raises InputError for a missing column, repeated ids, a k below 1, or a file whose line is no judgement.
    """
    return Reviewer(explorer, path, k, precision)


class Panel(NamedTuple):
    """The reviewer's controls: buttons by name, the precision to aim at, what is said, the row that is read, what hears keys."""

    buttons: dict[str, Any]
    precision: Any
    said: Any
    row: Any
    aide: Any


class Reviewer:
    """Rows to review, by button or key. round: the rows drawn and the file of what was said of them."""

    def __init__(self, explorer: Explorer, path: str | os.PathLike[str], k: int, precision: float) -> None:
        self.explorer, self.k = explorer, k
        self._ids = index_ids(explorer.df, "review_rows")
        self._proposals: list[Proposal] = []
        self._said = ""
        self.round = self._draw_round(path)
        self.panel = self._make_panel(precision)
        self._numbers = self._display()
        self._show()
        explorer.followers.append(lambda: self._try(self._show))

    @property
    def estimates(self) -> pd.DataFrame:
        """estimate_precision's frame for where the sliders stand."""
        return self._gather().estimate(self.explorer.thresholds)

    def mark(self, verdict: str) -> None:
        """Mark the row that is shown "good" or "bad", "skip" it for now, or "undo" the last verdict.

        Raises InputError for another word, or a file that cannot be written or read.
        """
        self._said = self.round.mark(verdict) or self._said
        self._show()

    def draw_sample(self) -> None:
        """Draw rows around the present cut, and go to the first that nobody has reviewed."""
        self.round, self._said = self._draw_round(self.round.path), ""
        self._show()

    def propose(self) -> None:
        """Look for the thresholds that keep most at the precision in its field. Raises InputError for too few reviewed rows."""
        aim, thresholds = float(self.panel.precision.value), self.explorer.thresholds
        self._proposals = search_thresholds(self._gather(), aim, thresholds)
        self._said = "" if self._proposals else f"No bound keeps {LEAST_REVIEWED} reviewed rows: review more."
        self._show()

    def follow_proposal(self) -> None:
        """Move the sliders to the first proposal. Raises InputError when nothing is proposed."""
        if not self._proposals:
            raise InputError("Nothing is proposed yet: press Propose first.")
        self.explorer.move(self._proposals[0].thresholds)

    def _draw_round(self, path: str | os.PathLike[str]) -> Round:
        sample = draw_rows(self.explorer.decider, self._ids, self.explorer.thresholds, self.k)
        return Round(sample, self._ids.get_indexer(sample["id"]).tolist(), path)

    def _gather(self) -> ReviewedRows:
        explorer = self.explorer
        return ReviewedRows(explorer.decider, self._ids, read_judgements(self.round.path), explorer.thresholds)

    def _make_panel(self, precision: float) -> Panel:
        ipywidgets = load_extra("ipywidgets", "notebook", "reviewing")

        def make_button(name: str, tip: str, call: Callable[[], None]) -> Any:
            button = ipywidgets.Button(description=name, tooltip=tip)
            button.on_click(lambda _: self._try(call))
            return button

        buttons = {
            word: make_button(word.capitalize(), f"key {key}", partial(self.mark, word))
            for key, word in VERDICTS.items()
        }
        buttons["propose"] = make_button("Propose", "The thresholds that keep most at this precision", self.propose)
        buttons["move"] = make_button("Move sliders", "Move the sliders to the first proposal", self.follow_proposal)
        buttons["draw"] = make_button("Draw anew", "Draw rows around where the sliders stand now", self.draw_sample)
        aim = ipywidgets.BoundedFloatText(
            value=precision, min=0.01, max=1, step=0.05, description="Precision",
            layout=ipywidgets.Layout(width="180px"),
        )  # fmt: skip
        aide = make_aide(
            "Rows to review", "".join(VERDICTS), lambda key: self._try(partial(self.mark, VERDICTS.get(key, key)))
        )
        return Panel(buttons, aim, ipywidgets.HTML(), ipywidgets.HTML(), aide)

    def _display(self) -> Any:
        """Show the panel and, below it, an empty place for the numbers; returns its handle, None outside a notebook."""
        ipywidgets = load_extra("ipywidgets", "notebook", "reviewing")
        display = load_extra("IPython.display", "notebook", "reviewing").display
        buttons, wrap = self.panel.buttons, ipywidgets.Layout(flex_flow="row wrap")
        marks = ipywidgets.HBox([buttons[word] for word in VERDICTS.values()], layout=wrap)
        more = [self.panel.precision, *(buttons[word] for word in ("propose", "move", "draw"))]
        parts = [self.panel.said, self.panel.row, marks, ipywidgets.HBox(more, layout=wrap)]
        text = "(Rows to review: open the notebook in JupyterLab to read them.)"
        show_panel(ipywidgets.VBox(parts), self.panel.aide, text)
        return display(make_bundle("", ""), display_id=True, raw=True)

    def _try(self, call: Callable[[], None]) -> None:
        # A click has no cell for an error to appear under; the row stays, for it is what is being read.
        try:
            call()
        except InputError as fault:
            self._say(str(fault))

    def _say(self, words: str) -> None:
        self.panel.said.value = f"<div style='line-height:1.4'>{escape_text(words)}</div>"
        self.panel.aide.said = words

    def _show(self) -> None:
        known = read_judgements(self.round.path)
        entry = self.round.find_next(known)
        said = f"{self.round.count_reviewed(known)} of {len(self.round.sample)} rows reviewed. {self._said or self._plan()}"
        if entry is None:
            text = "<p>No row is left to review.</p>"
        else:
            text = write_text(*self.explorer.df[["instruction", "response"]].iloc[entry[0]])
        self._say(said)
        self.panel.row.value = f"<div style='max-height:330px; overflow:auto'>{text}</div>"
        if self._numbers is not None:
            self._numbers.update(self._write_numbers(), raw=True)

    def _plan(self) -> str:
        """Say how many judgements the precision that is aimed at takes, and whether those drawn can suffice."""
        aim, drawn = float(self.panel.precision.value), int((self.round.sample["side"] == "kept").sum())
        total = int(self.explorer.decider.decide(self.explorer.thresholds).keep.sum())
        least, most = sorted((count_needed(aim, total), count_needed(0.5, total)))
        enough = "which can suffice" if drawn >= least else "too few: give review_rows a larger k"
        return (
            f"To tell a precision near {aim:g} within 0.15 takes about {least:,} judgements of kept rows, near one half {most:,}; "
            f"{drawn:,} of the rows drawn are kept, {enough}."
        )

    def _write_numbers(self) -> dict[str, str]:
        estimates, said = self.estimates, f"Reviewed rows on {self.explorer.thresholds!r}:"
        words = [f"{name}: {verdict}" for name, verdict in estimates["verdict"].items()]
        page = f"<p>{escape_text(said)}</p>{write_frame(estimates.drop(columns='verdict'))}"
        page += f"<p>{'<br>'.join(map(escape_text, words))}</p>"
        text = f"{said}\n{estimates.to_string(na_rep='')}"
        if self._proposals:
            proposals = tabulate_proposals(self._proposals)
            note = "Their precision is likely too high, for these rows chose them: draw anew at the new cut and review again."
            page += f"{write_frame(proposals.set_index('claim'))}<p>{note}</p>"
            text += f"\n{proposals.to_string(index=False)}\n{note}"
        return make_bundle(page, text)
