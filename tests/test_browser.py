"""The notebook in a real JupyterLab in headless Chromium: all cells run in replay, a slider moves, the page follows."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_notebook import NOTEBOOK, RECORDING, get_code_cells

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """JupyterLab over a copy of the project, in replay; yields the notebook's address."""
    work = tmp_path / "work"
    shutil.copytree(ROOT / "synthdata", work / "synthdata", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(NOTEBOOK, work)
    settings = tmp_path / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # Every cell in the page, not only those in view, so that the test can find them.
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    environment = {
        **os.environ,
        "SYNTHDATA_REPLAY": str(RECORDING),
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    with (tmp_path / "lab.log").open("w") as log:
        process = subprocess.Popen(
            [*command, f"--IdentityProvider.token={token}"], cwd=work, env=environment, stdout=log, stderr=log
        )
        try:
            for _ in range(240):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={token}", timeout=2).close()
                    break
                except OSError:
                    assert process.poll() is None, (tmp_path / "lab.log").read_text()[-2000:]
                    time.sleep(0.25)
            yield f"http://127.0.0.1:{port}/lab/tree/{NOTEBOOK.name}?token={token}"
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM: the browser test did not run; apt-get install chromium")
def test_a_slider_moved_in_jupyterlab_moves_the_numbers(lab: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1800})
        page.goto(lab)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
        page.get_by_text("| Idle").wait_for(timeout=60_000)  # cells run before the kernel is up are lost
        page.get_by_text("Run", exact=True).first.click()
        page.get_by_text("Run All Cells", exact=True).first.click()
        last = page.locator(".jp-Notebook .jp-CodeCell").last
        folder = Path(os.environ.get("SYNTHDATA_SCREENSHOTS", tmp_path))
        try:
            expect(last.locator(".jp-InputPrompt").first).to_have_text(f"[{len(get_code_cells())}]:", timeout=60_000)
        except AssertionError:
            page.screenshot(path=folder / "jupyterlab-failed.png")
            raise
        page.locator(".widget-slider").first.wait_for(timeout=30_000)
        assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0

        said = page.locator("b", has_text="rows stay")
        before = said.inner_text()
        picture = page.locator(".jp-CodeCell", has=page.locator(".widget-slider")).locator("img").first
        image = picture.get_attribute("src")
        handle = page.locator(".widget-slider", has_text="helpfulness").locator(".noUi-handle-lower")
        handle.scroll_into_view_if_needed()
        handle.focus()
        for _ in range(12):
            page.keyboard.press("ArrowLeft")
        expect(said).not_to_have_text(before, timeout=30_000)
        kept, total = map(int, re.findall(r"\d+", said.inner_text())[:2])
        kept_before = int(re.findall(r"\d+", before)[0])
        assert kept_before < kept <= total
        expect(picture).not_to_have_attribute("src", image or "", timeout=30_000)
        handle.scroll_into_view_if_needed()  # the sliders stay in the page while what is beside them is drawn anew
        page.screenshot(path=folder / "jupyterlab.png")
        browser.close()
