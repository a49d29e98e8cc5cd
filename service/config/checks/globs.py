"""Whether two globs can match one and the same text."""

from __future__ import annotations

import re
from functools import cache

_SIGN = re.compile(r"\*|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)


def is_glob(pattern: str) -> bool:
    """Whether a text has wildcards."""
    return any(sign in pattern for sign in "*?[")


def can_match(pattern: str, template: str) -> bool:
    """Whether some text matches both globs; sets in brackets count as any one character.

    >>> can_match("region=e?", "region=*"), can_match("regoin=*", "region=*")
    (True, False)
    """
    left, right = _SIGN.findall(pattern), _SIGN.findall(template)

    @cache
    def meet(i: int, j: int) -> bool:
        if i == len(left) and j == len(right):
            return True
        if i < len(left) and left[i] == "*" and (meet(i + 1, j) or (j < len(right) and meet(i, j + 1))):
            return True
        if j < len(right) and right[j] == "*" and (meet(i, j + 1) or (i < len(left) and meet(i + 1, j))):
            return True
        if i == len(left) or j == len(right) or "*" in (left[i], right[j]):
            return False
        same = left[i] == right[j] or _is_any(left[i]) or _is_any(right[j])
        return same and meet(i + 1, j + 1)

    return meet(0, 0)


def _is_any(sign: str) -> bool:
    return sign == "?" or len(sign) > 1
