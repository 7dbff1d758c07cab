"""Run every test, part by part; say how long each took and how many tests it skipped.

``make test`` calls it. Chromium, for the browser part, is installed where that is possible.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple
from xml.etree import ElementTree

import browser

PARTS = {
    "library": ["tests", "--ignore=tests/book", "--ignore=tests/widgets", "-n2"],
    "browser": ["tests/book", "tests/widgets", "-n2", "--dist=loadscope"],
    "notebooks": [
        "--nbval",
        "--nbval-sanitize-with=tests/notebooks/sanitize.cfg",
        "--nbval-cell-timeout=300",
        "-n2",
        "--dist=loadscope",
        "index.ipynb",
        "chapters",
        "exercises",
        "solutions",
    ],
}


class Result(NamedTuple):
    """What one part gave: pytest's exit status, seconds, numbers of tests."""

    status: int
    seconds: float
    tests: int
    skipped: int


def count(report: str) -> tuple[int, int]:
    """Return how many tests a JUnit report lists, and how many of them were skipped."""
    try:
        suites = ElementTree.parse(report).getroot()
    except FileNotFoundError:  # pytest stopped before its first test
        return 0, 0
    return len(suites.findall(".//testcase")), len(suites.findall(".//skipped"))


def run(name: str) -> Result:
    """Run one part with pytest."""
    print(f"\n== {name} ==", flush=True)
    start = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "--durations=5", *PARTS[name]]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "OMP_NUM_THREADS": "1",  # two workers share two cores
            "TQDM_DISABLE": "1",
            "CNNCOURSE_PROGRESS": f"{folder}/progress.json",
        }
        report = f"{folder}/report.xml"
        status = subprocess.run([*command, f"--junit-xml={report}"], env=environment).returncode
        return Result(status, time.perf_counter() - start, *count(report))


def line(name: str, result: Result) -> str:
    """Return a part's line of the summary, which names skipped tests, if any."""
    said = "failed" if result.status else "passed"
    skipped = f"  skipped {result.skipped} of {result.tests}" if result.skipped else ""
    return f"{name:<12} {said:<8} {result.seconds:6.0f} s{skipped}"


def main(names: list[str]) -> None:
    """Run the parts, all of them when none is named; exit non-zero when one failed."""
    names = names or [*PARTS]
    if "browser" in names:
        browser.install()
    results = {name: run(name) for name in names}
    print("\npart         result       time")
    for name, result in results.items():
        print(line(name, result))
    sys.exit(any(result.status for result in results.values()))


if __name__ == "__main__":
    main(sys.argv[1:])
