"""Names of categories that the reference does not know: the most frequent ones, by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from detectors.fields import CategoricalField
from detectors.layout import Layout
from detectors.totals import heavy
from service.events.batch import Batch

NAME_LENGTH = 64
"""Longer names are cut: different ones that begin alike count together."""
FIELDS = 32
"""Fields of which names are kept, the first in the order of the layout: a statement must fit a record."""

Unseen = dict[str, heavy.Summary]
"""By field, its names."""


def note(
    unseen: Unseen, layout: Layout, batch: Batch, cells: NDArray[np.int32], own: NDArray[np.int64]
) -> None:
    """Count the unseen names among events, in the order of their offsets.

    Parameters
    ----------
    cells
        int32[F, N] of the whole batch, as ``Counting`` measures them.
    own
        Which events of the batch to look at (ascending indices).
    """
    places = (i for i, field in enumerate(layout.fields) if isinstance(field, CategoricalField))
    for i, column in list(zip(places, batch.categorical, strict=False))[:FIELDS]:
        field = layout.fields[i]
        assert isinstance(field, CategoricalField), "only names can be unseen"
        unknown = int(layout.starts[i]) - layout.sums + 1 + len(field.categories)
        hits = own[cells[i, own] == unknown]
        if len(hits):
            codes = column.codes[hits].tolist()
            names = {code: _text(column.values[code]) for code in set(codes)}
            heavy.add(unseen.setdefault(field.name, {}), [names[code] for code in codes])


def together(parts: Iterable[Mapping[str, Mapping[str, int]]]) -> Unseen:
    """The names of all parts, merged in their order."""
    merged: Unseen = {}
    for part in parts:
        for field, summary in part.items():
            merged[field] = heavy.merge(merged.get(field, {}), summary)
    return {field: summary for field, summary in sorted(merged.items()) if summary}


def ranked(unseen: Mapping[str, Mapping[str, int]]) -> Unseen:
    """The same, the most frequent names first."""
    return {
        field: dict(sorted(summary.items(), key=lambda item: (-item[1], item[0])))
        for field, summary in unseen.items()
    }


def _text(value: object) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return text[:NAME_LENGTH]
