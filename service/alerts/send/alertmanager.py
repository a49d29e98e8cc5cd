"""Keeping every peer of an Alertmanager cluster told of the alerts that are open."""

from __future__ import annotations

import asyncio
import logging
import re
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
from service.errors import ConfigError

_LOG = logging.getLogger(__name__)

BAD_REQUEST = 400

BATCH = 64
"""Alerts in one request."""

TIMEOUT_MS = 10_000
"""How long one request to a peer may take."""

ALERTS_MAX = 10_000
"""Alerts kept for sending, as a default; the oldest are dropped."""

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


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

    Raises
    ------
    ConfigError
        When a label could not be one.
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
        _check_labels(receiver)
        self._receiver = receiver
        self._peers = [url.rstrip("/") for url in receiver.urls]
        # One request to a peer at a time: a firing statement under way must not land after its resolution.
        self._turns = {peer: asyncio.Lock() for peer in self._peers}
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
        """Take in notices, and send at once what changed or was not known; the rest waits for the resend."""
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
        if alert_ids:
            await asyncio.gather(*(self._send_to(peer, alert_ids) for peer in self._peers))

    async def _send_to(self, peer: str, alert_ids: Sequence[str]) -> None:
        async with self._turns[peer]:
            for start in range(0, len(alert_ids), BATCH):
                if not await self._send_batch(peer, alert_ids[start : start + BATCH]):
                    return  # it is down: the rest of the alerts wait for the next resend as well

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


def _check_labels(receiver: AlertmanagerReceiver) -> None:
    for name in receiver.labels:
        if not _LABEL_NAME.fullmatch(name):
            raise ConfigError(
                f"receivers.alertmanager: labels has {name!r}, so Alertmanager would refuse every alert; use "
                "letters, digits and underscores, no digit first",
                reason="label_invalid",
            )
