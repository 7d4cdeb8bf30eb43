"""The parameters of a run, each checked before anything is asked for; and the page, made ready to show what models wrote."""

import getpass
import os
import sys
from collections.abc import Mapping
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_count, check_topic
from synthdata.base.jsonl import prepare_folder
from synthdata.base.progress import get_shell
from synthdata.models.client import check_above_zero
from synthdata.models.endpoints import Role, parse_endpoint
from synthdata.models.replies import LIMIT_NAMES

PREVIEW_FOLDER = "preview"
_WHOLE = ("N_SUBTOPICS", "N_QUESTIONS", "N_SAMPLES")
NAMES = (
    "TOPIC", *_WHOLE, "GENERATOR", "REWARD", "SAMPLING", "REPAIRS", "REQUESTS_PER_MINUTE", "BUDGET", "PREVIEW", "OUTPUT_DIR",
)  # fmt: skip


def check_parameters(parameters: Mapping[str, Any]) -> tuple[str, int]:
    """Check every parameter of create_dataset.ipynb; returns the folder that gets the files and the number of rows asked for.

    parameters: by name, TOPIC to OUTPUT_DIR; a notebook's globals() will do. With PREVIEW the folder is `preview` inside
    OUTPUT_DIR, so that a few rows never take the place of many. The folder is made.
    Raises InputError naming the parameter, its value and what it may be.
    """
    missing = [name for name in NAMES if name not in parameters]
    if missing:
        raise InputError(
            f"{missing[0]} is not set: the first cell of create_dataset.ipynb names every parameter; run it first."
        )
    given = dict(parameters)
    check_topic(given["TOPIC"])
    rows = 1
    for name in _WHOLE:
        rows *= check_count(name, given[name])
    roles: tuple[tuple[Role, str], ...] = (("generator", "GENERATOR"), ("reward", "REWARD"))
    for role, name in roles:
        try:
            parse_endpoint(given[name], role)
        except InputError as fault:
            raise InputError(f"{name}: {fault}") from None
    _check_sampling(given["SAMPLING"])
    if isinstance(given["REPAIRS"], bool) or not isinstance(given["REPAIRS"], int) or given["REPAIRS"] < 0:
        raise InputError(f"REPAIRS is {given['REPAIRS']!r}: give a whole number, 0 to send nothing back.")
    check_above_zero("REQUESTS_PER_MINUTE", given["REQUESTS_PER_MINUTE"], None)
    _check_budget(given["BUDGET"])
    folder, preview = given["OUTPUT_DIR"], given["PREVIEW"]
    if not isinstance(folder, (str, os.PathLike)) or not str(folder).strip():
        raise InputError(f"OUTPUT_DIR is {folder!r}: name a folder, '.' for this one.")
    if preview is not None:
        whole, rows = rows, min(rows, check_count("PREVIEW", preview))
        folder = os.path.join(folder, PREVIEW_FOLDER)
        print(
            f"Preview: {rows:,} of {whole:,} rows, into {folder}. With PREVIEW = None the whole run asks for none of them again."
        )
    return prepare_folder(folder), rows


def take_preview(df: pd.DataFrame, rows: int | None) -> pd.DataFrame:
    """Take the first rows of a frame, all of it for None, as evenly from its subtopics as can be; what they ask for, the whole asks
    for too, so that nothing is paid for twice.

    Input column: subtopic.
    """
    if rows is None:
        return df
    turn = df.groupby("subtopic", sort=False).cumcount().to_numpy()
    return df.iloc[sorted(turn.argsort(kind="stable")[:rows])]


def ask_missing_key(*endpoints: str) -> None:
    """Ask for NVIDIA_API_KEY where an endpoint needs it, none is set, and a person is there to type it; else do nothing.

    The key stays in this process. parse_endpoint says what is missing where nobody can be asked.
    """
    needed = any(isinstance(text, str) and text.strip().startswith("nim:") for text in endpoints)
    missing = not any(value.strip().startswith("nvapi-") for value in os.environ.values())
    if not (needed and missing) or "SYNTHDATA_REPLAY" in os.environ or os.environ.get("NVIDIA_API_KEY", "").strip():
        return
    kernel = getattr(get_shell(), "kernel", None)
    # A kernel knows of each request whether whoever sent it can answer a question: papermill and nbval cannot.
    if getattr(kernel, "_allow_stdin", False) if kernel is not None else sys.stdin is not None and sys.stdin.isatty():
        key = getpass.getpass("NVIDIA_API_KEY (nvapi-…, from https://build.nvidia.com; kept in this process only): ")
        if key.strip():
            os.environ["NVIDIA_API_KEY"] = key.strip()


def prepare_page() -> None:
    """Make this notebook show frames as one reads them: texts on the left, up to 90 characters, never typeset as formulas.

    Outside a notebook only pandas' options change.
    """
    pd.set_option("display.max_colwidth", 90)
    pd.set_option("display.html.use_mathjax", False)  # model output is text, never typeset
    shell = get_shell()
    if shell is not None:
        shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, write_page)


def write_page(df: pd.DataFrame) -> str:
    """Write a frame as HTML as pandas does, with its columns of text, and labels that are text, on the left."""
    page = str(df._repr_html_())
    first = df.index.nlevels + 1
    texts = [] if pd.api.types.is_numeric_dtype(df.index.dtype) else list(range(1, first))
    texts += [place for place, kind in enumerate(df.dtypes, first) if not pd.api.types.is_numeric_dtype(kind)]
    most = pd.get_option("display.max_columns") or df.shape[1]
    if not texts or df.shape[1] > most:  # what pandas leaves out moves the columns
        return page
    name = f"texts-{'-'.join(map(str, texts))}"  # a page's tables share its rules
    places = ", ".join(f".{name} tr > :nth-child({place})" for place in texts)
    rule = f"\n    {places} {{\n        text-align: left;\n    }}\n"
    return page.replace("<style scoped>", f"<style scoped>{rule}", 1).replace(
        'class="dataframe', f'class="dataframe {name}', 1
    )


def _check_budget(budget: Any) -> None:
    if budget is not None and (isinstance(budget, bool) or not isinstance(budget, int) or budget < 0):
        raise InputError(f"BUDGET is {budget!r}: give a whole number of requests, or None for no limit.")


def _check_sampling(sampling: Any) -> None:
    if not isinstance(sampling, Mapping):
        raise InputError(
            f"SAMPLING is {sampling!r}: give a dictionary, for example {{'temperature': 0.7, 'max_tokens': 640}}."
        )
    name = next((name for name in LIMIT_NAMES if name in sampling), LIMIT_NAMES[0])
    limit = sampling.get(name)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InputError(
            f"SAMPLING gives {name}={limit!r}: say in tokens how long a response may be, for example 'max_tokens': 640; "
            "without it some servers stop after 16 tokens."
        )
