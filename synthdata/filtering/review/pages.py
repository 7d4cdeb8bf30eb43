"""Small pieces of HTML for a notebook page, in which model output is always text, in the colours of the reader's theme."""

import base64
import html
from typing import Any

import pandas as pd

from synthdata.base.text import clean_text, escape_text

SUMMARY_CHARACTERS = 110


def write_row(instruction: Any, response: Any) -> str:
    """Write a row as HTML: the start of the instruction, and all of both once it is opened."""
    start = " ".join(clean_text(instruction).split())
    start = start if len(start) <= SUMMARY_CHARACTERS else f"{start[: SUMMARY_CHARACTERS - 1]}…"
    return f"<details><summary>{html.escape(start)}</summary>{write_text(instruction, response)}</details>"


def write_text(instruction: Any, response: Any) -> str:
    """Write an instruction and its response in full as HTML."""
    style = "white-space:pre-wrap; overflow-wrap:anywhere; word-break:normal; margin:0.3em 0; text-align:left"
    return (
        f"<pre style='{style}'><b>{escape_text(instruction)}</b></pre>"
        f"<pre style='{style}'>{escape_text('(no response)' if pd.isna(response) else response)}</pre>"
    )


def write_table(heads: list[str], lines: list[list[str]]) -> str:
    """Write a table whose cells are HTML already; the last column is the wide one."""
    align = ["text-align:left; vertical-align:top; white-space:nowrap"] * (len(heads) - 1) + [
        "text-align:left; width:99%"
    ]
    head = "".join(f"<th style='{style}'>{name}</th>" for style, name in zip(align, heads, strict=True))
    body = "".join(
        f"<tr>{''.join(f'<td style={style!r}>{cell}</td>' for style, cell in zip(align, line, strict=True))}</tr>"
        for line in lines
    )
    return f"<table style='width:100%; table-layout:auto'><tr>{head}</tr>{body}</table>"


def write_frame(df: pd.DataFrame) -> str:
    """Write a frame of counts as HTML in narrow lines, its labels made safe to see and on the left, its numbers on the right."""
    cell = "padding:0 0.6em; line-height:1.35; text-align:"
    head = "".join(
        f"<th style='{cell}{side}'>{escape_text(name)}</th>"
        for name, side in [
            (df.index.name or "", "left"),
            *((name, "right" if pd.api.types.is_numeric_dtype(kind) else "left") for name, kind in df.dtypes.items()),
        ]
    )
    lines = "".join(
        f"<tr><th style='{cell}left; font-weight:normal'>{escape_text(name)}</th>"
        + "".join(_write_cell(value, cell) for value in values)
        + "</tr>"
        for name, values in zip(df.index, df.astype(object).itertuples(index=False, name=None), strict=True)
    )
    return f"<table style='margin:4px 0'><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _write_cell(value: Any, style: str) -> str:
    """Write a count as 1,234 and a share as 0.829, on the right; text on the left; nothing for what is missing."""
    if isinstance(value, str):
        return f"<td style='{style}left'>{escape_text(value)}</td>"
    number = "" if pd.isna(value) else f"{value:.3f}" if isinstance(value, float) else f"{value:,}"
    return f"<td style='{style}right'>{number}</td>"


def place_beside(*parts: str) -> str:
    """Place pieces of HTML side by side, below one another where there is no room."""
    boxes = "".join(f"<div>{part}</div>" for part in parts)
    return f"<div style='display:flex; flex-wrap:wrap; gap:0 32px; align-items:flex-start'>{boxes}</div>"


def make_bundle(page: str, text: str) -> dict[str, str]:
    """Make what display(…, raw=True) shows: HTML on a page, in which JupyterLab typesets no TeX, and plain text elsewhere."""
    return {"text/html": f'<div class="tex2jax_ignore mathjax_ignore">{page}</div>', "text/plain": clean_text(text)}


class Picture:
    """A PNG and what it shows, in words: an <img>, since JupyterLab and nbconvert give image/png no text for who cannot see it."""

    def __init__(self, data: bytes, alt: str) -> None:
        self.data, self.alt = data, alt

    def __repr__(self) -> str:
        return f"({self.alt})"

    def _repr_html_(self) -> str:
        source = base64.b64encode(self.data).decode()
        # In a narrow window it shrinks only as far as it can be read, and is scrolled beyond that.
        image = f'<img src="data:image/png;base64,{source}" alt="{escape_text(self.alt)}" style="max-width:100%; min-width:600px">'
        return f'<div style="overflow-x:auto">{image}</div>'
