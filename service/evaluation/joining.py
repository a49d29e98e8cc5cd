"""Lines put together out of columns.

Written in C (``text/joiner.c``), since a window has thousands of lines of twenty parts each; where that was
not built, Python joins them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
import orjson
from numpy.typing import NDArray

if TYPE_CHECKING:
    from service.evaluation import _joiner
else:
    try:
        from service.evaluation import _joiner
    except ImportError:  # built where there was no compiler
        _joiner = None

BUILT = _joiner is not None
"""Whether the loop in C is there."""

Part = (
    tuple[bytes, None]
    | tuple[tuple[bytes, ...], NDArray[np.int64]]
    | tuple[None, bytes]
    | tuple[None, NDArray[np.int64]]
)
"""What stands in one place of every line: the same text; one of several texts, by a code for each line; the
next of some numbers that are written already; or an integer, of which those below 0 are ``null``."""


def numbers(values: NDArray[np.float64]) -> Part:
    """A number in each line; ``null`` for what is none."""
    return None, orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)


def joined(parts: tuple[Part, ...], count: int) -> list[bytes]:
    r"""``count`` lines, of all parts each.

    Raises
    ------
    ValueError
        When a part has not one text for each line.

    >>> names = (b"low", b"high"), np.array([0, 1, 0])
    >>> for line in joined((names, (b": ", None), numbers(np.array([0.5, 1e20, np.nan]))), 3):
    ...     print(line.decode())
    low: 0.5
    high: 1e20
    low: null
    """
    if BUILT:
        return _joiner.join(parts, count)
    return list(map(b"".join, zip(*(_texts(part, count) for part in parts), strict=True)))


def _texts(part: Part, count: int) -> Iterable[bytes]:
    texts, codes = part
    if codes is None:
        assert isinstance(texts, bytes), "a constant is text"
        return repeat(texts, count)
    if isinstance(codes, bytes):
        return codes[1:-1].replace(b"+", b"").split(b",") if count else []
    if texts is None:
        return [b"null" if number < 0 else b"%d" % number for number in codes.tolist()]
    return [texts[code] for code in codes.tolist()]
