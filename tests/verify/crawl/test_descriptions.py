"""Help texts in the forms that clients write them in."""

from synthdata.verify.crawl.descriptions import describe_commands, read_description

COBRA = """Usage:  thing network create [OPTIONS] NETWORK

Create a network

Options:
      --aux-address map      Auxiliary addresses used by
                             the driver (default map[])
  -d, --driver string        Driver to manage it (default "bridge")
      --internal             Restrict external access
"""

KUBECTL = """Create a deployment with the specified name.

Examples:
  # Create one
  kubectl create deployment my-dep --image=busybox

Options:
    --dry-run='none':
\tMust be "none" or "client". If client strategy, only print it.

    -o, --output='':
\tOutput format.

Usage:
  kubectl create deployment NAME --image=image
"""

GIT = """usage: git add [<options>] [--] <pathspec>...

    -n, --[no-]dry-run    dry run
    --chmod (+|-)x        override the executable bit
"""


def test_cobra() -> None:
    about, options = read_description(COBRA)
    assert about == "Create a network"
    assert options == {
        "aux-address": "Auxiliary addresses used by the driver",
        "driver": "Driver to manage it",
        "internal": "Restrict external access",
    }


def test_kubectl() -> None:
    about, options = read_description(KUBECTL)
    assert about == "Create a deployment with the specified name"
    assert options["output"] == "Output format"
    assert options["dry-run"].startswith('Must be "none" or "client"')


def test_git() -> None:
    assert read_description(GIT)[1] == {"dry-run": "dry run", "chmod": "override the executable bit"}


def test_a_client_that_is_not_installed_is_said(capsys) -> None:  # type: ignore[no-untyped-def]
    assert describe_commands("no-such-client", ["x"]) == {}
    assert "no-such-client is not installed here" in capsys.readouterr().out
