"""The yardstick, as one would write it first: a Faust agent that updates river's statistics event by event.

It does the same work as the service as far as a feature goes: for ``all`` and for the event's slice in each
dimension it updates, per feature, mean and variance (``river.stats.Var``), the histogram on the reference's
edges and the states of values; after every thousand events of a slice it computes PSI and KS against the
reference. It does less elsewhere: no event time, no late events, nothing that survives a restart, no
p-values, no alerts.

A process of its own: ``python -m bench.naive BOOTSTRAP PROFILE EVENTS``.
"""

from __future__ import annotations

import asyncio
import math
import resource
import sys
import time
import uuid
from bisect import bisect_left
from collections import Counter
from pathlib import Path
from typing import Any

import faust
from river import stats

from bench.cost import Cost, tell
from bench.topic import TOPIC
from bench.workload import CATEGORICAL, NUMERIC, TAGS
from detectors.fields import CategoricalField, NumericField
from detectors.profile import Profile

WINDOW_EVENTS = 1_000


class NumberDrift:
    """Drift of one numeric feature of one slice."""

    def __init__(self, edges: list[float], reference: list[float]) -> None:
        self._edges, self._reference = edges, reference
        self.reset()

    def reset(self) -> None:
        """Begin a window."""
        self.moments = stats.Var()
        self.counts = [0] * (len(self._edges) + 1)
        self.missing = self.invalid = 0

    def update(self, value: object) -> None:
        """Take a value in."""
        if value is None:
            self.missing += 1
        elif isinstance(value, int | float):
            self.moments.update(value)
            self.counts[bisect_left(self._edges, value)] += 1
        else:
            self.invalid += 1

    def drift(self) -> tuple[float, float]:
        """PSI and the KS statistic."""
        n = sum(self.counts) or 1
        shares = [count / n for count in self.counts]
        gap = largest = 0.0
        for share, reference in zip(shares, self._reference, strict=True):
            gap += share - reference
            largest = max(largest, abs(gap))
        return _psi(shares, self._reference), largest


class CategoryDrift:
    """Drift of one categorical feature of one slice."""

    def __init__(self, reference: dict[str, float]) -> None:
        self._reference = reference
        self.reset()

    def reset(self) -> None:
        """Begin a window."""
        self.counts: Counter[object] = Counter()

    def update(self, value: object) -> None:
        """Take a value in."""
        self.counts[value] += 1

    def drift(self) -> tuple[float, float]:
        """PSI, and NaN since categories have no order."""
        n = sum(self.counts.values()) or 1
        shares = [self.counts[name] / n for name in self._reference]
        return _psi(shares, list(self._reference.values())), math.nan


def _psi(shares: list[float], reference: list[float]) -> float:
    pairs = ((p + 1e-4, q + 1e-4) for p, q in zip(shares, reference, strict=True))
    return sum((p - q) * math.log(p / q) for p, q in pairs)


class SliceDrift:
    """All features of one slice."""

    def __init__(self, profile: Profile) -> None:
        self.features: dict[str, NumberDrift | CategoryDrift] = {}
        self.count = 0
        self.results: dict[str, tuple[float, float]] = {}
        for i, field in enumerate(profile.layout.fields):
            counts = profile.layout.values(profile.totals[0], i)
            shares = (counts / max(1, counts.sum())).tolist()
            if isinstance(field, NumericField):
                self.features[field.name] = NumberDrift(field.edges.tolist(), shares)
            elif isinstance(field, CategoricalField):
                named = zip((*field.categories, "(unseen)"), shares, strict=True)
                self.features[field.name] = CategoryDrift(dict(named))

    def update(self, features: dict[str, Any], score: object) -> None:
        """Take an event in."""
        for name in (*NUMERIC, *CATEGORICAL):
            self.features[name].update(features.get(name))
        self.features["prediction"].update(score)
        self.count += 1
        if self.count == WINDOW_EVENTS:
            self.results = {name: feature.drift() for name, feature in self.features.items()}
            for feature in self.features.values():
                feature.reset()
            self.count = 0


async def naive(bootstrap: str, profile: Profile, count: int) -> Cost:
    """Let the agent take ``count`` events."""
    app = faust.App(
        f"naive-{uuid.uuid4().hex}", broker=f"kafka://{bootstrap}", web_enabled=False, store="memory://",
        consumer_auto_offset_reset="earliest", stream_wait_empty=False, broker_check_crcs=False,
        topic_disable_leader=True,
    )  # fmt: skip
    slices: dict[tuple[str, str], SliceDrift] = {("all", ""): SliceDrift(profile)}
    done = asyncio.Event()
    seen = 0
    began = ended = (0.0, 0.0)

    async def watch(stream: faust.StreamT[dict[str, Any]]) -> None:
        nonlocal seen, began, ended
        async for event in stream:
            if not seen:
                began = (time.process_time(), time.perf_counter())
            seen += 1
            keys = [("all", ""), *((tag, event["tags"][tag]) for tag in TAGS)]
            for key in keys:
                if key not in slices:
                    slices[key] = SliceDrift(profile)
                slices[key].update(event["features"], event["prediction"]["score"])
            if seen == count:
                ended = (time.process_time(), time.perf_counter())
                done.set()

    app.agent(app.topic(TOPIC, value_serializer="json", key_serializer="raw"), name="watch")(watch)
    await app.start()
    try:
        await asyncio.wait_for(done.wait(), 300)
    finally:
        await app.stop()
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Cost(count - 1, ended[0] - began[0], ended[1] - began[1], peak_bytes)


if __name__ == "__main__":
    tell(asyncio.run(naive(sys.argv[1], Profile.from_json(Path(sys.argv[2]).read_bytes()), int(sys.argv[3]))))
