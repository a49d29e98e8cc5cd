"""Weeks of real flights through a real Kafka say what a replay of them says, line by line."""

from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML

from service.config.loading import load
from service.demo import schedule
from service.demo.play import prepare
from service.demo.reference import reference_profile
from service.profiles.reading import save_profile
from tests.e2e.commands import KEPT, driftline, with_profile, write_config
from tests.e2e.replayed import transitions, within
from tests.e2e.service import Service
from tests.e2e.traffic import Sent, count_all, produce, read_all
from tests.parts.kafka import KafkaBroker
from tests.parts.process import eventually
from tests.parts.webhook import WebhookReceiver

CONFIG = Path(__file__).parents[2] / "examples" / "flights" / "driftline.yaml"
WEEK_MS = 7 * 86_400_000
WEEKS = 4
"""The wind of the second week and the lost field of the fourth are in them."""


def flights_config(kafka: KafkaBroker, prefix: str, hook: str) -> dict[str, Any]:
    """The example as it is, on a broker and with its receiver at another address."""
    config: dict[str, Any] = YAML(typ="safe").load(CONFIG)
    own = ("partials", "control", "results", "alerts", "deadletter", "snapshots")
    config["receivers"]["webhooks"][0]["url"] = hook
    config["kafka"] = {
        "bootstrap_servers": kafka.bootstrap,
        "group": f"{prefix}driftline",
        "topics": {name: f"{prefix}{name}" for name in own},
        "partials_partitions": 2,
    }
    config["sources"] = [{"topic": f"{prefix}flights", "start": "earliest"}]
    return config


async def test_flights_through_kafka_give_the_results_and_alerts_of_their_replay(
    kafka: KafkaBroker, topic_prefix: str, webhook_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    config = flights_config(kafka, topic_prefix, webhook_receiver.url)
    traffic = prepare()
    settings = load(write_config(tmp_path / "plain.yaml", config))
    save_profile(reference_profile(settings, traffic), tmp_path / "flights.json")
    config = with_profile(config, tmp_path / "flights.json")
    events = traffic.between(schedule.PLAY_MS[0], schedule.PLAY_MS[0] + WEEKS * WEEK_MS)
    assert {event.kind for event in events} == {"prediction", "label"}

    log, results, alerts = (tmp_path / f"{name}.jsonl" for name in ("events", "results", "alerts"))
    log.write_bytes(b"".join(event.value + b"\n" for event in events))
    written = write_config(tmp_path / "replay.yaml", config)
    driftline("replay", "--config", written, "--events", log, "--results", results, "--alerts", alerts)
    replayed = sorted(results.read_bytes().splitlines())
    assert len(replayed) > 20_000

    kafka.create_topics(f"{topic_prefix}flights", config=KEPT)
    sent = [Sent(0, event.value, event.key, event.event_ms) for event in events]
    await produce(kafka.bootstrap, f"{topic_prefix}flights", sent)

    async def told() -> list[bytes]:
        records = await read_all(kafka.bootstrap, f"{topic_prefix}results")
        return within(replayed, [record.value or b"" for record in records])

    with Service(tmp_path / "service", config) as service:

        async def all_there() -> bool:
            if await count_all(kafka.bootstrap, f"{topic_prefix}results") < len(replayed):
                return False
            return len(await told()) >= len(replayed)

        await eventually(all_there, seconds=80, what="every result of the replay on the topic")
        assert service.metric("driftline_late_events_total") == 0
        assert service.metric("driftline_rejects_total") == 0
    assert await told() == replayed
    notices = [record.value or b"" for record in await read_all(kafka.bootstrap, f"{topic_prefix}alerts")]
    expected = [msgspec.json.decode(line) for line in alerts.read_bytes().splitlines()]
    assert transitions(replayed, notices) == sorted(
        notice["id"] for notice in expected if notice["notice"] == "alert"
    )
    firing = {(one["alertname"], one["slice"]) for one in expected if one.get("state") == "firing"}
    assert firing >= {("WindShift", "origin=JFK"), ("FieldMissing", "carrier=B6")}
