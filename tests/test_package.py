"""The public names, and what importing them costs."""

import subprocess
import sys

import synthdata as sd
from tests.conftest import ROOT


def test_all_names_exist_once() -> None:
    assert len(set(sd.__all__)) == len(sd.__all__)
    assert all(hasattr(sd, name) for name in sd.__all__)


def test_every_public_function_says_what_it_does() -> None:
    assert all(getattr(sd, name).__doc__ for name in sd.__all__ if callable(getattr(sd, name)))


def test_heavy_packages_load_when_used() -> None:
    heavy = ("openai", "aiohttp", "xllamacpp", "matplotlib", "ipywidgets", "IPython", "rensa", "rapidfuzz")
    heavy += ("tree_sitter", "markdown_it", "jsonschema", "yaml", "py3langid")
    script = f"import sys, synthdata; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_errors_render_as_one_line_in_a_notebook() -> None:
    assert sd.InputError("TOPIC is ''")._render_traceback_() == ["InputError: TOPIC is ''"]
    assert issubclass(sd.InputError, ValueError)
