"""Counts on a real broker: exact, and the same as a replay of the same log."""

import asyncio
import time
from pathlib import Path
from typing import Any

import orjson

from tests.e2e.commands import KEPT, START_MS, build_profile, driftline, with_profile, write_lines
from tests.e2e.replayed import transitions, within
from tests.e2e.service import Service, credit_config
from tests.e2e.traffic import credit_events, produce, read_all, spread
from tests.e2e.truth import stated_counts, window_counts
from tests.parts.kafka import KafkaBroker
from tests.parts.process import eventually


async def results_of(kafka: KafkaBroker, prefix: str) -> list[bytes]:
    return [record.value for record in await read_all(kafka.bootstrap, f"{prefix}results")]


async def test_results_and_alerts_on_kafka_are_those_of_a_replay_of_the_same_log(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    config = credit_config(kafka.bootstrap, topic_prefix)
    config = with_profile(config, build_profile(tmp_path, config))
    events = credit_events(20_000, START_MS, 500) + credit_events(
        10_000, START_MS + 20_000 * 500, 500, seed=2, shift=25
    )
    (tmp_path / "replay.yaml").write_bytes(orjson.dumps(config))
    log = write_lines(tmp_path / "log.jsonl", events)
    driftline(
        "replay", "--config", tmp_path / "replay.yaml", "--events", log,
        "--results", tmp_path / "results.jsonl", "--alerts", tmp_path / "alerts.jsonl",
    )  # fmt: skip
    replayed = (tmp_path / "results.jsonl").read_bytes().splitlines()
    assert len(replayed) > 500

    kafka.create_topics(f"{topic_prefix}predictions", config=KEPT)
    await produce(kafka.bootstrap, f"{topic_prefix}predictions", spread(events, 1))
    with Service(tmp_path / "service", config):

        async def all_there() -> bool:
            return len(within(replayed, await results_of(kafka, topic_prefix))) >= len(replayed)

        await eventually(all_there, seconds=40, what="every result of the replay on the topic")
    assert within(replayed, await results_of(kafka, topic_prefix)) == sorted(replayed)
    alerts = [record.value or b"" for record in await read_all(kafka.bootstrap, f"{topic_prefix}alerts")]
    expected = [orjson.loads(line) for line in (tmp_path / "alerts.jsonl").read_bytes().splitlines()]
    assert next(alert["slice"] for alert in expected if alert["state"] == "firing") == "region=eu"
    assert transitions(replayed, alerts) == sorted(alert["id"] for alert in expected)


async def test_windows_stay_exact_while_workers_join_leave_and_die(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    config = credit_config(kafka.bootstrap, topic_prefix)
    config = with_profile(config, build_profile(tmp_path, config))
    # Live traffic, in windows of seconds. Events may take long to arrive: the machine may be slow.
    model = config["models"][0] | {"windows": [{"length": "6s", "every": "2s"}], "lateness": "10s"}
    config |= {"models": [model], "timing": {"flush": "300ms", "grace": "10s"}}
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic, partitions=4)
    events: list[dict[str, Any]] = []

    async def live() -> None:
        for burst in range(50):
            now_ms = round(time.time() * 1000)
            fresh = credit_events(1_000, now_ms - 400, 0, seed=burst)
            await produce(kafka.bootstrap, topic, spread(fresh, 4))
            events.extend(fresh)
            await asyncio.sleep(0.35)

    one, two, three = (Service(tmp_path / name, config, name) for name in ("one", "two", "three"))
    with one, two, three:
        sending = asyncio.create_task(live())
        await asyncio.sleep(4)
        await asyncio.to_thread(two.server.stop)  # leaves in good order
        await asyncio.sleep(3)
        await asyncio.to_thread(one.server.kill)  # dies
        await asyncio.sleep(3)
        await asyncio.to_thread(two.server.start)  # comes back
        await sending
        truth = window_counts(events, 6_000, 2_000)

        async def complete() -> bool:
            return stated_counts(await results_of(kafka, topic_prefix)).keys() >= truth.keys()

        await eventually(complete, seconds=60, what="every window stated")
    assert stated_counts(await results_of(kafka, topic_prefix)) == truth
