"""Silence through the whole path: models that never say anything, and that fall silent, raise alerts."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import pytest

from service.alerts.notice import AlertNotice, Reason
from service.config.loading import parse
from service.config.settings import Settings
from service.embedded.engine import Engine
from service.evaluation.result import Evaluated
from service.pipeline import Effect
from service.windows.clock import FOREVER_MS
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


VERSIONS = parse(
    """
sources: [{topic: events}]
models:
  - name: fast
    features: {x: {type: numeric}}
    windows: [{length: 10s}, {length: 20s, every: 10s}]
    lateness: 5s
monitors:
  - {name: Positive, metric: positive_rate, features: [prediction], slices: [all],
     threshold: 0.5, alpha: null}
""",
    "test",
)


def effects_of(
    events: list[Event], *marks_s: float, settings: Settings = SETTINGS, snapshot: bool = False
) -> list[Effect]:
    """What follows from events, and from the marks up to which the log then holds nothing more."""
    effects: list[Effect] = []
    engine = Engine(settings, ["events"], effects.append)
    records = log(events)
    for first in range(0, len(records), 5):
        engine.feed("events", records[first : first + 5])
    for second in marks_s:
        if snapshot:
            engine.evaluation.load(engine.evaluation.dump())
        engine.caught_up("events", FOREVER_MS if second == inf else START_MS + round(second * 1000))
    return effects


def steady(first_s: int, end_s: int, version: str = "1") -> list[Event]:
    """Five events a second: enough for a verdict on a window of ten seconds."""
    return [Event(fifth / 5, version=version) for fifth in range(5 * first_s, 5 * end_s)]


def alerts(effects: list[Effect]) -> list[AlertNotice]:
    return [effect for effect in effects if isinstance(effect, AlertNotice)]


def open_after(effects: list[Effect]) -> set[str]:
    """Versions of which an alert is open in the end."""
    newest = {alert.alert_id: alert for alert in alerts(effects)}
    return {alert.model_version for alert in newest.values() if alert.state != "resolved"}


def test_a_configured_model_that_never_says_anything_raises_an_alert() -> None:
    effects = effects_of([Event(second) for second in range(100)], *range(0, 101, 10))
    windows = [e.window for e in effects if isinstance(e, Evaluated) and e.window.model == "slow"]
    firing = {e.model for e in effects if isinstance(e, AlertNotice) and e.state == "firing"}
    assert windows
    assert not any(window.totals.any() for window in windows)
    assert firing == {"slow"}


def test_a_model_that_falls_silent_is_evaluated_until_its_alert_fires() -> None:
    effects = effects_of(
        [Event(second, model) for second in range(20) for model in ("fast", "slow")], *range(0, 201, 10)
    )
    firing = {e.model for e in effects if isinstance(e, AlertNotice) and e.state == "firing"}
    assert firing == {"fast", "slow"}


@pytest.mark.parametrize("snapshot", [False, True])
@pytest.mark.parametrize("marks_s", [range(0, 301, 10), [300]])
def test_alerts_of_a_version_that_nobody_expects_any_more_are_resolved_once(
    marks_s: Sequence[int], snapshot: bool
) -> None:
    """
    version 1   x x . . . .        x: an alert is open; retired after three empty windows
    version 2   x x x x x x
    """
    events = sorted(steady(0, 20) + steady(0, 295, "2"), key=lambda event: event.second)
    effects = effects_of(events, *marks_s, settings=VERSIONS, snapshot=snapshot)
    retired = [alert for alert in alerts(effects) if alert.reason is Reason.VERSION_RETIRED]
    assert [(alert.model_version, alert.window.name, alert.at_ms - START_MS) for alert in retired] == [
        ("1", "10s", 50_000),
        ("1", "20s/10s", 60_000),
    ]
    assert open_after(effects) == {"2"}


def test_a_retired_version_that_comes_back_raises_its_alert_anew() -> None:
    effects = effects_of(steady(0, 10) + steady(200, 215), 10, 100, 220, settings=VERSIONS)
    told = [alert for alert in alerts(effects) if alert.window.name == "10s" and alert.transition]
    fired = [alert for alert in told if alert.state == "firing"]
    assert [alert.started_ms for alert in fired] == [START_MS + 10_000, START_MS + 210_000]


def test_an_alert_about_the_silence_of_an_expected_version_stays_for_as_long_as_the_silence() -> None:
    effects = effects_of([Event(second, "slow") for second in range(20)], *range(0, 3_000, 10))
    windows = [e.window for e in effects if isinstance(e, Evaluated) and e.window.model == "slow"]
    assert windows[-1].end_ms < START_MS + 2_000_000
    assert open_after(effects) == {"1"}
    assert not [alert for alert in alerts(effects) if alert.reason is Reason.VERSION_RETIRED]


def test_the_end_of_a_replay_is_no_silence_and_resolves_nothing() -> None:
    assert open_after(effects_of(steady(0, 20), inf, settings=VERSIONS)) == {"1"}
    effects = effects_of([Event(second) for second in range(20)], inf)
    windows = [effect.window for effect in effects if isinstance(effect, Evaluated)]
    assert len([window for window in windows if window.model == "fast"]) == 2
    assert not [alert for alert in alerts(effects) if alert.fired]
