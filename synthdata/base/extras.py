"""Libraries that not everybody needs: loaded when they are used, and named with the extra that installs them when missing."""

import importlib
import importlib.metadata
from typing import Any

from synthdata.base.errors import InputError


def load_extra(module: str, extra: str, purpose: str) -> Any:
    """Import a module of an optional extra.

    extra: its name in pyproject.toml. purpose: what the module is wanted for, for the message.
    Raises InputError, naming the command that installs it, when it is missing.
    """
    try:
        return importlib.import_module(module)
    except ImportError as cause:
        raise report_missing(f"the package {module.partition('.')[0]!r}", extra, purpose) from cause


def report_missing(what: str, extra: str, purpose: str) -> InputError:
    """Make the error that says what is missing, which extra has it, and the command that installs it."""
    # The synthdata on PyPI is another project: its name is safe to give only where ours is installed already.
    try:
        ours = extra in (importlib.metadata.metadata("synthdata").get_all("Provides-Extra") or ())
    except importlib.metadata.PackageNotFoundError:
        ours = False
    command = (
        f"pip install 'synthdata[{extra}]'" if ours else f"pip install '.[{extra}]' in the folder of pyproject.toml"
    )
    return InputError(f"{purpose} needs {what} of the extra {extra!r}, which is not installed: run {command}.")
