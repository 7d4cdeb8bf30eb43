"""How fast responses are verified: python -m tests.benchmarks.verify_speed [rows] [characters]

Makes responses about Docker of the length wanted (prose, inline spans, blocks of commands, now and then a Dockerfile, a
Compose file, a script with an error), verifies them once, and prints rows a second, processor time and peak memory.
"""

import random
import resource
import sys
import time

import pandas as pd

from synthdata.verify.report import count_problems, describe_verification
from synthdata.verify.stage import verify_responses

COMMANDS = (
    "docker run -d --name web -p {n}:80 nginx:1.{n}", "docker ps -a --filter name=web{n}", "docker logs -f --tail {n} web",
    "docker build -t app:{n} .", "docker exec -it web{n} sh -c 'ls /srv | wc -l'", "docker volume create data{n}",
    "docker stop $(docker ps -q) && docker rm web{n}", "docker run --cpu {n} nginx", "docker network create --policy p{n} net",
    "docker cp <container>:/srv/{n} .", "for i in 1 {n}; do docker rm app-$i; done",
)  # fmt: skip
SENTENCES = (
    "The `docker run` command starts a container number {n} from an image.", "Pass `--name` to give it a name of your own.",
    "This frees the disk space that step {n} took, so look at it with `docker system df` first.",
    "Nothing is removed while a container still uses it, and the list shows which ones do.",
)  # fmt: skip
FILES = (
    "```dockerfile\nFROM python:3.{n}\nWORKDIR /app\nCOPY . /app\nRUN pip install . && rm -rf /tmp/{n}\nCMD [\"app\"]\n```",
    "```yaml\nservices:\n  web{n}:\n    image: nginx\n    ports:\n      - '{n}:80'\n    deploy:\n      replicas: 2\n```",
    '```json\n{{"log-driver": "json-file", "number": {n}}}\n```', "```bash\nif docker ps; then\n  docker stop web{n}\n```",
)  # fmt: skip


def make_response(source: random.Random, characters: int) -> str:
    """Make one response of at least that many characters, different each time."""
    parts = [source.choice(SENTENCES)]
    while sum(map(len, parts)) < characters:
        drawn = source.random()
        if drawn < 0.03:
            parts.append(source.choice(FILES))
        elif drawn < 0.4:
            lines = "\n".join(source.sample(COMMANDS, source.randint(1, 3)))
            parts.append(f"```{source.choice(('bash', 'bash', ''))}\n{lines}\n```")
        else:
            parts.append(" ".join(source.sample(SENTENCES, source.randint(1, 3))))
    return "\n\n".join(part.format(n=source.randint(1, 999)) for part in parts)


def main() -> None:
    """Run the benchmark and print its figures."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    characters = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
    source = random.Random(4)
    responses = [make_response(source, characters) for _ in range(rows)]
    df = pd.DataFrame({"instruction": "How do I run a container?", "response": responses})
    start, used = time.perf_counter(), sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    out = verify_responses(df)
    seconds = time.perf_counter() - start
    own = sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - used
    linters = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    length = df["response"].str.len().mean()
    print(f"{rows:,} responses of {length:,.0f} characters: {seconds:.1f} s, {rows / seconds:,.0f} rows/s")
    print(f"processor: {own:.1f} s here, {linters:.1f} s in linters; peak memory {peak:,.0f} MB")
    print(describe_verification(out).to_string(index=False))
    print(count_problems(out).to_string(index=False))


if __name__ == "__main__":
    main()
