"""One round of reviewing: the rows drawn at one cut, in their order, and what the reviewer says of each."""

import os
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.filtering.review.judgements import append_judgement, read_judgements

VERDICTS = {"g": "good", "b": "bad", "s": "skip", "u": "undo"}  # by the key that gives them


class Round:
    """Rows to review. sample: from sample_rows. places: the sample's positions in the frame. path: of the judgements' file."""

    def __init__(self, sample: pd.DataFrame, places: list[int], path: str | os.PathLike[str]) -> None:
        self.sample, self.path = sample, path
        self._queue = list(zip(places, sample.itertuples(), strict=True))
        self._done: list[Any] = []

    def find_next(self, known: pd.DataFrame) -> tuple[int, Any] | None:
        """Find the first row that no judgement of any round is known of: its position in the frame, its line of the sample."""
        reviewed = set(known["id"])
        return next((entry for entry in self._queue if entry[1].id not in reviewed), None)

    def count_reviewed(self, known: pd.DataFrame) -> int:
        """Count the rows drawn of which a judgement is known."""
        return int(self.sample["id"].isin(known["id"]).sum())

    def mark(self, verdict: str) -> str:
        """Mark the next row "good" or "bad", "skip" it for now, or "undo" the last mark; returns what was done, as a sentence.

        Raises InputError for another word, or a file that cannot be written or read.
        """
        if verdict not in VERDICTS.values():
            raise InputError(f"reviewer.mark: {verdict!r} is no verdict: say {', '.join(VERDICTS.values())}.")
        known = read_judgements(self.path)
        entry = self.find_next(known)
        if verdict == "undo":
            if not self._done:
                return ""
            row = self._done.pop()
            append_judgement(self.path, row.id, None, row.chance, row.round)
            return "The last verdict is taken back."
        if entry is None:
            return "Every row drawn is reviewed: draw more, or move the sliders and draw around the new cut."
        if verdict == "skip":
            self._queue.remove(entry)
            self._queue.append(entry)
            return "Skipped: it comes again at the end."
        self._carry_over(known, entry)
        row = entry[1]
        append_judgement(self.path, row.id, verdict == "good", row.chance, row.round)
        self._done.append(row)
        return f"Marked {verdict}."

    def _carry_over(self, known: pd.DataFrame, entry: tuple[int, Any]) -> None:
        """Note for this round what other rounds said of the rows drawn before this one: its sample has them too."""
        verdicts = dict(zip(known["id"], known["good"], strict=True))
        here = set(known.loc[known["round"] == entry[1].round, "id"])
        for _, row in self._queue[: self._queue.index(entry)]:
            if row.id in verdicts and row.id not in here:
                append_judgement(self.path, row.id, bool(verdicts[row.id]), row.chance, row.round)
