"""What the service counts of itself: the shells call, ``/metrics`` shows."""

from __future__ import annotations

from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from service.alerts.http import host_of
from service.alerts.outcome import Outcome
from service.config.settings import Settings
from service.events.batch import Reason
from service.web.metrics import DECLARED

KINDS = ("prediction", "label")
LOST_SPANS = ("queue_full", "not_taken")
"""Why a span never reached the collector: too many waited, or it was refused or not answered."""
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_M = TypeVar("_M", bound=MetricWrapperBase)


def new_registry() -> CollectorRegistry:
    """A registry of its own, with the metrics of process, platform and garbage collector."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # one more series a counter, read by nobody
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def receivers(settings: Settings) -> tuple[str, ...]:
    """The label ``receiver`` of each configured receiver: Alertmanager and its peers, webhooks by name."""
    peers = settings.receivers.alertmanager
    hosts = ["alertmanager", *(f"alertmanager/{host_of(url)}" for url in peers.urls)] if peers else []
    return (*hosts, *(webhook.name for webhook in settings.receivers.webhooks))


class SelfMetrics:
    """Counters, gauges and histograms of the service itself.

    Parameters
    ----------
    settings
        Models and receivers named there have series from the start, at 0.
    """

    def __init__(self, registry: CollectorRegistry, settings: Settings) -> None:
        self._registry = registry
        self._events = self._make(Counter, "events_total")
        self._rejects = self._make(Counter, "rejects_total")
        self._late = self._make(Counter, "late_events_total")
        self._clamped = self._make(Counter, "clamped_events_total")
        self._skipped = self._make(Counter, "skipped_events_total")
        self._dead = self._make(Counter, "dead_letters_total")
        self._duplicates = self._make(Counter, "duplicate_keys_total")
        self._tombstones = self._make(Counter, "tombstones_total")
        self._others = self._make(Counter, "other_events_total")
        self._event_bytes = self._make(Counter, "event_bytes_total")
        self._partial_bytes = self._make(Counter, "partial_bytes_total")
        self._lag_records = self._make(Gauge, "consumer_lag_records")
        self._lag_seconds = self._make(Gauge, "consumer_lag_seconds")
        self._gaps = self._make(Counter, "gap_records_total")
        self._panes = self._make(Gauge, "open_panes")
        self._flush = self._histogram("flush_duration_seconds")
        self._evaluation = self._histogram("evaluation_duration_seconds")
        self._deliveries = self._make(Counter, "deliveries_total")
        self._waiting = self._make(Gauge, "deliveries_waiting")
        self._lost_spans = self._make(Counter, "lost_spans_total")
        self._start(settings)

    def events(self, model: str, kind: str, count: int) -> None:
        """``count`` events of a kind (``prediction``, ``label``) were counted."""
        self._events.labels(model, kind).inc(count)

    def rejects(self, reason: str, count: int = 1) -> None:
        """Records were refused for a reason of ``service.events.batch.Reason``."""
        self._rejects.labels(reason).inc(count)

    def late(self, model: str, count: int) -> None:
        """Events came after their pane was finished."""
        self._late.labels(model).inc(count)

    def clamped(self, model: str, count: int) -> None:
        """Events had a time too far ahead of their record."""
        self._clamped.labels(model).inc(count)

    def skipped(self, model: str, count: int) -> None:
        """Events were read again that a finished pane already holds."""
        self._skipped.labels(model).inc(count)

    def dead_lettered(self, count: int = 1) -> None:
        """Records were written to the dead-letter topic."""
        self._dead.inc(count)

    def duplicate_keys(self, count: int) -> None:
        """Events had a key twice."""
        self._duplicates.inc(count)

    def tombstones(self, count: int) -> None:
        """Records had no value."""
        self._tombstones.inc(count)

    def other_events(self, model: str, count: int) -> None:
        """Events went into a slice or version ``__other__`` because a budget was full."""
        self._others.labels(model).inc(count)

    def bytes_in(self, count: int) -> None:
        """Bytes of events were read."""
        self._event_bytes.inc(count)

    def bytes_out(self, count: int) -> None:
        """Bytes of partials were written."""
        self._partial_bytes.inc(count)

    def lag(self, topic: str, partition: int, records: int, seconds: float) -> None:
        """A partition is so far behind the end of its log."""
        self._lag_records.labels(topic, str(partition)).set(records)
        self._lag_seconds.labels(topic, str(partition)).set(seconds)

    def lost_partition(self, topic: str, partition: int) -> None:
        """A partition went to another worker: its series end here."""
        for gauge in (self._lag_records, self._lag_seconds):
            gauge.remove_by_labels({"topic": topic, "partition": str(partition)})

    def gap(self, topic: str, partition: int, records: int) -> None:
        """Records were gone from a partition before they could be counted."""
        self._gaps.labels(topic, str(partition)).inc(records)

    def open_panes(self, model: str, count: int) -> None:
        """So many panes of a model are unfinished."""
        self._panes.labels(model).set(count)

    def flushed(self, seconds: float) -> None:
        """A flush took so long."""
        self._flush.observe(seconds)

    def evaluated(self, seconds: float) -> None:
        """The evaluation of one window took so long."""
        self._evaluation.observe(seconds)

    def delivery(self, receiver: str, outcome: str) -> None:
        """A delivery to a receiver had an outcome of ``service.alerts.outcome.Outcome``."""
        self._deliveries.labels(receiver, outcome).inc()

    def deliveries_waiting(self, count: int) -> None:
        """So many deliveries wait."""
        self._waiting.set(count)

    def lost_spans(self, reason: str, count: int) -> None:
        """Spans were lost for a reason of :data:`LOST_SPANS`; any thread may call this."""
        self._lost_spans.labels(reason).inc(count)

    def _make(self, kind: type[_M], name: str) -> _M:
        declared = DECLARED[f"driftline_{name}"]
        assert kind.__name__.lower() == declared.type, f"{name} is declared as a {declared.type}"
        return kind(declared.name, declared.help, declared.labels, registry=self._registry)

    def _histogram(self, name: str) -> Histogram:
        declared = DECLARED[f"driftline_{name}"]
        return Histogram(
            declared.name, declared.help, declared.labels, buckets=_BUCKETS, registry=self._registry
        )

    def _start(self, settings: Settings) -> None:
        for model in settings.models:
            for kind in KINDS:
                self._events.labels(model.name, kind)
            for metric in (self._late, self._clamped, self._skipped, self._others):
                metric.labels(model.name)
            self._panes.labels(model.name)
        for loss in LOST_SPANS:
            self._lost_spans.labels(loss)
        for reason in Reason:
            if reason is not Reason.TOMBSTONE:  # ignored, not refused: it has a counter of its own
                self._rejects.labels(reason.value)
        for receiver in receivers(settings):
            for outcome in Outcome:
                self._deliveries.labels(receiver, outcome.value)
