"""Names and globs: which names a monitor's pattern fits, and which slices it could ever fit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache

_SIGN = re.compile(r"\*|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
_NEVER_IN_A_VALUE = frozenset("=,")
"""Percent-encoded in the values of a slice's name."""


def fits(pattern: str, name: str) -> bool:
    """Whether a name is the pattern, or fits it as a glob.

    >>> fits("f[1]", "f[1]"), fits("f[1]", "f1"), fits("f*", "g")
    (True, True, False)
    """
    return pattern == name or fnmatchcase(name, pattern)


def any_fits(patterns: Iterable[str], name: str) -> bool:
    """Whether a name fits one of the patterns."""
    return any(fits(pattern, name) for pattern in patterns)


def slice_template(dimension: tuple[str, ...]) -> str:
    """The form of the names of a dimension's slices, ``*`` for each value.

    >>> slice_template(("region", "plan"))
    'region=*,plan=*'
    """
    return ",".join(f"{tag}=*" for tag in dimension)


def can_fit(pattern: str, template: str) -> bool:
    """Whether some slice of the template's form fits the pattern; a set in brackets counts as any character.

    >>> [can_fit(pattern, "region=*") for pattern in ("region=e?", "region=eu,plan=x", "regoin=*")]
    [True, False, False]
    """
    left, right = _SIGN.findall(pattern), list(template)

    @cache
    def meet(i: int, j: int) -> bool:
        if i == len(left) and j == len(right):
            return True
        if i < len(left) and left[i] == "*" and (meet(i + 1, j) or (j < len(right) and meet(i, j + 1))):
            return True
        if j < len(right) and right[j] == "*":
            consumes = i < len(left) and left[i] not in _NEVER_IN_A_VALUE and left[i] != "*"
            return meet(i, j + 1) or (consumes and meet(i + 1, j))
        if i == len(left) or j == len(right) or left[i] == "*":
            return False
        return (left[i] == right[j] or _is_any(left[i])) and meet(i + 1, j + 1)

    return meet(0, 0)


def _is_any(sign: str) -> bool:
    return sign == "?" or len(sign) > 1
