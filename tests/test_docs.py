"""The examples of docs/adding.md are run as they are printed."""

import re

import pytest

from synthdata.verify.cli import profiles
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
# Each section stands alone: what it needs, it imports.
SECTIONS = {part.split("\n", 1)[0]: part for part in re.split(r"^## ", TEXT, flags=re.M)[1:]}


@pytest.mark.parametrize("title", SECTIONS)
def test_the_examples_of_a_section_run_in_their_order(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "PROFILES", dict(profiles.PROFILES))  # an example may add to it
    examples = re.findall(r"^```python\n(.*?)^```$", SECTIONS[title], re.M | re.S)
    assert examples, f"{title} has no example"
    names: dict[str, object] = {}
    for example in examples:
        assert len(example.splitlines()) < 30
        # As many empty lines as stand before it, so that a failure names the line of the page.
        before = TEXT[: TEXT.index(example)].count("\n")
        exec(compile("\n" * before + example, str(ROOT / "docs" / "adding.md"), "exec"), names)
