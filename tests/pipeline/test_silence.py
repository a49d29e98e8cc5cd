"""Silence through the whole path: models that never say anything, and that fall silent, raise alerts."""

from __future__ import annotations

from service.alerts.notice import AlertNotice
from service.config.loading import parse
from service.embedded.engine import Engine
from service.evaluation.result import Evaluated
from service.pipeline import Effect
from tests.windows.making import START_MS, Event, log

SETTINGS = parse(
    """
sources: [{topic: events}]
models:
  - name: fast
    versions: ["1"]
    features: {x: {type: numeric}}
    windows: [{length: 10s}]
    lateness: 5s
  - name: slow
    versions: ["1"]
    features: {x: {type: numeric}}
    windows: [{length: 10s}]
    lateness: 5s
monitors:
  - {name: Quiet, metric: traffic, slices: [all], threshold: 0, below: true, alpha: null,
     hysteresis: {windows: 5, of: 5}}
""",
    "test",
)


def effects_of(events: list[Event], until_s: int) -> list[Effect]:
    effects: list[Effect] = []
    engine = Engine(SETTINGS, ["events"], effects.append)
    records = log(events)
    for first in range(0, len(records), 5):
        engine.feed("events", records[first : first + 5])
    for second in range(0, until_s + 1, 10):
        engine.caught_up("events", START_MS + second * 1000)
    return effects


def test_a_configured_model_that_never_says_anything_raises_an_alert() -> None:
    effects = effects_of([Event(second) for second in range(100)], 100)
    windows = [e.window for e in effects if isinstance(e, Evaluated) and e.window.model == "slow"]
    firing = {e.model for e in effects if isinstance(e, AlertNotice) and e.state == "firing"}
    assert windows
    assert not any(window.totals.any() for window in windows)
    assert firing == {"slow"}


def test_a_model_that_falls_silent_is_evaluated_until_its_alert_fires() -> None:
    effects = effects_of([Event(second, model) for second in range(20) for model in ("fast", "slow")], 200)
    firing = {e.model for e in effects if isinstance(e, AlertNotice) and e.state == "firing"}
    assert firing == {"fast", "slow"}
