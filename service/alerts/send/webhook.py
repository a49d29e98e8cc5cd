"""Delivering events to one webhook endpoint, again and again until it takes them or they expire."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from service.alerts.backoff import backoff_ms, retry_after_ms
from service.alerts.http import HttpClient, Reply
from service.alerts.notice import Notice, TriggerNotice
from service.alerts.outcome import Answer, OnOutcome, Outcome, read_answer
from service.alerts.render import WebhookEvent, webhook_event
from service.alerts.secret_files import SecretFiles
from service.alerts.signing import signed_headers
from service.config.receivers import WebhookReceiver

_LOG = logging.getLogger(__name__)

CONCURRENT_MAX = 8
"""Requests to one endpoint at a time."""

WAITING_MAX = 10_000
"""Deliveries to one endpoint at a time, as a default; the oldest are dropped."""


class WebhookSender:
    """Delivers to one endpoint; an asynchronous context manager that owns the HTTP client.

    Parameters
    ----------
    receiver
        Address, secrets, types and times.
    now
        Wall clock, epoch milliseconds.
    sleep
        Waits for so many seconds.
    jitter
        A random number in [0, 1).
    on_outcome
        Told every outcome, each retry among them.
    dashboard_url
        Base address of Grafana, for links.
    waiting_max
        Deliveries that may wait at a time; the oldest is dropped for a new one.

    Raises
    ------
    ConfigError
        When a secret file cannot be used.
    """

    def __init__(
        self,
        receiver: WebhookReceiver,
        *,
        now: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]],
        jitter: Callable[[], float],
        on_outcome: OnOutcome,
        dashboard_url: str | None = None,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self.disabled = False
        self._receiver = receiver
        self._secrets = SecretFiles(receiver.secret_files, receiver.name)
        self._now, self._sleep, self._jitter = now, sleep, jitter
        self._on_outcome = on_outcome
        self._dashboard_url = dashboard_url
        self._waiting_max = waiting_max
        self._waiting: dict[asyncio.Task[Outcome], None] = {}
        self._dropped: set[asyncio.Task[Outcome]] = set()
        self._turns = asyncio.Semaphore(CONCURRENT_MAX)
        self._client = HttpClient()

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def deliver(self, notice: Notice) -> Outcome | None:
        """Deliver one notice; returns when it is settled, which may take as long as ``receiver.expire``.

        Returns
        -------
        Outcome or None
            The last outcome: anything but ``retried``; None when the endpoint does not want such notices.
            A receiver's failure is an outcome, never an exception.
        """
        event = webhook_event(notice, self._dashboard_url)
        if event is None or event.type not in self._receiver.types:
            return None
        deadline_ms = self._now() + self._receiver.expire
        if isinstance(notice, TriggerNotice):
            deadline_ms = min(deadline_ms, notice.expires_ms)
        task = asyncio.create_task(self._until_settled(event, deadline_ms))
        self._waiting[task] = None
        if len(self._waiting) > self._waiting_max:
            self._drop_oldest()
        try:
            outcome = await task
        except asyncio.CancelledError:
            if task not in self._dropped:
                raise
            outcome = Outcome.DROPPED
        finally:
            self._waiting.pop(task, None)
            self._dropped.discard(task)
        self._on_outcome(self._receiver.name, outcome)
        return outcome

    def _drop_oldest(self) -> None:
        oldest = next(iter(self._waiting))
        del self._waiting[oldest]
        self._dropped.add(oldest)
        oldest.cancel()

    async def _until_settled(self, event: WebhookEvent, deadline_ms: int) -> Outcome:
        attempt = 0
        while not self.disabled:
            if self._now() >= deadline_ms:
                return self._expired(event, attempt)
            attempt += 1
            reply = await self._attempt(event)
            answer = Answer.RETRY if reply.status is None else read_answer(reply.status)
            if answer is Answer.TAKEN:
                return Outcome.DELIVERED
            self._log_failure(event, attempt, reply)
            if answer is Answer.REFUSED:
                return Outcome.REJECTED
            if answer is Answer.GONE:
                self._disable()
                break
            wait_ms = self._wait_ms(attempt, reply)
            if self._now() + wait_ms >= deadline_ms:
                return self._expired(event, attempt)
            self._on_outcome(self._receiver.name, Outcome.RETRIED)
            await self._sleep(wait_ms / 1000)
        return Outcome.DISABLED

    async def _attempt(self, event: WebhookEvent) -> Reply:
        async with self._turns:
            now_s = self._now() // 1000
            headers = signed_headers(self._secrets.keys(), event.webhook_id, now_s, event.body)
            return await self._client.post(self._receiver.url, event.body, headers, self._receiver.timeout)

    def _wait_ms(self, attempt: int, reply: Reply) -> int:
        asked_ms = retry_after_ms(reply.retry_after, self._now()) or 0
        return max(asked_ms, backoff_ms(attempt, self._jitter()))

    def _disable(self) -> None:
        self.disabled = True
        _LOG.error(
            "webhook %r answered 410 Gone: nothing more is sent to it until a restart; remove it or "
            "mend its `url`",
            self._receiver.name,
        )

    def _expired(self, event: WebhookEvent, attempts: int) -> Outcome:
        _LOG.error(
            "webhook %r: %s %s expired after %d attempts and is given up",
            self._receiver.name, event.type, event.webhook_id, attempts,
        )  # fmt: skip
        return Outcome.EXPIRED

    def _log_failure(self, event: WebhookEvent, attempt: int, reply: Reply) -> None:
        _LOG.warning(
            "webhook %r did not take %s %s (attempt %d): %s %s",
            self._receiver.name, event.type, event.webhook_id, attempt, reply.status or "-", reply.text,
        )  # fmt: skip
