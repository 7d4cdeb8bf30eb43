"""Does our verdict agree with the real parser on commands put together at random? For every client that is shipped.

    python -m tests.benchmarks.verify_fuzz docker|gh|git|helm|kubectl|terraform
        [--count 500] [--seed 0] [--program PATH] [--plugins FOLDER]

Commands are drawn from the specification: any command or alias, flags of its own in every form with values right and wrong,
and in half of them one name misspelt or taken from another command. Each ends in a flag that cannot exist, so that nothing
is ever run: when a client complains of that flag, it took all that stands before. Printed: the share of commands on which
client and checker agree, and each disagreement. Expect the specification's version and the client's to be the same.
"""

import argparse
import collections
import random
import re
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor

from synthdata.verify.cli.grammar import judge_command
from synthdata.verify.cli.specification import Specification, load_specification
from synthdata.verify.crawl.git import is_refused
from synthdata.verify.crawl.installed import Client, open_client
from synthdata.verify.problems import Word

PROBE = "--zzprobe-one"
ABSENT = re.compile(
    r"unknown (command|docker command|flag|shorthand flag|option|switch|subcommand)|unrecognized argument"
    r"|no command named|not defined: -|^Subcommands:|flags before the subcommand",
    re.I | re.M,
)
ENDING = {"help", "help-all", "-h", "version", "-v", "html-path", "man-path", "info-path", "exec-path"}  # act at once
VALUES = {
    "bool": ["true", "false", "1", "yes", "x"],
    "int": ["1", "-1", "007", "1.5", "x", "1_0", "0x1f", ""],
    "uint": ["1", "-1", "x"],
    "uint16": ["10", "70000", "-3"],
    "decimal": ["1", "1.5", ".5", "1/2", "x", "1e3"],
    "bytes": ["1", "512m", "512M", "1.5g", "1gb", "1GiB", "-1", "x", "5x", "1 g", "m"],
    "duration": ["5s", "1m30s", "0", "5", "x", "1.5h", "-1s", "1d"],
}


def draw_command(rng: random.Random, specification: Specification) -> list[str]:
    paths = {path: path for path in specification.commands} | specification.aliases
    path, canonical = rng.choice(sorted((p, c) for p, c in paths.items() if not specification.commands[c].free))
    words = [specification.program, *path.split()]
    command = specification.commands[canonical]
    flags = sorted(set(command.flags) - ENDING)
    for name in rng.sample(flags, min(len(flags), rng.randrange(4))):
        kind = command.flags[name].rstrip("!")
        value = rng.choice(VALUES.get(kind.rstrip("?"), ["x", "a=b", "x:y", "1"]))
        single = specification.grammar == "goflag" and (kind == "bool" or rng.random() < 0.5)
        dashed = name if name[0] == "-" else f"-{name}" if single else f"--{name}"
        short = next((letter for letter, long in command.shorts.items() if long == name), "")
        if short and rng.random() < 0.4:
            dashed = f"-{short}"
        if kind == "bool" or kind.endswith("?"):
            words.append(dashed if rng.random() < 0.8 or (dashed[1] != "-" and not single) else f"{dashed}={value}")
        elif rng.random() < 0.5:
            words += [dashed, value]
        else:
            words.append(
                f"{dashed}={value}" if single or dashed[1] == "-" or rng.random() < 0.5 else f"{dashed}{value}"
            )
    if rng.random() < 0.5:
        words, safe = misspell(rng, words, specification)
        if safe:
            return words
    return [*words, PROBE[1:] if specification.grammar == "goflag" else PROBE]


def misspell(rng: random.Random, words: list[str], specification: Specification) -> tuple[list[str], bool]:
    """Words with one name wrong, and whether they need no probe: a client of a server can do nothing here anyway."""
    if rng.random() < 0.4:
        other = specification.commands[rng.choice(sorted(specification.commands))]
        if other.flags:
            name = rng.choice(sorted(other.flags))
            return [*words, name if name[0] == "-" else f"--{name}"], False
    place = rng.randrange(1, len(words)) if len(words) > 1 else 0
    word = words[place]
    at = rng.randrange(len(word)) if word and place else 0
    if not place:
        return words, False
    changed = rng.choice([word[:at] + word[at + 1 :], word[:at] + rng.choice("aeinrst-") + word[at:], word + "s"])
    safe = specification.grammar == "pflag" and word[:1] != "-" and not any(w[:1] == "-" for w in words[:place])
    return [*words[:place], changed, *words[place + 1 :]], safe


def ask_client(client: Client, words: list[str]) -> str:
    said = client.ask(*words[1:])
    refused = is_refused(said, PROBE) or f"unknown flag: {PROBE}" in said or f"not defined: {PROBE[1:]}" in said
    return "taken" if refused else "absent" if ABSENT.search(said) or "not a git command" in said else "refused"


def judge(words: list[str], specification: Specification) -> str:
    problems = [p for p in judge_command([Word(w) for w in words], specification) if p.fatal]
    if not problems or problems[0].text.endswith(PROBE[1:]):
        return "taken" if problems else "silent"
    return "absent" if problems[0].kind in ("unknown command", "unknown flag") else "refused"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("name")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--program", default="")
    parser.add_argument("--plugins", default="")
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    specification = load_specification(chosen.name)
    commands = [draw_command(rng, specification) for _ in range(chosen.count)]
    with open_client(chosen.name, chosen.program, chosen.plugins) as client, ThreadPoolExecutor(2) as pool:
        if chosen.name == "git":
            client.ask("init", "-q", ".")
            client.ask("-c", "user.name=n", "-c", "user.email=e@localhost", "commit", "-q", "--allow-empty", "-m", "m")
        real = list(pool.map(lambda words: ask_client(client, words), commands))
    ours = [judge(words, specification) for words in commands]
    pairs = collections.Counter(zip(real, ours, strict=True))
    for (r, o), words in zip(zip(real, ours, strict=True), commands, strict=True):
        if r != o:
            print(f"real {r}, ours {o}: {shlex.join(words)}")
    for (r, o), count in pairs.most_common():
        print(f"{count:5} real {r}, ours {o}")
    print(f"agreement {sum(n for (r, o), n in pairs.items() if r == o) / chosen.count:.3f} of {chosen.count} commands")
    return 0


if __name__ == "__main__":
    sys.exit(main())
