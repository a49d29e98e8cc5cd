"""Delivering to a real server on the loopback address; the clock jumps by what the sender would sleep."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from service.alerts.notice import AlertNotice, TriggerNotice
from service.alerts.outcome import Outcome
from service.alerts.send import WebhookSender
from service.alerts.signing import Check, parse_secret, verify
from service.config.receivers import WebhookReceiver as Receiver
from service.errors import ConfigError
from tests.alerts.making import START, alerts, book, monitor, run
from tests.parts.process import HOST, free_port
from tests.parts.webhook import WebhookReceiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="


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


async def test_an_event_is_posted_once_and_signed(
    make: Make, outcomes: Outcomes, clock: Clock, webhook_receiver: WebhookReceiver, firing: AlertNotice,
    tmp_path: Path,
) -> None:  # fmt: skip
    (tmp_path / "new").write_text(OTHER + "\n")
    (tmp_path / "old").write_text(SECRET + "\n")
    async with make(secret_files=[str(tmp_path / "new"), str(tmp_path / "old")]) as sender:
        assert await sender.deliver(firing) is Outcome.DELIVERED
    [request] = webhook_receiver.requests
    assert (request.method, request.path) == ("POST", "/hook")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == firing.id == request.json()["data"]["id"]
    for secret in (SECRET, OTHER):
        now_s = clock.now() // 1000
        assert verify([parse_secret(secret)], request.headers, request.body, now_s) is Check.VALID
    assert outcomes == ["delivered"]


async def test_a_changed_secret_file_is_read_again_and_a_broken_one_is_not_used(
    make: Make, clock: Clock, webhook_receiver: WebhookReceiver, firing: AlertNotice, tmp_path: Path
) -> None:
    path = tmp_path / "secret"
    path.write_text(SECRET)
    async with make(secret_files=[str(path)]) as sender:
        for text in (OTHER, "broken"):
            path.write_text(text)
            await sender.deliver(firing)
    for request in webhook_receiver.requests:
        now_s = clock.now() // 1000
        assert verify([parse_secret(OTHER)], request.headers, request.body, now_s) is Check.VALID


@pytest.mark.parametrize(("text", "why"), [(None, "cannot be read"), ("hunter2", "holds no secret")])
async def test_a_missing_or_malformed_secret_is_a_mistake_in_the_config(
    make: Make, tmp_path: Path, text: str | None, why: str
) -> None:
    path = tmp_path / "secret"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=why) as error:
        make(secret_files=[str(path)])
    assert "hunter2" not in str(error.value)
    assert "base64" in str(error.value)


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


async def test_a_trigger_is_retried_until_it_expires_itself(
    make: Make, clock: Clock, webhook_receiver: WebhookReceiver, trigger: TriggerNotice
) -> None:
    webhook_receiver.answer_next([500] * 100)
    async with make(expire="1d") as sender:
        assert await sender.deliver(trigger) is Outcome.EXPIRED
        assert clock.now() < trigger.expires_ms
        sent = len(webhook_receiver.requests)
        clock.now_ms = trigger.expires_ms
        assert await sender.deliver(trigger) is Outcome.EXPIRED
    assert len(webhook_receiver.requests) == sent


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


async def test_only_the_types_asked_for_are_sent(
    make: Make,
    outcomes: Outcomes,
    webhook_receiver: WebhookReceiver,
    firing: AlertNotice,
    trigger: TriggerNotice,
) -> None:
    async with make(types=["model.retraining.requested"]) as sender:
        assert await sender.deliver(firing) is None
        assert await sender.deliver(trigger) is Outcome.DELIVERED
    assert [one.json()["type"] for one in webhook_receiver.requests] == ["model.retraining.requested"]
    assert outcomes == ["delivered"]


async def test_beyond_the_bound_the_oldest_waiting_delivery_is_dropped(
    make: Make, outcomes: Outcomes, webhook_receiver: WebhookReceiver, firing: AlertNotice
) -> None:
    asleep = asyncio.Event()

    async def sleep_for_ever(seconds: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    webhook_receiver.answer_next([500])
    async with make(waiting_max=1, sleep=sleep_for_ever) as sender:
        oldest = asyncio.create_task(sender.deliver(firing))
        await asleep.wait()
        assert await sender.deliver(firing) is Outcome.DELIVERED
        assert await oldest is Outcome.DROPPED
    assert sorted(outcomes) == ["delivered", "dropped", "retried"]


async def test_cancelling_a_delivery_cancels_it(
    make: Make, outcomes: Outcomes, webhook_receiver: WebhookReceiver, firing: AlertNotice
) -> None:
    asleep = asyncio.Event()

    async def sleep_for_ever(seconds: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    webhook_receiver.answer_next([500])
    async with make(sleep=sleep_for_ever) as sender:
        task = asyncio.create_task(sender.deliver(firing))
        await asleep.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert outcomes == ["retried"]


async def test_failures_are_logged_without_the_address(
    make: Make, webhook_receiver: WebhookReceiver, firing: AlertNotice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "service")
    webhook_receiver.answer_next([500])
    async with make(url=webhook_receiver.url + "/token-1234") as sender:
        await sender.deliver(firing)
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("service")]
    assert ours
    assert not any("token-1234" in line for line in ours)
