"""Columns of a flat table, as events have them: numbers with their states, categories as decoded values.

Two kinds of table give the same: Arrow's (Parquet, CSV) and rows of JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from detectors.fields import ABSENT, INVALID
from service.config.text import parse_time_ms
from service.errors import ProfileError


class Columns(Protocol):
    """A chunk of N rows."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns."""
        ...

    def __len__(self) -> int: ...

    def numbers(self, name: str) -> NDArray[np.float64]:
        """float64[N]: ``NaN`` is null, ``+inf`` absent, ``-inf`` invalid."""
        ...

    def categories(self, name: str) -> list[object]:
        """N values: a string, None, ABSENT or INVALID."""
        ...

    def labels(self, name: str) -> list[str | None]:
        """N values as JSON text, in which the whole number 1.0 is ``1``; None where there is none."""
        ...

    def times(self, name: str) -> NDArray[np.int64]:
        """int64[N]: epoch milliseconds; 0 where there is none."""
        ...


def wrong_type(name: str, found: str, wanted: str, mend: str) -> ProfileError:
    """The error of a column that cannot be what the model says it is."""
    return ProfileError(
        f"column `{name}` holds {found} where {wanted} belong, so no row could be counted; {mend}",
        reason="wrong_type",
    )


@dataclass(frozen=True)
class ArrowColumns:
    """Columns of an Arrow record batch; ``text`` says that all of them are strings to be parsed (CSV)."""

    batch: pa.RecordBatch
    text: bool = False

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns."""
        return list(self.batch.schema.names)

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """See :class:`Columns`."""
        column = self._column(name)
        kind = column.type
        if self.text:
            return _parsed(column)
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
            mend = (
                "write the column as integers or floats, or call the feature categorical in the configuration"
            )
            raise wrong_type(name, f"values of type {kind}", "numbers", mend)
        return _with_states(pc.cast(column, pa.float64(), safe=False))

    def categories(self, name: str) -> list[object]:
        """See :class:`Columns`."""
        column = self._column(name)
        kind = column.type
        if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
            column = pc.cast(column, pa.string())
        elif not _is_text(kind):
            mend = (
                "write the column as strings or integers (integers with gaps become floats in pandas: "
                "use its type Int64), or call the feature numeric in the configuration"
            )
            raise wrong_type(name, f"values of type {kind}", "categories", mend)
        return _shared(column)

    def labels(self, name: str) -> list[str | None]:
        """See :class:`Columns`."""
        column = self._column(name)
        if self.text:
            return [text if text is None else _whole(text) for text in _shared(column)]
        if _is_text(column.type):
            return _shared(column)
        return [_label_text(value) for value in column.to_pylist()]

    def times(self, name: str) -> NDArray[np.int64]:
        """See :class:`Columns`."""
        column = self._column(name)
        if pa.types.is_timestamp(column.type):
            column = pc.cast(pc.cast(column, pa.timestamp("ms", column.type.tz), safe=False), pa.int64())
            return np.asarray(column.fill_null(0).to_numpy(zero_copy_only=False), dtype=np.int64)
        return _times(name, column.to_pylist())

    def _column(self, name: str) -> Any:
        column = self.batch.column(self.batch.schema.names.index(name))
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_null(column.type):
            column = pc.cast(column, pa.string() if self.text else pa.int64())
        return column


@dataclass(frozen=True)
class RowColumns:
    """Columns of decoded JSON objects; a key that a row lacks is absent."""

    rows: Sequence[Mapping[str, object]]

    @property
    def names(self) -> Sequence[str]:
        """Every key that any row has, in order of appearance."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def __len__(self) -> int:
        return len(self.rows)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """See :class:`Columns`."""
        return np.fromiter((_number(row.get(name, ABSENT)) for row in self.rows), np.float64, len(self))

    def categories(self, name: str) -> list[object]:
        """See :class:`Columns`."""
        return [_category(row.get(name, ABSENT)) for row in self.rows]

    def labels(self, name: str) -> list[str | None]:
        """See :class:`Columns`."""
        return [_label_text(row.get(name)) for row in self.rows]

    def times(self, name: str) -> NDArray[np.int64]:
        """See :class:`Columns`."""
        return _times(name, [row.get(name) for row in self.rows])


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _shared(column: Any) -> list[Any]:
    """Strings or None, equal ones as one object, so that a long column takes little memory."""
    encoded = pc.cast(column, pa.string()).dictionary_encode()
    words = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    places = encoded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)
    return list(words[places])


def _with_states(column: Any) -> NDArray[np.float64]:
    """NaN and infinities in the data are invalid values, nulls are null: as in events."""
    null = np.asarray(column.is_null().to_numpy(zero_copy_only=False))
    values = np.array(column.fill_null(0.0).to_numpy(zero_copy_only=False), dtype=np.float64)
    values[~np.isfinite(values)] = -np.inf
    values[null] = np.nan
    return values


def _parsed(column: Any) -> NDArray[np.float64]:
    try:
        return _with_states(pc.cast(column, pa.float64()))
    except pa.ArrowInvalid:
        return np.array([_parse(text) for text in column.to_pylist()], dtype=np.float64)


def _parse(text: str | None) -> float:
    if text is None:
        return np.nan
    try:
        value = float(text)
    except ValueError:
        return -np.inf
    return value if np.isfinite(value) else -np.inf


def _number(value: object) -> float:
    if value is None:
        return np.nan
    if value is ABSENT:
        return np.inf
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return -np.inf
    return float(value)


def _category(value: object) -> object:
    if value is None or value is ABSENT or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else INVALID


def _label_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _whole(text: str) -> str:
    """A label column with gaps is written as ``1.0`` by tools that know no missing integers."""
    return text[:-2] if text.endswith(".0") and text[:-2].lstrip("-").isdigit() else text


def _times(name: str, values: Sequence[object]) -> NDArray[np.int64]:
    mend = "write RFC 3339 times such as 2026-08-22T10:15:03Z, or epoch milliseconds"
    times = np.zeros(len(values), dtype=np.int64)
    for row, value in enumerate(values):
        if value is None:
            continue
        text = str(value)
        try:
            times[row] = int(text) if text.lstrip("-").isdigit() else parse_time_ms(text)
        except (ValueError, OverflowError):
            raise wrong_type(name, f"`{text}`", "times", mend) from None
    return times
