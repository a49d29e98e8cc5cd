"""What ingest tells the metrics, once a flush and once a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aiokafka import TopicPartition

from service.pipeline import Taken
from service.web.selfmetrics import SelfMetrics
from service.windows.source import Source


class Lag(NamedTuple):
    """How far reading is behind the logs: records over all sources, and seconds of the slowest."""

    records: int = 0
    seconds: float = 0.0


def count_batch(metrics: SelfMetrics, taken: Taken, size: int) -> None:
    """A batch of ``size`` bytes was read."""
    metrics.bytes_in(size)
    metrics.tombstones(taken.tombstones)
    metrics.duplicate_keys(taken.duplicate_keys)
    for (model, is_label), events in taken.events.items():
        metrics.events(model, "label" if is_label else "prediction", events)


def observe(
    metrics: SelfMetrics,
    sources: Mapping[TopicPartition, Source],
    ends: Mapping[TopicPartition, int],
    models: Mapping[str, object],
    now_ms: float,
) -> Lag:
    """A flush is done; ``ends`` are the ends of the logs as far as they are known."""
    lag = Lag()
    panes: dict[str, int] = dict.fromkeys(models, 0)
    for tp, source in sources.items():
        records = max(0, ends.get(tp, 0) - source.position)
        behind_ms = now_ms - max(source.newest_ms, source.caught_up_ms, 0) if records else 0
        seconds = max(0.0, behind_ms / 1000)
        lag = Lag(lag.records + records, max(lag.seconds, seconds))
        metrics.lag(tp.topic, tp.partition, records, seconds)
        for model, unfinished in source.open_by_model().items():
            panes[model] += unfinished
        for model, tally in source.tallies().items():
            metrics.late(model, tally.late)
            metrics.clamped(model, tally.clamped)
            metrics.skipped(model, tally.skipped)
            metrics.other_events(model, tally.cut)
    for model, unfinished in panes.items():
        metrics.open_panes(model, unfinished)
    return lag
