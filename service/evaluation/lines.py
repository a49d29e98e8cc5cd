"""Results become lines of the results topic: JSON objects, byte for byte as msgspec writes a ``Result``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec
import numpy as np

from service.evaluation.joining import Part, joined, numbers
from service.evaluation.result import Result
from service.evaluation.results import Results
from service.evaluation.table import STATUSES, Table

_ENCODER = msgspec.json.Encoder()
_encode = _ENCODER.encode

RUN = 4_096
"""So many lines at a time."""

_NO_REASON = b'"explanation":null}'


def encoded(results: Sequence[Result]) -> list[bytes]:
    """A line for each result, without the line's end."""
    return list(chain.from_iterable(runs(results)))


def runs(results: Sequence[Result]) -> Iterator[list[bytes]]:
    """The same some thousands at a time: all lines of many slices together would take much memory."""
    if not isinstance(results, Results):
        yield [_encode(result) for result in results]
        return
    lines_of = _Lines(results.table)
    for first in range(0, len(results), RUN):
        own = range(first, min(first + RUN, len(results)))
        lines = lines_of.some(slice(own.start, own.stop))
        for place, why in results.explanations.items():
            if place in own:
                line = lines[place - first].removesuffix(_NO_REASON)
                lines[place - first] = line + b'"explanation":%b}' % _encode(why)
        yield lines


class _Lines:
    """Lines out of a table's columns: half of the cost of one made of an object would be the object."""

    def __init__(self, table: Table) -> None:
        self._table = table
        begin = b'{"model":%b,"model_version":%b,"slice":' % (_encode(table.model), _encode(table.version))
        window = b',"reference_id":%b,"window":%b,"provisional":false,"incomplete":' % (
            _encode(table.reference_id), _encode(table.interval),
        )  # fmt: skip
        self._slices = tuple(b'%b%b,"feature":' % (begin, _encode(name)) for name in table.slices)
        self._heads = tuple(
            b'%b,"metric":%b,"value":' % (_encode(key.feature), _encode(key.metric)) for key in table.keys
        )
        self._marks = tuple(b',"threshold":%b' % _encode(mark) for mark in table.marks.tolist())
        self._statuses = tuple(b',"status":%b,"n":' % _encode(status) for status in STATUSES)
        self._cuts = tuple(window + (b"true" if there else b"false") for there in table.cut.tolist())
        self._tails = tuple(b',"baseline":%b,"change":' % _encode(key.baseline) for key in table.keys)
        self._levels = tuple(
            b',"level":%b,%b' % (_encode(level), _NO_REASON) for level in (None, table.level)
        )

    def some(self, own: slice) -> list[bytes]:
        """Those of some results that follow each other."""
        table = self._table
        rows, columns, p_value = table.rows[own], table.columns[own], table.p_value[own]
        parts: tuple[Part, ...] = (
            (self._slices, columns),
            (self._heads, rows), numbers(table.value[own]),
            (b',"p_value":', None), numbers(p_value),
            (b',"p_adjusted":', None), numbers(table.p_adjusted[own]),
            (b',"null_bound":', None), numbers(table.null_bound[own]),
            (b',"lower":', None), numbers(table.lower[own]),
            (b',"upper":', None), numbers(table.upper[own]),
            (self._marks, table.mark[own]),
            (self._statuses, table.status[own].astype(np.int64)), (None, table.n[own]),
            (b',"reference_n":', None), (None, table.reference_n[own]),
            (self._cuts, columns),
            (self._tails, rows), numbers(table.change[own]),
            (self._levels, np.isfinite(p_value).astype(np.int64)),
        )  # fmt: skip
        return joined(parts, len(rows))
