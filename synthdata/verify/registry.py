"""TODO docstring."""

import re
from collections.abc import Sequence

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.verify.cli.specification import list_specifications

CLI_VERIFIERS = tuple(list_specifications())

GENERAL_VERIFIERS = ("shell", "yaml", "json", "completeness")

VERIFIERS = (*CLI_VERIFIERS, "dockerfile", "compose", "daemon.json", *GENERAL_VERIFIERS)

_TOPICS = (
    (r"docker|container|compose", ("docker", "dockerfile", "compose", "daemon.json")),
    (r"\bgit\b|github|gitlab|version control", ("git",)),
    (r"kubectl|kubernetes|\bk8s\b|\bhelm\b", ("kubectl", "dockerfile")),
)


def verifiers_for(topic: str) -> tuple[str, ...]:
    """Pick the verifiers of a topic by its words: those of the CLIs and files it speaks of, then the general ones.

    A CLI is known when it has a specification (crawl.py makes one). A topic that speaks of none gets the general verifiers
    alone; has_cli_verifier tells.
    """
    special = [name for pattern, names in _TOPICS if re.search(pattern, topic, re.I) for name in names]
    special += [name for name in CLI_VERIFIERS if re.search(rf"\b{re.escape(name)}\b", topic, re.I)]
    return tuple(dict.fromkeys((*special, *GENERAL_VERIFIERS)))


def has_cli_verifier(verifiers: Sequence[str]) -> bool:
    """Tell whether commands are among what is verified, so that an answer without problems may be called verified."""
    return any(name in CLI_VERIFIERS for name in verifiers)


def choose_row_verifiers(df: pd.DataFrame, verifiers: Sequence[str] | None) -> list[tuple[str, ...]]:
    if verifiers is not None:
        unknown = (
            [name for name in verifiers if name not in VERIFIERS] if not isinstance(verifiers, str) else [verifiers]
        )
        if unknown:
            raise InputError(f"verifiers: {unknown[0]!r} is none: give a list of names among {', '.join(VERIFIERS)}.")
        return [tuple(verifiers)] * len(df)
    if "topic" not in df:
        return [VERIFIERS] * len(df)
    by_topic = {topic: verifiers_for(topic) for topic in df["topic"].dropna().unique() if isinstance(topic, str)}
    return [by_topic.get(topic, VERIFIERS) if isinstance(topic, str) else VERIFIERS for topic in df["topic"]]
