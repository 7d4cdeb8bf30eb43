"""Libraries that not everybody needs: loaded when they are used, and named with the extra that installs them when missing."""

import importlib
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
        raise InputError(
            f"{purpose} needs the package {module.partition('.')[0]!r}, which is not installed: "
            f"run pip install 'synthdata[{extra}]'."
        ) from cause
