"""Stage 3: Faust agents that hand notices to the receivers, each receiver with a consumer group of its own.

An agent takes the next notice when the last one is settled, so that Faust commits nothing that was not
delivered. A receiver that is down stops its own group and no other.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import faust
import msgspec

from service.alerts.notice import AlertNotice, Notice, decode
from service.alerts.outcome import Outcome
from service.alerts.send import AlertmanagerSender, WebhookSender
from service.config.receivers import AlertmanagerReceiver, WebhookReceiver
from service.config.settings import Settings
from service.kafka.faust_app import make_app
from service.kafka.newest import read_newest
from service.kafka.spans import UNTRACED, Tracer, notice_attributes
from service.web.selfmetrics import SelfMetrics

log = logging.getLogger(__name__)


def now_ms() -> int:
    """Wall clock, epoch milliseconds."""
    return round(time.time() * 1000)


class Deliveries:
    """All agents, and what they share."""

    def __init__(self, settings: Settings, metrics: SelfMetrics, tracer: Tracer = UNTRACED) -> None:
        self._settings, self._metrics, self._tracer = settings, metrics, tracer
        self.apps: list[faust.App] = []
        self.unassigned: list[str] = []
        self._waiting = 0
        self._closing: list[Callable[[], Awaitable[None]]] = []

    async def start(self) -> None:
        """Start an app for each receiver."""
        receivers = self._settings.receivers
        if receivers.alertmanager is not None:
            await self._start_alertmanager(receivers.alertmanager)
        for receiver in receivers.webhooks:
            await self._start_webhook(receiver)

    async def stop(self) -> None:
        """Stop the apps, then close what they used."""
        for app in self.apps:
            await app.stop()
        for close in self._closing:
            await close()

    def failed(self) -> BaseException | None:
        """What an app died of, if any did."""
        return next((app.crash_reason for app in self.apps if app.crashed), None)

    def _outcome(self, receiver: str, outcome: Outcome) -> None:
        self._metrics.delivery(receiver, outcome.value)
        what = {"driftline.receiver": receiver, "driftline.outcome": outcome.value}
        self._tracer.event("outcome", what)

    async def _start_webhook(self, receiver: WebhookReceiver) -> None:
        sender = WebhookSender(
            receiver, now=now_ms, sleep=asyncio.sleep, jitter=random.random, on_outcome=self._outcome,
            dashboard_url=self._settings.receivers.dashboard_url,
            waiting_max=self._settings.limits.deliveries,
        )  # fmt: skip
        await sender.__aenter__()
        self._closing.append(lambda: sender.__aexit__(None, None, None))
        app = make_app(self._settings, f"deliver-{receiver.name}")

        async def deliver(stream: faust.StreamT[bytes]) -> None:
            async for value in stream:
                for notice in _notices([value]):
                    self._waiting += 1
                    self._metrics.deliveries_waiting(self._waiting)
                    try:
                        with self._tracer.span("deliver", notice_attributes(notice, receiver.name)) as span:
                            outcome = await sender.deliver(notice)
                            span.set({"driftline.outcome": outcome.value if outcome else "not_wanted"})
                    finally:
                        self._waiting -= 1
                        self._metrics.deliveries_waiting(self._waiting)

        await self._run(receiver.name, app, deliver)

    async def _start_alertmanager(self, receiver: AlertmanagerReceiver) -> None:
        app = make_app(self._settings, "deliver-alertmanager")
        partitions = Partitions(self._settings, receiver, self._outcome)
        self._closing.append(partitions.close)

        async def deliver(stream: faust.StreamT[bytes]) -> None:
            async for event in stream.events():
                for notice in _notices([event.value]):
                    with self._tracer.span("deliver", notice_attributes(notice, "alertmanager")):
                        await partitions.post(event.message.tp.partition, [notice])

        app.on_partitions_assigned.connect(partitions.assigned, weak=False)
        app.on_partitions_revoked.connect(partitions.revoked, weak=False)
        await self._run("alertmanager", app, deliver)

    async def _run(
        self, receiver: str, app: faust.App, deliver: Callable[[faust.StreamT[bytes]], Awaitable[None]]
    ) -> None:
        topic = app.topic(
            self._settings.kafka.topics.alerts,
            key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw",
        )  # fmt: skip
        app.agent(topic, name="deliver", concurrency=1)(deliver)
        self.unassigned.append(receiver)

        async def assigned(*_: Any, **__: Any) -> None:
            if receiver in self.unassigned:
                self.unassigned.remove(receiver)

        app.on_partitions_assigned.connect(assigned, weak=False)
        self.apps.append(app)
        await app.start()


class Partitions:
    """A sender to Alertmanager for each partition of the alerts that this worker holds.

    Who gets a partition reads it from its start, for the alerts that are open there: they must be sent again
    and again, whoever stated them first. Who loses one forgets its alerts, or a resolved one would go on
    firing.
    """

    def __init__(
        self, settings: Settings, receiver: AlertmanagerReceiver, on_outcome: Callable[[str, Outcome], None]
    ) -> None:
        self._settings, self._receiver, self._on_outcome = settings, receiver, on_outcome
        self._senders: dict[int, tuple[AlertmanagerSender, asyncio.Task[None]]] = {}

    async def post(self, partition: int, notices: list[Notice]) -> None:
        """Hand notices to the partition's sender."""
        if partition in self._senders:
            await self._senders[partition][0].post(notices)

    async def assigned(self, *args: Any, **_: Any) -> None:
        """Take partitions over; Faust gives its app and all partitions now held."""
        held = {tp.partition for tp in args[-1] if tp.topic == self._settings.kafka.topics.alerts}
        await self._drop(self._senders.keys() - held)
        for partition in sorted(held - self._senders.keys()):
            sender = AlertmanagerSender(
                self._receiver, now=now_ms, sleep=asyncio.sleep, on_outcome=self._on_outcome,
                dashboard_url=self._settings.receivers.dashboard_url,
                alerts_max=self._settings.limits.deliveries,
            )  # fmt: skip
            await sender.__aenter__()
            task = asyncio.create_task(sender.resend_forever())
            self._senders[partition] = (sender, task)
            await sender.post(await self._open_alerts(partition))

    async def revoked(self, *args: Any, **_: Any) -> None:
        """Let partitions go; Faust gives its app and those revoked."""
        await self._drop({tp.partition for tp in args[-1] if tp.topic == self._settings.kafka.topics.alerts})

    async def close(self) -> None:
        """Let everything go."""
        await self._drop(set(self._senders))

    async def _drop(self, partitions: Iterable[int]) -> None:
        for partition in set(partitions) & self._senders.keys():
            sender, task = self._senders.pop(partition)
            task.cancel()
            await sender.__aexit__(None, None, None)

    async def _open_alerts(self, partition: int) -> list[Notice]:
        newest, _ = await read_newest(self._settings.kafka, self._settings.kafka.topics.alerts, partition)
        return still_firing(newest.values(), self._settings)


def still_firing(statements: Iterable[bytes], settings: Settings) -> list[Notice]:
    """Of the last statements of alerts those that must be sent again and again.

    Nobody judges a model any more that the configuration has lost: its alerts are left to lapse.
    """
    watched = {model.name for model in settings.models}
    alerts = [notice for notice in _notices(statements) if isinstance(notice, AlertNotice)]
    return [alert for alert in alerts if alert.state == "firing" and alert.model in watched]


def _notices(values: Iterable[bytes]) -> list[Notice]:
    """The notices among records; whatever else is on the topic is logged and left aside."""
    notices = []
    for value in values:
        try:
            notices.append(decode(value))
        except msgspec.MsgspecError as error:
            log.error("notice refused", extra={"error": str(error)})  # noqa: TRY400  # the error says it all
    return notices
