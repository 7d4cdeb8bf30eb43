"""The package: its public names, what importing costs, what it depends on, and that its parts know only what they may."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import synthdata as sd
from tests.conftest import ROOT
from tests.licences import OWN_PROCESS, is_gpl, list_licences

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {name: lines for name, lines in PROJECT["optional-dependencies"].items() if name != "all"}


def test_all_names_exist_once() -> None:
    assert len(set(sd.__all__)) == len(sd.__all__)
    assert all(hasattr(sd, name) for name in sd.__all__)


def test_every_public_function_says_what_it_does() -> None:
    assert all(getattr(sd, name).__doc__ for name in sd.__all__ if callable(getattr(sd, name)))


def test_heavy_packages_load_when_used() -> None:
    heavy = ("openai", "aiohttp", "xllamacpp", "matplotlib", "ipywidgets", "IPython", "rensa", "rapidfuzz")
    heavy += ("tree_sitter", "markdown_it", "jsonschema", "yaml", "py3langid", "huggingface_hub")
    script = f"import sys, synthdata; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_errors_render_as_one_line_in_a_notebook() -> None:
    assert sd.InputError("TOPIC is ''")._render_traceback_() == ["InputError: TOPIC is ''"]
    assert issubclass(sd.InputError, ValueError)
    stopped = sd.InterruptedRun("responses: 3 of 9 are answered and stored")
    assert stopped._render_traceback_() == ["Interrupted. responses: 3 of 9 are answered and stored"]
    assert isinstance(stopped, KeyboardInterrupt)


def read_requirements(lines: list[str]) -> set[str]:
    return {re.sub(r"\s", "", line.partition("#")[0]) for line in lines} - {""}


def test_requirements_and_pyproject_name_the_same() -> None:
    wanted = [*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines)]
    written = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert read_requirements(written) == read_requirements(wanted)
    reasons = [line for line in written if line and not line.startswith("#")]
    assert [line for line in reasons if "#" not in line and not line.startswith("pytest>")] == []
    users = set(EXTRAS) - {"dev"}
    assert set(re.findall(r"\w+", PROJECT["optional-dependencies"]["all"][0])) == {"synthdata", *users}


def test_the_changelog_begins_with_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\d+\.\d+\.\d+)", text, re.M)[0] == sd.__version__


def normalize(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def name_packages(lines: list[str]) -> set[str]:
    return {normalize(re.match(r"[\w.-]+", line)[0]) for line in lines}  # type: ignore[index]


def list_imports() -> list[tuple[Path, ast.AST, str, bool]]:
    """Every import of the library: file, node, module, and whether it stands inside a function."""
    found = []
    for path in sorted((ROOT / "synthdata").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inner = {
            id(x) for f in ast.walk(tree) if isinstance(f, (ast.FunctionDef, ast.AsyncFunctionDef)) for x in ast.walk(f)
        }
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [(path, node, name, id(node) in inner) for name in names]
    return found


def test_what_is_imported_is_declared() -> None:
    """What loads with the library is a dependency; what loads when used may come with an extra for users."""
    packages = importlib.metadata.packages_distributions()
    core = name_packages(PROJECT["dependencies"])
    # IPython comes with ipywidgets.
    users = {"ipython"} | name_packages([line for name, lines in EXTRAS.items() if name != "dev" for line in lines])
    for path, _, module, inside in list_imports():
        name = module.partition(".")[0]
        if name in sys.stdlib_module_names or name == "synthdata":
            continue
        found = {normalize(package) for package in packages[name]}
        assert found & (core | users if inside else core), (path.name, module)


def test_what_an_extra_is_said_to_have_it_has() -> None:
    packages = importlib.metadata.packages_distributions()
    calls = []
    for path in (ROOT / "synthdata").rglob("*.py"):
        calls += re.findall(r'load_extra\("([\w.]+)", "(\w+)"', path.read_text(encoding="utf-8"))
    assert len(calls) >= 5
    for module, extra in calls:
        found = {normalize(package) for package in packages[module.partition(".")[0]]}
        assert found & (name_packages(EXTRAS[extra]) | {"ipython"}), (module, extra)


def test_every_dependency_is_used() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "synthdata").rglob("*.py"))
    modules: dict[str, set[str]] = {}
    for module, packages in importlib.metadata.packages_distributions().items():
        for package in packages:
            modules.setdefault(normalize(package), set()).add(module)
    for name in name_packages(PROJECT["dependencies"]):
        assert any(re.search(rf"\b{re.escape(module)}\b", text) for module in modules[name]), name


def test_nothing_imported_is_under_the_gpl() -> None:
    assert [name for name, _, licence in list_licences() if is_gpl(licence) and name not in OWN_PROCESS] == []


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("GPL-3.0", True),
        ("AGPL-3.0-or-later", True),
        ("GNU General Public License v3 (GPLv3)", True),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("LGPL-2.1-only AND GPL-2.0-only", True),
        ("MIT OR GPL-2.0", False),
        ("MPL-2.0", False),
    ],
)
def test_the_gpl_is_told_from_its_like(licence: str, expected: bool) -> None:
    assert is_gpl(licence) is expected


def test_no_import_of_our_own_hides_in_a_function() -> None:
    assert [
        (path.name, name) for path, _, name, inside in list_imports() if inside and name.startswith("synthdata")
    ] == []


def test_every_module_says_in_its_first_sentence_what_it_does() -> None:
    for path in (ROOT / "synthdata").rglob("*.py"):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert len(said) > 20, path
        assert "TODO" not in said, path


# What a subprocess does before it uses the library: modules and programs that are not there, and rows to call things with.
WITHOUT = """
import shutil, sys
for name in {missing}:
    sys.modules[name] = None
