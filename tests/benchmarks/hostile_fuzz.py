"""Does any text, however hostile, take long or much memory to read? Random texts through verification and the list parser.

    python -m tests.benchmarks.hostile_fuzz [--count 10000] [--seed 0] [--gigabytes 3]

Texts are put together at random: nested marks, many fences, long lines, aliases in YAML, NULs, marks of direction, huge numbers,
half scripts of every language that is read, and the pieces of ordinary answers. They go in frames of 20; a frame that takes more
than SLOW seconds is read row by row. Printed: the slowest texts with their kind, and the peak of memory of this process and of
the linters. Exits with 1 when a text takes more than LONGEST seconds, the peak passes the limit, or anything is raised.
"""

import argparse
import random
import resource
import sys
import time
import traceback
from collections.abc import Callable

import pandas as pd

from synthdata.generate.lists import parse_questions, parse_subtopics
from synthdata.models.thinking import split_thinking
from synthdata.verify.stage import verify_responses

FRAME, SLOW, LONGEST = 20, 5.0, 10.0
LABELS = (
    "", "bash", "sh", "console", "dockerfile", "yaml", "json", "python", "sql", "go", "javascript", "typescript", "java", "rust",
    "ruby", "php", "c", "cpp", "csharp", "hcl", "makefile", "powershell", "text", "docker-compose", "ini", "diff", "tsx",
)  # fmt: skip
PIECES = (
    "docker run -d nginx --name web", "kubectl apply -f - <<EOF", "git commit --tag", "FROM alpine\nRUN ls",
    "EOF", "$(", "`", "${a:-",
    "'", '"', "<<E", "&&", "|", ";", "\\", "&a", "*a", "[*a,*a]", "<<: *a", "- ", "? ", ": ",
    "!!python/object:os.system", "{", "}",
    "[", "]", "(", ")", "<think>", "</think>", "<|channel|>final<|message|>", "\x00", "\u202e", "\u200f",
    "\ufeff", "\ud83d", "9" * 400,
    "-9e999", "0x" + "f" * 99, "--memory=" + "9" * 50, "\t", "\r\n", "\u2028", "# ", "> ", "```", "~~~", "1. ",
    "**", "<!--", "-->",
    "SELECT ", "def f(", "func(", "class ", "=>", "#define ", "services:\n  a:\n",
    "apiVersion: v1\nkind: Pod\n", "\\u0000", "%s", "中",
    "🙂", "é", "a,b,c", "?", "https://x/", "[a](b)", "![", "|a|b|\n|-|-|\n", "ssh h '", "bash -c \"", "xargs ",
    "RUN <<E\n", "on: push\n",
)  # fmt: skip
ANSWER = """To list them, run `docker ps -a`:

```bash
docker ps -a --filter status=exited | awk '{print $1}' | xargs docker rm
```

1. Write a file:

   ```yaml
   services:
     web:
       image: nginx:1.27
       ports: ['80:80']
   ```
2. And:

```dockerfile
FROM python:3.12
RUN <<EOF
pip install x
EOF
CMD ["python", "a.py"]
```

```python
import os
for name in os.listdir('.'):
    print(name)
```

| Flag | Use |
|---|---|
| `-a` | all |
"""


