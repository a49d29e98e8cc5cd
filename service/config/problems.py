"""A mistake in the configuration: its place, what it is, what would follow and what to write instead."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from service.errors import ConfigError

Path = tuple[str | int, ...]
"""The way from the top of the document to a value: keys of mappings and places in lists."""


Place = tuple[int, int]
"""Line and column, counted from 1."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake that a check found, before its place in the file is looked up."""

    path: Path
    message: str
    consequence: str
    mend: str
    at_key: bool = False
    """Whether the key is to blame, not the value."""
    place: Place | None = None
    """Where it stands, when its path alone does not tell."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A mistake with its place.

    Attributes
    ----------
    line, column
        Where it stands in the file, counted from 1.
    path
        The way to the value, such as ``models[0].features.age.min``; empty for the whole file.
    value
        The value as JSON, shortened; empty where there is none.
    message, consequence, mend
        What is wrong, what would follow and what to write instead.
    """

    line: int
    column: int
    path: str
    value: str
    message: str
    consequence: str
    mend: str

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}" + (f" {self.path}" if self.path else "")
        return f"{place}: {self.message}: {self.consequence}; {self.mend}"


class ConfigErrors(ConfigError):  # noqa: N818  # it is several errors, and its name says so
    """Every mistake of one configuration, in the order of its lines."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.name = name
        self.problems = tuple(sorted(problems))
        count = "1 mistake" if len(self.problems) == 1 else f"{len(self.problems)} mistakes"
        lines = "\n".join(f"{name}:{problem}" for problem in self.problems)
        super().__init__(f"{count} in {name}; nothing was started\n{lines}", reason="config")


def write_path(path: Path) -> str:
    """The text of a path.

    >>> write_path(("models", 0, "features", "home town", "min"))
    'models[0].features["home town"].min'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.replace("-", "_").isidentifier():
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part)}]"
    return text
