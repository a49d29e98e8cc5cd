"""The real parts do what the tests that build on them take for granted."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from playwright.async_api import Page

from tests.parts import cache, catalog
from tests.parts.alertmanager import Alertmanager
from tests.parts.fixtures import skip_if_missing
from tests.parts.kafka import KafkaBroker
from tests.parts.process import Server, ServerFailedError, eventually
from tests.parts.prometheus import Prometheus
from tests.parts.webhook import WebhookReceiver


async def produce(broker: KafkaBroker, topic: str, *values: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def consume(broker: KafkaBroker, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        return [(await asyncio.wait_for(consumer.getone(), 20)).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_a_produced_record_is_consumed(kafka: KafkaBroker, topic_prefix: str) -> None:
    topic = f"{topic_prefix}events"
    kafka.create_topics(topic)

    await produce(kafka, topic, b"one", b"two")

    assert await consume(kafka, topic, 2) == [b"one", b"two"]


async def test_a_killed_broker_keeps_its_port_and_its_records(own_kafka: KafkaBroker) -> None:
    own_kafka.create_topics("kept")
    await produce(own_kafka, "kept", b"before")
    first_pid = own_kafka.server.pid

    own_kafka.kill()
    await asyncio.to_thread(own_kafka.start)

    assert own_kafka.server.pid != first_pid
    await produce(own_kafka, "kept", b"after")
    assert await consume(own_kafka, "kept", 2) == [b"before", b"after"]


def test_alertmanager_holds_an_alert_that_was_posted(alertmanager: Alertmanager) -> None:
    now = datetime.now(UTC)
    alert = {
        "labels": {"alertname": "Drift", "model": "credit"},
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(minutes=4)).isoformat(),
    }

    httpx.post(f"{alertmanager.url}/api/v2/alerts", json=[alert], trust_env=False).raise_for_status()

    assert [held["labels"] for held in alertmanager.alerts(model="credit")] == [alert["labels"]]
    assert alertmanager.alerts(model="another") == []


async def test_prometheus_scrapes_a_page_and_answers_queries(
    webhook_receiver: WebhookReceiver, start_prometheus: Callable[..., Prometheus]
) -> None:
    app = web.Application()

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text='# TYPE answer gauge\nanswer{to="life"} 42\n', content_type="text/plain")

    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        prometheus = await asyncio.to_thread(start_prometheus, [f"127.0.0.1:{runner.addresses[0][1]}"])

        async def scraped() -> bool:
            return bool(await asyncio.to_thread(prometheus.query, "answer"))

        await eventually(scraped, what="the scraped series")
        [sample] = await asyncio.to_thread(prometheus.query, "answer")
    finally:
        await runner.cleanup()

    assert sample.value == 42
    assert sample.labels["to"] == "life"


async def test_the_browser_shows_a_page_and_runs_its_script(
    page: Page, webhook_receiver: WebhookReceiver
) -> None:
    await page.goto(f"{webhook_receiver.url}/status")
    await page.set_content("<h1>?</h1><script>document.querySelector('h1').textContent = 6 * 7</script>")

    assert await page.text_content("h1") == "42"
    assert "/status" in [request.path for request in webhook_receiver.requests]


def test_promtool_tells_a_good_metrics_page_from_a_bad_one(promtool: Path) -> None:
    def status(metrics: str) -> int:
        return subprocess.run(
            [promtool, "check", "metrics"], input=metrics, text=True, capture_output=True, check=False
        ).returncode

    assert status("# HELP a_total Things.\n# TYPE a_total counter\na_total 1\n") == 0
    assert status("a_total{ 1\n") != 0


async def test_the_webhook_receiver_fails_as_often_as_told(webhook_receiver: WebhookReceiver) -> None:
    webhook_receiver.answer_next([503, 429], headers={"retry-after": "1"})

    async with httpx.AsyncClient(trust_env=False) as client:
        answers = [
            await client.post(
                f"{webhook_receiver.url}/hook?x=1", json={"try": n}, headers={"Webhook-Id": "w"}
            )
            for n in range(3)
        ]

    assert [answer.status_code for answer in answers] == [503, 429, 200]
    assert answers[0].headers["retry-after"] == "1"
    assert [request.json()["try"] for request in webhook_receiver.requests] == [0, 1, 2]
    assert webhook_receiver.requests[0].path == "/hook?x=1"
    assert webhook_receiver.requests[0].headers["webhook-id"] == "w"


def test_a_server_that_dies_at_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    server = Server("moody", ["sh", "-c", "echo no port for me; exit 3"], tmp_path, lambda: False)

    with pytest.raises(ServerFailedError, match=r"(?s)moody ended with status 3:.*no port for me"):
        server.start()


def test_a_server_is_gone_after_close(tmp_path: Path) -> None:
    server = Server("sleeper", ["sleep", "60"], tmp_path, lambda: True)
    server.start()
    pid = server.pid

    server.close()

    assert not Path(f"/proc/{pid}").exists()


SLEEPER = """
from pathlib import Path
import time
from tests.parts.process import Server

def test_it(tmp_path):
    server = Server("sleeper", ["sleep", "60"], tmp_path, lambda: True)
    server.start()
    Path("pid").write_text(str(server.pid))
    time.sleep(60)
"""


async def test_a_run_that_is_terminated_leaves_no_server_behind(tmp_path: Path) -> None:
    (tmp_path / "test_sleeper.py").write_text(SLEEPER)
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.parts.fixtures",
        "-c",
        "/dev/null",
        "test_sleeper.py",
    ]
    run = subprocess.Popen(words, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(cache.ROOT)})
    pid_file = tmp_path / "pid"
    try:
        await eventually(lambda: pid_file.exists() and pid_file.read_text() != "", what="the server's start")
        run.terminate()
        await eventually(lambda: run.poll() is not None, what="the end of the run")
    finally:
        run.kill()

    assert run.wait() == pytest.ExitCode.INTERRUPTED
    assert not Path(f"/proc/{pid_file.read_text()}").exists()


@pytest.mark.parametrize(
    ("variable", "outcome"), [("CI", pytest.fail.Exception), (None, pytest.skip.Exception)]
)
def test_a_missing_part_fails_in_ci_and_skips_elsewhere(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, outcome: type[BaseException]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("DRIFTLINE_REQUIRE_PARTS", raising=False)
    if variable:
        monkeypatch.setenv(variable, "true")

    with pytest.raises(outcome, match="no teapot"), skip_if_missing():
        raise cache.PartMissingError("no teapot")


def test_a_failed_fetch_is_remembered_as_the_reason_to_skip(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing() -> Path:
        raise cache.PartMissingError("no `teapot` on the PATH")

    def fetch() -> None:
        raise cache.PartMissingError("the shop is shut")

    monkeypatch.setattr(cache, "CACHE", tmp_path)
    part = catalog.Part("teapot", "tea", "the shop", missing, fetch)

    with pytest.raises(cache.PartMissingError, match="`make parts` fetches it"):
        part.path()
    with pytest.raises(cache.PartMissingError, match="the shop is shut"):
        part.ensure()
    with pytest.raises(cache.PartMissingError, match="fetching it failed: the shop is shut"):
        part.path()
