"""The base of every explorer: settings with limits, and one ES module out of two files."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

HERE = Path(__file__).parent


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


class Whole(traitlets.Int):
    """A setting that is an integer within limits, which the page enforces as well."""

    def __init__(self, default: int, minimum: int, maximum: int) -> None:
        super().__init__(default)
        self.limits = (minimum, maximum)
        self.tag(sync=True)

    def validate(self, obj: Explorer, value: object) -> int:
        """Return ``value`` if it is an integer within the limits."""
        minimum, maximum = self.limits
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise traitlets.TraitError(
                f"{self.name} must be an integer from {minimum} to {maximum}, got {value!r}"
            )
        return value


class Choice(traitlets.Enum):
    """A setting that is one of a few words; the first is the default."""

    def __init__(self, *words: str) -> None:
        super().__init__(words, default_value=words[0])
        self.tag(sync=True)

    def validate(self, obj: Explorer, value: object) -> str:
        """Return ``value`` if it is one of the words."""
        if value not in self.values:
            raise traitlets.TraitError(
                f"{self.name} must be one of {', '.join(self.values)}, got {value!r}"
            )
        return value


class Explorer(anywidget.AnyWidget):
    """A figure to play with: Python holds the settings, the page computes and draws.

    A subclass names its own ``script``, a file beside this one, and its settings: traits with
    ``sync=True``. Data that the page needs but nobody sets has a name that begins with an
    underscore. Everything lies in the widget's state, so a stored notebook works without a kernel.
    """

    script = ""  # a class keyword would need a newer traitlets than Colab has
    limits = traitlets.Dict(help="of every `Whole` setting: (minimum, maximum)").tag(sync=True)
    names = traitlets.List(help="of all other settings").tag(sync=True)

    def __init_subclass__(cls, **kwargs: object) -> None:
        if not cls.script:
            raise TypeError(f"{cls.__name__} must name its script, as in script = 'cost.js'")
        if "script" in vars(cls):  # a further subclass, as traitlets makes, inherits both
            cls._esm = f"{_read('shared.js')}\n{_read(cls.script)}"
            cls._css = _read("shared.css")
        super().__init_subclass__(**kwargs)

    def __init__(self, **settings: object) -> None:
        own = {
            name: trait
            for name, trait in self.traits(sync=True).items()
            if not name.startswith("_") and trait.this_class.__module__.startswith("cnncourse.")
        }
        unknown = settings.keys() - own.keys()
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no setting {', '.join(sorted(unknown))}; it has "
                f"{', '.join(own.keys() - {'limits', 'names'})}"
            )
        limits = {name: trait.limits for name, trait in own.items() if isinstance(trait, Whole)}
        names = sorted(own.keys() - limits.keys() - {"limits", "names"})
        super().__init__(limits=limits, names=names, **settings)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} explorer: runs in Jupyter, on Colab and in the book>"
