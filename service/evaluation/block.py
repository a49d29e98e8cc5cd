"""A block: several metrics over all slices of a window, as matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from service.config.monitor import Baseline

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Key = tuple[str, str]
"""Feature and metric."""

REFERENCE = "reference"
"""The baseline that is the profile."""


class Row(NamedTuple):
    """What a row of results is about."""

    feature: str
    metric: str
    baseline: str = REFERENCE


ENOUGH, TOO_FEW, UNDEFINED = 0, 1, 2
"""Whether a value says something: yes; too little data or no reference; it does not exist for this
reference."""

DRIFT_TESTS = frozenset(
    {"psi", "js", "hellinger", "linf", "chi2", "ks", "wasserstein", "mean_shift", "std_shift",
     "reconstruction_error"}
)  # fmt: skip
"""Metrics that compare a distribution with the reference's: beyond their threshold they say ``drift``."""

SHIFTS = frozenset({"mean_shift", "std_shift"})
"""Signed metrics, compared by magnitude."""

METRICS = (
    "traffic", "error_ratio", "latency_p50", "latency_p99", "reconstruction_error", "positive_rate",
    "psi", "js", "hellinger", "linf", "chi2", "ks", "wasserstein", "mean_shift", "std_shift",
    "mean", "std", "missing_ratio", "invalid_ratio", "unseen_ratio",
    "out_of_range_ratio", "change:traffic", "change:error_ratio", "change:positive_rate", "change:mean",
    "change:std", "change:missing_ratio",
)  # fmt: skip
"""The order of a feature's results."""


BASELINES: tuple[str, ...] = get_args(Baseline)
"""The order of a metric's results."""


@dataclass(frozen=True, eq=False)
class Block:
    """K rows of S slices; NaN stands for what does not exist.

    Attributes
    ----------
    keys
        What each row is about.
    data
        int8[K, S]: :data:`ENOUGH`, :data:`TOO_FEW` or :data:`UNDEFINED`.
    n, reference_n
        int64[K, S]: the records behind the value; ``reference_n`` is -1 where there is no reference.
    change
        float64[K, S]: value less the reference's, where a direction matters.
    """

    keys: tuple[Row, ...]
    value: Floats
    data: NDArray[np.int8]
    n: Counts
    reference_n: Counts
    p_value: Floats
    null_bound: Floats
    lower: Floats
    upper: Floats
    change: Floats


def block(
    keys: Sequence[Key], value: Floats, data: NDArray[Any], n: Counts, reference_n: Counts, **more: Floats
) -> Block:
    """A block whose other parts are NaN unless they are given; one row may come without its leading axis."""
    shape = (len(keys), value.shape[-1])
    given: Mapping[str, Floats] = {"p_value": _NOTHING, "null_bound": _NOTHING, "lower": _NOTHING,
                                   "upper": _NOTHING, "change": _NOTHING, "value": value} | more  # fmt: skip
    return Block(
        keys=tuple(Row(*key) for key in keys),
        data=_wide(data, shape).astype(np.int8),
        n=_wide(n, shape),
        reference_n=_wide(reference_n, shape),
        **{
            name: _nothing(shape) if array is _NOTHING else _wide(array, shape)
            for name, array in given.items()
        },
    )


def _wide(array: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    """``array`` in the shape; broadcasting costs more than all else here, and is rarely needed."""
    if array.shape == shape:
        return array
    return array[None] if (1, *array.shape) == shape else np.broadcast_to(array, shape)


@lru_cache(maxsize=256)
def _nothing(shape: tuple[int, int]) -> Floats:
    return np.broadcast_to(_NOTHING, shape)


_NOTHING = np.array(np.nan)


def too_few(keys: Sequence[Key], n: Counts) -> Block:
    """A block that says nothing, for want of a reference."""
    nothing = np.full(n.shape, np.nan)
    return block(keys, nothing, np.array(TOO_FEW), n, np.array(-1))


def only(enough: NDArray[np.bool_], value: Floats) -> Floats:
    """The values where there is enough data; NaN elsewhere."""
    return np.where(enough, value, np.nan)


def data_of(enough: NDArray[np.bool_]) -> NDArray[np.int64]:
    """What a value says: :data:`ENOUGH` or :data:`TOO_FEW`."""
    return np.where(enough, ENOUGH, TOO_FEW)


def against(baseline: str, part: Block, rows: Sequence[int]) -> Block:
    """Some rows of a block, which were measured against another baseline than the reference."""
    picked = list(rows)
    keys = tuple(part.keys[i]._replace(baseline=baseline) for i in picked)
    return Block(keys=keys, **{name: getattr(part, name)[picked] for name in ARRAYS})


ARRAYS = tuple(item.name for item in fields(Block) if item.name != "keys")
"""The names of a block's matrices."""
