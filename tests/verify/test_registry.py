"""The table of verifiers: one line in it is enough, whatever the verifier reads, and takes nothing from the others."""

from collections.abc import Sequence

import pandas as pd
import pytest

from synthdata.verify import registry, stage
from synthdata.verify.parse.markdown import Block, parse_markdown
from synthdata.verify.problems import Problem
from synthdata.verify.registry import VERIFIERS, Verifier, choose_verifiers, find_readers

ANSWER = """Write this:

```yaml
services:
  web:
    image: nginx:latest
    prots: ["80:80"]
```

and run it:

```bash
docker compose up -d
```
"""


def find_latest(block: Block) -> list[Problem]:
    lines = enumerate(block.text.split("\n"), start=1)
    return [Problem("latest image", line.strip(), number, fatal=False) for number, line in lines if ":latest" in line]


def find_detached(texts: Sequence[str]) -> list[list[Problem]]:
    return [[Problem("detached", "-d", 1, fatal=False)] if " -d" in text else [] for text in texts]


def find_thanks(instruction: str, response: str, blocks: Sequence[Block], finish_reason: str | None) -> list[Problem]:
    return [] if "thank" in response.lower() else [Problem("no thanks", instruction, 0, fatal=False)]


def verify(*rows: Verifier, verifiers: Sequence[str] | None = None) -> pd.Series:
    with pytest.MonkeyPatch.context() as patch:
        for module in (registry, stage):
            patch.setattr(module, "VERIFIERS", (*VERIFIERS, *rows))
        df = pd.DataFrame({"instruction": ["How?"], "response": [ANSWER]})
        return stage.verify_responses(df, verifiers).iloc[0]


def test_one_line_adds_a_verifier_of_each_form_beside_those_that_are_there() -> None:
    before = verify()
    after = verify(
        Verifier("latest", ("compose",), check=find_latest),
        Verifier("detached", ("shell",), check_batch=find_detached),
        Verifier("thanks", check_answer=find_thanks),
    )
    added = [(p["kind"], p["line"]) for p in after["problems"] if p not in before["problems"]]
    assert added == [("no thanks", 0), ("latest image", 6), ("detached", 13)]
    assert [p["kind"] for p in before["problems"]] == ["compose key"]
    assert [p for p in after["problems"] if p in before["problems"]] == before["problems"]
    assert before["checked"] == 2  # the file and the command


def test_a_block_counts_once_however_many_verifiers_read_it() -> None:
    assert verify(Verifier("latest", ("compose",), check=find_latest))["checked"] == 2
    assert (
        verify(Verifier("detached", ("shell",), check_batch=find_detached, counts=lambda block: False))["checked"] == 2
    )
    assert verify(Verifier("latest", ("compose",), check=find_latest), verifiers=["latest"])["checked"] == 1


def test_what_covers_another_verifier_leaves_it_out_only_where_both_are_chosen() -> None:
    (compose,) = parse_markdown("```yaml\nservices:\n  web:\n    image: nginx\n```\n")
    named = [verifier.name for verifier in find_readers("compose", compose, False, choose_verifiers())]
    assert named == ["compose"]
    assert [verifier.name for verifier in find_readers("compose", compose, False, ["yaml"])] == ["yaml"]
    (script,) = parse_markdown("```bash\nls )\n```\n")
    assert find_readers("shell", script, False, choose_verifiers()) == []
    assert [verifier.name for verifier in find_readers("shell", script, True, choose_verifiers())] == ["shell"]


def test_each_line_of_the_table_is_whole() -> None:
    names = [verifier.name for verifier in VERIFIERS]
    assert len(set(names)) == len(names)
    for verifier in VERIFIERS:
        assert sum(f is not None for f in (verifier.check, verifier.check_batch, verifier.check_answer)) == 1
        assert bool(verifier.kinds) == (verifier.check_answer is None)
        assert verifier.covers in ("", *names)
