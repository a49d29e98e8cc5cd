"""Traces of a real run, as a collector gets them; and a run whose collector is dead."""

import base64
import time
from pathlib import Path
from typing import Any

import orjson

from tests.e2e.commands import build_profile, with_model, with_profile
from tests.e2e.service import Service, credit_config
from tests.e2e.traffic import credit_events, produce, spread
from tests.parts.kafka import KafkaBroker
from tests.parts.process import HOST, eventually, free_port
from tests.parts.traces import Told, parent, spans
from tests.parts.webhook import WebhookReceiver

EVENTS = 3_000
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
DRIFT = {"name": "AgeDrift", "metric": "psi", "threshold": 0.2, "resolve_threshold": 0.1, "slices": ["all"]}
STEPS = [
    ("ends", 1), ("control", 2), ("commit", 3), ("statements", 4), ("progress", 5), ("commit", 5),
]  # fmt: skip


def traced(bootstrap: str, prefix: str, folder: Path, collector: str) -> dict[str, Any]:
    """Configuration on windows of two seconds, with every beat traced."""
    telemetry = {"traces_endpoint": f"{collector}/v1/traces", "sample_ratio": 1}
    config = credit_config(bootstrap, prefix, timing={"flush": "200ms", "grace": "2s"}, telemetry=telemetry)
    config = with_profile(config, build_profile(folder, config))
    return with_model(config, windows=[{"length": "2s"}], lateness="1s") | {"monitors": [DRIFT]}


async def send(bootstrap: str, topic: str) -> None:
    now_ms = round(time.time() * 1000)
    await produce(bootstrap, topic, spread(credit_events(EVENTS, now_ms, 0, shift=25), 1))


async def test_a_collector_sees_beats_windows_and_deliveries_with_what_was_done_in_them(
    kafka: KafkaBroker, topic_prefix: str, webhook_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic)
    async with WebhookReceiver() as collector:
        config = traced(kafka.bootstrap, topic_prefix, tmp_path, collector.url)
        (tmp_path / "secret").write_text(SECRET)
        webhook = {
            "name": "training", "url": f"{webhook_receiver.url}/hook",
            "secret_files": [str(tmp_path / "secret")],
        }  # fmt: skip
        webhook_receiver.answer_next([500])
        with Service(tmp_path / "service", config | {"receivers": {"webhooks": [webhook]}}) as service:
            await eventually(service.ready, seconds=30)
            await send(kafka.bootstrap, topic)
            await eventually(lambda: "deliver" in names(collector), seconds=60, what="a delivery in a trace")
        told = spans(collector)
        body = b"".join(request.body for request in collector.requests)

    counted = [span for span in told if span.name == "ingest.count"]
    assert sum(span.attributes["driftline.events"] for span in counted) == EVENTS
    assert (min(first(span) for span in counted), max(last(span) for span in counted)) == (0, EVENTS - 1)
    assert {names_above(span, told) for span in counted} == {("ingest.beat",)}
    assert {span.attributes["messaging.destination.name"] for span in counted} == {topic}
    assert steps_of_a_flush(told) == STEPS

    windows = [
        span for span in told if span.name == "evaluate.window" and span.attributes["driftline.results"]
    ]
    assert {names_above(span, told) for span in windows} == {("evaluate.windows", "evaluate.batch")}
    assert {span.attributes["driftline.model"] for span in windows} == {"credit"}
    assert any(span.attributes["driftline.alerts"] for span in told if span.name == "evaluate.windows")

    delivered = next(span for span in told if span.name == "deliver")
    assert delivered.attributes["driftline.receiver"] == "training"
    assert [event["driftline.outcome"] for event in delivered.events] == ["retried", "delivered"]
    assert delivered.attributes["driftline.outcome"] == "delivered"
    assert [span for span in told if span.failed] == []
    assert not [word for word in (b"whsec", b"income", b"region=eu") if word in body]


def names(collector: WebhookReceiver) -> set[str]:
    return {span.name for span in spans(collector)}


def first(span: Told) -> int:
    return int(span.attributes["driftline.offset.first"])


def last(span: Told) -> int:
    return int(span.attributes["driftline.offset.last"])


def names_above(span: Told, told: list[Told]) -> tuple[str, ...]:
    """Names of the spans around this one, from the inside out."""
    above = parent(span, told)
    return () if above is None else (above.name, *names_above(above, told))


def steps_of_a_flush(told: list[Told]) -> list[tuple[str, int]]:
    """Names and numbers of the steps of the first whole flush, in the order of their time."""
    flush = next(span for span in told if span.name == "ingest.flush")
    steps = sorted((s for s in told if parent(s, [flush]) is not None), key=lambda step: step.began_ns)
    return [(s.name.removeprefix("ingest.flush."), s.attributes["driftline.step"]) for s in steps]


async def test_a_worker_whose_collector_is_dead_counts_and_ends_as_ever_and_says_so_once(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic)
    config = traced(kafka.bootstrap, topic_prefix, tmp_path, f"http://{HOST}:{free_port()}")
    with Service(tmp_path / "service", config) as service:
        await eventually(service.ready, seconds=30)
        await send(kafka.bootstrap, topic)
        await eventually(lambda: service.metric("driftline_events_total") == EVENTS, seconds=20)
        await eventually(lambda: said(service) != [], seconds=20, what="the collector is missed")
        await eventually(
            lambda: service.metric("driftline_evaluation_duration_seconds_count") > 0, seconds=20
        )
        assert service.ready()
        status, seconds = service.end()

    assert (status, said(service)) == (
        0,
        ["traces are not taken; the collector does not answer, or refuses them"],
    )
    assert seconds < 12


def said(service: Service) -> list[str]:
    """What the log has about traces or by their libraries."""
    lines = [orjson.loads(line) for line in service.log().splitlines() if line.startswith("{")]
    return [
        line["message"]
        for line in lines
        if "opentelemetry" in line["logger"] or line["logger"].endswith(".otlp")
    ]
