"""Judge a command of a client built on cobra and pflag (docker, kubectl, helm, gh) as those libraries read it.

Such a client reads its words in two passes. First cobra walks down the names of its commands (docker, image, ls) as long as they
match. It steps over flags on the way, and over the word behind a flag that needs one, so it must guess where it does not know
the flag: it takes the next word for its value. Then the flags of the command that was found go to pflag, which knows what each
of them takes:
- A long flag takes its value behind `=` or as the next word. A boolean flag takes no next word (`--rm false` is a flag and an
  argument), nor does a flag whose value is optional (`--dry-run client` likewise).
- Short flags join. In `-itp 80:80` the letters i and t are booleans, and p takes what is left of the word, or the next word where
  nothing is left; so `-name web` is -n with the value "ame".
- `--` ends the flags: what follows are arguments, whatever they begin with.
- Commands that start another program (docker run, kubectl exec) end them at the first argument: what follows belongs to that
  program. That is why the client never sees an option that stands behind the image's name.
"""

import re
from collections.abc import Sequence

from synthdata.verify.cli.profiles import OWN_OPTIONS, get_profile
from synthdata.verify.cli.reading import NAMED, OPTIONAL, Reading, is_single
from synthdata.verify.cli.specification import Command, Specification
from synthdata.verify.cli.suggest import suggest_command, suggest_flag
from synthdata.verify.cli.values import CHECKS
from synthdata.verify.problems import Word


def check_pflag(words: Sequence[Word], specification: Specification, shown: str, path: str) -> Reading:
    """Check one command of a client built on cobra and pflag: how far it was read, with its problems in the order of its words.

    shown: the program as it was written. path: the command path that the program stands for, "" for the client itself.
    """
    reading = Reading(specification, shown, path)
    rest = find_command(words, reading)
    if rest is not None:
        check_rest(rest, reading)
    return reading


def find_command(words: Sequence[Word], reading: Reading) -> list[Word] | None:
    """Find the command by walking down its names as cobra does: the words left over, None when no more can be judged."""
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
    """Tell whether a flag is known to need no word after it; cobra lets one that it does not know take a word."""
    name = text[2:] if text.startswith("--") else command.shorts.get(text[1], "")
    kind = command.flags.get(name, "")
    return kind == "bool" or kind.endswith("?")


def check_rest(rest: list[Word], reading: Reading) -> None:
    """Judge flags, and then what stands beside them: a subcommand that does not exist, or too few or many arguments."""
    command = reading.command
    if command.free:
        return
    arguments, sure = check_flags(rest, reading)
    if any(problem.fatal for problem in reading.problems):
        return
    if command.group:
        if arguments and arguments[0].known:
            text = arguments[0].text
            if not reading.path and text in reading.specification.external:
                return
            nearest = suggest_command(reading.path, text, reading.specification)
            reading.report_unknown("unknown command", arguments[0], text, nearest)
        return
    check_arguments(rest, arguments, sure, reading)


def check_arguments(rest: list[Word], arguments: list[Word], sure: bool, reading: Reading) -> None:
    """Judge the arguments of a command: how many, what the first one is, and options that came too late to be options."""
    command, profile = reading.command, get_profile(reading.specification.program)
    low, high = command.arguments
    first = rest[0] if rest else Word("")
    given = {word.text.partition("=")[0].lstrip("-") for word in rest if word.text.startswith("-")}
    given |= {command.shorts.get(letter, "") for name in given for letter in name}
    stands_in = bool(given & profile.instead)
    missing = sorted(command.required - given) if sure else []
    if missing and not stands_in:
        reading.report("missing flag", first, f"--{missing[0]}", f"--{missing[0]} is required")
    elif sure and not stands_in and (len(arguments) < low or (high is not None and len(arguments) > high)):
        right = f"at least {low}" if high is None else str(low) if low == high else f"{low} to {high}"
        reading.report("wrong number of arguments", first, "", right)
    kind = profile.argument_kinds.get(reading.path, "")
    for word in arguments[:1] if kind else ():
        if word.known and (right := CHECKS[kind](word.text)):
            reading.report("bad value", word, word.text, right)
    if command.stops and len(arguments) > 1:
        check_late_option(arguments, reading)


