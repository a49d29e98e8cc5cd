"""Results and judgements that are made when somebody looks at them: of thousands, few are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from service.evaluation.result import Explanation, Result
from service.evaluation.table import STATUSES, Table

T = TypeVar("T")


class Lazy(Sequence[T]):
    """A sequence whose items are made at the first look, and are the same at every later one.

    Readers may be in other threads: what two of them make at once is equal, and one of both stays.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._made: dict[int, T] = {}

    def make(self, place: int) -> T:
        """The item at a place in [0, size)."""
        raise NotImplementedError

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        if isinstance(place, slice):
            return tuple(self[i] for i in range(self._size)[place])
        i = range(self._size)[place]
        found = self._made.get(i)
        return self._made.setdefault(i, self.make(i)) if found is None else found

    def __iter__(self) -> Iterator[T]:
        return map(self.__getitem__, range(self._size))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lazy | tuple) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as of a list: items come to be


class Results(Lazy[Result]):
    """The results of one window, out of a table.

    Parameters
    ----------
    explanations
        By place, why results are as they are.
    """

    def __init__(self, table: Table, explanations: Mapping[int, Explanation] | None = None) -> None:
        super().__init__(len(table.rows))
        self.table = table
        self.explanations = explanations or {}

    def make(self, place: int) -> Result:
        """The result of a row."""
        table = self.table
        key, column = table.keys[table.rows.item(place)], table.columns.item(place)
        p_value, m = _number(table.p_value, place), table.reference_n.item(place)
        return Result(
            model=table.model, model_version=table.version, slice=table.slices[column],
            feature=key.feature, metric=key.metric, value=_number(table.value, place), p_value=p_value,
            p_adjusted=_number(table.p_adjusted, place), null_bound=_number(table.null_bound, place),
            lower=_number(table.lower, place), upper=_number(table.upper, place),
            threshold=_number(table.marks, table.mark.item(place)),
            status=STATUSES[table.status.item(place)], n=table.n.item(place),
            reference_n=None if m < 0 else m, reference_id=table.reference_id, window=table.interval,
            incomplete=table.cut.item(column), baseline=key.baseline, change=_number(table.change, place),
            level=None if p_value is None else table.level, explanation=self.explanations.get(place),
        )  # fmt: skip


def _number(values: NDArray[np.float64], place: int) -> float | None:
    """The number at a place; None for what is none."""
    value = values.item(place)
    return value if isfinite(value) else None
