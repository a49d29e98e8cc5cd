"""Records of a reference put in time order, in which alone dependence shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detectors.building import Reference
from service.events.batch import Batch


def in_time_order(reference: Reference, batches: Sequence[Batch]) -> Reference:
    """The reference with its records by event time; of equal times by offset, then by score.

    Rows of files without times all have the time 0, so they stay in the order of their rows.

    Parameters
    ----------
    batches
        What the reference was joined of, in this order.
    """
    event_ms = np.concatenate([batch.event_ms for batch in batches])
    offsets = np.concatenate([batch.offsets for batch in batches])
    order = np.lexsort((reference.numeric[:, -1], offsets, event_ms))
    if np.array_equal(order, np.arange(len(order))):
        return reference
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    picked = order.tolist()
    return replace(
        reference,
        numeric=reference.numeric[order],
        categorical=[[column[i] for i in picked] for column in reference.categorical],
        counters=reference.counters[order],
        slices={name: np.sort(place[records]) for name, records in reference.slices.items()},
        latency=None if reference.latency is None else reference.latency[order],
    )