def _times(rng: random.Random, part: str, most: int) -> str:
    return part * rng.choice([3, 30, 300, max(most // max(len(part), 1), 1)])


def _fence(rng: random.Random, inner: str) -> str:
    mark = rng.choice(["```", "~~~", "````"])
    return f"Look:\n\n{mark}{rng.choice(LABELS)}\n{inner}\n{rng.choice([mark, ''])}\n"


def mix_pieces(rng: random.Random) -> str:
    """Pieces in any order, often in a fence."""
    text = rng.choice(["", " ", "\n"]).join(rng.choice(PIECES) for _ in range(rng.choice([5, 50, 500])))
    return _fence(rng, text) if rng.random() < 0.7 else text


def repeat_piece(rng: random.Random) -> str:
    """One or two pieces many times over, on one line or many."""
    part = rng.choice(PIECES) + rng.choice(["", " ", "\n", rng.choice(PIECES)])
    return _fence(rng, _times(rng, part, 15_000)) if rng.random() < 0.7 else _times(rng, part, 30_000)


def nest_marks(rng: random.Random) -> str:
    """Marks of Markdown within one another."""
    depth = rng.choice([10, 100, 1000, 3000])
    opening = rng.choice(["> ", "- ", "  - ", "1. ", "*", "[", "![", "<b>", "(", "> - ", "`", "**_"])
    return opening * depth + "docker ps" + rng.choice(["", "]" * depth, "*" * depth, "\n" * depth])


def nest_code(rng: random.Random) -> str:
    """Brackets, quotes and blocks of a language within one another."""
    depth = rng.choice([10, 100, 1000, 4000])
    opening, closing = rng.choice(
        [("(", ")"), ("[", "]"), ("{", "}"), ("$(", ")"), ("{a: ", "}"), ("[{", "}]"), ("if x then ",
        " fi"), ("((", "))"), ('"$(', ')"'),
         ("SELECT (", ")"), ("f(", ")"), ("!", ""), ("not ", ""), ("- ", ""), ("a:\n ", ""), ("<(",
         ")"), ("sh -c '", "'"), ("`", "`"),
         ("lambda: ", ""), ("case a in b) ", " esac"), ("<A", ">"), ("&", ""), ("*", "")]
    )  # fmt: skip
    return _fence(rng, opening * depth + "x" + (closing * depth if rng.random() < 0.7 else ""))


def tie_aliases(rng: random.Random) -> str:
    """YAML whose aliases multiply, in flow and block form, with and without spaces and merges."""
    lines, name = [rng.choice(["a0: &a0 [x,x]", "a0: &a0 {k: v}", "services: &a0\n  w: &w {image: x}"])], "a0"
    for level in range(1, rng.choice([5, 12, 30, 200])):
        gap = rng.choice(["", " "])
        inner = rng.choice(
            [
                f"[*{name},{gap}*{name},{gap}*{name}]",
                f"{{a: *{name}, b: *{name}}}",
                f"\n  <<: [*{name}, *{name}]",
                f"\n - *{name}\n - *{name}",
            ]
        )
        lines.append(f"a{level}: &a{level} {inner}")
        name = f"a{level}"
    return f"```{rng.choice(['yaml', 'docker-compose', 'json', ''])}\n" + "\n".join(lines) + "\nservices: *a0\n```\n"


def open_fences(rng: random.Random) -> str:
    """Many fences and spans, closed or not."""
    count = rng.choice([10, 100, 500])
    return "".join(
        rng.choice(
            [
                f"`{rng.choice(PIECES)}` ",
                f"```{rng.choice(LABELS)}\n{rng.choice(PIECES)}\n```\n",
                "~~~\n",
                f"- ```sh\n  {rng.choice(PIECES)}\n",
            ]
        )
        for _ in range(count)
    )


def scatter_signs(rng: random.Random) -> str:
    """Signs of any script and none."""
    ranges = [
        (0, 127),
        (0, 0x2FF),
        (0x2000, 0x206F),
        (0x4E00, 0x9FFF),
        (0xD800, 0xDFFF),
        (0x1F300, 0x1F9FF),
        (0, 0x10FFFF),
    ]
    low, high = rng.choice(ranges)
    text = "".join(chr(rng.randint(low, high)) for _ in range(rng.choice([20, 400, 6000])))
    return _fence(rng, text) if rng.random() < 0.5 else text


def draw_long_line(rng: random.Random) -> str:
    """One line of up to 200,000 signs."""
    words = [rng.choice(PIECES).strip() or "x" for _ in range(4)]
    size = rng.choice([2_000, 20_000, 200_000])
    text = " ".join(words) + " "
    text = "docker run " * rng.randrange(2) + (text * (size // len(text) + 1))[:size]
    return _fence(rng, text) if rng.random() < 0.6 else text


def break_answer(rng: random.Random) -> str:
    """An ordinary answer, cut, doubled and put together anew."""
    text = ANSWER
    for _ in range(rng.randrange(1, 8)):
        start, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        text = rng.choice(
            [text[:start] + text[end:], text[:end] + text[start:], text[:start] + rng.choice(PIECES) + text[start:]]
        )[:60_000]
    return text


KINDS: tuple[Callable[[random.Random], str], ...] = (
    mix_pieces, repeat_piece, nest_marks, nest_code, tie_aliases, open_fences, scatter_signs, draw_long_line, break_answer,
    break_answer, break_answer,
)  # fmt: skip


def read_text(text: str) -> None:
    parse_questions(text, "stop", 3)
    parse_subtopics(text, "length", 3)
    split_thinking(text)


def read_frame(texts: list[str]) -> None:
    # As objects: pandas' own text column refuses half a surrogate pair.
    responses = pd.Series(texts, dtype=object)
    verify_responses(pd.DataFrame({"topic": "Docker", "instruction": "How do I list them?", "response": responses}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gigabytes", type=float, default=3.0)
    chosen = parser.parse_args()
    # The linters reserve far more address space than they use, so that address space is no measure; what is in memory is.
    rng = random.Random(chosen.seed)
    slowest: list[tuple[float, str, str]] = []
    raised = 0
    started = time.monotonic()
    for start in range(0, chosen.count, FRAME):
        drawn = [
            (kind.__name__, kind(rng)) for kind in (rng.choice(KINDS) for _ in range(min(FRAME, chosen.count - start)))
        ]
        steps = [(name, text, lambda text=text: read_text(text)) for name, text in drawn]
        frame_started = time.monotonic()
        try:
            read_frame([text for _, text in drawn])
        except Exception:  # noqa: BLE001 - any is a finding
            raised += 1
            traceback.print_exc(limit=-6)
        if time.monotonic() - frame_started > SLOW:
            steps += [(name, text, lambda text=text: read_frame([text])) for name, text in drawn]
        for name, text, step in steps:
            step_started = time.monotonic()
            try:
                step()
            except Exception:  # noqa: BLE001 - any is a finding
                raised += 1
                print(name, repr(text[:200]))
                traceback.print_exc(limit=-6)
            slowest.append((time.monotonic() - step_started, name, text))
        slowest = sorted(slowest, key=lambda line: -line[0])[:20]
    print(f"{chosen.count:,} texts in {time.monotonic() - started:.0f} s, {raised} raised something")
    for seconds, name, text in slowest:
        print(f"{seconds:7.2f} s  {name:15} {len(text):8,} signs  {text[:60]!r}")
    own, others = (
        resource.getrusage(who).ru_maxrss / 2**20 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(f"peak: {own:.2f} GB here, {others:.2f} GB in the largest linter")
    return int(raised > 0 or slowest[0][0] > LONGEST or max(own, others) > chosen.gigabytes)


if __name__ == "__main__":
    sys.exit(main())
