"""What the documents print is what runs: the examples of docs/adding.md, the test command, the tree of README.md."""

import re
from pathlib import Path

import pytest

from synthdata.export import dataset, formats
from synthdata.verify.cli import profiles
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
# Each section stands alone: what it needs, it imports.
SECTIONS = {part.split("\n", 1)[0]: part for part in re.split(r"^## ", TEXT, flags=re.M)[1:]}


@pytest.mark.parametrize("title", SECTIONS)
def test_the_examples_of_a_section_run_in_their_order(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "PROFILES", dict(profiles.PROFILES))  # an example may add to these
    monkeypatch.setattr(formats, "FORMATS", dict(formats.FORMATS))
    monkeypatch.setattr(dataset, "FORMATS", formats.FORMATS)
    examples = re.findall(r"^```python\n(.*?)^```$", SECTIONS[title], re.M | re.S)
    assert examples, f"{title} has no example"
    names: dict[str, object] = {}
    for example in examples:
        assert len(example.splitlines()) < 30
        # As many empty lines as stand before it, so that a failure names the line of the page.
        before = TEXT[: TEXT.index(example)].count("\n")
        exec(compile("\n" * before + example, str(ROOT / "docs" / "adding.md"), "exec"), names)


def test_make_and_readme_test_the_same_way() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = re.search(r"<!-- test -->\n```bash\n(.*?)\n```", readme, re.S)
    assert command
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(PYTHON)", ".venv/bin/python")
    setup, test = re.findall(r"^(?:setup|test):\n\t(.*)$", makefile.replace("$(VENV)", ".venv"), re.M)
    assert command[1] == f"{setup} && {test}"


def test_the_tree_of_readme_is_the_tree() -> None:
    """Every name in the tree exists where it stands, and every folder of the library is in it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (tree,) = re.findall(r"^```\n(create_dataset\.ipynb.*?)^```$", readme, re.M | re.S)
    places: list[Path] = []
    named = set()
    for indent, name in re.findall(r"^( *)([\w./]+)", tree, re.M):
        depth = len(indent) // 2
        places[depth:] = [(places[depth - 1] if depth else ROOT) / name]
        named.add(places[depth])
    assert [path for path in sorted(named) if not path.exists()] == []
    folders = {path.parent for path in (ROOT / "synthdata").rglob("*.py")}
    assert sorted(folders - named) == []
