"""Every test starts from the same state: random numbers, threads, no progress remembered."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import browser as chromium
import matplotlib as mpl
import nbformat
import pytest
import torch
from playwright.sync_api import sync_playwright

import cnncourse.check
import cnncourse.exercises
from cnncourse.training import set_seed

mpl.use("Agg")

PATIENCE = 180  # seconds for a server, a kernel or a page on a busy machine


@pytest.fixture(autouse=True)
def _same_start():
    torch.set_num_threads(1)
    set_seed(0)


@pytest.fixture(autouse=True)
def _own_progress(monkeypatch, tmp_path):
    monkeypatch.setenv("CNNCOURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setattr(cnncourse.check, "_hints_shown", {})


@pytest.fixture
def register(monkeypatch):
    """Return a function that makes the given exercises the only ones."""

    def replace(*exercises):
        chapter = cnncourse.exercises.Chapter(7, "toy", "Toys", exercises)
        monkeypatch.setattr(cnncourse.exercises, "chapters", lambda: (chapter,))

    return replace


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium; without it the tests that open pages are skipped, except in CI."""
    executable = chromium.find()
    if executable is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(chromium.ADVICE)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield browser
        browser.close()


class Lab:
    """JupyterLab at an address, on a folder of its own."""

    def __init__(self, address, folder, browser):
        self.address, self.folder, self.browser = address, folder, browser

    def open(self, notebook, name):
        """Show a notebook in a page that reaches nothing but this server."""
        nbformat.write(notebook, self.folder / name)
        context = self.browser.new_context(viewport={"width": 1280, "height": 1400})
        context.set_default_timeout(1000 * PATIENCE)
        elsewhere = lambda url: not url.startswith((self.address, "data:", "blob:"))  # noqa: E731
        context.route(elsewhere, lambda route: route.abort())
        page = context.new_page()
        page.goto(f"{self.address}doc/tree/{name}")
        return page


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory):
    """JupyterLab as a reader has it who installed nothing else, every cell drawn at once."""
    folder = tmp_path_factory.mktemp("lab")
    own = {
        name: str(folder / "jupyter")
        for name in (
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR",
            "JUPYTERLAB_SETTINGS_DIR",
            "JUPYTERLAB_WORKSPACES_DIR",
            "IPYTHONDIR",
        )
    }
    tracker = folder / "jupyter/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    tracker.parent.mkdir(parents=True)
    tracker.write_text('{"windowingMode": "none"}', encoding="utf-8")
    options = [
        "--no-browser",
        "--allow-root",
        "--port=0",
        "--IdentityProvider.token=",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        f"--ServerApp.root_dir={folder}",
    ]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=os.environ | own,
            stdout=log,
            stderr=log,
        )
        try:
            yield Lab(address_of(server, folder), folder, browser)
        finally:
            server.kill()  # a polite end waits for kernels that are still starting; they follow
            server.wait()


def address_of(server, folder):
    """Wait until the server answers, and return where."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        for file in (folder / "jupyter").glob("jpserver-*.json"):
            try:
                address = json.loads(file.read_text())["url"]
                with urllib.request.urlopen(f"{address}api/status"):
                    return address
            except (json.JSONDecodeError, urllib.error.URLError):
                pass
        time.sleep(0.2)
    pytest.fail(f"JupyterLab does not answer:\n{(folder / 'server.log').read_text()[-2000:]}")


def pytest_terminal_summary(terminalreporter):
    """Print what the registry-wide tests of exercises counted."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    counted = [prop for report in reports for prop in getattr(report, "user_properties", [])]
    mutants = [value for name, value in counted if name == "mutants"]
    seconds = [(value[1], value[0]) for name, value in counted if name == "check_seconds"]
    if not (mutants and seconds):
        return
    total, accepted = (sum(column) for column in zip(*mutants, strict=True))
    wrong_answers = sum(
        len(exercise.misconceptions) for exercise in cnncourse.exercises.exercises()
    )
    terminalreporter.write_line(
        f"exercises: {len(cnncourse.exercises.exercises())}, wrong answers: {wrong_answers}, "
        f"mutants of the solutions: {total}, of these {total - accepted} rejected and {accepted} "
        f"equivalent; slowest check: {max(seconds)[0]:.2f} s ({max(seconds)[1]})"
    )
