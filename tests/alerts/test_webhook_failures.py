"""What a webhook sender does when the endpoint fails, one way of failing a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web

from service.alerts.notice import AlertNotice
from service.alerts.outcome import Outcome
from tests.alerts.conftest import Clock, Make, Outcomes
from tests.parts.process import HOST, free_port
from tests.parts.webhook import WebhookReceiver


async def test_errors_of_the_server_are_retried_with_the_same_id_and_body(
    make: Make, outcomes: Outcomes, clock: Clock, webhook_receiver: WebhookReceiver, firing: AlertNotice
) -> None:
    webhook_receiver.answer_next([500, 503, 404])
    async with make() as sender:
        assert await sender.deliver(firing) is Outcome.DELIVERED
    assert outcomes == ["retried", "retried", "retried", "delivered"]
    assert len({(one.headers["webhook-id"], one.body) for one in webhook_receiver.requests}) == 1
    assert clock.slept == [0.5, 1.0, 2.0]


async def test_retry_after_is_honoured(
    make: Make, clock: Clock, webhook_receiver: WebhookReceiver, firing: AlertNotice
) -> None:
    webhook_receiver.answer_next([429], {"Retry-After": "77"})
    webhook_receiver.answer_next([503], {"Retry-After": "Sat, 22 Aug 2026 01:05:00 GMT"})
    async with make() as sender:
        assert await sender.deliver(firing) is Outcome.DELIVERED
    assert clock.slept == [77.0, 223.0]


async def test_what_is_not_taken_in_time_expires(
    make: Make, outcomes: Outcomes, clock: Clock, webhook_receiver: WebhookReceiver, firing: AlertNotice
) -> None:
    webhook_receiver.answer_next([500] * 100)
    began_ms = clock.now()
    async with make(expire="10s") as sender:
        assert await sender.deliver(firing) is Outcome.EXPIRED
    assert clock.now() - began_ms < 10_000
    assert outcomes == ["retried"] * 4 + ["expired"]  # 0.5 + 1 + 2 + 4 s; 8 more would be too late


async def test_a_retry_after_past_the_expiry_gives_up_at_once(
    make: Make, outcomes: Outcomes, webhook_receiver: WebhookReceiver, firing: AlertNotice
) -> None:
    webhook_receiver.answer_next([503], {"Retry-After": "7200"})
    async with make() as sender:
        assert await sender.deliver(firing) is Outcome.EXPIRED
    assert outcomes == ["expired"]


async def test_gone_disables_the_endpoint_for_good(
    make: Make, outcomes: Outcomes, webhook_receiver: WebhookReceiver, firing: AlertNotice
) -> None:
    webhook_receiver.answer_next([410])
    async with make() as sender:
        assert await sender.deliver(firing) is Outcome.DISABLED
        assert await sender.deliver(firing) is Outcome.DISABLED
        assert sender.disabled
    assert len(webhook_receiver.requests) == 1
    assert outcomes == ["disabled", "disabled"]


async def test_a_redirect_is_not_followed(
    make: Make, webhook_receiver: WebhookReceiver, firing: AlertNotice, caplog: pytest.LogCaptureFixture
) -> None:
    webhook_receiver.answer_next([307], {"Location": webhook_receiver.url + "/elsewhere"})
    async with make() as sender:
        assert await sender.deliver(firing) is Outcome.REJECTED
    assert [one.path for one in webhook_receiver.requests] == ["/hook"]
    assert "/elsewhere" in caplog.text


async def test_a_refusal_of_the_body_is_not_retried(
    make: Make, outcomes: Outcomes, webhook_receiver: WebhookReceiver, firing: AlertNotice
) -> None:
    webhook_receiver.answer_next([422])
    async with make() as sender:
        assert await sender.deliver(firing) is Outcome.REJECTED
    assert outcomes == ["rejected"]


async def test_a_dead_port_is_retried_until_it_expires(
    make: Make, outcomes: Outcomes, firing: AlertNotice
) -> None:
    async with make(url=f"http://{HOST}:{free_port()}/", expire="5s") as sender:
        assert await sender.deliver(firing) is Outcome.EXPIRED
    assert outcomes == ["retried", "retried", "retried", "expired"]


@pytest_asyncio.fixture
async def slow_url() -> AsyncIterator[str]:
    """A server that sends a byte of its answer now and then, and never ends."""
    release = asyncio.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not release.is_set():
            await response.write(b".")
            await asyncio.sleep(0.02)
        return response

    app = web.Application()
    app.router.add_post("/", drip)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    yield f"http://{HOST}:{runner.addresses[0][1]}/"
    release.set()
    await runner.cleanup()


async def test_an_answer_that_never_ends_is_cut_off(
    make: Make, outcomes: Outcomes, firing: AlertNotice, slow_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with make(url=slow_url, timeout="100ms", expire="1s") as sender:
        assert await asyncio.wait_for(sender.deliver(firing), 10) is Outcome.EXPIRED
    assert "no answer within 100 ms" in caplog.text
    assert outcomes == ["retried", "expired"]
