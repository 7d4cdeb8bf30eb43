"""Verify any instruction/response JSONL: python -m synthdata.verify data.jsonl [--topic docker] [--out checked.jsonl]

Prints a table of outcomes, of problems by kind, and the worst commands. Exit status: 0 when every row is verified, 1 when
some row is not (a problem, or nothing to check it by), 2 when the file cannot be used.
"""

import argparse
import sys
from collections.abc import Sequence

import pandas as pd

from synthdata.base.errors import SynthdataError
from synthdata.base.jsonl import read_jsonl, write_jsonl
from synthdata.base.text import clean_line
from synthdata.verify.report import count_problems, describe_verification, list_worst_commands
from synthdata.verify.stage import verify_responses


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m synthdata.verify", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("data", help="a JSONL file whose lines have instruction and response")
    parser.add_argument("--topic", help="what the answers are about; default: the topic column, else all known CLIs")
    parser.add_argument("--out", help="where to write the rows with verified and problems")
    given = parser.parse_args(arguments)
    try:
        df = read_jsonl(given.data)
        about = df.assign(topic=given.topic) if given.topic else df
        checked = df.assign(**verify_responses(about)[["verified", "checked", "problems"]])
        if given.out:
            write_jsonl(checked, given.out)
    except SynthdataError as cause:
        print(clean_line(str(cause)), file=sys.stderr)
        return 2
    tables = (
        describe_verification(checked),
        count_problems(checked),
        list_worst_commands(checked),
    )
    print("\n\n".join(_format_table(table) for table in tables if len(table)))
    return 0 if len(checked) == 0 or bool(checked["verified"].fillna(False).all()) else 1


def _format_table(table: pd.DataFrame) -> str:
    shown = table.map(lambda value: clean_line(value)[:80] if isinstance(value, str) else value)
    return str(shown.to_string(index=False, float_format=lambda value: f"{value:.1%}", justify="left"))


if __name__ == "__main__":
    sys.exit(main())
