"""Judge one command by the grammar of its client: the only place that knows them all."""

from collections.abc import Callable, Sequence

from synthdata.base.errors import InputError
from synthdata.verify.cli.git import check_git
from synthdata.verify.cli.goflag import check_goflag
from synthdata.verify.cli.pflag import check_pflag
from synthdata.verify.cli.profiles import get_profile
from synthdata.verify.cli.reading import Reading
from synthdata.verify.cli.specification import Specification
from synthdata.verify.problems import Problem, Word

# What a specification calls its grammar -> how the client's own parser reads words.
GRAMMARS: dict[str, Callable[[Sequence[Word], Specification, str, str], Reading]] = {
    "git": check_git,
    "goflag": check_goflag,
    "pflag": check_pflag,
}


def judge_command(words: Sequence[Word], specification: Specification) -> list[Problem]:
    """Judge one command: its problems, in the order of its words. words[0] is the program, by name or path.

    Words that are not known stand for any words: they are never judged, and nothing is judged that hangs on them.
    Kinds: unknown command, unknown flag, bad value, missing value, missing flag, wrong number of arguments, option after the
    image, removed command; and remarks: deprecated, single dash, newer version.
    Raises InputError when the specification names a grammar that is none.
    """
    if not words:
        return []
    program, profile = name_program(words[0]), get_profile(specification.program)
    if program in profile.gone:
        return [Problem("removed command", program, words[0].line, profile.gone[program])]
    reading = read_command(words, specification)
    if program in profile.programs:
        renamed = f"{specification.program} {profile.programs[program]}"
        known = profile.programs[program] in specification.commands
        return [
            Problem("deprecated", program, words[0].line, renamed, fatal=False),
            *(reading.problems if known else []),
        ]
    return reading.problems


def read_command(words: Sequence[Word], specification: Specification) -> Reading:
    """Read one command, of at least one word: the path of its command, the flags that it uses, its problems.

    Raises InputError when the specification names a grammar that is none.
    """
    program = name_program(words[0])
    check = GRAMMARS.get(specification.grammar)
    if check is None:
        raise InputError(
            f"The specification of {specification.program!r} is written for the grammar {specification.grammar!r}, which is "
            f"none of {', '.join(GRAMMARS)}: make it again with python -m synthdata.verify.crawl {specification.program}."
        )
    path = get_profile(specification.program).programs.get(program, "")
    path = path if path in specification.commands else ""
    return check(words, specification, program or specification.program, path)


def name_program(word: Word) -> str:
    """Name the program that a command's first word calls: without its folder and .exe."""
    return word.text.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".exe")
