"""What the documents print is what runs: the examples of docs/adding.md, the test command, the tree of README.md."""

import re
from pathlib import Path

from tests.conftest import ROOT


def test_the_examples_of_adding_run_in_their_order() -> None:
    text = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    assert len(examples) >= 4
    names: dict[str, object] = {}
    for example in examples:
        assert len(example.splitlines()) < 30
        exec(compile(example, "docs/adding.md", "exec"), names)


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
