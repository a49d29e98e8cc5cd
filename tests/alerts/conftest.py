"""A webhook sender on a clock that jumps by what it would sleep, towards a real server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from service.alerts.notice import AlertNotice, TriggerNotice
from service.alerts.outcome import Outcome
from service.alerts.send import WebhookSender
from service.config.receivers import WebhookReceiver as Receiver
from tests.alerts.making import START, alerts, book, monitor, run
from tests.parts.webhook import WebhookReceiver


class Clock:
    """Wall time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_ms = START + 3_600_000
        self.slept: list[float] = []

    def now(self) -> int:
        return self.now_ms

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_ms += round(seconds * 1000)
        await asyncio.sleep(0)


class Outcomes(list[str]):
    def take(self, receiver: str, outcome: Outcome) -> None:
        assert receiver == "team"
        self.append(outcome.value)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outcomes() -> Outcomes:
    return Outcomes()


Make = Callable[..., WebhookSender]


@pytest.fixture
def make(clock: Clock, outcomes: Outcomes, webhook_receiver: WebhookReceiver) -> Make:
    def made(waiting_max: int = 100, sleep: Any = None, **fields: Any) -> WebhookSender:
        receiver = Receiver.model_validate({"name": "team", "url": webhook_receiver.url + "/hook", **fields})
        return WebhookSender(
            receiver,
            now=clock.now,
            sleep=sleep or clock.sleep,
            jitter=lambda: 0.0,
            on_outcome=outcomes.take,
            waiting_max=waiting_max,
        )

    return made


@pytest.fixture(scope="module")
def firing() -> AlertNotice:
    rule = monitor()
    return alerts(run(book(rule), rule, "x")[0])[0]


@pytest.fixture(scope="module")
def trigger() -> TriggerNotice:
    rule = monitor(retrain=True)
    [[_, made]] = run(book(rule, expire="90m"), rule, "x")
    assert isinstance(made, TriggerNotice)
    return made