find = shutil.which
shutil.which = lambda name, *args, **options: None if name in {missing} else find(name, *args, **options)
import pandas as pd, synthdata as sd
scored = pd.DataFrame({{
    "id": ["1"], "instruction": ["a"], "response": ["b"], "finish_reason": ["stop"], "error": [None], "helpfulness": [3.0]
}})
decided = scored.assign(keep=True, reject_reason=None)
costs = pd.DataFrame({{"stage": ["responses"], "tokens_in": [1], "tokens_out": [1]}})
remote = sd.Client("http://127.0.0.1:9/v1#m")

def verify(fence, text):
    answer = f"```{{fence}}\\n{{text}}\\n```"
    return sd.verify_responses(pd.DataFrame({{"topic": ["any"], "instruction": ["How?"], "response": [answer]}}))
"""
FETCH = "from synthdata.models.local import catalog, fetch; fetch.fetch_model(catalog.MODELS['local:tiny'])"


def test_every_module_loads_without_any_extra() -> None:
    packages = importlib.metadata.packages_distributions()
    extras = name_packages([line for lines in EXTRAS.values() for line in lines]) | {"ipython"}
    core = name_packages(PROJECT["dependencies"])
    missing = {module for module, found in packages.items() if {normalize(name) for name in found} <= extras - core}
    assert {"xllamacpp", "matplotlib", "IPython", "ipywidgets", "kubernetes_validate"} <= missing
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "synthdata").rglob("*.py"))
        if path.name not in ("__init__.py", "__main__.py")
    ]
    script = (
        f"{WITHOUT.format(missing=sorted(missing))}\nimport importlib\n[importlib.import_module(n) for n in {names}]"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(
    ("missing", "call", "extra"),
    [
        ("xllamacpp", "sd.Client('local:tiny').complete([{'messages': []}], quiet=True)", "local"),
        ("huggingface_hub", FETCH.replace(":tiny", ""), "local"),
        ("filelock", FETCH, "local"),
        ("platformdirs", FETCH, "local"),
        ("matplotlib", "sd.plot_scores(scored)", "notebook"),
        ("matplotlib", "sd.plot_ledger(sd.make_ledger(decided, 1))", "notebook"),
        ("IPython", "sd.explore_thresholds(scored, sd.Thresholds())", "notebook"),
        ("anywidget", "sd.explore_thresholds(scored, sd.Thresholds())", "notebook"),
        ("itables", "sd.browse_rows(decided)", "notebook"),
        ("ipywidgets", "sd.explore_thresholds(scored, sd.Thresholds())", "notebook"),
        ("ipywidgets", "sd.review_rows(sd.explore_thresholds(scored, sd.Thresholds()), 'judged.jsonl')", "notebook"),
        ("genai_prices", "sd.add_prices(costs, remote, remote)", "prices"),
        ("shellcheck", "verify('bash', 'for c in $(docker ps -q); do\\n  docker stop $c\\nfi')", "verify"),
        ("hadolint", "verify('dockerfile', 'FROM alpine')", "verify"),
        ("ty", "verify('python', 'import os\\nos.getcwdd()')", "verify"),
        ("kubernetes_validate", "verify('yaml', 'apiVersion: v1\\nkind: Pod\\nmetadata:\\n  name: a')", "verify"),
    ],
)
def test_a_missing_extra_is_named_when_it_is_used(missing: str, call: str, extra: str, tmp_path: Path) -> None:
    script = f"{WITHOUT.format(missing=[missing])}\ntry:\n    {call}\nexcept sd.InputError as fault:\n    print('said:', fault)"
    environment = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    said = done.stdout.partition("said: ")[2].strip()
    assert f"the extra '{extra}'" in said, done.stderr[-2000:] or done.stdout
    assert len(said.splitlines()) == 1
    assert re.search(
        rf"run pip install '(\.|synthdata)\[{extra}\]'", said
    )  # the name only where it is ours: report_missing
