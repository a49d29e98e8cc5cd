"""Traces: nothing when nobody asks, spans with parents when somebody does; a dead collector is no matter."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from service.config.settings import Kafka, Settings
from service.errors import ConfigError
from service.kafka.otlp import CLOSE_S, QUEUE, OtlpTracer
from service.kafka.spans import UNTRACED
from service.kafka.tracing import make_tracer
from service.web.selfmetrics import SelfMetrics, new_registry
from tests.parts.process import HOST, eventually, free_port
from tests.parts.traces import Told, parent, spans
from tests.parts.webhook import WebhookReceiver

MODEL = {"name": "credit", "features": {"age": {"type": "numeric"}}, "windows": [{"length": "1h"}]}
OPENED = "from service.app import Worker; from service.config.settings import Settings; import sys; "


def settings(**telemetry: Any) -> Settings:
    return Settings.model_validate({"models": [MODEL], "telemetry": telemetry})


def untold(reason: str, count: int) -> None:
    raise AssertionError(f"{count} spans lost: {reason}")


def tracer(
    receiver: WebhookReceiver, sample_ratio: float = 1.0, lost: Callable[[str, int], None] = untold
) -> OtlpTracer:
    return OtlpTracer(f"{receiver.url}/v1/traces", sample_ratio, Kafka(instance="driftline-0"), lost)


def lost_spans(registry: CollectorRegistry, reason: str) -> float:
    return registry.get_sample_value("driftline_lost_spans_total", {"reason": reason}) or 0.0


def test_without_an_address_nothing_is_traced_and_no_library_of_traces_is_loaded() -> None:
    assert make_tracer(settings(), untold) is UNTRACED
    code = f"{OPENED} Worker(Settings.model_validate({{'models': [{MODEL}]}})); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "service.kafka.spans" in loaded.stdout.split()
    assert [name for name in loaded.stdout.split() if name.startswith("opentelemetry")] == []


def test_traces_without_the_extra_are_a_mistake_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "service.kafka.otlp")
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    with pytest.raises(
        ConfigError, match=r"http://collector:4318.*pip install 'driftline\[traces\]'"
    ) as caught:
        make_tracer(settings(traces_endpoint="http://collector:4318/v1/traces"), untold)
    assert caught.value.reason == "traces_not_installed"


async def test_spans_arrive_with_their_parents_and_what_they_say(webhook_receiver: WebhookReceiver) -> None:
    traced = tracer(webhook_receiver)
    began_ns = time.time_ns() - 5_000_000_000
    with traced.span("outer", {"driftline.sources": 2}) as outer:
        with traced.span("inner", began_ns=began_ns):
            traced.event("outcome", {"driftline.outcome": "retried"})
        outer.set({"driftline.models": ["credit", "churn"]})
    traced.event("outcome", {"driftline.outcome": "belongs to no span"})
    await traced.close()

    told = {span.name: span for span in spans(webhook_receiver)}
    assert webhook_receiver.requests[0].path == "/v1/traces"
    assert told["outer"].attributes == {"driftline.sources": 2, "driftline.models": ["credit", "churn"]}
    assert told["outer"].parent == b""
    assert parent(told["inner"], told.values()) == told["outer"]
    assert told["inner"].began_ns == began_ns
    assert told["inner"].events == [{"driftline.outcome": "retried"}]
    assert told["outer"].worker["service.name"] == "driftline"
    assert told["outer"].worker["service.instance.id"] == "driftline-0"


async def test_spans_of_tasks_that_run_at_the_same_time_keep_apart(webhook_receiver: WebhookReceiver) -> None:
    traced = tracer(webhook_receiver)

    async def stage(name: str) -> None:
        with traced.span(name):
            await asyncio.sleep(0.01)
            with traced.span(f"{name}.inner"):
                await asyncio.sleep(0.01)

    await asyncio.gather(stage("ingest"), stage("evaluate"))
    await traced.close()

    told = spans(webhook_receiver)
    above = {span.name: parent(span, told) for span in told}
    assert {name: found and found.name for name, found in above.items()} == {
        "ingest": None, "ingest.inner": "ingest", "evaluate": None, "evaluate.inner": "evaluate",
    }  # fmt: skip


async def test_a_failure_leaves_its_type_and_none_of_its_words(webhook_receiver: WebhookReceiver) -> None:
    traced = tracer(webhook_receiver)
    with pytest.raises(ValueError, match="a customer"), traced.span("count"):
        raise ValueError("a customer's income")
    await traced.close()

    [span] = spans(webhook_receiver)
    assert (span.failed, span.attributes, span.events) == (True, {"error.type": "ValueError"}, [])
    assert b"income" not in webhook_receiver.requests[0].body


async def test_only_the_share_that_was_asked_for_is_sent_and_always_whole_traces(
    webhook_receiver: WebhookReceiver,
) -> None:
    traced = tracer(webhook_receiver, sample_ratio=0.2)
    for _ in range(500):
        with traced.span("outer"), traced.span("inner"):
            pass
    await traced.close()

    told = spans(webhook_receiver)
    outer: list[Told] = [span for span in told if span.name == "outer"]
    assert 50 <= len(outer) <= 150  # five standard deviations around 100
    assert {span.trace for span in told} == {span.trace for span in outer}
    assert len(told) == 2 * len(outer)


async def test_a_dead_collector_holds_nobody_up_and_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    registry = new_registry()
    lost = SelfMetrics(registry, settings()).lost_spans
    assert registry.get_sample_value("driftline_lost_spans_total", {"reason": "queue_full"}) == 0
    traced = OtlpTracer(f"http://{HOST}:{port}/v1/traces", 1.0, Kafka(), lost)
    began = time.monotonic()
    with caplog.at_level(logging.INFO):
        for _ in range(5_000):  # more than the queue holds
            with traced.span("beat"):
                pass
        assert time.monotonic() - began < 2
        await eventually(lambda: bool(caplog.records), seconds=15, what="the collector is missed")
        ending = time.monotonic()
        await traced.close()
        assert time.monotonic() - ending < CLOSE_S + 0.5
        await asyncio.sleep(1)

    assert [(one.levelname, one.message[:20]) for one in caplog.records] == [
        ("WARNING", "traces are not taken")
    ]
    assert 5_000 - 3 * QUEUE // 2 < lost_spans(registry, "queue_full") <= 5_000 - QUEUE
    assert lost_spans(registry, "not_taken") >= 512  # what is sent in one go


async def test_a_collector_that_comes_back_is_said_with_what_was_lost(
    webhook_receiver: WebhookReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    webhook_receiver.answer_next([400])  # a refusal that is not tried again
    lost: list[tuple[str, int]] = []
    traced = tracer(webhook_receiver, lost=lambda *told: lost.append(told))
    with caplog.at_level(logging.INFO):
        with traced.span("refused"):
            pass
        await eventually(lambda: bool(caplog.records), seconds=10, what="the refusal")
        with traced.span("taken"):
            pass
        await traced.close()

    said = [one for one in caplog.records if one.name == "service.kafka.otlp"]
    assert [(one.message[:20], vars(one).get("lost")) for one in said] == [
        ("traces are not taken", None), ("traces are taken aga", 1),
    ]  # fmt: skip
    assert [span.name for span in spans(webhook_receiver)] == ["refused", "taken"]
    assert lost == [("not_taken", 1)]
