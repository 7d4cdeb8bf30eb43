"""Every verifier in one table: what it is called, which blocks it reads, and the function that checks them.

A verifier is one file in checks/ and one line here. A plain check gets a block and its text and returns problems whose lines
count from 1 in the text; a batched one gets many texts at once, since it starts a program for them. `counts` says whether a
block that it read is something checked: that a script is valid shell, or that a text parses as YAML, vouches for nothing it says.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from synthdata.base.errors import InputError
from synthdata.verify.checks.code import check_code
from synthdata.verify.checks.commands import list_clients
from synthdata.verify.checks.dockerfile import check_dockerfiles
from synthdata.verify.checks.jsonfiles import check_daemon_json, check_json
from synthdata.verify.checks.manifests import check_manifest
from synthdata.verify.checks.python import check_python
from synthdata.verify.checks.scripts import check_scripts
from synthdata.verify.checks.yamlfiles import check_compose, check_yaml
from synthdata.verify.parse.markdown import Block
from synthdata.verify.problems import Problem


@dataclass(frozen=True, slots=True)
class Verifier:
    """One way to check a block. See the module's docstring."""

    name: str
    kinds: tuple[str, ...]
    check: Callable[[Block], list[Problem]] | None = None
    check_batch: Callable[[Sequence[str]], list[list[Problem]]] | None = None
    language: str = ""  # of code, where only one is read
    counts: bool = True


FILE_VERIFIERS = (
    Verifier("dockerfile", ("dockerfile",), check_batch=check_dockerfiles),
    Verifier("compose", ("compose",), check=lambda block: check_compose(block.text)),
    Verifier("manifest", ("yaml",), check=check_manifest),
    Verifier("daemon.json", ("daemon.json",), check=lambda block: check_daemon_json(block.text)),
    Verifier("python", ("code",), check_batch=check_python, language="python"),
    Verifier("code", ("code",), check=check_code),
    Verifier("shell", ("shell",), check_batch=check_scripts, counts=False),
    Verifier("yaml", ("yaml", "compose"), check=lambda block: check_yaml(block.text), counts=False),
    Verifier("json", ("json", "daemon.json"), check=lambda block: check_json(block.text), counts=False),
)
ROW_VERIFIERS = ("completeness",)


def list_verifiers() -> tuple[str, ...]:
    """List the names of all verifiers: the clients whose commands are judged, files and code, whole answers."""
    return (*list_clients(), *(verifier.name for verifier in FILE_VERIFIERS), *ROW_VERIFIERS)


def choose_verifiers(verifiers: Sequence[str] | None = None) -> tuple[str, ...]:
    """Choose verifiers by name; all when None. Raises InputError for a name that is none."""
    known = list_verifiers()
    if verifiers is None:
        return known
    names: list[Any] = [verifiers] if isinstance(verifiers, str) else list(verifiers)
    unknown = [name for name in names if name not in known]
    if unknown or isinstance(verifiers, str):
        raise InputError(
            f"verifiers: {(unknown or names)[0]!r} is none: give a list of names among {', '.join(known)}."
        )
    return tuple(names)
