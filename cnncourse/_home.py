"""Where files go that belong to the user and not to a project."""

from __future__ import annotations

import tempfile
from pathlib import Path


def home() -> Path:
    """Return the home directory, or the folder for temporary files where there is none."""
    try:
        return Path.home()
    except RuntimeError:  # no $HOME and no entry among the users, as in some containers
        return Path(tempfile.gettempdir())
