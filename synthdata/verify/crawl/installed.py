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
        """Ask the client: what it prints, errors first; "" when it does not end in time."""
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
    """Open a client in a throwaway home.

    plugins: a folder of plugins to give it. Raises InputError when the program is not installed, or has no plugins we know of.
    """
    path, profile = shutil.which(program or name), get_profile(name)
    if path is None:
        raise InputError(f"{program or name!r} is not installed: install it, or name its file with --program.")
    if plugins and not profile.plugin_folder:
        raise InputError(
            f"{name!r} has no plugin_folder in synthdata/verify/cli/clients: add it, or leave out --plugins."
        )
    with tempfile.TemporaryDirectory() as folder:
        home, empty = Path(folder) / "home", Path(folder) / "empty"
        home.mkdir()
        empty.mkdir()
        if plugins:
            shutil.copytree(plugins, home / profile.plugin_folder)
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "TMPDIR": str(home),
            "LC_ALL": "C",
            "COLUMNS": "200",
            "NO_COLOR": "1",
        } | profile.environment
        yield Client(name, path, environment, str(empty))
