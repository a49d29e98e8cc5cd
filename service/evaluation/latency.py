"""``latency_p50`` and ``latency_p99`` of the events' ``latency_ms`` on every slice."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np

from detectors.fields import HistogramField
from detectors.latency import quantile
from service.evaluation.block import Block, block, data_of, only
from service.evaluation.drift import SAMPLES_MIN
from service.evaluation.frame import Frame

QUANTILES = {"latency_p50": 0.5, "latency_p99": 0.99}

_LEAST = {"latency_p50": SAMPLES_MIN, "latency_p99": 100}
"""Fewer values have no 99th percentile: not one of them would lie beyond it."""


def latency_blocks(frame: Frame, asked: AbstractSet[str]) -> list[Block]:
    """Quantiles in ms, with the edges of the bin in which each lies as bounds; there is no test of them.

    Nothing comes where latency is not counted; nor where no event had one, unless a monitor asks for it.
    """
    place = frame.layout.latency
    if place is None:
        return []
    field = frame.layout.fields[place]
    assert isinstance(field, HistogramField), "latency is measured, not compared"
    reference, window = frame.values(place)
    if not window.any() and not asked & QUANTILES.keys():
        return []
    n, m = window.sum(axis=-1), reference.sum(axis=-1)
    blocks = []
    for metric, share in QUANTILES.items():
        found = quantile(window, field.edges, share)
        enough = n >= _LEAST[metric]
        blocks.append(
            block(
                [("", metric)],
                only(enough, found.value),
                data_of(enough),
                n,
                frame.reference_n(m),
                lower=only(enough, found.lower),
                upper=only(enough, np.where(np.isinf(found.upper), np.nan, found.upper)),
            )
        )
    return blocks
