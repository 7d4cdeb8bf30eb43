"""Make a command specification by asking the installed client itself, with no server to reach.

    python -m synthdata.verify.crawl docker [--plugins FOLDER] [--arguments] [--out docker.json]
    python -m synthdata.verify.crawl kubectl [--program PATH] [--arguments]
    python -m synthdata.verify.crawl git [--man FOLDER]
    python -m synthdata.verify.crawl terraform

Any client built on cobra and pflag can be asked, git, and terraform. The file that is written has facts only: names, kinds of
value, numbers of arguments, and the version they were taken from. What only a server can refuse is in none.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from synthdata.base.errors import InputError
from synthdata.verify.cli.profiles import get_profile
from synthdata.verify.cli.specification import FOLDER
from synthdata.verify.crawl.cobra import PROBE, crawl_client, crawl_plugins, find_persistent, find_traversal
from synthdata.verify.crawl.git import crawl_git
from synthdata.verify.crawl.installed import open_client
from synthdata.verify.crawl.terraform import crawl_terraform


def crawl(name: str, program: str = "", plugins: str = "", man: str = "", arguments: bool = False) -> dict[str, Any]:
    """Make the specification of an installed client. Raises InputError when it is not installed, or of a kind not known."""
    with open_client(name, program, plugins="") as client:
        if get_profile(name).grammar == "git":
            return crawl_git(client, man)
        if get_profile(name).grammar == "goflag":
            return crawl_terraform(client)
        if f"unknown flag: {PROBE[0]}" not in client.ask(PROBE[0]):
            raise InputError(
                f"{name!r} does not answer as a client built on cobra does, so its commands cannot be read: nothing is written."
            )
        said = client.ask("version", "--client") + client.ask("--version")
        version = re.search(r"v?(\d+\.\d+\.\d+[\w.+-]*)", said)
        facts = crawl_client(client, arguments=arguments)
        traverses = find_traversal(client, facts["commands"])
        if plugins:
            crawl_plugins(client, plugins, facts, arguments)
    return {
        "program": name,
        "version": version[1] if version else "",
        "grammar": get_profile(name).grammar,
        "traverses": traverses,
        "persistent": find_persistent(facts["commands"]),
        "external": [other for other in get_profile(name).external if other not in facts["commands"]],
        **facts,
    }


def write_specification(specification: dict[str, Any], path: Path) -> None:
    """Write sorted JSON, one command a line, so that two versions can be compared line by line."""
    parts = []
    for key, value in sorted(specification.items()):
        if isinstance(value, dict) and value:
            rows = (
                f"{json.dumps(k)}: {json.dumps(v, sort_keys=True, ensure_ascii=False)}"
                for k, v in sorted(value.items())
            )
            parts.append(f"{json.dumps(key)}: {{\n" + ",\n".join(rows) + "\n}")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def main(words: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m synthdata.verify.crawl", description=__doc__.split("\n")[0])
    parser.add_argument("name", help="docker, git, kubectl, terraform, or any client built on cobra")
    parser.add_argument("--program", default="", help="file to run, when it is not the one on PATH")
    parser.add_argument("--plugins", default="", help="folder of docker CLI plugins to include")
    parser.add_argument("--man", default="", help="folder of git's man pages, for options that its help leaves out")
    parser.add_argument("--source", default=[], action="append", help="where the client or a plugin came from")
    parser.add_argument("--arguments", action="store_true", help="find numbers of arguments by running each command")
    parser.add_argument("--out", help="file to write, else the one that the checker reads")
    chosen = parser.parse_args(words)
    try:
        specification = crawl(chosen.name, chosen.program, chosen.plugins, chosen.man, chosen.arguments)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    specification["sources"] = chosen.source
    path = Path(chosen.out) if chosen.out else FOLDER / f"{chosen.name}.json"
    write_specification(specification, path)
    print(f"{path.name}: {len(specification['commands'])} commands of {chosen.name} {specification['version']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
