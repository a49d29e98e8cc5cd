"""Columns of values that repeat, as numbers: each distinct value is kept once, and looked at once.

Columns outlive their events by thousands of events. If each kept the strings that the decoder made, memory
would be written all over; and whoever counts the values would compute the hash of every one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice
from operator import attrgetter
from typing import Any, Generic, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from detectors.fields import ABSENT, INVALID
from service.events.leaves import json_text

T = TypeVar("T")

_GET = attrgetter("__getitem__")

VALUES_MAX = 1024
"""Distinct values that are remembered from one run of records to the next."""

FEW = 256
"""To look at so many values costs no more than to find out which of them occur."""

_ALONE = {str, type(None), type(ABSENT), type(INVALID)}
"""Types whose values equal no value of another type."""


@dataclass(frozen=True, slots=True, eq=False)
class CodedColumn(Sequence[T], Generic[T]):
    """N values that take few distinct ones; to be read, a sequence like any other.

    Attributes
    ----------
    codes
        int64[N]: where in ``values`` the value of each event stands.
    values
        Distinct values, at most N or :data:`FEW` for a column as it was decoded; not all of them need occur.
        Which code a value has is of no meaning: it depends on what was read before.

    >>> column = CodedColumn(np.array([1, 0, 1]), ["eu", "us"])
    >>> list(column), column[0]
    (['us', 'eu', 'us'], 'us')
    """

    codes: NDArray[np.int64]
    values: Sequence[T]

    @classmethod
    def of(cls, values: Sequence[T]) -> CodedColumn[T]:
        """The values as a column."""
        coder = Coder(1)
        return coder.columns([coder.codes([values])])[0]

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[T]:
        return map(self.values.__getitem__, self.codes.tolist())

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Self: ...
    def __getitem__(self, place: int | slice) -> T | Self:
        if isinstance(place, slice):
            return type(self)(self.codes[place], self.values)
        return self.values[int(self.codes[place])]

    def present(self) -> list[T]:
        """The values that occur, in the order in which they first do.

        >>> CodedColumn(np.array([2, 0, 2]), ["a", "b", "c"]).present()
        ['c', 'a']
        """
        codes, first = np.unique(self.codes, return_index=True)
        return [self.values[code] for code in codes[np.argsort(first)].tolist()]

    def take(self, members: NDArray[np.int64]) -> CodedColumn[T]:
        """The values at ``members``, int64[n]."""
        return CodedColumn(self.codes[members], self.values)


class Coder:
    """Numbers the distinct values of some columns, run after run.

    ``1``, ``1.0`` and ``True`` are equal, and yet different categories and versions. As soon as a column
    holds such a value, its keys are pairs of type and value.

    Parameters
    ----------
    width
        How many columns there are.
    """

    def __init__(self, width: int) -> None:
        self._codes = [_numbering(()) for _ in range(width)]
        self._typed: set[int] = set()

    def codes(self, columns: Sequence[Sequence[Any]]) -> NDArray[np.int64]:
        """int64[columns, N]: a number for each value, until ``columns`` is called."""
        size = len(columns[0])
        known = list(map(len, self._codes))
        keys = [_typed(column) if i in self._typed else column for i, column in enumerate(columns)]
        found = chain.from_iterable(map(map, map(_GET, self._codes), keys))
        # One call for all columns costs less than one for each.
        codes = np.fromiter(found, np.int64, len(columns) * size).reshape(len(columns), size)
        for i, (numbers, before) in enumerate(zip(self._codes, known, strict=True)):
            if len(numbers) > before and i not in self._typed:
                new = islice(reversed(numbers), len(numbers) - before)
                if not set(map(type, new)) <= _ALONE:
                    codes[i] = self._retyped(i, before, columns[i])
        return codes

    def _retyped(self, place: int, known: int, values: Sequence[object]) -> NDArray[np.int64]:
        """The codes of a column in which types matter from now on; ``known`` values keep their numbers."""
        self._typed.add(place)
        before = islice(self._codes[place], known)
        self._codes[place] = numbers = _numbering((type(value), value) for value in before)
        return np.fromiter(map(numbers.__getitem__, _typed(values)), np.int64, len(values))

    def columns(self, codes: Sequence[NDArray[np.int64]]) -> list[CodedColumn[Any]]:
        """The columns that these codes make, one run behind the other; a float stands as its JSON text."""
        return [self._column(i, numbers) for i, numbers in enumerate(np.concatenate(codes, axis=1))]

    def _column(self, place: int, codes: NDArray[np.int64]) -> CodedColumn[Any]:
        keys: list[Any] = list(self._codes[place])
        if len(keys) > VALUES_MAX:
            self._codes[place] = _numbering(())
        return dense(codes, [key[1] for key in keys] if place in self._typed else keys)


def dense(codes: NDArray[np.int64], values: list[Any]) -> CodedColumn[Any]:
    """A column of N codes with at most N values, or few."""
    # Beyond, whoever looks at each value would do more than look at each event.
    if len(values) > FEW and len(values) > len(codes):
        present, codes = np.unique(codes, return_inverse=True)
        values = [values[i] for i in present.tolist()]
    return CodedColumn(codes, values)


def _numbering(keys: Iterable[object]) -> dict[object, int]:
    """Numbers keys in the order in which they are first asked for."""
    known = {key: i for i, key in enumerate(keys)}
    return defaultdict(count(len(known)).__next__, known)


def _typed(values: Sequence[Any]) -> Iterable[tuple[type, object]]:
    types = list(map(type, values))
    pairs = zip(types, values, strict=True)
    if float not in types:
        return pairs
    # -0.0 and 0.0 are equal, but differ in JSON.
    return ((kind, json_text(value) if kind is float else value) for kind, value in pairs)
