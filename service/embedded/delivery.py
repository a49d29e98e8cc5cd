"""Telling the receivers from within the process: a bounded queue and a task for each; none waits for another.

At least once while the process lives: a notice leaves its queue when it is settled. What waits when the
process ends is given a little time, and is then lost; a service that must not lose any keeps them on Kafka.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import msgspec

from service.alerts.notice import Notice, TriggerNotice
from service.alerts.outcome import Outcome
from service.alerts.render import sent_to_alertmanager
from service.alerts.send import AlertmanagerSender, WebhookSender
from service.config.receivers import AlertmanagerReceiver, WebhookReceiver
from service.config.settings import Settings
from service.web.selfmetrics import SelfMetrics

log = logging.getLogger(__name__)

Deliver = Callable[[Notice], Awaitable[object]]
Wants = Callable[[Notice], bool]


def now_ms() -> int:
    """Wall clock, epoch milliseconds."""
    return round(time.time() * 1000)


class Lane:
    """The notices on their way to one receiver, delivered one after the other.

    Parameters
    ----------
    deliver
        Returns when a notice is settled.
    most
        Notices that may wait; the oldest is dropped for a new one.
    on_dropped
        Called for each notice dropped.
    """

    def __init__(self, name: str, deliver: Deliver, most: int, on_dropped: Callable[[], None]) -> None:
        self.name = name
        self._deliver = deliver
        self._most = most
        self._on_dropped = on_dropped
        self._waiting: deque[Notice] = deque()
        self._under_way = False
        self._work = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._task = asyncio.create_task(self._run(), name=f"deliver to {name}")

    @property
    def waiting(self) -> int:
        """Notices not settled, the one under way among them."""
        return len(self._waiting) + self._under_way

    def put(self, notice: Notice) -> None:
        """Take one more notice in."""
        if len(self._waiting) >= self._most:
            self._waiting.popleft()
            self._on_dropped()
        self._waiting.append(notice)
        self._settled.clear()
        self._work.set()

    async def settled(self) -> None:
        """Wait until nothing waits."""
        await self._settled.wait()

    async def close(self) -> None:
        """Stop at once, whatever still waits."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                self._under_way = True
                try:
                    await self._deliver(self._waiting.popleft())
                except Exception:  # one bad notice must not stop the others
                    log.exception("delivery to %s broke", self.name)
            self._under_way = False
            self._settled.set()


class Deliveries:
    """Every receiver of the configuration; an outcome of any of them is counted.

    Parameters
    ----------
    on_outcome
        Told receiver and outcome as well, after the metrics.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: SelfMetrics,
        on_outcome: Callable[[str, Outcome], None] = lambda _receiver, _outcome: None,
    ) -> None:
        self._settings, self._metrics, self._told = settings, metrics, on_outcome
        self._lanes: list[tuple[Lane, Wants]] = []
        self._resending: list[asyncio.Task[None]] = []
        self._senders = AsyncExitStack()

    async def start(self) -> None:
        """Open a lane to each receiver.

        Raises
        ------
        ConfigError
            When a secret file cannot be used.
        """
        receivers = self._settings.receivers
        for webhook in receivers.webhooks:
            self._open(webhook.name, await self._webhook(webhook), _is_news)
        if receivers.alertmanager is not None:
            deliver = await self._alertmanager(receivers.alertmanager)
            self._open("alertmanager", deliver, sent_to_alertmanager)

    def put(self, notice: Notice) -> None:
        """Hand a notice to every receiver that wants such; returns at once."""
        notice = _expiring_on_the_clock(notice, now_ms())
        for lane, wants in self._lanes:
            if wants(notice):
                lane.put(notice)
        self._count()

    async def settled(self, timeout_s: float) -> int:
        """Wait until nothing waits, so long at most; how many notices are not settled."""
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(lane.settled() for lane, _ in self._lanes)), timeout_s)
        return sum(lane.waiting for lane, _ in self._lanes)

    async def stop(self, drain_s: float) -> int:
        """Give what waits ``drain_s`` seconds, then stop; how many notices were not settled."""
        lost = await self.settled(drain_s)
        if lost:
            log.warning("%d deliveries were not settled within %g s and are given up", lost, drain_s)
        for task in self._resending:
            task.cancel()
        await asyncio.gather(*self._resending, return_exceptions=True)
        await asyncio.gather(*(lane.close() for lane, _ in self._lanes))
        await self._senders.aclose()
        return lost

    async def _webhook(self, receiver: WebhookReceiver) -> Deliver:
        sender = WebhookSender(
            receiver, now=now_ms, sleep=asyncio.sleep, jitter=random.random, on_outcome=self._outcome,
            dashboard_url=self._settings.receivers.dashboard_url,
            waiting_max=self._settings.limits.deliveries,
        )  # fmt: skip
        await self._senders.enter_async_context(sender)
        return sender.deliver

    async def _alertmanager(self, receiver: AlertmanagerReceiver) -> Deliver:
        sender = AlertmanagerSender(
            receiver, now=now_ms, sleep=asyncio.sleep, on_outcome=self._outcome,
            dashboard_url=self._settings.receivers.dashboard_url, alerts_max=self._settings.limits.deliveries,
        )  # fmt: skip
        await self._senders.enter_async_context(sender)
        self._resending.append(asyncio.create_task(sender.resend_forever(), name="resend to alertmanager"))
        return lambda notice: sender.post([notice])

    def _open(self, name: str, deliver: Deliver, wants: Wants) -> None:
        most = self._settings.limits.deliveries
        lane = Lane(name, deliver, most, lambda: self._outcome(name, Outcome.DROPPED))
        self._lanes.append((lane, wants))

    def _outcome(self, receiver: str, outcome: Outcome) -> None:
        self._metrics.delivery(receiver, outcome.value)
        self._count()
        self._told(receiver, outcome)

    def _count(self) -> None:
        self._metrics.deliveries_waiting(sum(lane.waiting for lane, _ in self._lanes))


def _is_news(notice: Notice) -> bool:
    """Whether webhooks are told: a restatement in a queue would only push out what is new."""
    return isinstance(notice, TriggerNotice) or (notice.transition and notice.fired)


def _expiring_on_the_clock(notice: Notice, now: int) -> Notice:
    """A request to act, good for as long from now as it is in event time.

    Whoever receives it has a clock, not event time: a request out of events of last year would come expired.
    """
    if not isinstance(notice, TriggerNotice) or notice.expires_ms > now:
        return notice
    return msgspec.structs.replace(notice, expires_ms=now + notice.expires_ms - notice.requested_ms)
