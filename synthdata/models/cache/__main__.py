"""Look after a cache file: python -m synthdata.models.cache check|repair|prune FILE

check reads the whole file and says what it holds. repair saves what can be read of a damaged file and keeps the damaged one
beside it. prune removes answers by age, endpoint or size. Exit status: 0 when all is well or was made so, 1 when something
is damaged, 2 when the file cannot be used.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from synthdata.base.errors import SynthdataError
from synthdata.base.text import clean_line
from synthdata.models.cache.faults import name_repair
from synthdata.models.cache.repair import repair_cache
from synthdata.models.cache.upkeep import Check, add_digests, check_cache, prune_cache


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    given = _make_parser().parse_args(arguments)
    try:
        if given.command == "check":
            return _run_check(given.file)
        if given.command == "repair":
            return _run_repair(given.file)
        return _run_prune(given)
    except SynthdataError as cause:
        print(clean_line(str(cause)), file=sys.stderr)
        return 2


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m synthdata.models.cache", description=(__doc__ or "").partition("\n\n")[2]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    helps = {
        "check": "read the whole file and say what it holds",
        "repair": "save what can be read of a damaged file, and keep the damaged one beside it",
        "prune": "remove answers by age, endpoint or size",
    }
    parsers = {name: commands.add_parser(name, help=text, description=text) for name, text in helps.items()}
    for each in parsers.values():
        each.add_argument("file", help="a cache, for example .synthdata/cache.sqlite")
    parsers["prune"].add_argument("--days", type=float, help="remove what was stored longer ago")
    parsers["prune"].add_argument("--endpoint", help="remove all answers of this endpoint, as check lists it")
    parsers["prune"].add_argument("--megabytes", type=float, help="remove the oldest until the file is no larger")
    return parser


def _run_check(path: str) -> int:
    check = check_cache(path)
    oldest = f", the oldest of {time.strftime('%Y-%m-%d', time.localtime(check.oldest))}" if check.oldest else ""
    print(f"{clean_line(path)}: {check.answers:,} answers, {check.file_bytes / 1e6:,.1f} MB{oldest}")
    for endpoint, count in check.endpoints.most_common():
        print(f"  {count:>9,}  {clean_line(endpoint)}")
    if check.undigested:
        print(
            f"{check.undigested:,} were stored before digests were kept, so that damage to their text would not show: "
            f"{name_repair(check.path)} gives them digests"
        )
    _print_damage(check)
    return 0 if check.is_whole else 1


def _print_damage(check: Check) -> None:
    if check.damaged:
        print(
            f"{check.damaged:,} answers are damaged: they count as not stored and are asked again when a run needs them"
        )
    if check.fault:
        print(f"the file is damaged ({clean_line(check.fault)}): run {name_repair(check.path)}")
    if check.is_whole:
        print("nothing is damaged")


def _run_repair(path: str) -> int:
    try:
        check = check_cache(path)
    except SynthdataError:
        check = None  # what cannot even be checked may still be repaired
    if check is not None and check.is_whole:
        given = f", {add_digests(path):,} were given digests" if check.undigested else ""
        print(f"{clean_line(path)}: nothing is damaged, {check.answers:,} answers stay as they are{given}")
        return 0
    print(clean_line(str(repair_cache(path))))
    return 0


def _run_prune(given: argparse.Namespace) -> int:
    done = prune_cache(given.file, given.days, given.endpoint, given.megabytes)
    print(
        f"{clean_line(given.file)}: {done.removed:,} of {done.answers:,} answers removed, "
        f"{done.bytes_before / 1e6:,.1f} MB before, {done.bytes_after / 1e6:,.1f} MB now"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
