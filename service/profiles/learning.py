"""Learning the reference of a model version from its first events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import numpy as np

from detectors.profile import Profile
from service.config.model import LearnSpec, Model
from service.events.batch import Batch
from service.profiles.from_batches import MAX_SLICES, build_from_batches
from service.windows.clock import FOREVER_MS, NEVER_MS
from service.windows.codec import pack_text
from service.windows.sample import pack, unpack
from service.windows.statement import Sample

MIN_EVENTS = 100
"""Fewer events make no reference, even when the time range to learn from is over."""
PROFILE_BYTES = 900_000
"""Packed bytes of a learned profile: nobody is there to choose, so it is made to fit a record."""
FEW_SLICES, FEW_BINS = 16, 10


class _Version(msgspec.Struct):
    """What has been seen of one model version."""

    seen: int = 0
    taken: dict[str, int] = {}
    samples: list[Sample] = []


class Learner:
    """Collects samples of one model until each version has its reference.

    Samples are taken in the order of the partials log, each record once: a source's samples count only above
    the highest offset taken from it.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._versions: dict[str, _Version] = {}

    def add(self, sample: Sample) -> None:
        """Take a sample in, unless it repeats what was taken."""
        state = self._versions.setdefault(sample.version, _Version())
        taken = state.taken.get(sample.source, 0)
        if sample.hi <= taken:
            return
        state.taken[sample.source] = sample.hi
        if sample.lo < taken:  # whoever reads a source again cuts its samples elsewhere
            known = unpack(sample.columns, self.model.name, sample.version)
            fresh = known.take((known.offsets >= taken).nonzero()[0])
            sample = msgspec.structs.replace(sample, lo=taken, columns=pack(fresh))
        batch = self._within(unpack(sample.columns, self.model.name, sample.version))
        state.seen += len(batch)
        if len(batch):
            state.samples.append(sample)

    def seen(self) -> dict[str, int]:
        """Events collected by version, for those that have no reference yet."""
        return {version: state.seen for version, state in sorted(self._versions.items()) if state.samples}

    def ready(self, watermark_ms: int) -> list[Profile]:
        """The references that are complete by now; their samples are let go."""
        spec = self.model.reference.learn
        if spec is None:
            return []
        over = watermark_ms >= learning_range_ms(spec)[1]
        profiles = []
        for version, state in sorted(self._versions.items()):
            if state.samples and (state.seen >= spec.events or (over and state.seen >= MIN_EVENTS)):
                profiles.append(self._build(version, state, spec.events))
                state.samples = []
        return profiles

    def dump(self) -> bytes:
        """The state as bytes, for a snapshot."""
        return msgspec.msgpack.encode(self._versions)

    def load(self, data: bytes) -> None:
        """Take up the state that ``dump`` gave."""
        self._versions = msgspec.msgpack.decode(data, type=dict[str, _Version])

    def _build(self, version: str, state: _Version, events: int) -> Profile:
        batches, left = [], events
        for sample in state.samples:
            batch = self._within(unpack(sample.columns, self.model.name, version))
            batches.append(batch if len(batch) <= left else batch.take(np.arange(left)))
            left -= len(batches[-1])
            if left <= 0:
                break
        return fitting_profile(self.model, version, batches)

    def _within(self, batch: Batch) -> Batch:
        spec = self.model.reference.learn
        assert spec is not None, "only models that learn are sampled"
        start_ms, end_ms = learning_range_ms(spec)
        inside = (batch.event_ms >= start_ms) & (batch.event_ms < end_ms)
        return batch if inside.all() else batch.take(inside.nonzero()[0])


def fitting_profile(
    model: Model, version: str, batches: Sequence[Batch], most: int = PROFILE_BYTES
) -> Profile:
    """The profile of the events, with as many slices, then as many bins, as ``most`` packed bytes hold."""
    slices, bins = MAX_SLICES, model.reference.bins
    while True:
        spec = model.reference.model_copy(update={"bins": bins})
        sized = model.model_copy(update={"reference": spec})
        profile = build_from_batches(sized, version, batches, max_slices=slices).profile
        if len(pack_text(profile.to_json())) <= most or bins < 2 * FEW_BINS:
            return profile
        if slices > FEW_SLICES:
            slices //= 2
        else:
            bins //= 2


def learning_range_ms(spec: LearnSpec) -> tuple[int, int]:
    """The half-open range of event times to learn from, in ms."""
    start = NEVER_MS if spec.start is None else _epoch_ms(spec.start)
    return start, FOREVER_MS if spec.end is None else _epoch_ms(spec.end)


def _epoch_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
