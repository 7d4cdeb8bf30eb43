"""Buttons and keys to judge rows with, beside the explorer.

Covers showing one row at a time, storing each verdict at once, and what the verdicts say about the thresholds that the
sliders stand at. Model output is shown as escaped text. Not covered: which rows, and the sums (judgements.py, review.py).
"""

import os
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.extras import load_extra
from synthdata.base.frame import index_ids
from synthdata.base.text import escape_text
from synthdata.filtering.review.explorer import Explorer
from synthdata.filtering.review.judgements import append_judgement, read_judgements
from synthdata.filtering.review.pages import make_bundle, write_text
from synthdata.filtering.review.precision import Judged
from synthdata.filtering.review.proposals import search_thresholds, tabulate_proposals
from synthdata.filtering.review.sampling import draw_rows

KEYS = {"g": "good", "b": "bad", "s": "skip", "u": "undo"}


def review_rows(explorer: Explorer, path: str | os.PathLike[str], k: int = 20, precision: float = 0.9) -> "Reviewer":
    """Show k rows, drawn around the explorer's present cut, to mark good or bad; and what the marks say about the cut.

    The explorer's frame needs the column id. path: the JSONL file that keeps the judgements; what it holds is not asked
    again. precision: what proposals aim at, 0 to 1. Returns the Reviewer, whose agreement follows the sliders.
    Raises InputError for a missing column, repeated ids, a k below 1, or a file whose line is no judgement.
    """
    return Reviewer(explorer, path, k, precision)


