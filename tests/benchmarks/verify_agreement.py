"""Does our verdict on a docker command agree with the real client's parser? On commands that models wrote.

    python -m tests.benchmarks.verify_agreement rows.jsonl [--plugins FOLDER] [--list]

rows.jsonl: one object a line with a "response". Each `docker ...` line of a fenced block is put to the installed client
(an argument list, never a shell; no daemon to reach, a home that is thrown away, no input, ten seconds) and to our checker.
Printed: precision and recall of "does not exist" (an unknown command or flag), and with --list each disagreement. The lines
are split by shlex here, which is enough to measure the checker; finding commands is shell.py's work.
"""

import argparse
import json
import re
import shlex
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from synthdata.verify.cli.grammar import judge_command
from synthdata.verify.cli.specification import load_specification
from synthdata.verify.crawl.installed import Client, open_client
from synthdata.verify.problems import Word

PLACEHOLDER = re.compile(r"[<>$`{}]|^\[|\]$|\.\.\.|…|^(your|my)[-_]|^[A-Z][A-Z_]+$")
ABSENT = re.compile(r"unknown (command|docker command|flag|shorthand flag)|is not a docker command", re.I)
REFUSED = re.compile(r"requires|accepts|invalid argument|needs an argument|bad flag syntax", re.I)


def find_lines(text: str) -> Iterator[list[str]]:
    for block in re.findall(r"^[ \t]*```[^\n]*\n(.*?)^[ \t]*```", text, re.S | re.M):
        for line in re.sub(r"\\\n", " ", block).split("\n"):
            try:
                words = shlex.split(line.strip().removeprefix("$ ").removeprefix("sudo "), comments=True)
            except ValueError:
                continue
            stops = [i for i, word in enumerate(words) if re.fullmatch(r"[|&;]+|\d?>+.*|<.*[^>]", word)]
            words = words[: stops[0]] if stops else words
            if words and words[0] == "docker":
                yield words


def ask_client(client: Client, words: list[str]) -> str:
    said = client.ask(*words[1:]).strip()
    if ABSENT.search(said.partition("\n")[0]) or re.search(r"^unknown (flag|shorthand)", said, re.M):
        return "absent"
    return "refused" if REFUSED.search(said.partition("\n")[0]) else "taken"


def judge(words: list[str]) -> str:
    problems = judge_command([Word(w, not PLACEHOLDER.search(w)) for w in words], load_specification("docker"))
    kinds = {problem.kind for problem in problems if problem.fatal}
    return "absent" if kinds & {"unknown command", "unknown flag"} else "refused" if kinds else "taken"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("rows", type=Path)
    parser.add_argument("--plugins", default="")
    parser.add_argument("--list", action="store_true")
    chosen = parser.parse_args()
    rows = [json.loads(line) for line in chosen.rows.read_text(encoding="utf-8").splitlines()]
    commands = sorted({tuple(words) for row in rows for words in find_lines(row["response"])})
    with open_client("docker", plugins=chosen.plugins) as client, ThreadPoolExecutor(2) as pool:
        real = list(pool.map(lambda words: ask_client(client, list(words)), commands))
    ours = [judge(list(words)) for words in commands]
    pairs = list(zip(commands, real, ours, strict=True))
    both = sum(r == o == "absent" for _, r, o in pairs)
    said, true = ours.count("absent"), real.count("absent")
    print(f"{len(commands)} different commands, {true} that do not exist by the real client")
    print(f"precision {both / max(said, 1):.3f} ({both}/{said}), recall {both / max(true, 1):.3f} ({both}/{true})")
    print(f"refused for another reason: real {real.count('refused')}, ours {ours.count('refused')}")
    if chosen.list:
        for words, r, o in pairs:
            if r != o:
                print(f"real {r}, ours {o}: {shlex.join(words)!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
