"""Every test starts from the same state: random numbers, threads, no progress remembered."""

import os

import browser as chromium
import matplotlib as mpl
import pytest
import torch
from playwright.sync_api import sync_playwright

import cnncourse.check
import cnncourse.exercises
from cnncourse.training import set_seed

mpl.use("Agg")


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
