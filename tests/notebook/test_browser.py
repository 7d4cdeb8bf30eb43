"""The notebook in a real JupyterLab in headless Chromium: cells run in replay, sliders move, rows are reviewed.

SYNTHDATA_SCREENSHOTS names a folder that gets pictures of the page.
"""

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
from typing import Any

import pytest

import synthdata as sd
from tests.conftest import ROOT
from tests.notebook.test_notebook import NOTEBOOK, RECORDING, get_code_cells

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
    apputils = settings.parent / "apputils-extension"
    apputils.mkdir()
    (apputils / "notification.jupyterlab-settings").write_text(json.dumps({"fetchNews": "false"}))
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
def test_sliders_and_marks_in_jupyterlab_move_the_numbers_and_the_picture(lab: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=12_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1800})
        page.set_default_timeout(30_000)
        try:
            run_all_cells(page, lab)
            assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
            fit_one_screen(page)
            name_what_is_seen(page)
            follow_a_slider(page)
            take_back_a_move(page)
            type_bounds_and_keep_the_best(page)
            review_by_button_and_key(page, tmp_path / "work" / sd.JUDGEMENTS_FILE)
            browse_rows(page)
            adopt_and_run_again(page, tmp_path / "work")
            show_narrow_and_dark(page)
        finally:
            take_picture(page, "last")
            browser.close()


def run_all_cells(page: Any, lab: str) -> None:
    page.goto(lab)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
    page.get_by_text("| Idle").wait_for(timeout=60_000)  # cells run before the kernel is up are lost
    run_all(page)
    page.locator(".widget-slider").first.wait_for()


def run_all(page: Any, times: int = 1) -> None:
    """Run every cell. times: how often this kernel will have done so then."""
    from playwright.sync_api import expect

    page.get_by_text("Run", exact=True).first.click()
    page.get_by_text("Run All Cells", exact=True).first.click()
    last = page.locator(".jp-Notebook .jp-CodeCell").last
    expect(last.locator(".jp-InputPrompt").first).to_have_text(f"[{times * len(get_code_cells())}]:", timeout=60_000)


def find_explorer(page: Any) -> Any:
    return page.locator(".jp-CodeCell", has=page.locator(".widget-slider"))


