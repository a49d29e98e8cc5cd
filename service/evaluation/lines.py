"""Results become lines of the results topic: JSON objects, byte for byte as msgspec writes a ``Result``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.evaluation.result import Result
from service.evaluation.results import Results
from service.evaluation.table import STATUSES, Table

_ENCODER = msgspec.json.Encoder()


def encoded(results: Sequence[Result]) -> list[bytes]:
    """A line for each result, without the line's end."""
    if not isinstance(results, Results):
        return [_ENCODER.encode(result) for result in results]
    return _lines(results) if len(results) else []


def _lines(results: Results) -> list[bytes]:
    """Out of a table's columns: half of the cost of a line made of an object would be the object.

    A column of numbers is written at once, and what lines share only once; what is left is to join them.
    """
    table = results.table
    rows, columns = table.rows.tolist(), table.columns.tolist()
    slices = [f'{_text(name)},"feature":' for name in table.slices]
    cuts = ["true" if cut else "false" for cut in table.cut.tolist()]
    heads = [f'{_text(key.feature)},"metric":{_text(key.metric)},"value":' for key in table.keys]
    tails = [f',"baseline":{_text(key.baseline)},"change":' for key in table.keys]
    statuses = [_text(status) for status in STATUSES]
    untested, tested = "null", _text(table.level)
    levels = [tested if there else untested for there in np.isfinite(table.p_value).tolist()]
    first = f'{{"model":{_text(table.model)},"model_version":{_text(table.version)},"slice":'
    shared = (
        f',"reference_id":{_text(table.reference_id)},"window":{_text(table.interval)},'
        '"provisional":false,"incomplete":'
    )
    why = dict.fromkeys(results.explanations, "")
    why = {place: _text(results.explanations[place]) for place in why}
    # Written out, and in one loop, because thousands of results come at once.
    text = "\n".join([
        f'{first}{slices[column]}{heads[row]}{value},"p_value":{p_value},"p_adjusted":{p_adjusted},'
        f'"null_bound":{bound},"lower":{lower},"upper":{upper},"threshold":{threshold},'
        f'"status":{statuses[status]},"n":{n},"reference_n":{m}{shared}{cuts[column]}{tails[row]}{change},'
        f'"level":{level},"explanation":null}}'
        for row, column, value, p_value, p_adjusted, bound, lower, upper, threshold, status, n, m, change,
        level in zip(
            rows, columns, _numbers(table.value), _numbers(table.p_value), _numbers(table.p_adjusted),
            _numbers(table.null_bound), _numbers(table.lower), _numbers(table.upper),
            _numbers(table.threshold), table.status.tolist(), table.n.tolist(), _sizes(table),
            _numbers(table.change), levels, strict=True,
        )
    ])  # fmt: skip
    # No line's end stands in JSON text: it is written as an escape.
    made = text.encode().split(b"\n")
    for place, told in why.items():
        made[place] = made[place].removesuffix(b"null}") + f"{told}}}".encode()
    return made


def _text(value: object) -> str:
    return _ENCODER.encode(value).decode()


def _numbers(values: NDArray[np.float64]) -> list[str]:
    """The text of each number; ``null`` for what is none."""
    return _text(values.tolist())[1:-1].split(",")


def _sizes(table: Table) -> list[Any]:
    return ["null" if m < 0 else m for m in table.reference_n.tolist()]
