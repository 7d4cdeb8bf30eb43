"""Judge one command by the grammar of its client: the only place that knows them all."""

from collections.abc import Callable, Sequence

from synthdata.base.errors import InputError
from synthdata.verify.cli.git import check_git
from synthdata.verify.cli.goflag import check_goflag
from synthdata.verify.cli.pflag import check_pflag
from synthdata.verify.cli.profiles import get_profile
from synthdata.verify.cli.specification import Specification
from synthdata.verify.problems import Problem, Word

# What a specification calls its grammar -> how the client's own parser reads words.
GRAMMARS: dict[str, Callable[[Sequence[Word], Specification, str, str], list[Problem]]] = {
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
    program = words[0].text.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".exe")
    profile = get_profile(specification.program)
    if program in profile.gone:
        return [Problem("removed command", program, words[0].line, profile.gone[program])]
    check = GRAMMARS.get(specification.grammar)
    if check is None:
        raise InputError(
            f"The specification of {specification.program!r} is written for the grammar {specification.grammar!r}, which is "
            f"none of {', '.join(GRAMMARS)}: make it again with python -m synthdata.verify.crawl {specification.program}."
        )
    path = profile.programs.get(program, "")
    path = path if path in specification.commands else ""
    found = check(words, specification, program or specification.program, path)
    if program in profile.programs:
        renamed = f"{specification.program} {profile.programs[program]}"
        return [Problem("deprecated", program, words[0].line, renamed, fatal=False), *(found if path else [])]
    return found
