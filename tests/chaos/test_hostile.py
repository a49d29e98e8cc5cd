"""Hostile records through a real broker: each counted once, kept as it came, and good ones exactly."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from tests.chaos.ledger import Ledger
from tests.chaos.story import Story
from tests.chaos.verdict import Scene
from tests.e2e.commands import KEPT, START_MS
from tests.e2e.service import Service
from tests.e2e.traffic import Got, credit_events, read_all
from tests.fuzz.hostile import ANY, BIG, EVENT, TOMBSTONE, Hostile, hostile
from tests.parts.kafka import KafkaBroker

GOOD = 10_000
LARGEST = 1_000_000
"""The configured bound of an event."""


def giants(story: Story) -> list[Hostile]:
    """Ten megabytes of several kinds of nothing."""
    values = [
        b"[" * BIG,
        b" " * BIG,
        story.random.randbytes(BIG),
        b'{"model":"chaff","x":"' + b"x" * BIG + b'"}',
    ]
    return [Hostile(value, "too_large") for value in values]


async def send(scene: Scene, values: list[bytes | None]) -> None:
    """Each record to the partitions in turn, in order, whatever its size."""
    producer = AIOKafkaProducer(
        bootstrap_servers=scene.kafka.bootstrap,
        max_request_size=12_000_000,
        linger_ms=20,
        max_batch_size=500_000,
    )
    await producer.start()
    try:
        pending = []
        for i, value in enumerate(values):
            at_ms = START_MS + i * 20
            future = await producer.send(
                scene.topic, value, b"%d" % i, i % scene.partitions, timestamp_ms=at_ms
            )
            pending.append(future)
            if len(value or b"") > LARGEST:
                await future
        await asyncio.gather(*pending)
    finally:
        await producer.stop()


def fates_of(dead: list[Got], sent: list[Hostile], partitions: int) -> tuple[Counter[str], list[Any]]:
    """How many records were refused by reason, and those whose dead letter is not what it should be."""
    refused, wrong = Counter[str](), []
    for letter in dead:
        place = int(letter.headers["driftline.offset"]) * partitions + int(
            letter.headers["driftline.partition"]
        )
        reason = letter.headers["driftline.reason"].decode()
        refused[reason] += 1
        expected = sent[place]
        if expected.fate not in {reason, ANY} or letter.value[:BIG] != (expected.value or b"")[:BIG]:
            wrong.append((place, reason, expected.fate, (expected.value or b"")[:200]))
    return refused, wrong


async def run_through(scene: Scene, count: int) -> None:
    """Hostile and good records in turn, a service over them, and an account of each."""
    story, rng = scene.story, scene.story.random
    good = [Hostile(json.dumps(event).encode(), EVENT) for event in credit_events(count, START_MS, 60)]
    bad = list(hostile(rng, count - 4)) + giants(story)
    rng.shuffle(bad)
    sent = [one for pair in zip(good, bad, strict=True) for one in pair]
    scene.create_topic(**KEPT, **{"max.message.bytes": "12000000"})
    await send(scene, [one.value for one in sent])
    truth = Ledger(scene.fields, scene.every_ms)
    for one in good:
        truth.enter(one.value or b"")
    config = scene.config()
    credit = config["models"][0]
    chaff = {key: value for key, value in credit.items() if key != "reference"} | {"name": "chaff"}
    with Service(scene.folder / "service", config | {"models": [credit, chaff]}) as service:
        await scene.compare(truth, seconds=90)
        # Counters last of all: a record is counted when it is read, and all were.
        counted = {
            name: service.metric(f"driftline_{name}_total")
            for name in ("events", "rejects", "tombstones", "dead_letters", "late_events")
        }
        events = service.metric("driftline_events_total", model="credit")
        memory = service.metric("process_resident_memory_bytes")
        assert service.runs()
        assert "Traceback" not in service.log()
    dead = await read_all(scene.kafka.bootstrap, f"{scene.prefix}deadletter")
    refused, wrong = fates_of(dead, sent, scene.partitions)
    story.tell(f"{counted}, refused: {dict(sorted(refused.items()))}, {memory / 1e6:.0f} MB at most")
    assert wrong == []
    assert events == count
    assert counted["events"] + counted["rejects"] + counted["tombstones"] == len(sent) == 2 * count
    assert counted["rejects"] == counted["dead_letters"] == len(dead) == refused.total()
    assert counted["tombstones"] == sum(one.fate == TOMBSTONE for one in sent)
    assert memory < 900_000_000


@pytest.mark.chaos
@pytest.mark.timeout(300)
async def test_ten_thousand_hostile_records_are_each_counted_once_and_kept(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, story: Story
) -> None:
    scene = Scene(
        kafka, topic_prefix, tmp_path, story, length_ms=60_000, every_ms=20_000, partitions=3, lateness="40s"
    )
    await run_through(scene, GOOD)
