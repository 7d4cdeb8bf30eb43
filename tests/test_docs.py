"""The examples of docs/adding.md are run as they are printed."""

import re

from tests.conftest import ROOT


def test_the_examples_of_adding_run_in_their_order() -> None:
    text = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    assert len(examples) >= 4
    names: dict[str, object] = {}
    for example in examples:
        assert len(example.splitlines()) < 30
        exec(compile(example, "docs/adding.md", "exec"), names)
