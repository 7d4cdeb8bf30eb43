"""Asking an installed client about itself, so that asking changes nothing and reaches no server."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from synthdata.base.errors import InputError
from synthdata.verify.cli.profiles import get_profile


@dataclass
class Client:
    """An installed client, asked in a home folder that is thrown away and with no server to reach."""

    name: str
    path: str
    environment: dict[str, str]
    folder: str
    timeout: float = 10

    def ask(self, *words: str) -> str:
        """What the client prints, errors first; "" when it does not end in time."""
        try:
            done = subprocess.run(
                [self.path, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self.timeout,
                env=self.environment,
                cwd=self.folder,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return ""
        return (done.stderr + done.stdout).decode(errors="replace")


@contextmanager
def open_client(name: str, program: str = "", plugins: str = "") -> Iterator[Client]:
    """A client in a throwaway home. Raises InputError when the program is not installed."""
    path = shutil.which(program or name)
    if path is None:
        raise InputError(f"{program or name!r} is not installed: install it, or name its file with --program.")
    with tempfile.TemporaryDirectory() as folder:
        home, empty = Path(folder) / "home", Path(folder) / "empty"
        (home / ".docker").mkdir(parents=True)
        empty.mkdir()
        if plugins:
            shutil.copytree(plugins, home / ".docker/cli-plugins")
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "TMPDIR": str(home),
            "LC_ALL": "C",
            "COLUMNS": "200",
            "NO_COLOR": "1",
        } | get_profile(name).environment
        yield Client(name, path, environment, str(empty))
