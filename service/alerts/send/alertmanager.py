"""Keeping every peer of an Alertmanager cluster told of the alerts that are open."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

import msgspec

from service.alerts.http import HttpClient, host_of
from service.alerts.notice import Notice
from service.alerts.outbox import Outbox
from service.alerts.outcome import Answer, OnOutcome, Outcome, read_answer
from service.alerts.render import alertmanager_payload
from service.config.receivers import AlertmanagerReceiver

_LOG = logging.getLogger(__name__)

BAD_REQUEST = 400

BATCH = 64
"""Alerts in one request."""

TIMEOUT_MS = 10_000
"""How long one request to a peer may take."""

ALERTS_MAX = 10_000
"""Alerts kept for sending, as a default; the oldest are dropped."""


class AlertmanagerSender:
    """Tells every peer; an asynchronous context manager that owns the HTTP client.

    A peer that is down misses nothing: whatever is open, or resolved in the last quarter of an hour, is sent
    again at every resend.

    Parameters
    ----------
    receiver
        Peers, resend interval and additional labels.
    now
        Wall clock, epoch milliseconds.
    sleep
        Waits for so many seconds.
    on_outcome
        Told the outcome of every request, by peer (``alertmanager/host:port``), and of every alert dropped.
    dashboard_url
        Base address of Grafana, for links.
    alerts_max
        Alerts kept; the oldest is dropped for a new one.
    """

    def __init__(
        self,
        receiver: AlertmanagerReceiver,
        *,
        now: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]],
        on_outcome: OnOutcome,
        dashboard_url: str | None = None,
        alerts_max: int = ALERTS_MAX,
    ) -> None:
        self._receiver = receiver
        self._peers = [url.rstrip("/") for url in receiver.urls]
        self._due: dict[str, dict[str, None]] = {peer: {} for peer in self._peers}
        self._busy: set[str] = set()
        self._now, self._sleep = now, sleep
        self._on_outcome = on_outcome
        self._dashboard_url = dashboard_url
        self._outbox = Outbox(alerts_max)
        self._client = HttpClient(direct=True)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    @property
    def kept(self) -> int:
        """How many alerts are sent at the next resend."""
        return len(self._outbox)

    async def post(self, notices: Iterable[Notice]) -> None:
        """Take in notices, and send at once what changed or was not known; the rest waits for the resend.

        Returns when every peer that was not busy has answered or timed out; a busy one is told after.
        """
        fresh, dropped = self._outbox.take(notices, self._now())
        for _ in range(dropped):
            self._on_outcome("alertmanager", Outcome.DROPPED)
        await self._send(fresh)

    async def resend(self) -> None:
        """Send everything kept to every peer."""
        await self._send(self._outbox.due(self._now()))

    async def resend_forever(self) -> None:
        """Resend at every interval, until cancelled."""
        while True:
            await self._sleep(self._receiver.resend / 1000)
            await self.resend()

    async def _send(self, alert_ids: Sequence[str]) -> None:
        for due in self._due.values():
            due.update(dict.fromkeys(alert_ids))
        await asyncio.gather(*map(self._flush, self._peers))

    async def _flush(self, peer: str) -> None:
        """Send all that is due to a peer, one request at a time.

        A firing statement under way could otherwise land after its resolution. What becomes due meanwhile is
        sent by this same loop, so that nobody waits for a slow peer twice.
        """
        due = self._due[peer]
        if peer in self._busy:
            return
        self._busy.add(peer)
        try:
            while due:
                batch = list(itertools.islice(due, BATCH))
                for alert_id in batch:
                    del due[alert_id]
                if not await self._send_batch(peer, batch):
                    due.clear()  # it is down: the next resend has all of it again
        finally:
            self._busy.discard(peer)

    async def _send_batch(self, peer: str, alert_ids: Sequence[str]) -> bool:
        """Whether the peer is well; alerts are rendered as they stand now, not as they were queued."""
        body = msgspec.json.encode(self._payloads(alert_ids))
        reply = await self._client.post(f"{peer}/api/v2/alerts", body, {}, TIMEOUT_MS)
        answer = Answer.RETRY if reply.status is None else read_answer(reply.status)
        name = f"alertmanager/{host_of(peer)}"
        if answer is Answer.TAKEN:
            self._on_outcome(name, Outcome.DELIVERED)
            return True
        refused = reply.status == BAD_REQUEST
        self._on_outcome(name, Outcome.REJECTED if refused else Outcome.RETRIED)
        _LOG.warning(
            "%s did not take %d alerts (%s): %s %s",
            name,
            len(alert_ids),
            "the valid ones among them were stored" if refused else "they are sent again at the next resend",
            reply.status or "no answer",
            reply.text,
        )
        return refused

    def _payloads(self, alert_ids: Sequence[str]) -> list[dict[str, object]]:
        kept = [notice for alert_id in alert_ids if (notice := self._outbox.get(alert_id)) is not None]
        labels, resend_ms = self._receiver.labels, self._receiver.resend
        return [
            alertmanager_payload(notice, self._now(), resend_ms, labels, self._dashboard_url)
            for notice in kept
        ]
