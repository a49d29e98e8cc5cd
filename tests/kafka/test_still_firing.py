"""Which alerts a worker goes on telling Alertmanager about when it takes over."""

from __future__ import annotations

import msgspec

from service.alerts.notice import encode
from service.config.loading import parse
from service.kafka.deliver import still_firing
from tests.alerts.making import alerts, book, evaluated, monitor, window

SETTINGS = parse(
    "sources: [{topic: events}]\nmodels: [{name: credit, features: {age: {type: numeric}}}]\n", "test"
)
RULE = monitor()


def test_alerts_that_fire_are_told_again_and_those_of_models_that_are_gone_are_not() -> None:
    states = book(RULE)
    [firing] = alerts(states.step(evaluated(RULE, {("age", "all"): "x"}, window(1))))
    [resolved] = alerts(states.step(evaluated(RULE, {("age", "all"): "."}, window(2))))
    gone = msgspec.structs.replace(firing, model="mortgage")
    assert still_firing([encode(firing), encode(gone)], SETTINGS) == [firing]
    assert still_firing([encode(resolved)], SETTINGS) == []
