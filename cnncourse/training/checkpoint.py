"""Files that are whole at every moment."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import torch

from cnncourse.training.refusal import Refusal


def write(path: Path, content: bytes) -> None:
    """Replace a file in one step: whoever reads it finds the old content or the new, never a part.

    The content goes to ``path`` + ``.tmp``, reaches the disk, and takes the place of the file.

    Raises:
        Refusal: it could not be written; the old content is still there.
    """
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        kept = "; the one before is kept" if path.exists() else ""
        raise Refusal(f"could not write {path} ({error.strerror}){kept}") from error


def save(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` with ``torch.save``, in one step.

    Raises:
        Refusal: it could not be written; the old content is still there.
    """
    content = io.BytesIO()
    torch.save(state, content)
    write(path, content.getvalue())


def load(path: Path, keys: set[str]) -> dict[str, Any]:
    """Return what ``save`` wrote, on the CPU.

    Raises:
        Refusal: there is no such file, or it holds something else than a state with these keys.
    """
    if not path.is_file():
        raise Refusal(f"there is no {path}: nothing to resume")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever unpickling a foreign file can raise
        raise Refusal(f"{path} is no checkpoint of this trainer") from error
    if not isinstance(state, dict) or not keys <= set(state):
        raise Refusal(f"{path} is no checkpoint of this trainer")
    return state
