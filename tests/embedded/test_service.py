"""The service in one process: it counts, evaluates, delivers and serves, whatever its receivers do."""

import socket
import time
from pathlib import Path

import httpx
import pytest

from service.embedded.service import EmbeddedService
from service.errors import ConfigError
from service.pipeline import Effect
from tests.embedded.making import EVENTS, MINUTE_MS, START_MS, TOPIC, minutes, settings, until
from tests.parts.webhook import WebhookReceiver

DEAD = "http://127.0.0.1:9/"
BREAKS = [False, True, True, False, False]


def types(receiver: WebhookReceiver) -> list[str]:
    return [request.json()["type"] for request in receiver.requests]


async def test_an_alert_reaches_page_metrics_and_receiver() -> None:
    async with WebhookReceiver() as receiver:
        service = EmbeddedService(settings(receiver.url), [TOPIC])
        await service.start()
        try:
            await service.feed(TOPIC, minutes(BREAKS[:3]))
            await until(lambda: len(receiver.requests) == 2)
            async with httpx.AsyncClient(base_url=service.address) as client:
                page = (await client.get("/")).text
                metrics = (await client.get("/metrics")).text
        finally:
            await service.stop()
    assert types(receiver) == ["drift.alert.firing", "model.retraining.requested"]
    assert "AgeMissing" in page
    assert f'driftline_events_total{{kind="prediction",model="credit"}} {3 * EVENTS}.0' in metrics
    assert 'driftline_deliveries_total{outcome="delivered",receiver="hook-0"} 2.0' in metrics
    assert "driftline_evaluation_duration_seconds_count 1.0" in metrics


async def test_a_dead_receiver_stops_neither_the_evaluation_nor_the_others() -> None:
    effects: list[Effect] = []
    async with WebhookReceiver() as receiver:
        service = EmbeddedService(settings(DEAD, receiver.url), [TOPIC], on_effect=effects.append)
        await service.start()
        try:
            await service.feed(TOPIC, minutes(BREAKS))
            await until(lambda: len(receiver.requests) == 3)
            async with httpx.AsyncClient(base_url=service.address) as client:
                assert (await client.get("/readyz")).status_code == 200
        finally:
            began = time.monotonic()
            lost = await service.stop(0.2)
    assert types(receiver) == ["drift.alert.firing", "model.retraining.requested", "drift.alert.resolved"]
    assert lost == 3
    assert time.monotonic() - began < 2


async def test_a_receiver_that_fails_for_a_while_gets_everything_in_order() -> None:
    async with WebhookReceiver() as receiver:
        receiver.answer_next([503], {"retry-after": "0"})
        service = EmbeddedService(settings(receiver.url), [TOPIC])
        await service.start()
        try:
            await service.feed(TOPIC, minutes(BREAKS))
            await until(lambda: len(receiver.requests) == 4, seconds=20)
        finally:
            assert await service.stop() == 0
    firing = "drift.alert.firing"
    assert types(receiver) == [firing, firing, "model.retraining.requested", "drift.alert.resolved"]
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert ids[0] == ids[1]


async def test_a_request_out_of_old_events_is_good_for_as_long_on_the_clock() -> None:
    async with WebhookReceiver() as receiver:
        service = EmbeddedService(settings(receiver.url), [TOPIC])
        await service.start()
        try:
            await service.feed(TOPIC, minutes(BREAKS[:3]))  # events of 2013
            await until(lambda: len(receiver.requests) == 2)
        finally:
            await service.stop()
    data = receiver.requests[1].json()["data"]
    six_hours_ms = 6 * 3_600_000
    assert data["requested_ms"] == START_MS + 2 * MINUTE_MS
    assert abs(data["expires_ms"] - time.time() * 1000 - six_hours_ms) < 60_000


async def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        plain = settings()
        web = plain.web.model_copy(update={"port": port})
        service = EmbeddedService(plain.model_copy(update={"web": web}), [TOPIC])
        with pytest.raises(
            ConfigError, match=rf"web.port: {port} .* is taken .* choose another port"
        ) as raised:
            await service.start()
    assert raised.value.reason == "port_taken"


async def test_it_is_ready_once_there_is_something_to_serve() -> None:
    service = EmbeddedService(settings(), [TOPIC])
    await service.start()
    try:
        async with httpx.AsyncClient(base_url=service.address) as client:
            before = await client.get("/readyz")
            await service.feed(TOPIC, minutes([False]))
            after = await client.get("/readyz")
    finally:
        await service.stop()
    assert before.status_code == 503
    assert before.json()["reasons"] == ["no event and no profile so far"]
    assert after.status_code == 200


async def test_a_reported_retraining_keeps_quiet_what_would_ask_for_another(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("pipeline: open-sesame\n")
    async with WebhookReceiver() as receiver:
        plain = settings(receiver.url)
        web = plain.web.model_copy(update={"token_file": str(tokens)})
        service = EmbeddedService(plain.model_copy(update={"web": web}), [TOPIC])
        await service.start()
        try:
            await service.feed(TOPIC, minutes([False]))
            async with httpx.AsyncClient(base_url=service.address) as client:
                reply = await client.post(
                    "/api/v1/models/credit/retraining",
                    json={"event": "started"},
                    headers={"authorization": "Bearer open-sesame"},
                )
            await service.feed(TOPIC, minutes(BREAKS[:3])[EVENTS:])
            await until(lambda: len(receiver.requests) == 1)
        finally:
            await service.stop()
    assert reply.status_code == 202
    assert types(receiver) == ["drift.alert.firing"]