class Reviewer:
    """Rows to judge, by button or key. `agreement` is measure_agreement's frame for the sliders' position."""

    def __init__(self, explorer: Explorer, path: str | os.PathLike[str], k: int, precision: float) -> None:
        self.explorer, self.path, self.k = explorer, path, k
        self._ids = index_ids(explorer.df, "review_rows")
        self._proposals: list[tuple[Any, ...]] = []
        self.draw_sample()
        self._build(precision)
        self._show()
        explorer.followers.append(lambda: self._try(self._show))

    @property
    def agreement(self) -> pd.DataFrame:
        return self._weigh().measure(self.explorer.thresholds)

    def draw_sample(self) -> None:
        """Draw rows around the present cut, and go to the first that nobody has judged."""
        self.sample = draw_rows(self.explorer.decider, self._ids, self.explorer.thresholds, self.k)
        places = self._ids.get_indexer(self.sample["id"]).tolist()
        self._queue = list(zip(places, self.sample.itertuples(), strict=True))
        self._done: list[tuple[int, Any]] = []
        self._said = ""

    def mark(self, verdict: str) -> None:
        """Judge the row that is shown "good" or "bad", "skip" it for now, or "undo" the last verdict.

        Raises InputError for another word, or a file that cannot be written or read.
        """
        if verdict not in KEYS.values():
            raise InputError(f"reviewer.mark: {verdict!r} is no verdict: say {', '.join(KEYS.values())}.")
        known = read_judgements(self.path)
        entry = self._find_next(known)
        if verdict == "undo":
            if self._done:
                row = self._done.pop()[1]
                append_judgement(self.path, row.id, None, row.chance, row.round)
                self._said = "The last verdict is taken back."
        elif entry is None:
            self._said = "Every row drawn is judged: draw more, or move the sliders and draw around the new cut."
        elif verdict == "skip":
            self._queue.remove(entry)
            self._queue.append(entry)
            self._said = "Skipped: it comes again at the end."
        else:
            self._carry_over(known, entry)
            append_judgement(self.path, entry[1].id, verdict == "good", entry[1].chance, entry[1].round)
            self._done.append(entry)
            self._said = f"Marked {verdict}."
        self._show()

    def _find_next(self, known: pd.DataFrame) -> tuple[int, Any] | None:
        judged = set(known["id"])
        return next((entry for entry in self._queue if entry[1].id not in judged), None)

    def _carry_over(self, known: pd.DataFrame, entry: tuple[int, Any]) -> None:
        """Note for this round what other rounds judged of the rows drawn before this one: its sample has them too."""
        verdicts = dict(zip(known["id"], known["good"], strict=True))
        here = set(known.loc[known["round"] == entry[1].round, "id"])
        for _, row in self._queue[: self._queue.index(entry)]:
            if row.id in verdicts and row.id not in here:
                append_judgement(self.path, row.id, bool(verdicts[row.id]), row.chance, row.round)

    def _build(self, precision: float) -> None:
        ipywidgets = load_extra("ipywidgets", "notebook", "reviewing rows")
        from IPython.display import display

        def make_button(name: str, tip: str, call: Any) -> Any:
            button = ipywidgets.Button(description=name, tooltip=tip)
            button.on_click(lambda _: self._try(call))
            return button

        self.buttons = {
            word: make_button(word.capitalize(), f"key {key}", lambda word=word: self.mark(word))
            for key, word in KEYS.items()
        }
        self.keys = ipywidgets.Text(
            placeholder="keys: g good, b bad, s skip, u undo",
            description="Keys",
            layout=ipywidgets.Layout(width="330px"),
        )
        self.keys.observe(self._read_keys, names="value")
        self.precision = ipywidgets.BoundedFloatText(
            value=precision,
            min=0.01,
            max=1,
            step=0.05,
            description="Precision",
            layout=ipywidgets.Layout(width="180px"),
        )
        self.buttons["propose"] = make_button(
            "Propose", "The thresholds that keep most at this precision", self._propose
        )
        self.buttons["move"] = make_button("Move sliders", "Move the sliders to the first proposal", self._move)
        self.buttons["draw"] = make_button("Draw anew", "Draw rows around where the sliders stand now", self._draw_anew)
        self._row = ipywidgets.HTML()
        wrap = ipywidgets.Layout(flex_flow="row wrap")
        marks = ipywidgets.HBox([*(self.buttons[word] for word in KEYS.values()), self.keys], layout=wrap)
        more = [self.precision, *(self.buttons[word] for word in ("propose", "move", "draw"))]
        bundle = ipywidgets.VBox([self._row, marks, ipywidgets.HBox(more, layout=wrap)])._repr_mimebundle_()
        display({**bundle, "text/plain": "(Rows to judge: open the notebook in JupyterLab to read them.)"}, raw=True)
        self._numbers = display(make_bundle("", ""), display_id=True, raw=True)

    def _try(self, call: Any) -> None:
        # A click has no cell for an error to appear under.
        try:
            call()
        except InputError as fault:
            self._said = str(fault)
            self._row.value = f"<p>{escape_text(fault)}</p>"

    def _read_keys(self, change: Any) -> None:
        # The field is not emptied: a key typed meanwhile would come back together with what was there before.
        old, new = change["old"].lower(), change["new"].lower()
        for key in new.removeprefix(old) if new.startswith(old) else "":
            if key in KEYS:
                self._try(lambda key=key: self.mark(KEYS[key]))

    def _propose(self) -> None:
        self._proposals = search_thresholds(self._weigh(), float(self.precision.value), self.explorer.thresholds)
        self._said = "" if self._proposals else "No bound keeps 5 judged rows: judge more."
        self._show()

    def _move(self) -> None:
        if not self._proposals:
            raise InputError("Nothing is proposed yet: press Propose first.")
        self.explorer.move(self._proposals[0][1])

    def _draw_anew(self) -> None:
        self.draw_sample()
        self._show()

    def _show(self) -> None:
        known = read_judgements(self.path)
        entry = self._find_next(known)
        judged = len(self.sample) - sum(row.id not in set(known["id"]) for _, row in self._queue)
        said = f"{judged} of {len(self.sample)} rows judged. {self._said}"
        if entry is None:
            text = "<p>No row is left to judge.</p>"
        else:
            text = write_text(*self.explorer.df[["instruction", "response"]].iloc[entry[0]])
        self._row.value = f"<p>{escape_text(said)}</p><div style='max-height:360px; overflow:auto'>{text}</div>"
        if self._numbers is not None:  # outside a notebook display() gives no handle
            self._numbers.update(self._write_numbers(), raw=True)

    def _weigh(self) -> Judged:
        explorer = self.explorer
        return Judged(explorer.decider, self._ids, read_judgements(self.path), explorer.thresholds)

    def _write_numbers(self) -> dict[str, str]:
        agreement, said = self.agreement, f"Judged rows on {self.explorer.thresholds!r}:"
        words = [f"{name}: {verdict}" for name, verdict in agreement["verdict"].items()]
        page = f"<p>{escape_text(said)}</p>{agreement.drop(columns='verdict').to_html(border=0, na_rep='')}"
        page += f"<p>{'<br>'.join(map(escape_text, words))}</p>"
        text = f"{said}\n{agreement.to_string(na_rep='')}"
        if self._proposals:
            proposals = tabulate_proposals(self._proposals)
            note = "Chosen on the rows that measure them, they flatter themselves: draw anew at the new cut and judge again."
            page += f"{proposals.set_index('claim').to_html(border=0)}<p>{note}</p>"
            text += f"\n{proposals.to_string(index=False)}\n{note}"
        return make_bundle(page, text)
