"""Every verifier in one table: what it is called, what it reads, and the function that checks it.

A verifier is one file in checks/ and one line here; every verifier that reads a block checks it. The commands of the known
CLIs are verifiers too, one for each specification in cli/specs/, but are judged for the response as a whole (stage.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from synthdata.base.errors import InputError
from synthdata.verify.checks.code import can_judge_code, check_code
from synthdata.verify.checks.commands import list_clients
from synthdata.verify.checks.completeness import check_completeness
from synthdata.verify.checks.dockerfile import check_dockerfiles
from synthdata.verify.checks.jsonfiles import check_daemon_json, check_json
from synthdata.verify.checks.manifests import can_judge_manifest, check_manifest
from synthdata.verify.checks.python import can_judge_python, check_python
from synthdata.verify.checks.scripts import check_scripts
from synthdata.verify.checks.sql import can_judge_sql, check_sql
from synthdata.verify.checks.yamlfiles import can_judge_compose, check_compose, check_yaml
from synthdata.verify.parse.classify import list_language
from synthdata.verify.parse.markdown import Block
from synthdata.verify.problems import Problem


@dataclass(frozen=True, slots=True)
class Verifier:
    """One way to check a block, or a whole answer; it has one of three functions.

    kinds: of block that it reads, in classify_block's words. language: the only one it reads, of blocks of the kind "code".
    check: gets a block, and returns problems whose lines count from 1 in the block's text.
    check_batch: gets the texts of many blocks, because it starts a program for them; problems of each, lines as above.
    check_answer: gets instruction, response, blocks and finish_reason; lines count from 1 in the response.
    covers: the verifier that need not read the same block, since this one says all that it would.
    counts: tells of a block that it read whether anything in it was judged. What was left out, templated or of an unknown kind
    was not, and that a text parses as YAML or JSON vouches for nothing it says: then an answer is not called verified.
    broken: reads only shell text in which the grammar found an error. A program's start for all others would be wasted.
    """

    name: str
    kinds: tuple[str, ...] = ()
    check: Callable[[Block], list[Problem]] | None = None
    check_batch: Callable[[Sequence[str]], list[list[Problem]]] | None = None
    check_answer: Callable[[str, str, Sequence[Block], str | None], list[Problem]] | None = None
    language: str = ""
    covers: str = ""
    counts: Callable[[Block], bool] = lambda block: True
    broken: bool = False


def _never(_: Block) -> bool:
    return False


VERIFIERS = (
    Verifier("dockerfile", ("dockerfile",), check_batch=check_dockerfiles),
    Verifier(
        "compose",
        ("compose",),
        check=lambda block: check_compose(block.text),
        covers="yaml",
        counts=lambda block: can_judge_compose(block.text),
    ),
    Verifier("manifest", ("yaml",), check=check_manifest, covers="yaml", counts=can_judge_manifest),
    Verifier("daemon.json", ("daemon.json",), check=lambda block: check_daemon_json(block.text), covers="json"),
    Verifier("python", ("code",), check_batch=check_python, language="python", covers="code", counts=can_judge_python),
    Verifier("sql", ("code",), check=check_sql, language="sql", covers="code", counts=can_judge_sql),
    Verifier("code", ("code",), check=check_code, counts=can_judge_code),
    Verifier("shell", ("shell",), check_batch=check_scripts, counts=_never, broken=True),
    Verifier("yaml", ("yaml", "compose"), check=lambda block: check_yaml(block.text), counts=_never),
    Verifier("json", ("json", "daemon.json"), check=lambda block: check_json(block.text), counts=_never),
    Verifier("completeness", check_answer=check_completeness),
)


def list_verifiers() -> tuple[str, ...]:
    """List the names of all verifiers: the clients whose commands are judged, files and code, whole answers."""
    return (*list_clients(), *(verifier.name for verifier in VERIFIERS))


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


def find_readers(kind: str, block: Block, broken: bool, names: Sequence[str]) -> list[Verifier]:
    """Find the verifiers, of those named, that read a block of this kind. broken: see Verifier."""
    readers = [
        verifier
        for verifier in VERIFIERS
        if verifier.name in names
        and kind in verifier.kinds
        and verifier.language in ("", list_language(block))
        and (broken or not verifier.broken)
    ]
    covered = {verifier.covers for verifier in readers}
    return [verifier for verifier in readers if verifier.name not in covered]