def fit_one_screen(page: Any) -> None:
    """On a laptop sliders, counts and picture are seen together."""
    page.set_viewport_size({"width": 1366, "height": 768})
    cell = find_explorer(page)
    panel = cell.locator(".synthdata-panel")
    panel.evaluate("node => node.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(500)
    take_picture(page, "laptop")
    top, image = panel.bounding_box()["y"], cell.locator("img").bounding_box()
    assert top >= 0
    assert image["y"] + image["height"] <= 768 - 24  # the status bar
    page.set_viewport_size({"width": 1400, "height": 1800})


def name_what_is_seen(page: Any) -> None:
    """Handles, fields and pictures have a name for who does not see them."""
    panel = find_explorer(page).locator(".synthdata-panel")
    handles = [handle.get_attribute("aria-label") for handle in panel.locator(".noUi-handle").all()]
    assert handles[:2] == ["helpfulness, lowest that stays", "helpfulness, highest that stays"]
    assert len(handles) == 14
    assert all(handles)
    for field in panel.locator("input:not([type=number]), select").all():
        assert field.get_attribute("aria-label")
    assert all(image.get_attribute("alt") for image in page.locator(".jp-OutputArea img").all())
    assert page.locator(".jp-OutputArea img").count() >= 6


def follow_a_slider(page: Any) -> None:
    """Arrow keys move a slider; count, picture and rows at the cut follow, and agree with one another."""
    from playwright.sync_api import expect

    cell = page.locator(".jp-CodeCell", has=page.locator(".widget-slider"))
    said = cell.locator("b", has_text="rows stay")
    before, image = said.inner_text(), cell.locator("img").first.get_attribute("src")
    handle = cell.locator(".widget-slider", has_text="reward").locator(".noUi-handle-lower")
    handle.scroll_into_view_if_needed()
    handle.focus()
    for _ in range(12):  # no bound at the start: the handle stands at the lower end
        page.keyboard.press("PageUp")
    expect(cell.locator("p code")).to_contain_text("reward=(")
    expect(said).not_to_have_text(before)
    page.wait_for_timeout(1500)  # the last drawing follows the last move a moment later
    kept, total = map(int, re.findall(r"\d+", said.inner_text())[:2])
    kept_before = int(re.findall(r"\d+", before)[0])
    assert kept < kept_before <= total
    expect(cell.locator("img").first).not_to_have_attribute("src", image or "")
    outcomes = dict(zip(cell.locator("table").first.locator("tbody th").all_inner_texts(),
                        cell.locator("table").first.locator("tbody td:nth-child(2)").all_inner_texts(), strict=True))  # fmt: skip
    assert int(outcomes["kept"]) == kept
    assert sum(map(int, outcomes.values())) == total
    expect(cell.get_by_text("0 rows came in and")).to_be_visible()
    row = cell.locator("details", has=page.locator("summary")).first
    assert not row.locator("pre").first.is_visible()
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(row.locator("pre").last).to_be_visible()
    handle.scroll_into_view_if_needed()
    expect(cell.locator(".jp-OutputArea-output [role=status]")).to_contain_text(f"{kept} of {total} rows stay")
    expect(cell.get_by_text("Not adopted.").last).to_be_visible()
    take_picture(page, "moved")


def take_back_a_move(page: Any) -> None:
    """Undo and Reset are reached by keyboard and put the sliders where they were."""
    from playwright.sync_api import expect

    cell = page.locator(".jp-CodeCell", has=page.locator(".widget-slider"))
    moved = read_bound(cell)
    cell.locator(".widget-slider", has_text="reward").locator(".noUi-handle-lower").focus()
    page.keyboard.press("ArrowLeft")
    expect(cell.locator("p code")).not_to_contain_text(f"reward=({moved:g}, None)")
    cell.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Space")
    expect(cell.locator("p code")).to_contain_text(f"reward=({moved:g}, None)")
    cell.get_by_role("button", name="Reset").focus()
    page.keyboard.press("Space")
    expect(cell.locator("p code")).not_to_contain_text("reward=")


def read_bound(cell: Any) -> float:
    found = re.search(r"reward=\(([\d.]+), None\)", cell.locator("p code").inner_text())
    assert found
    return float(found[1])


def type_bounds_and_keep_the_best(page: Any) -> None:
    """A lone number, a pair and a share are all bounds; what is none is said, and changes nothing."""
    from playwright.sync_api import expect

    cell = find_explorer(page)
    field = cell.locator("input[aria-label^='reward:']")
    for typed, literal in (("3.7", "reward=(3.7, None)"), ("3.7 - 3.9", "reward=(3.7, 3.9)")):
        field.fill(typed)
        field.press("Enter")
        expect(cell.locator("p code")).to_contain_text(literal)
    field.fill("good")
    field.press("Enter")
    expect(cell.get_by_text("'good' is no bound: type for example 3").last).to_be_visible()
    expect(field).to_have_value("3.7 – 3.9")
    field.fill("")
    field.press("Enter")
    expect(cell.locator("p code")).not_to_contain_text("reward=")
    handle = cell.locator(".widget-slider", has_text="reward").locator(".noUi-handle-lower").bounding_box()
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    page.mouse.move(handle["x"] + 60, handle["y"] + handle["height"] / 2, steps=5)
    expect(field).to_have_value(re.compile(r"^[23]\.\d+ – [34]"))  # before the handle is let go
    page.mouse.up()
    expect(field).to_have_value(re.compile(r"^≥ [23]\.\d+$"))
    field.fill("any")
    field.press("Enter")
    cell.get_by_role("spinbutton").fill("50")
    cell.get_by_role("button", name="Set", exact=True).click()
    expect(cell.locator("b", has_text="29 of 70 rows stay")).to_be_visible()  # of the 58 that bounds decide
    take_picture(page, "best")


def review_by_button_and_key(page: Any, path: Path) -> None:
    """Marks by mouse, by button and by key, anywhere in the panel, are stored at once; no key reaches the notebook."""
    from playwright.sync_api import expect

    panel = page.locator(".synthdata-panel", has=page.get_by_role("button", name="Good"))
    cell = page.locator(".jp-CodeCell", has=panel)
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    expect(panel.get_by_text("judgements of kept rows").first).to_be_visible()
    panel.get_by_role("button", name="Good").click()
    expect(panel.get_by_text("1 of 20 rows reviewed. Marked good.").first).to_be_visible()
    page.keyboard.press("b")  # the button has the focus
    expect(panel.get_by_text("2 of 20 rows reviewed. Marked bad.").first).to_be_visible()
    row = panel.locator("pre").first.inner_text()
    panel.get_by_role("button", name="Propose").click()
    expect(panel.get_by_text("2 of the rows drawn are reviewed").first).to_be_visible()
    assert panel.locator("pre").first.inner_text() == row
    panel.locator("pre").last.click()
    for number, key in enumerate("ggbggbgggb", start=3):
        page.keyboard.press(key)
        expect(panel.get_by_text(f"{number} of 20 rows reviewed.").first).to_be_visible()
    page.keyboard.press("u")
    expect(panel.get_by_text("11 of 20 rows reviewed. The last verdict is taken back.").first).to_be_visible()
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    judged = sd.read_judgements(path)
    assert judged["good"].tolist() == [letter == "g" for letter in "gbggbggbggg"]
    numbers = cell.locator("tr", has_text="precision").first.locator("td").all_inner_texts()
    assert 0 < float(numbers[0]) < 1
    assert float(numbers[1]) < float(numbers[0]) < float(numbers[2])
    assert cell.locator("tr", has_text="recall").locator("td").nth(3).inner_text() == "11"
    panel.get_by_role("button", name="Propose").click()
    expect(cell.locator("th", has_text="0.9").first).to_be_visible()
    panel.evaluate("node => node.scrollIntoView({block: 'start'})")
    take_picture(page, "reviewed")


def browse_rows(page: Any) -> None:
    """The table of rows is searched, filtered by outcome and read."""
    from playwright.sync_api import expect

    panel = page.locator(".synthdata-panel", has=page.locator(".dt-container"))
    search = panel.get_by_role("searchbox").first
    expect(panel.get_by_text("of 70 entries").first).to_be_visible()
    search.fill('"docker rmi"')  # of a response: no instruction says so
    expect(panel.get_by_text("filtered from 70").first).to_be_visible()
    assert 0 < panel.locator(".dt-scroll-body tbody tr").count() < 10
    search.fill("")
    panel.locator(".dtcc-button_dropdown").first.click()
    panel.locator(".dtcc-list-buttons button", has_text="unverified").click()
    expect(panel.get_by_text("1 to 10 of 10 entries").first).to_be_visible()
    page.keyboard.press("Escape")
    panel.locator(".dt-scroll-body tbody tr").first.locator("td").nth(3).click()
    expect(panel.locator("pre").first).to_be_visible()
    expect(panel.locator("b", has_text="unverified: ").first).to_be_visible()
    panel.evaluate("node => node.scrollIntoView({block: 'start'})")
    take_picture(page, "rows")


def adopt_and_run_again(page: Any, work: Path) -> None:
    """Adopting is said, kept and obeyed by the next run; until the cells below ran, the page says that the files are older."""
    from playwright.sync_api import expect

    cell = find_explorer(page)
    cell.get_by_role("button", name="Adopt").click()
    expect(cell.get_by_text("Adopted: kept in").last).to_be_visible()
    expect(cell.get_by_text("Now run the cells below").last).to_be_visible()
    assert len(sd.read_jsonl(work / sd.FILTERED_FILE)) == 58
    take_picture(page, "adopted")
    run_all(page, times=2)
    expect(cell.get_by_text("Adopted from the sliders, and decides instead of the literal").first).to_be_visible()
    expect(cell.locator("b", has_text="29 of 70 rows stay")).to_be_visible()
    assert len(sd.read_jsonl(work / sd.FILTERED_FILE)) == 29


def show_narrow_and_dark(page: Any) -> None:
    """In a dark theme no text is dark on dark, in a narrow window nothing but wide tables leaves it."""
    page.get_by_text("Settings", exact=True).first.click()
    page.get_by_text("Theme", exact=True).first.click()
    page.get_by_text("JupyterLab Dark", exact=True).first.click()
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    page.set_viewport_size({"width": 700, "height": 1400})
    said = page.locator("b", has_text="rows stay")
    said.scroll_into_view_if_needed()
    red, green, blue = map(int, re.findall(r"\d+", said.evaluate("node => getComputedStyle(node).color"))[:3])
    assert min(red, green, blue) > 150
    take_picture(page, "narrow-dark")
    page.get_by_role("button", name="Good").scroll_into_view_if_needed()
    take_picture(page, "narrow-dark-review")
    page.locator(".dt-container").scroll_into_view_if_needed()
    take_picture(page, "narrow-dark-rows")


def take_picture(page: Any, name: str) -> None:
    folder = os.environ.get("SYNTHDATA_SCREENSHOTS")
    if folder:
        page.wait_for_timeout(500)
        page.screenshot(path=Path(folder) / f"jupyterlab-{name}.png")
