"""Is this command one that the real client would take?

Covers clients whose specification crawl.py has made: the command path, flags in every form that Go's pflag reads, values by
kind, the number of arguments, hidden and deprecated names; git, whose options are read otherwise, is in cli_git.py. Not
covered: finding and splitting commands (shell.py), what only a server can refuse.
"""

from collections.abc import Sequence

from synthdata.verify.cli.profiles import SUCCESSORS
from synthdata.verify.cli.reading import NAMED, OPTIONAL, Reading
from synthdata.verify.cli.specification import Command, Specification
from synthdata.verify.cli.suggest import suggest_command, suggest_flag
from synthdata.verify.cli.values import CHECKS
from synthdata.verify.problems import Problem, Word


def check_command(words: Sequence[Word], specification: Specification) -> list[Problem]:
    """Problems of one command, in the order of its words. words[0] is the program, by name or path.

    Words that are not known stand for any words: they are never judged, and nothing is judged that hangs on them.
    Kinds: unknown command, unknown flag, bad value, missing value, wrong number of arguments, removed command, deprecated.
    """
    if not words:
        return []
    program = words[0].text.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".exe")
    if program == "docker-machine":
        return [Problem("removed command", program, words[0].line, "docker context")]
    if specification.grammar == "git":
        from synthdata.verify.cli.git import check_git

        return check_git(words, specification)
    if program == "docker-compose":
        reading = Reading(specification, program, "compose" if "compose" in specification.commands else "")
        reading.report("deprecated", words[0], "", "docker compose", fatal=False)
        if not reading.path:
            return reading.problems
    else:
        reading = Reading(specification, program or specification.program)
    rest = find_command(words, reading)
    if rest is not None:
        check_rest(rest, reading)
    return reading.problems


def find_command(words: Sequence[Word], reading: Reading) -> list[Word] | None:
    """Walk down the command's names as cobra does: the words left over, None when no more can be judged."""
    kept: list[Word] = []
    position = 1
    while position < len(words):
        word = words[position]
        text = word.text
        if not text.startswith("-") or text == "-":
            if not reading.command.group:
                break
            if not word.known:
                return None
            further = reading.specification.resolve(reading.path, text)
            if further is None:
                break
            if reading.specification.traverses:  # flags stand behind the name that they belong to
                if not check_flags(kept, reading)[1]:  # --help, or a flag that does not exist
                    return None
                kept = []
            reading.path, reading.shown = further, f"{reading.shown} {text}"
        else:
            kept.append(word)
            if text == "--":
                position += 1
                break
            if "=" not in text and (text.startswith("--") or len(text) == 2) and not takes_none(text, reading.command):
                position += 1
                kept += words[position : position + 1]
        position += 1
    return [*kept, *words[position:]]


def takes_none(text: str, command: Command) -> bool:
    """Whether a flag is known to need no word after it; cobra lets one that it does not know take a word."""
    name = text[2:] if text.startswith("--") else command.shorts.get(text[1], "")
    kind = command.flags.get(name, "")
    return kind == "bool" or kind.endswith("?")


def check_rest(rest: list[Word], reading: Reading) -> None:
    """Judge flags, and then what stands beside them: a subcommand that does not exist, or too few or many arguments."""
    command = reading.command
    if command.free or (not reading.path and rest and rest[0].text in reading.specification.external):
        return
    arguments, sure = check_flags(rest, reading)
    if any(problem.fatal for problem in reading.problems):
        return
    if command.group:
        if arguments and arguments[0].known:
            text = arguments[0].text
            reading.report(
                "unknown command", arguments[0], text, suggest_command(reading.path, text, reading.specification)
            )
        return
    low, high = command.arguments
    if sure and (len(arguments) < low or (high is not None and len(arguments) > high)):
        right = f"at least {low}" if high is None else str(low) if low == high else f"{low} to {high}"
        reading.report("wrong number of arguments", rest[0] if rest else Word(""), "", right)


def check_flags(words: Sequence[Word], reading: Reading) -> tuple[list[Word], bool]:
    """Read words as pflag does. Returns the arguments, and whether their number is sure."""
    command = reading.command
    arguments: list[Word] = []
    sure = True
    position = 0
    while position < len(words):
        word = words[position]
        text = word.text
        position += 1
        if text == "--":
            break
        if not text.startswith("-") or text == "-":
            sure = sure and word.known
            if not word.known and OPTIONAL.search(text):
                continue
            arguments.append(word)
            if command.stops or (command.group and word.known):
                break
        elif word.known or NAMED.match(text):
            following = words[position] if position < len(words) else None
            outcome = (check_long if text.startswith("--") else check_shorts)(word, following, reading)
            sure = sure and outcome != "unsure"
            if outcome == "took" and following is not None:
                position += 1
                sure = sure and (following.known or not OPTIONAL.search(following.text))
        else:
            sure = False
    return [*arguments, *words[position:]], sure and all(word.known for word in words[position:])


def check_long(word: Word, following: Word | None, reading: Reading) -> str:
    name, equals, value = word.text[2:].partition("=")
    if name not in reading.command.flags:
        reading.report("unknown flag", word, f"--{name}", suggest_flag(name, reading.path, reading.specification))
        return "unsure"
    return check_value(name, word, value if equals else None, following, reading)


def check_shorts(word: Word, following: Word | None, reading: Reading) -> str:
    command = reading.command
    letters = word.text[1:]
    long = f"--{letters}" if len(letters) > 1 and letters in command.flags else ""
    outcome = ""
    while letters:
        letter, letters = letters[0], letters[1:]
        name = command.shorts.get(letter)
        if name is None:
            if letter != "h" and (word.known or letter.isalnum()):
                reading.report("unknown flag", word, f"-{letter}", long)
            return "unsure"
        kind = command.flags[name]
        value = None
        if len(letters) > 1 and letters[0] == "=":
            value, letters = letters[1:], ""
        elif kind != "bool" and not kind.endswith("?") and letters:
            value, letters = letters, ""
        outcome = check_value(name, word, value, following, reading, long)
    return outcome


def check_value(
    name: str, word: Word, value: str | None, following: Word | None, reading: Reading, long: str = ""
) -> str:
    """Judge a known flag's value, joined to it or the word that follows: "took" when that word was used up.

    long: the long flag that a word with one dash may have been meant for.
    """
    command = reading.command
    dashed = name if name[0] == "-" else f"--{name}"
    if name in command.deprecated or (name in command.hidden and name in SUCCESSORS):
        reading.report("deprecated", word, dashed, SUCCESSORS.get(name, ""), fatal=False)
    kind = command.flags[name]
    known, outcome = word.known, ""
    if value is None:
        if kind == "bool" or kind.endswith("?"):
            return "unsure" if name == "help" else ""
        if following is None:
            reading.report("missing value", word, word.text)
            return "unsure"
        value, known, outcome = following.text, following.known, "took"
    check = CHECKS.get(kind.removesuffix("?"))
    if known and check and (right := check(value)):
        reading.report("bad value", word, f"{dashed} {value}", long or right)
    return outcome
