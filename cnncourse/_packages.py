"""Packages that are loaded only where they are needed."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def needed(module: str, package: str) -> ModuleType:
    """Import ``module``, which the installable ``package`` provides.

    Raises:
        ModuleNotFoundError: the package is missing; the message says how to install it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".")[0]:
            raise  # the package is there and lacks something itself
        raise ModuleNotFoundError(
            f"the package {package} is missing: pip install {package}", name=error.name
        ) from error
