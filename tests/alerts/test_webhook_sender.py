"""What a webhook sender sends, to whom, and how much of it may wait."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from service.alerts.notice import AlertNotice, TriggerNotice
from service.alerts.outcome import Outcome
from service.alerts.signing import Check, parse_secret, verify
from service.errors import ConfigError
from tests.alerts.conftest import Clock, Make, Outcomes
from tests.parts.webhook import WebhookReceiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="


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
