"""A run to look at through the dashboards: hours of the example's traffic, drift in the last of them."""

from __future__ import annotations

import json
import random
from collections import deque
from itertools import takewhile
from pathlib import Path

from prometheus_client import CollectorRegistry

from examples.produce import credit_events
from service.alerts.notice import AlertNotice, AlertState, TriggerNotice
from service.config.loading import load
from service.config.monitor import Metric, Monitor
from service.config.settings import Settings
from service.embedded.engine import Engine
from service.embedded.files import FileRecord
from service.evaluation.result import Evaluated
from service.pipeline import Effect
from service.web.board import Board
from service.web.collector import BoardCollector
from service.web.selfmetrics import SelfMetrics, new_registry

EXAMPLE = Path(__file__).parents[2] / "examples" / "driftline.yaml"
HOUR_MS = 3_600_000
RATE = 2.0
CHUNK = 500
LEFT = 30_000
"""Events that happen while somebody looks."""
PAST: tuple[Metric, ...] = ("psi", "mean_shift")
CHANGED: tuple[Metric, ...] = (
    "change:mean",
    "change:std",
    "change:missing_ratio",
    "change:positive_rate",
)

DECIDING = (
    *(
        Monitor(name=f"Past {metric}", metric=metric, slices=("all",), threshold=0.2, baseline="rolling")
        for metric in PAST
    ),
    *(Monitor(name=f"Changed {metric}", metric=metric, slices=("all",)) for metric in CHANGED),
)
"""What the example leaves out: baselines of the past, and online detectors."""


class Run:
    """The example on the embedded engine, watched by a board and counters as the service's shells watch it.

    Parameters
    ----------
    now_ms
        Where the traffic ends.
    """

    def __init__(self, now_ms: int) -> None:
        self.settings = _settings()
        self.board = Board(self.settings)
        self.registry: CollectorRegistry = new_registry()
        self.metrics = SelfMetrics(self.registry, self.settings)
        self.registry.register(BoardCollector(self.board))
        topics = [source.topic for source in self.settings.sources]
        self._engine = Engine(self.settings, topics, self._take)
        start_ms = now_ms - 8 * HOUR_MS
        events = credit_events(random.Random(3), start_ms, RATE, drift_after_ms=6 * HOUR_MS)
        self._events = deque(takewhile(lambda event: event[0] < now_ms, events))
        self._offsets = dict.fromkeys(topics, 0)

    def play(self) -> None:
        """Let most of the events happen."""
        while len(self._events) > LEFT:
            self.step(CHUNK)

    def step(self, count: int) -> None:
        """Let a few more events happen, if there are any, as well as a record that is none."""
        chunk = [self._events.popleft()[1] for _ in range(min(count, len(self._events)))]
        predictions, labels = (source.topic for source in self.settings.sources)
        self._feed(predictions, [*(json.dumps(e).encode() for e in chunk if "actual" not in e), b"{not json"])
        self._feed(labels, [json.dumps(event).encode() for event in chunk if "actual" in event])
        self.metrics.flushed(0.004)

    def _feed(self, topic: str, values: list[bytes]) -> None:
        first = self._offsets[topic]
        records = [FileRecord(first + i, value) for i, value in enumerate(values)]
        self._offsets[topic] += len(records)
        taken = self._engine.feed(topic, records)
        for (model, is_label), count in taken.events.items():
            self.metrics.events(model, "label" if is_label else "prediction", count)
        for reject in taken.rejects:
            self.metrics.rejects(reject.reason.value)
        self.metrics.dead_lettered(len(taken.rejects))
        self.metrics.bytes_in(sum(map(len, values)))
        self.metrics.lag(topic, 0, len(self._events), 1.5)
        self.board.watermark("credit", self._engine.newest_ms(topic))

    def _take(self, effect: Effect) -> None:
        if isinstance(effect, Evaluated):
            self.board.update(effect)
            self.metrics.evaluated(0.02)
        elif isinstance(effect, AlertNotice | TriggerNotice):
            self.board.notice(effect)
            if isinstance(effect, AlertNotice) and effect.state is AlertState.FIRING:
                self.metrics.delivery("retraining", "delivered")


def _settings() -> Settings:
    settings = load(EXAMPLE)
    model = settings.models[0]
    assert model.reference.learn is not None
    learn = model.reference.learn.model_copy(update={"events": 10_000})
    reference = model.reference.model_copy(update={"learn": learn})
    hour = tuple(window for window in model.windows if window.length == HOUR_MS)
    monitors = tuple(one for one in settings.monitors if one.window in {None, hour[0].name})
    budget = model.multiplicity.model_copy(update={"false_alarms_per_week": 1.0})
    quick = model.model_copy(update={"reference": reference, "windows": hour, "multiplicity": budget})
    return settings.model_copy(update={"models": (quick,), "monitors": (*monitors, *DECIDING)})
