"""What a dataset exercises of a client, by the verifier's own reading."""

import pandas as pd
import pytest

import synthdata as sd
from synthdata.verify.cli.specification import load_specification
from synthdata.verify.coverage import list_drawable, list_uses, read_source


@pytest.mark.parametrize(
    ("line", "path", "flags"),
    [
        ("docker run -d --memory=512m nginx --restart", "container run", {"detach", "memory"}),
        ("sudo docker ps -aq", "container ls", {"all", "quiet"}),
        ("docker-compose up -d --build", "compose up", {"detach", "build"}),
        ("docker compose -f x.yaml up --wait", "compose up", {"wait"}),
        ("kubectl -n web get pods -o wide", "get", {"output"}),
        ("git commit --amend -m x", "commit", {"amend", "-m"}),
        ("git log --oneline", "log", {"oneline"}),
        ("terraform plan -out=x", "plan", {"out"}),
        ("helm upgrade --install a b --set x=1", "upgrade", {"install", "set"}),
    ],
)
def test_a_command_is_read_with_its_flags(line: str, path: str, flags: set[str]) -> None:
    program = line.removeprefix("sudo ").split()[0].partition("-")[0]
    (use,) = list_uses(f"Do this:\n```bash\n{line}\n```\n", program)
    assert use.path == path
    assert flags <= use.flags
    assert use.flags - flags <= {"namespace", "file"}  # of their parents


def test_what_does_not_exist_is_no_use() -> None:
    text = "```\ndocker run --memoryy=1 x\ndocker frobnicate\ndocker\n```\nIn prose, docker ps does it."
    assert list_uses(text, "docker") == []


def test_commands_inside_files_count() -> None:
    assert [use.path for use in list_uses("```makefile\nbuild:\n\tdocker build -t x .\n```", "docker")] == [
        "image build"
    ]


def test_what_is_drawn_is_read_again_as_it_was_written() -> None:
    uses = read_source("docker container run --memory=BYTES --rm && docker volume create --label=LIST", "docker")
    assert [(use.path, set(use.flags)) for use in uses] == [
        ("container run", {"memory", "rm"}),
        ("volume create", {"label"}),
    ]


@pytest.mark.parametrize("program", ["docker", "git", "kubectl", "gh", "helm", "terraform"])
def test_every_option_that_may_be_drawn_is_read_as_itself(program: str) -> None:
    for path, options in list_drawable(program).items():
        kinds = load_specification(program).commands[path].flags
        written = (f"--{name}" if kinds[name] == "bool" else f"--{name}=X" for name in options)
        for name, option in zip(options, written, strict=True):
            (use,) = read_source(f"{program} {path} {option}", program)
            assert name in use.flags


def test_coverage_counts_rows_and_names_what_is_missing() -> None:
    df = pd.DataFrame({"response": ["`docker ps -a`", "```\ndocker ps -q\ndocker ps -a\n```", None, "nothing"]})
    table = sd.measure_coverage(df, "docker").set_index("command")
    assert table.loc["container ls", ["rows", "exercised"]].tolist() == [2, 2]
    assert "filter" in table.loc["container ls", "missing"]
    assert "all" not in table.loc["container ls", "missing"].split(", ")
    assert table["rows"].sum() == 2
    assert table.index[0] == "container ls"
    figure = sd.plot_coverage(table.reset_index())
    assert "1 of" in figure.axes[0].get_title()


def test_an_unknown_client_is_named() -> None:
    with pytest.raises(sd.InputError, match="No specification of 'nope'"):
        sd.measure_coverage(pd.DataFrame({"response": ["x"]}), "nope")
