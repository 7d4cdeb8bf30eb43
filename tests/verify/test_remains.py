"""A correction that keeps a fault in another form is found out, an honest one is not."""

from typing import Any

import pandas as pd
import pytest

from synthdata.verify.remains import find_losses, find_remains
from synthdata.verify.stage import verify_responses

FIRST = """\
Cache the image while running:

```bash
docker run -d -p 80:80 --cache-from web:latest web:latest
```

Then look at it:

```bash
docker ps
docker logs web
```
"""


def list_problems(response: str) -> list[dict[str, Any]]:
    df = pd.DataFrame({"topic": ["Docker commands"], "instruction": ["How?"], "response": [response]})
    return verify_responses(df)["problems"].iloc[0]


FLAG = list_problems(FIRST)


@pytest.mark.parametrize(
    "text",
    [
        "Run `docker run -d web:latest --cache-from web:latest`.",
        "```bash\ndocker run -d web:latest --cache-from web:latest\n```",
        "```bash\n# docker run --cache-from web:latest\ndocker run web:latest\n```",
        "```bash\ndocker run web:latest\n```\n\nAdd the `--cache-from` flag to use the cache.",
        "```bash\ndocker run \\\n  web:latest \\\n  --cache-from web\n```",
        "Use `docker build .` first and then `docker run` with the `--cache-from` option.",
        "| command | flag |\n|---|---|\n| docker run | --cache-from |",
    ],
)
def test_a_flag_that_moved_is_still_there(text: str) -> None:
    (problem,) = find_remains(text, FLAG)
    assert problem.kind == "fault remains"
    assert problem.fatal
    assert problem.text == "docker run --cache-from"


@pytest.mark.parametrize(
    "text",
    [
        "```bash\ndocker run -d web:latest\n```",
        "```bash\ndocker build --cache-from web:latest .\n```",
        "Build with `docker build --cache-from web:latest .` and then run it with `docker run web`.",
        "Use the `--cache-from` flag with `docker build`; `docker run` starts the image.",
        "There is no `--cache-from` flag for `docker run`.",
        "Run `docker buildx build --cache-from=type=registry,ref=web .` to use the cache.",
    ],
)
def test_a_flag_beside_its_own_command_is_no_fault(text: str) -> None:
    assert find_remains(text, FLAG) == []


@pytest.mark.parametrize(
    ("first", "moved", "honest"),
    [
        ("```bash\ndocker network policy ls\n```", "Look at `docker network policy`.", "Use `docker network ls`."),
        (
            '```bash\ndocker system prune --filter "size > 100G"\n```',
            '- `docker system prune --filter "size > 100G"`: frees space.',
            "- `docker system prune --filter until=24h`: frees space.",
        ),
        (
            "```yaml\nservices:\n  web:\n    image: nginx\n    registry: example.org\n```",
            "Write `registry: example.org` for the service.",
            "```yaml\nservices:\n  web:\n    image: example.org/nginx\n```",
        ),
    ],
)
def test_each_kind_is_found_where_it_went(first: str, moved: str, honest: str) -> None:
    problems = list_problems(first)
    assert problems
    assert [problem.kind for problem in find_remains(moved, problems)] == ["fault remains"]
    assert find_remains(honest, problems) == []


def test_what_lost_most_of_its_commands_or_length_is_shortened() -> None:
    bare = "You can do it in the settings."
    commands = "```bash\n" + "\n".join(f"docker start web{i}" for i in range(8)) + "\n```"
    assert [problem.kind for problem in find_losses(FIRST, bare, FLAG)] == ["shortened"]
    assert [problem.kind for problem in find_losses(commands, "```bash\ndocker start web1\n```", [])] == ["shortened"]
    fenced = "```bash\ndocker join --token TOKEN HOST:2377\n```\nor `docker join`"
    assert [problem.text for problem in find_losses(fenced, "Type `docker swarm join`.", [])] == ["no example left"]
    prose = FIRST + "It is explained here at length. " * 40
    assert [problem.kind for problem in find_losses(prose, FIRST, FLAG)] == ["shortened"]
    assert find_losses(prose, FIRST, FLAG, whole=False) == []
    assert find_losses(FIRST, FIRST.replace(" --cache-from web:latest", ""), FLAG) == []
    # Only the wrong command may go.
    rest = FIRST.replace("docker run -d -p 80:80 --cache-from web:latest web:latest\n", "docker start web\n")
    assert find_losses(FIRST, rest, FLAG) == []


def test_a_flag_that_the_command_hands_on_is_no_fault_and_behind_other_commands_it_is() -> None:
    problems = list_problems("```bash\ngh repo clone cli/cli --depth 1\n```\n")
    assert find_remains("```bash\ngh repo clone cli/cli -- --depth 1\n```\n", problems) == []
    assert find_remains("```bash\ngh repo view cli/cli -- --depth 1\n```\n", problems)
    assert find_remains("```bash\ndocker run -d -- web --cache-from web\n```\n", FLAG)
