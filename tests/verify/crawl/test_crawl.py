"""The crawler against the installed clients: a command asked again is what the shipped specification says."""

import json
import shutil
from pathlib import Path

import pytest

import synthdata as sd
from synthdata.verify.cli.specification import FOLDER, load_specification
from synthdata.verify.crawl import __main__ as crawl
from synthdata.verify.crawl import cobra as crawl_cobra
from synthdata.verify.crawl import git as crawl_git
from synthdata.verify.crawl import terraform as crawl_terraform
from synthdata.verify.crawl.installed import Client, open_client

HELP = """
Usage:  tool thing make [OPTIONS] NAME

Aliases:
  tool thing make, tool thing create, tool make

Options:
  -d, --driver string      Manage it, unlike
                           --not-a-flag
      --dry-run            Try
  -f, --force[=never]      Optional
      --output='':
      --all=false:
"""


def test_flags_are_read_from_a_help_text() -> None:
    found = crawl_cobra.read_flags(HELP)
    assert found["driver"] == ("d", "string")
    assert found["dry-run"] == ("", "")
    assert set(found) >= {"driver", "dry-run", "force", "output", "all"}


def test_a_sentence_that_begins_with_the_program_is_not_its_usage() -> None:
    text = "tool uses a default for\n\n\ttool other one\n\nUSAGE\n  tool thing make [flags]\n"
    assert crawl_cobra.read_usage("tool", text) == "thing make"


def test_usage_and_aliases_are_read_from_a_help_text() -> None:
    assert crawl_cobra.read_usage("tool", HELP) == "thing make"
    commands = {"thing make": crawl_cobra.Command(help=HELP), "make": crawl_cobra.Command(help=HELP)}
    assert crawl_cobra.find_aliases("tool", commands) == {"make": "thing make", "thing create": "thing make"}


def test_a_program_that_is_not_there_is_an_input_error() -> None:
    with pytest.raises(sd.InputError, match="no-such-program"), open_client("no-such-program"):
        pass


def test_plugins_of_a_client_that_is_not_known_to_have_any_are_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(sd.InputError, match="'sh' has no plugin_folder"), open_client("sh", plugins=str(tmp_path)):
        pass


def test_a_written_specification_reads_back(tmp_path: Path) -> None:
    specification = {"program": "tool", "commands": {"b": {"flags": {}}, "a": {"flags": {"x": "bool"}}}, "aliases": {}}
    crawl.write_specification(specification, tmp_path / "tool.json")
    assert json.loads((tmp_path / "tool.json").read_text()) == specification
    assert (tmp_path / "tool.json").read_text().count("\n") > 5


def test_a_command_that_is_listed_and_cannot_be_asked_is_kept_and_not_judged(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("""#!/bin/sh
case "$*" in
    --help) printf 'USAGE\\n  tool <command>\\n\\nCORE COMMANDS\\n  exec:  Run\\n  make:  Make\\n' ;;
    "make --help") printf 'USAGE\\n  tool make\\n\\nFLAGS\\n  -d, --dry   Try\\n' ;;
    "make "* | --zz*) for word; do [ "$word" = make ] || [ "$word" = --dry ] || { echo "unknown flag: $word"; exit; }; done ;;
    *) echo "log in first" ;;
esac
""")
    tool.chmod(0o755)
    client = Client("tool", str(tool), {"PATH": "/usr/bin:/bin"}, str(tmp_path))
    commands = crawl_cobra.crawl_client(client)["commands"]
    assert set(commands) == {"", "exec", "make"}
    assert commands["exec"] == {"free": True}
    facts = {"program": "tool", "version": "1", "grammar": "pflag", "aliases": {}, "commands": commands}
    crawl.write_specification(facts, tmp_path / "tool.json")
    assert load_specification(str(tmp_path / "tool.json")).commands["exec"].free
    assert "dry" in commands["make"]["flags"]


def test_a_client_that_is_no_cobra_client_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert crawl.main(["tool", "--program", "sh", "--out", str(tmp_path / "x.json")]) == 2
    assert "'tool' does not answer as a client built on cobra" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


TERRAFORM_HELP = """
Usage: terraform [global options] state <subcommand> [options] [args]

  Options that are named -so in a sentence are none.

Subcommands:
    list    List resources
    mv      Move an item

Options:

  -lock=false  Don't lock
  -var 'a=b'   A variable
"""


def test_commands_and_flags_are_read_from_the_help_of_terraform() -> None:
    assert crawl_terraform.find_children(TERRAFORM_HELP) == ["list", "mv"]
    assert crawl_terraform.find_flags(TERRAFORM_HELP) == ["lock", "var"]
    assert crawl_terraform.read_usage(TERRAFORM_HELP) == "state"


def test_the_installed_terraform_says_what_is_shipped() -> None:
    require("terraform", "1.11.4")
    shipped = read_shipped("terraform")
    with open_client("terraform") as client:
        for path in ("validate", "import"):
            names = ["destroy", "recursive", *dict(shipped[path]["flags"])]  # type: ignore[call-overload]
            found = crawl_terraform.probe_command(client, path, client.ask(*path.split(), "-help"), names)
            assert found == shipped[path]


def read_shipped(name: str) -> dict[str, dict[str, object]]:
    return dict(json.loads((FOLDER / f"{name}.json").read_bytes())["commands"])


def require(name: str, version: str) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed: the shipped specification is not compared with a real client")
    with open_client(name) as client:
        said = client.ask("--version")
    if version not in said:
        pytest.skip(f"the installed {name} is {said.strip()!r}, not the {version} that the specification was made from")


def test_the_installed_docker_says_what_is_shipped() -> None:
    require("docker", "28.2.2")
    shipped = read_shipped("docker")
    with open_client("docker") as client:
        for path in ("container run", "network create", "image tag", "volume ls"):
            command = crawl_cobra.read_help(client, path)
            assert command is not None
            crawl_cobra.probe_command(client, path, {path: command}, arguments=True)
            found, known = json.loads(json.dumps(command.write())), dict(shipped[path])
            for facts in (found, known):  # --help is shared by all commands, and kept with the client
                facts["flags"] = {name: kind for name, kind in facts["flags"].items() if name != "help"}
            assert found == known


def test_hidden_flags_are_found_by_probing() -> None:
    require("docker", "28.2.2")
    with open_client("docker") as client:
        command = crawl_cobra.read_help(client, "run")
        assert command is not None
        assert "--net " not in command.help
        crawl_cobra.probe_command(client, "run", {"run": command}, arguments=False)
    assert {"net", "net-alias"} <= command.hidden
    assert command.stops
    assert "policy" not in command.flags


def test_the_installed_git_says_what_is_shipped() -> None:
    require("git", "2.39.5")
    shipped = read_shipped("git")
    with open_client("git") as client:
        client.ask("init", "-q", ".")
        client.ask("-c", "user.name=n", "-c", "user.email=e@localhost", "commit", "-q", "--allow-empty", "-m", "m")
        for path in ("commit", "stash push"):
            flags = crawl_git.probe_command(client, path, "")["flags"]
            assert len(flags) > 10
            assert {k: v.rstrip("!") for k, v in flags.items()}.items() <= {
                k: v.rstrip("!")
                for k, v in dict(shipped[path]["flags"]).items()  # type: ignore[call-overload]
            }.items()


def test_the_command_line_writes_a_file_and_refuses_what_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crawl.main(["no-such-program", "--out", str(tmp_path / "x.json")]) == 2
    assert "not installed" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
