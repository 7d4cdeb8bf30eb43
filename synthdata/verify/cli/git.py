"""Judge a git command as git's own parsers read it.

They take unambiguous beginnings of long names, `--no-` before most, joined short options and `-<number>`. Numbers of
arguments and the aliases of a user's configuration are not judged, nor are commands whose parser does not name what it
refuses (marked free in the specification).
"""

from collections.abc import Sequence

from synthdata.verify.cli.profiles import get_profile
from synthdata.verify.cli.reading import NAMED, OPTIONAL, Reading
from synthdata.verify.cli.specification import Specification
from synthdata.verify.cli.suggest import suggest_command, suggest_flag
from synthdata.verify.cli.values import CHECKS
from synthdata.verify.problems import Word


def check_git(words: Sequence[Word], specification: Specification, shown: str, path: str) -> Reading:
    """Check one git command: how far it was read, with its problems in order. shown, path: as check_pflag has them."""
    reading = Reading(specification, shown, path)
    profile = get_profile(specification.program)
    position = read_options(words, 1, reading)
    while position < len(words) and reading.command.group:
        word = words[position]
        if not word.known:
            return reading
        further = specification.resolve(reading.path, word.text)
        if further is None:
            if word.text in profile.subcommands.get(reading.path, ()):
                return reading
            if not reading.path and word.text not in specification.external and not reading.problems:
                reading.report_unknown(
                    "unknown command", word, word.text, suggest_command("", word.text, specification)
                )
            elif reading.path and not reading.command.facts.get("open") and not reading.problems:
                reading.report_unknown(
                    "unknown command", word, word.text, suggest_command(reading.path, word.text, specification)
                )
            return reading
        reading.path, reading.shown = further, f"{reading.shown} {word.text}"
        position = read_options(words, position + 1, reading)
    return reading


def read_options(words: Sequence[Word], position: int, reading: Reading) -> int:
    """Judge options from a position on, to the first argument where more names may follow: the position it stopped at."""
    command = reading.command
    if command.free and not command.group:
        return len(words)
    while position < len(words):
        word = words[position]
        text = word.text
        if not text.startswith("-") or text == "-":
            if command.group or (command.stops and not (not word.known and OPTIONAL.search(text))):
                return position
        elif text == "--":
            return len(words)
        elif not command.free and (word.known or NAMED.match(text)):
            following = words[position + 1] if position + 1 < len(words) else None
            position += (read_long if text.startswith("--") else read_shorts)(word, following, reading)
        position += 1
    return position


def read_long(word: Word, following: Word | None, reading: Reading) -> int:
    """Judge a long option: 1 when it takes the word that follows."""
    name, equals, value = word.text[2:].partition("=")
    full = complete_name(name, reading)
    if full is None:
        nearest = suggest_flag(name, reading.path, reading.specification)
        reading.report_unknown("unknown flag", word, f"--{name}", nearest)
        return 0
    return read_value(full, word, value if equals else None, following, reading)


def read_shorts(word: Word, following: Word | None, reading: Reading) -> int:
    """Judge joined short options: 1 when the last of them takes the word that follows."""
    command = reading.command
    letters = word.text[1:]
    if len(letters) > 2 and letters in command.flags and not all(f"-{letter}" in command.flags for letter in letters):
        reading.report("unknown flag", word, word.text, f"--{letters}")
        return 0
    if command.facts.get("any_short") or letters.isdecimal():
        return 0
    long = f"--{letters}" if len(letters) > 1 and complete_name(letters, reading) else ""
    while letters:
        letter, letters = letters[0], letters[1:]
        kind = command.flags.get(f"-{letter}")
        if kind is None:
            if letter != "h" and word.known and not (letter.isdecimal() and command.facts.get("numbers")):
                reading.report("unknown flag", word, f"-{letter}", long)
            return 0
        if kind == "bool":
            reading.used.append(f"-{letter}")
        else:
            return read_value(f"-{letter}", word, letters or None, following, reading)
    return 0


def read_value(name: str, word: Word, value: str | None, following: Word | None, reading: Reading) -> int:
    """Judge a known option's value, joined to it or the word that follows: 1 when that word was used up."""
    reading.used.append(name)
    kind = reading.command.flags[name].rstrip("!")
    known, taken = word.known, 0
    if value is None:
        if kind == "bool" or kind.endswith("?"):
            return 0
        if following is None:
            reading.report("missing value", word, word.text)
            return 0
        value, known, taken = following.text, following.known, 1
    if kind == "bool" and name != "help":
        reading.report("bad value", word, f"--{name}={value}", f"--{name}")
    elif known and kind == "int" and (right := CHECKS["git-int"](value)):
        reading.report("bad value", word, f"{name} {value}", right)
    return taken


def complete_name(name: str, reading: Reading) -> str | None:
    """Find the option that a name, or the unambiguous beginning of one, stands for; None when there is none."""
    flags = reading.command.flags
    if name in flags:
        return name
    begun = [flag for flag, kind in flags.items() if flag.startswith(name) and not kind.endswith("!")] if name else []
    positive = [flag for flag in begun if not flag.startswith("no-")] or begun
    return positive[0] if len(positive) == 1 else None
