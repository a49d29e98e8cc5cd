"""Telling a real Alertmanager, and servers that misbehave as one might."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from service.alerts.notice import AlertNotice, Notice, rfc3339
from service.alerts.outcome import Outcome
from service.alerts.send import AlertmanagerSender
from service.config.receivers import AlertmanagerReceiver
from tests.alerts import making
from tests.alerts.making import alerts, book, evaluated, monitor, run, window
from tests.parts.alertmanager import Alertmanager
from tests.parts.process import HOST, eventually, free_port
from tests.parts.webhook import WebhookReceiver

RULE = monitor(runbook_url="https://runbooks.example/age")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def outcomes() -> list[tuple[str, str]]:
    return []


Make = Callable[..., AlertmanagerSender]


@pytest.fixture
def make(outcomes: list[tuple[str, str]]) -> Make:
    def made(*urls: str, alerts_max: int = 100, **fields: Any) -> AlertmanagerSender:
        receiver = AlertmanagerReceiver.model_validate({"urls": urls, **fields})
        return AlertmanagerSender(
            receiver,
            now=now_ms,
            sleep=asyncio.sleep,
            on_outcome=lambda name, outcome: outcomes.append((name.split("/")[0], outcome.value)),
            dashboard_url="https://grafana.example",
            alerts_max=alerts_max,
        )

    return made


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> list[AlertNotice]:
    """Firing, restated, resolved; in the last minutes of real time, since Alertmanager has its own clock."""
    monkeypatch.setattr(making, "START", now_ms() // 1000 * 1000 - 5 * making.MINUTE)
    return [one for notices in run(book(RULE), RULE, "xx.") for one in alerts(notices)]


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> list[Notice]:
    monkeypatch.setattr(making, "START", now_ms() // 1000 * 1000 - 5 * making.MINUTE)
    return book(RULE).step(evaluated(RULE, {(f"f{index}", "all"): "x" for index in range(100)}, window(1)))


async def test_a_real_alertmanager_holds_the_alert_with_our_labels_and_start(
    alertmanager: Alertmanager, make: Make, story: list[AlertNotice], outcomes: list[tuple[str, str]]
) -> None:
    fired = story[0]
    async with make(alertmanager.url, labels={"team": "risk"}) as sender:
        await sender.post([fired])
    [held] = alertmanager.alerts(alertname="age-drift")
    assert held["labels"] == {
        "alertname": "age-drift", "severity": "warning", "model": "credit", "model_version": "7",
        "feature": "age", "slice": "all", "window": "1m", "team": "risk",
    }  # fmt: skip
    assert held["status"]["state"] == "active"
    assert held["startsAt"].startswith(rfc3339(fired.started_ms)[:19])
    assert held["annotations"]["summary"] == fired.summary
    assert held["annotations"]["runbook_url"] == "https://runbooks.example/age"
    assert held["generatorURL"].startswith("https://grafana.example/d/driftline-feature?")
    assert outcomes == [("alertmanager", "delivered")]


async def test_a_real_alertmanager_sees_a_firing_alert_again_and_its_end(
    alertmanager: Alertmanager, make: Make, story: list[AlertNotice]
) -> None:
    fired, again, resolved = story

    def held() -> list[dict[str, Any]]:
        return alertmanager.alerts(alertname="age-drift")

    async with make(alertmanager.url, resend="200ms") as sender:
        await sender.post([fired])
        first = held()[0]
        await sender.post([again])
        beat = asyncio.create_task(sender.resend_forever())

        async def is_extended() -> bool:
            return bool(held()) and held()[0]["endsAt"] > first["endsAt"]

        async def outlives_its_first_end() -> bool:
            return rfc3339(now_ms()) > first["endsAt"] and bool(held())

        async def is_over() -> bool:
            return not held()

        await eventually(is_extended, what="a later end of the alert")
        await eventually(outlives_its_first_end, what="the alert past its first end")
        await sender.post([resolved])
        await eventually(is_over, what="the end of the alert")
        await asyncio.sleep(0.5)  # resolved ones are sent again as well
        assert await is_over()
        assert sender.kept == 1
        beat.cancel()


async def test_without_resends_a_real_alertmanager_ends_the_alert_by_itself(
    alertmanager: Alertmanager, make: Make, story: list[AlertNotice]
) -> None:
    async with make(alertmanager.url, resend="100ms") as sender:
        await sender.post([story[0]])

    async def is_over() -> bool:
        return not alertmanager.alerts(alertname="age-drift")

    await eventually(is_over, what="the end of the alert after four missed resends")


async def test_every_peer_is_told_and_one_that_is_down_hears_at_the_next_resend(
    alertmanager: Alertmanager, make: Make, story: list[AlertNotice], webhook_receiver: WebhookReceiver,
    outcomes: list[tuple[str, str]],
) -> None:  # fmt: skip
    webhook_receiver.answer_next([503])
    async with make(alertmanager.url, webhook_receiver.url + "/", f"http://{HOST}:{free_port()}") as sender:
        await sender.post([story[0]])
        assert alertmanager.alerts(alertname="age-drift")
        assert sorted(outcome for _, outcome in outcomes) == ["delivered", "retried", "retried"]
        outcomes.clear()
        await sender.resend()
    assert sorted(outcome for _, outcome in outcomes) == ["delivered", "delivered", "retried"]
    first, second = webhook_receiver.requests
    assert first.path == second.path == "/api/v2/alerts"
    assert first.json()[0]["labels"] == second.json()[0]["labels"]


async def test_what_alertmanager_refuses_is_logged_and_not_retried_and_the_valid_rest_is_held(
    alertmanager: Alertmanager, make: Make, many: list[Notice], outcomes: list[tuple[str, str]],
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    async with make(alertmanager.url) as sender:
        whole = sender._payloads

        def one_broken(alert_ids: list[str]) -> list[dict[str, object]]:
            first, *rest = whole(alert_ids)
            return [{**first, "endsAt": "1999-01-01T00:00:00Z"}, *rest]

        monkeypatch.setattr(sender, "_payloads", one_broken)
        await sender.post(many)
    assert [outcome for _, outcome in outcomes] == ["rejected", "rejected"]
    assert len(alertmanager.alerts(alertname="age-drift")) == 98
    assert "the valid ones among them were stored" in caplog.text


async def test_many_alerts_go_in_batches_and_a_peer_that_is_down_is_asked_once(
    make: Make, many: list[Notice], webhook_receiver: WebhookReceiver
) -> None:
    async with make(webhook_receiver.url) as sender:
        webhook_receiver.answer_next([500])
        await sender.post(many)
        assert [len(one.json()) for one in webhook_receiver.requests] == [64]
        await sender.resend()
    assert [len(one.json()) for one in webhook_receiver.requests] == [64, 64, 36]


async def test_restatements_do_not_make_a_request_before_the_resend(
    make: Make, story: list[AlertNotice], webhook_receiver: WebhookReceiver
) -> None:
    fired, again, _ = story
    async with make(webhook_receiver.url) as sender:
        await sender.post([fired])
        await sender.post([again])
        assert len(webhook_receiver.requests) == 1


async def test_alerts_beyond_the_bound_are_dropped_and_counted(
    make: Make, many: list[Notice], webhook_receiver: WebhookReceiver, outcomes: list[tuple[str, str]]
) -> None:
    async with make(webhook_receiver.url, alerts_max=10) as sender:
        await sender.post(many)
        assert sender.kept == 10
    assert outcomes.count(("alertmanager", Outcome.DROPPED.value)) == 90
    assert len(webhook_receiver.requests[0].json()) == 10


async def test_a_slow_peer_gets_the_resolution_after_the_firing_and_holds_nobody_up(
    make: Make, story: list[AlertNotice], webhook_receiver: WebhookReceiver
) -> None:
    release = asyncio.Event()
    ends: list[str] = []

    async def slow(request: web.Request) -> web.Response:
        ends.append((await request.json())[0]["endsAt"])
        await release.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/api/v2/alerts", slow)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    fired, _, resolved = story
    async with make(f"http://{HOST}:{runner.addresses[0][1]}", webhook_receiver.url) as sender:
        under_way = asyncio.create_task(sender.post([fired]))

        async def arrived() -> bool:
            return bool(ends)

        await eventually(arrived, what="the first request")
        await asyncio.wait_for(sender.post([resolved]), 5)
        assert len(webhook_receiver.requests) == 2
        assert len(ends) == 1
        release.set()
        await under_way
    await runner.cleanup()
    assert len(ends) == 2
    assert resolved.resolved_ms is not None
    assert ends[1] == rfc3339(resolved.resolved_ms) < ends[0]
