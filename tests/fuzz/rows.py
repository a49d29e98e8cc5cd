"""Rows of panes counted at random, and packed ones damaged: what the parts in C must bear."""

import random
from typing import Any

import numpy as np

from detectors.fields import CategoricalField, NumericField
from detectors.layout import COUNTERS, Layout
from service.windows.codec import add_rows, decode_rows
from service.windows.counts import PaneCounts


def attack_rows(seed: int, count: int) -> int:
    """Count panes, damage their bytes, and count in arrays that do not fit; how often it was refused."""
    draw, rng, refused = np.random.default_rng(seed), random.Random(seed), 0
    for _ in range(count):
        fields = NumericField("x", np.arange(float(rng.randrange(1, 300)))), CategoricalField("c", ("a", "b"))
        layout = Layout(fields, bin_sums=rng.random() < 0.5)
        slices = rng.randrange(1, 300)
        pane = PaneCounts(layout)
        pane.make_room(slices)
        for _ in range(rng.randrange(1, 4)):
            pane.add_all(*_batch(draw, layout, slices, rng.randrange(400)))
        data = pane.encode(draw.permutation(slices))
        totals = decode_rows(data)
        refused += _refused(decode_rows, damaged(rng, data))
        refused += _refused(add_rows, damaged(rng, data), totals, draw.integers(-1, slices + 1, slices))
        hostile = [_hostile(rng, array) for array in _batch(draw, layout, slices, rng.randrange(400))]
        refused += _refused(pane.add_all, *hostile)
        refused += _refused(pane.encode, draw.integers(-2, slices + 20, 5))
    return refused


def damaged(rng: random.Random, data: bytes) -> bytes:
    """The bytes with some changed, lost or doubled; those of the header, too."""
    found = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(min(len(found), rng.choice([29, 10_000])) or 1)
        found[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
    return bytes(found)


def _batch(draw: np.random.Generator, layout: Layout, slices: int, n: int) -> tuple[Any, Any, Any]:
    rows = draw.integers(-1, slices, (2, n))
    cells = np.stack([draw.integers(0, field.cells, n) for field in layout.fields]).astype(np.int32)
    sums = draw.integers(-(2**40), 2**40, (n, len(COUNTERS) + 2))
    valued = (cells[0] > 0) & (cells[0] < layout.fields[0].cells - 2)
    sums[~valued, len(COUNTERS)] = 0
    return rows, cells, sums


def _hostile(rng: random.Random, array: Any) -> Any:
    """The array, or one of another shape or with a number that is none of its rows or cells."""
    kind = rng.randrange(6)
    if kind == 0:
        return array[: rng.randrange(len(array) + 1)].copy()
    if kind == 1:
        return np.ascontiguousarray(array[..., : rng.randrange(array.shape[-1] + 1)])
    if kind == 2 and array.size:
        array = array.copy()
        array.flat[rng.randrange(array.size)] = rng.choice([-(2**31), -2, 2**31 - 1, 70_000, 300])
    return array


def _refused(function: Any, *arguments: Any) -> bool:
    try:
        function(*arguments)
    except (ValueError, IndexError):
        return True
    return False
