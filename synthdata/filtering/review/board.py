"""What the explorer shows beside its sliders: counts, a picture, the rows at the cut; what a model wrote stays text."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from synthdata.base.text import clean_text, escape_text
from synthdata.filtering.boundary import BORDERLINE_ROWS, find_flips, find_nearest
from synthdata.filtering.decide import Decider, Decision
from synthdata.filtering.outcomes import tabulate_outcomes, tabulate_subtopics
from synthdata.filtering.review.pages import Picture, make_bundle, place_beside, write_frame, write_row, write_table
from synthdata.filtering.review.plots import ScoreFigure
from synthdata.filtering.review.sliders import Sliders
from synthdata.filtering.thresholds import Thresholds
from synthdata.quality.scores.scale import Scale

FLIPS_SHOWN, SUBTOPICS_SHOWN, EMPTY_SHOWN = 5, 12, 10


class Cut(NamedTuple):
    """A position to be shown: its thresholds, what they decide, and what was decided before the last move."""

    thresholds: Thresholds
    decision: Decision
    before: Decision


class Board:
    """Writes what is shown of a cut. Made once for a frame: what all cuts share is worked out here."""

    def __init__(self, decider: Decider, sliders: Sliders, scale: Scale) -> None:
        df = decider.df
        self._decider, self._columns, self._note = decider, list(sliders), scale.note
        self._texts = [df[name].to_numpy(dtype=object) for name in ("instruction", "response")]
        self._subtopics = pd.factorize(df["subtopic"], use_na_sentinel=False) if "subtopic" in df else None
        self._figure = ScoreFigure(
            {column: decider.get_values(column) for column in sliders},
            {column: (slider.min, slider.max) for column, slider in sliders.items()},
            legend=True, suffix=f" ({scale.label})" if scale.label else "",
        )  # fmt: skip

    def write(self, cut: Cut) -> list[dict[str, Any]]:
        """Write all parts of the board, in the order in which they stand on the page, as display(…, raw=True) takes them."""
        return [self.write_counts(cut), self.draw_picture(cut), self.write_rows(cut)]

    def write_counts(self, cut: Cut) -> dict[str, str]:
        """Write how many rows stay, the literal to paste, and the counts by outcome and by subtopic."""
        keep, said = cut.decision.keep, write_count(cut)
        tables = [tabulate_outcomes(cut.decision.codes, cut.decision.sentences)]
        words = [self._note] if self._note else []
        if self._subtopics is not None:
            subtopics = tabulate_subtopics(self._subtopics[0], self._subtopics[1], keep)
            words += _warn_of_empty(subtopics)
            if len(subtopics) > SUBTOPICS_SHOWN:
                words.append(f"The {SUBTOPICS_SHOWN} subtopics of {len(subtopics):,} that lose most:")
                subtopics = subtopics.sort_values("share", kind="stable").head(SUBTOPICS_SHOWN)
            tables.append(subtopics)
        literal = f"THRESHOLDS = sd.{cut.thresholds!r}"
        page = f"<b>{said}</b> &nbsp;<code>{escape_text(literal)}</code>"
        page += "".join(f"<br>{escape_text(word)}" for word in words)
        page = f"<p style='margin:0'>{page}</p>" + place_beside(*map(write_frame, tables))
        texts = [clean_text(table.to_string()) for table in tables]
        return make_bundle(page, "\n\n".join([f"{said}\n{literal}", *words, *texts]))

    def draw_picture(self, cut: Cut) -> dict[str, str]:
        """Draw the histograms."""
        alt = f"Histograms of {', '.join(self._columns)}; {write_count(cut)}."
        picture = Picture(self._figure.draw(cut.decision.keep, cut.thresholds), alt)
        return make_bundle(picture._repr_html_(), repr(picture))

    def write_rows(self, cut: Cut) -> dict[str, str]:
        """Write the rows that changed sides at the last move, and those nearest to each bound."""
        came, went, first_in, first_out = find_flips(cut.before.keep, cut.decision.keep, FLIPS_SHOWN)
        nearest = find_nearest(self._decider, cut.thresholds, BORDERLINE_ROWS)
        said = f"At the last move {came:,} rows came in and {went:,} went out."
        reasons = cut.decision.sentences
        lines = [["came in", "", self._write_row(row)] for row in first_in]
        lines += [
            ["went out", escape_text(reasons[cut.decision.codes[row]]), self._write_row(row)] for row in first_out
        ]
        page = f"<p><b>At the cut.</b> {said}{' The first of them:' if came + went > len(lines) else ''}</p>"
        page += write_table(["move", "reason", "instruction (open it to read the row)"], lines) if lines else ""
        page += "<p>Nearest to each bound, among the rows that nothing else rejects:</p>" if nearest else ""
        table = [
            [escape_text(bound), side, f"{self._decider.get_values(column)[row]:.3f}", self._write_row(row)]
            for column, bound, side, row in nearest
        ]
        heads = ["bound", "side", "score", "instruction (open it to read the row)"]
        nothing = "No row is near a bound." if cut.thresholds else "No bound is set, so no row is near one."
        page += write_table(heads, table) if table else f"<p>{nothing}</p>"
        counts = pd.Series([f"{bound}, {side}" for _, bound, side, _ in nearest], dtype=object).value_counts(sort=False)
        return make_bundle(page, "\n".join([said, *(f"{name}: {count} rows shown" for name, count in counts.items())]))

    def _write_row(self, row: int | np.integer) -> str:
        return write_row(*(texts[row] for texts in self._texts))


def write_count(cut: Cut) -> str:
    """Write how many rows stay."""
    keep = cut.decision.keep
    return f"{keep.sum():,} of {len(keep):,} rows stay ({keep.mean() if len(keep) else 0:.0%})"


def _warn_of_empty(subtopics: pd.DataFrame) -> list[str]:
    empty = [clean_text(name) for name in subtopics.index[subtopics["kept"] == 0]]
    more = f" and {len(empty) - EMPTY_SHOWN:,} more" if len(empty) > EMPTY_SHOWN else ""
    return [f"No row stays of: {', '.join(empty[:EMPTY_SHOWN])}{more}."] if empty else []
