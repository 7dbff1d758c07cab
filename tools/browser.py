"""Find the Chromium that the browser tests drive; install it where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome")
ADVICE = (
    "Chromium is missing and could not be installed here. Install it yourself (on Debian: "
    "sudo apt-get install chromium); until then the tests that need a browser are skipped."
)


def find() -> str | None:
    """Return the path of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install() -> None:
    """Install Debian's Chromium when there is none and this user may; else say what is missing."""
    if find():
        return
    print("Chromium is missing: installing it with apt-get …", flush=True)
    sudo = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["sudo", "-n"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-qq", "-y", "chromium"]):
        try:
            subprocess.run(
                [*sudo, "apt-get", *command],
                env=environment,
                stdout=subprocess.DEVNULL,
                check=True,
            )
        except (FileNotFoundError, subprocess.CalledProcessError):
            print(ADVICE, flush=True)
            return
