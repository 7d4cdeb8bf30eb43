"""Python in fences: what parses, which names and arguments exist; what a snippet leaves out is no fault."""

import pandas as pd
import pytest

from synthdata.verify.checks.python import MAX_NESTING, can_judge_python, check_python
from synthdata.verify.parse.markdown import parse_markdown
from synthdata.verify.stage import verify_responses

START = "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})\n"
INVENTED = [
    (START + "pd.read_cvs('x.csv')", "pandas.read_cvs"),
    (START + "df.sort_value('a')", "DataFrame.sort_value"),
    (START + "df.sort_values('a', ascend=False)", "DataFrame.sort_values(ascend=…)"),
    (START + "df.to_parquets('x')", "DataFrame.to_parquets"),
    ("import os\nos.path.joins('a', 'b')", "os.path.joins"),
    ("import json\njson.loads_file('x')", "json.loads_file"),
    ("import subprocess\nsubprocess.run(['ls'], capture=True)", "run(capture=…)"),
    ("import subprocess\nsubprocess.check_output(\n    ['ls'],\n    txt=True,\n)", "check_output(txt=…)"),
    ("é = 'ü'; print(open('x', encode='utf-8'))", "open(encode=…)"),
    (START + "(df\n .reset_index()\n .sort_values('a', ascend=False)\n .head())", "DataFrame.sort_values(ascend=…)"),
    ("from pathlib import Path\nPath('x').read_string()", "Path.read_string"),
    ("from collections import CountedDict", "collections.CountedDict"),
    ("import xml.etree.elementtree", "xml.etree.elementtree"),
    ("import datetime\ndatetime.datetime.now().to_iso()", "datetime.to_iso"),
    ("x = 'a,b'\nimport re\nx.splits(',')", '"a,b".splits'),
    ("import argparse\np = argparse.ArgumentParser()\ns = p.add_subparsers()\ns.add_subparsers()",
    "_SubParsersAction.add_subparsers"),
]  # fmt: skip
REAL = [
    START + "df.groupby('b').agg({'a': ['mean', 'max']}).reset_index()",
    START + "df.merge(df, left_on='a', right_on='a', how='left')",
    START + "df['b'].str.split(' ', expand=True)", START + "df.pivot_table(values='a', index='b', aggfunc='first')",
    START + "df.loc[df['a'].between(1, 2), ['a', 'b']].drop_duplicates(keep='last')",
    START + "df.style.map(lambda v: 'color: red')",
    START + "df.b.str.upper().value_counts(normalize=True)", "import pandas as pd\npd.qcut([1, 2, 3], 2, labels=False)",
    "import concurrent.futures as cf\nwith cf.ThreadPoolExecutor(max_workers=5) as pool:\n    pool.submit(print, 1).result()",
    "import my_package\nmy_package.run()",
    "from .models import User\nUser.objects.filter(a=1)",
    "result = frame.melted().whatever(x=1)",
    "import asyncio\n\nasync def main():\n    async with asyncio.timeout(3):\n        await asyncio.sleep(1)\nasyncio.run(main())",
    "import subprocess\nsubprocess.run(3, check=1)\nopen(3.5, mode=7)\nsubprocess.run(*args, **options)\nopen()",
    "def f(x):\n    return x.anything()\nprint(f(3))",
    "import sqlite3\nc = sqlite3.connect(':memory:')\nc.execute('select 1').fetchall()",
    "import logging.handlers\nlogging.handlers.RotatingFileHandler('x', maxBytes=1)",
]  # fmt: skip


def test_invented_names_are_named() -> None:
    found = check_python([text for text, _ in INVENTED])
    assert [[p.text for p in problems] for problems in found] == [[name] for _, name in INVENTED]
    assert all(problem.fatal and problem.kind.startswith("unknown ") for problems in found for problem in problems)


def test_real_names_and_names_from_elsewhere_pass() -> None:
    assert check_python(REAL) == [[] for _ in REAL]


def test_a_module_that_is_used_but_not_imported_is_a_remark() -> None:
    text = "import logging\n\nh = logging.handlers.RotatingFileHandler('x')"
    (problem,) = check_python([text])[0]
    assert (problem.kind, problem.text, problem.line) == ("module not imported", "logging.handlers", 3)
    assert problem.suggestion == "import logging.handlers"
    assert not problem.fatal
    df = pd.DataFrame({"instruction": ["How do I log?"], "response": [f"So:\n\n```python\n{text}\n```"]})
    assert verify_responses(df).loc[0, "verified"]


@pytest.mark.parametrize(
    "text",
    [">>> import os\n>>> os.nothing()", "import os\n...\nos.nothing(", "print 'x'", "x = <value>", "(" * (MAX_NESTING + 1),
     "%matplotlib inline\nimport os", ""],
)  # fmt: skip
def test_what_is_no_whole_python_3_is_not_judged(text: str) -> None:
    (block, *_) = [b for b in parse_markdown(f"```python\n{text}\n```") if b.form == "fence"]
    assert not can_judge_python(block)


def test_broken_code_is_named_with_its_line() -> None:
    (problem,) = check_python(["import os\ndef f(:\n    pass"])[0]
    assert (problem.kind, problem.line, problem.fatal) == ("code syntax", 2, True)


def test_whatever_is_cut_off_raises_nothing() -> None:
    pieces = [
        text[start:end] for text, _ in INVENTED for start, end in ((0, -3), (7, None), (0, len(text) // 2), (3, -1))
    ]
    assert len(check_python(pieces)) == len(pieces)
