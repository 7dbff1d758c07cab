"""Run every test and say how long each part took: library, browser, notebooks.

``make test`` calls it. Chromium, for the browser part, is installed where that is possible.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import browser

PARTS = {
    "library": ["tests", "--ignore=tests/book", "--ignore=tests/widgets", "-n2"],
    "browser": ["tests/book", "tests/widgets"],
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


def run(name: str) -> tuple[int, float]:
    """Run one part with pytest; return its exit status and the seconds it took."""
    print(f"\n== {name} ==", flush=True)
    start = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "--durations=5", *PARTS[name]]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "OMP_NUM_THREADS": "1",  # two workers share two cores
            "TQDM_DISABLE": "1",
            "CNNCOURSE_PROGRESS": f"{folder}/progress.json",
        }
        status = subprocess.run(command, env=environment).returncode
    return status, time.perf_counter() - start


def main(names: list[str]) -> None:
    """Run the parts, all of them when none is named; exit non-zero when one failed."""
    browser.install()
    results = {name: run(name) for name in names or PARTS}
    print("\npart         result       time")
    for name, (status, seconds) in results.items():
        print(f"{name:<12} {'failed' if status else 'passed':<8} {seconds:6.0f} s")
    sys.exit(any(status for status, _ in results.values()))


if __name__ == "__main__":
    main(sys.argv[1:])