def check_late_option(arguments: list[Word], reading: Reading) -> None:
    """Report an option of the client's own that stands behind the image's or container's name, where the client hands it on."""
    subject, late = arguments[0], arguments[1]
    if not is_single(subject) or not late.text.startswith("-") or late.text in ("-", "--"):
        return
    name, _, value = late.text.lstrip("-").partition("=")
    command, profile = reading.command, get_profile(reading.specification.program)
    following = arguments[2].text if len(arguments) > 2 else value
    if late.text.startswith("--"):
        own = name in command.flags
    else:
        own = bool(name) and all(letter in command.shorts for letter in name[:1])
        kind = command.flags.get(command.shorts.get(name[:1], ""), "")
        # A letter means something to many programs: it was meant for the client where its value is of the client's kind.
        pattern = profile.late_values.get(command.shorts.get(name[:1], ""), r"(?!)")
        meant = kind == "bool" or re.fullmatch(pattern, following or name[1:]) is not None
        own = own and (not late.known or meant)
    program = subject.text.rpartition("/")[2].partition(":")[0].partition("@")[0]
    takes_options = OWN_OPTIONS.search(program) is not None and reading.path not in profile.by_name
    if own:
        text = f"{subject.text} {late.text}"
        reading.report(
            "option after the image", late, text, f"put {late.text} before {subject.text}", fatal=not takes_options
        )


def check_flags(words: Sequence[Word], reading: Reading) -> tuple[list[Word], bool]:
    """Judge flags as pflag does. Returns the arguments between them, and whether their number is sure."""
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
            sure = sure and is_single(word)
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
    return [*arguments, *words[position:]], sure and all(is_single(word) for word in words[position:])


def check_long(word: Word, following: Word | None, reading: Reading) -> str:
    """Judge a long flag; what is returned is as of check_value, or "unsure" where the number of arguments is."""
    name, equals, value = word.text[2:].partition("=")
    if name not in reading.command.flags:
        nearest = suggest_flag(name, reading.path, reading.specification)
        reading.report_unknown("unknown flag", word, f"--{name}", nearest)
        return "unsure"
    return check_value(name, word, value if equals else None, following, reading)


def check_shorts(word: Word, following: Word | None, reading: Reading) -> str:
    """Judge joined short flags, as check_long does a long one."""
    command = reading.command
    letters = word.text[1:]
    long = f"--{letters}" if len(letters) > 1 and letters in command.flags else ""
    outcome = ""
    while letters:
        letter, letters = letters[0], letters[1:]
        name = command.shorts.get(letter)
        if name is None:
            if letter != "h" and (word.known or letter.isalnum()):
                reading.report_unknown("unknown flag", word, f"-{letter}", long)
            return "unsure"
        kind = command.flags[name]
        value = None
        if len(letters) > 1 and letters[0] == "=":
            value, letters = letters[1:], ""
        elif kind != "bool" and not kind.endswith("?") and letters:
            value, letters = letters, ""
        outcome = check_value(name, word, value, following, reading, long)
    if len(long) > 4 and not reading.problems:  # `-namespace x` is read as `-n amespace`
        reading.report("single dash", word, word.text, long, fatal=False)
    return outcome


def check_value(
    name: str, word: Word, value: str | None, following: Word | None, reading: Reading, long: str = ""
) -> str:
    """Judge a known flag's value, joined to it or the word that follows: "took" when that word was used up.

    long: the long flag that a word with one dash may have been meant for.
    """
    command = reading.command
    reading.used.append(name)
    dashed = name if name[0] == "-" else f"--{name}"
    successors = get_profile(reading.specification.program).successors
    if name in command.deprecated or (name in command.hidden and name in successors):
        reading.report("deprecated", word, dashed, successors.get(name, ""), fatal=False)
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
        reading.report_unknown("bad value", word, f"{dashed} {value}", long or right)
    return outcome
