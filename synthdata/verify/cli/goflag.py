"""Judge a terraform command as it reads its words: names of commands, and then flags as Go's flag package takes them.

One dash or two are the same, letters do not join, a switch takes its value behind `=` alone, and flags end at the first argument.
What the client takes out before it reads flags (-no-color, marked "!" behind its kind) stands anywhere, and only as it is. Of the
client's own flags only -chdir, -help and -version stand before the command. -help stands anywhere, and then nothing else is read.
Numbers of arguments are not judged, but for a flag that came too late to be one.
"""

from collections.abc import Sequence

from synthdata.verify.cli.reading import NAMED, OPTIONAL, Reading
from synthdata.verify.cli.specification import Specification
from synthdata.verify.cli.suggest import suggest_command, suggest_flag
from synthdata.verify.cli.values import CHECKS
from synthdata.verify.problems import Word

HELP = frozenset({"-h", "-help", "--help"})


def check_goflag(words: Sequence[Word], specification: Specification, shown: str, path: str) -> Reading:
    """Check one terraform command: how far it was read, with its problems in order. shown, path: as check_pflag has them."""
    reading = Reading(specification, shown, path)
    # `terraform {` begins a block of its configuration language.
    if any(word.text in HELP for word in words) or (len(words) > 1 and words[1].text == "{"):
        return reading
    position = 1
    while position < len(words):
        word = words[position]
        if word.text.startswith("-"):
            if reading.path or not read_global(word, reading):
                break
        elif not reading.command.group or not word.known:
            break
        elif further := specification.resolve(reading.path, word.text):
            reading.path, reading.shown = further, f"{reading.shown} {word.text}"
        else:
            reading.report_unknown(
                "unknown command", word, word.text, suggest_command(reading.path, word.text, specification)
            )
            break
        position += 1
    if reading.path and not reading.problems:
        read_flags(words[position:], reading)
    return reading


def read_global(word: Word, reading: Reading) -> bool:
    """Judge a flag that stands before the command. Returns whether what follows can be read."""
    name, equals, _ = word.text.lstrip("-").partition("=")
    if name == "chdir" and not equals:
        reading.report("bad value", word, word.text, "-chdir=FOLDER")
    elif word.known and name not in ("chdir", "v", "version"):
        reading.report_unknown("unknown flag", word, word.text, "put it behind the command")
    return name == "chdir" and bool(equals)


def read_flags(words: Sequence[Word], reading: Reading) -> None:
    """Judge the flags of a command, to its first argument; one of its own that stands behind that is no flag any more."""
    flags = reading.command.flags
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if word.text == "--":
            return
        if not word.text.startswith("-") or word.text == "-":
            if word.known or not OPTIONAL.search(word.text):
                break
            continue
        if not word.known and not NAMED.match(word.text.replace("--", "-")):
            continue
        name, equals, value = word.text.removeprefix("-").removeprefix("-").partition("=")
        if name not in flags:
            nearest = suggest_flag(name, reading.path, reading.specification).replace("--", "-")
            reading.report_unknown("unknown flag", word, f"-{name}", nearest)
            return
        reading.used.append(name)
        kind, known = flags[name].rstrip("!"), word.known
        if flags[name] != kind and word.text != f"-{name}":
            reading.report("unknown flag", word, word.text, f"-{name}")
            return
        if not equals and kind != "bool":
            if position == len(words):
                reading.report("missing value", word, word.text)
                return
            value, known = words[position].text, words[position].known
            position += 1
        check = CHECKS.get(kind)
        if known and check and (equals or kind != "bool") and (right := check(value)):
            reading.report("bad value", word, f"-{name} {value}", right)
    for word in words[position:]:
        name = word.text.lstrip("-").partition("=")[0]
        if word.text == "--":
            return
        if word.text.startswith("-") and not flags.get(name, "!").endswith("!"):
            reading.report("wrong number of arguments", word, word.text, f"put -{name} before the arguments")
            return
