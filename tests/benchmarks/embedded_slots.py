"""How many slots write fastest on this machine? Tokens a second for 1, 2, 4 and 8, each in a process of its own.

python -m tests.benchmarks.embedded_slots [local|local:tiny]
"""

import os
import subprocess
import sys

SCRIPT = """
import sys, time
import synthdata as sd
client = sd.Client(sys.argv[1])
ask = lambda text, n: {"messages": [{"role": "user", "content": text}], "max_tokens": n, "temperature": 0}
client.complete([ask("Say hello.", 4)], quiet=True)
started = time.monotonic()
replies = client.complete([ask(f"Explain the number {n} in detail.", 100) for n in range(8)], quiet=True)
print(sum(reply.completion_tokens for reply in replies) / (time.monotonic() - started))
"""


def main() -> None:
    model = sys.argv[1] if len(sys.argv) > 1 else "local"
    speeds = {}
    for slots in (1, 2, 4, 8):
        environment = {**os.environ, "SYNTHDATA_SLOTS": str(slots)}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, model], env=environment, capture_output=True, text=True, check=True
        )
        speeds[slots] = float(done.stdout.split()[-1])
        print(
            f"{slots} slots: {speeds[slots]:6.1f} tokens/s, {speeds[slots] / speeds[1]:.2f} times one slot", flush=True
        )


if __name__ == "__main__":
    main()
