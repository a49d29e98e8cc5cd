"""Files that a command writes, kept apart from those it reads and from each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

Option = tuple[str, Path]
"""An option, as it is written, and a file that it names."""


def require_apart(outputs: Sequence[Option], inputs: Sequence[Option]) -> None:
    """Refuse to write over what is read, or twice into one file; devices such as ``/dev/null`` do not mind.

    Raises
    ------
    click.UsageError
        Names both options and the file; nothing has been written then.
    """
    for i, (option, path) in enumerate(outputs):
        if path.exists() and not path.is_file():
            continue
        for other, taken in (*inputs, *outputs[:i]):
            if _same(path, taken):
                raise click.UsageError(
                    f"{option} and {other} are one file, {path}: it would be overwritten, so nothing was "
                    f"done; name another file for {option}"
                )


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()
