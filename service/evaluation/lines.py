"""Results become lines of the results topic: JSON objects, byte for byte as msgspec writes a ``Result``."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from service.evaluation.joining import Part, joined, numbers
from service.evaluation.result import Result
from service.evaluation.results import Results
from service.evaluation.table import STATUSES, Table

_ENCODER = msgspec.json.Encoder()
_encode = _ENCODER.encode

_NO_REASON = b'"explanation":null}'


def encoded(results: Sequence[Result]) -> list[bytes]:
    """A line for each result, without the line's end."""
    if not isinstance(results, Results):
        return [_encode(result) for result in results]
    lines = joined(_parts(results.table), len(results))
    for place, why in results.explanations.items():
        lines[place] = lines[place].removesuffix(_NO_REASON) + b'"explanation":%b}' % _encode(why)
    return lines


def _parts(table: Table) -> tuple[Part, ...]:
    """A line out of a table's columns: half of the cost of one made of an object would be the object."""
    begin = b'{"model":%b,"model_version":%b,"slice":' % (_encode(table.model), _encode(table.version))
    slices = tuple(b'%b%b,"feature":' % (begin, _encode(name)) for name in table.slices)
    heads = tuple(
        b'%b,"metric":%b,"value":' % (_encode(key.feature), _encode(key.metric)) for key in table.keys
    )
    statuses = tuple(b',"status":%b,"n":' % _encode(status) for status in STATUSES)
    window = b',"reference_id":%b,"window":%b,"provisional":false,"incomplete":' % (
        _encode(table.reference_id), _encode(table.interval),
    )  # fmt: skip
    cut = tuple(window + (b"true" if there else b"false") for there in table.cut.tolist())
    tails = tuple(b',"baseline":%b,"change":' % _encode(key.baseline) for key in table.keys)
    levels = tuple(b',"level":%b,%b' % (_encode(level), _NO_REASON) for level in (None, table.level))
    marks = tuple(b',"threshold":%b' % _encode(mark) for mark in table.marks.tolist())
    return (
        (slices, table.columns),
        (heads, table.rows), numbers(table.value),
        (b',"p_value":', None), numbers(table.p_value),
        (b',"p_adjusted":', None), numbers(table.p_adjusted),
        (b',"null_bound":', None), numbers(table.null_bound),
        (b',"lower":', None), numbers(table.lower),
        (b',"upper":', None), numbers(table.upper),
        (marks, table.mark),
        (statuses, table.status.astype(np.int64)), (None, table.n),
        (b',"reference_n":', None), (None, table.reference_n),
        (cut, table.columns),
        (tails, table.rows), numbers(table.change),
        (levels, np.isfinite(table.p_value).astype(np.int64)),
    )  # fmt: skip
