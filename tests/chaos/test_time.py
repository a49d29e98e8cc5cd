"""Time as producers have it: silent partitions, silence, the year 2099, late events, hours of backlog."""

import asyncio
import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.chaos.fleet import Fleet
from tests.chaos.ledger import Ledger
from tests.chaos.logs import late_offsets, logged
from tests.chaos.stated import moment
from tests.chaos.story import Story
from tests.chaos.verdict import Scene
from tests.e2e.commands import KEPT, START_MS
from tests.e2e.service import Service
from tests.e2e.traffic import Sent, credit_events, produce, read_all
from tests.parts.kafka import KafkaBroker
from tests.parts.process import eventually

YEAR_2099 = 4_070_908_800_000


async def transitions(scene: Scene) -> list[dict[str, Any]]:
    """What the alerts topic says of alerts that changed, in the order of windows."""
    notices = [
        json.loads(record.value) for record in await read_all(scene.kafka.bootstrap, f"{scene.prefix}alerts")
    ]
    changed = [notice for notice in notices if notice.get("transition")]
    return sorted(changed, key=lambda notice: notice["at_ms"])


async def talk(scene: Scene, partition: int, seconds: int) -> None:
    """Events of now into one partition; the others hear nothing."""
    for _ in range(2 * seconds):
        events = credit_events(150, moment(), 0, seed=scene.story.random.randrange(2**32))
        sent = [Sent(partition, orjson.dumps(e), None, e["timestamp"]) for e in events]
        await produce(scene.kafka.bootstrap, scene.topic, sent)
        await asyncio.sleep(0.5)
    scene.story.did("spell of traffic", f"{seconds} s in partition {partition}")


@pytest.mark.timeout(180)
@pytest.mark.chaos
async def test_silence_is_told_where_it_is_everywhere_and_nowhere_else(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, story: Story
) -> None:
    scene = Scene(
        kafka,
        topic_prefix,
        tmp_path,
        story,
        length_ms=4_000,
        every_ms=2_000,
        partitions=4,
        grace="6s",
        lateness="6s",
    )
    scene.create_topic()
    with Service(tmp_path / "service", scene.config()) as service:
        await eventually(service.ready, seconds=30)
        await talk(scene, 0, 12)
        silent_from = moment()
        await asyncio.sleep(18)
        back_from = moment()
        await talk(scene, 2, 12)
        ledger = await scene.exact()
        results = await scene.results()
        assert service.metric("driftline_late_events_total") == 0
    full = {end for end, name in ledger.windows(4_000, 2_000) if name == "all"}
    empty = {end for end, name, _, metric in results if (name, metric) == ("all", "traffic")} - full
    assert empty, "silence is a finding"
    assert {results[end, "all", "", "traffic"]["value"] for end in empty} == {0.0}
    silences = [
        (notice["state"], notice["at_ms"])
        for notice in await transitions(scene)
        if (notice["alertname"], notice["slice"]) == ("silence", "all")
    ]
    fired = [at_ms for state, at_ms in silences if state == "firing"]
    story.tell(f"{len(full)} windows with traffic, {len(empty)} without; the alert about silence: {silences}")
    # The version has a profile, so that it is expected before its first event too.
    assert not full.intersection(fired), "one partition's traffic is traffic"
    assert any(silent_from < at_ms < back_from for at_ms in fired)
    assert [state for state, at_ms in silences if at_ms >= back_from][:1] == ["resolved"]


@pytest.mark.timeout(120)
async def test_a_clock_in_2099_spoils_the_partition_that_it_writes_to_and_no_count(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, story: Story
) -> None:
    """In partition 0 events alone are of 2099, in partition 1 a record is, too: what follows it is late."""
    scene = Scene(kafka, topic_prefix, tmp_path, story, length_ms=60_000, every_ms=20_000, partitions=2)
    scene.create_topic(**KEPT, **{"message.timestamp.after.max.ms": "9223372036854775807"})
    sent, truth = [], Ledger(scene.fields, scene.every_ms)
    for i, event in enumerate(credit_events(6_000, START_MS, 100)):
        at_ms, late = event["timestamp"], i > 3_001 and i % 2 == 1
        value = orjson.dumps(event)
        if not late and i != 3_001:
            truth.enter(value)
        if i == 3_001:
            at_ms = YEAR_2099
        if i == 3_001 or (i % 2 == 0 and i % 50 == 0):
            value = orjson.dumps(event | {"timestamp": YEAR_2099})
        sent.append(Sent(i % 2, value, None, at_ms))
    await produce(kafka.bootstrap, scene.topic, sent)
    with Service(tmp_path / "service", scene.config()) as service:
        await scene.compare(truth, seconds=60)
        too_late = service.metric("driftline_late_events_total")
        clamped = service.metric("driftline_clamped_events_total")
        counted = service.metric("driftline_events_total")
    story.tell(f"{counted:,.0f} events, {clamped:.0f} clamped, {too_late:,.0f} late")
    assert (counted, clamped, too_late) == (6_000, 120, 1_499)
    assert truth.events + 1_499 + 1 == 6_000


@pytest.mark.timeout(120)
@pytest.mark.chaos
async def test_of_late_events_each_is_in_its_window_or_counted_late(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, story: Story
) -> None:
    scene = Scene(
        kafka, topic_prefix, tmp_path, story, length_ms=60_000, every_ms=20_000, partitions=4, lateness="40s"
    )
    scene.create_topic(**KEPT)
    events = credit_events(100_000, START_MS, 10)
    for event in events:
        if story.random.random() < 0.1:
            event["timestamp"] -= story.random.randrange(20_000, 200_000)
    sent = [Sent(story.random.randrange(4), orjson.dumps(e), None, e["timestamp"]) for e in events]
    await produce(kafka.bootstrap, scene.topic, sent)
    records = await logged(kafka.bootstrap, scene.topic, scene.partitions)
    late = late_offsets(records, lateness_ms=40_000, pane_ms=scene.every_ms)
    truth = Ledger(scene.fields, scene.every_ms)
    for at, value in records.items():
        if at not in late:
            truth.enter(value)
    with Service(tmp_path / "service", scene.config()) as service:
        panes = await scene.compare(truth, seconds=60)
        stated = service.metric("driftline_late_events_total")
    story.tell(f"{len(late):,} of {len(records):,} events late, the service says {stated:,.0f}")
    assert truth.events + len(late) == 100_000
    assert stated == panes.late() == len(late) > 3_000


@pytest.mark.timeout(240)
@pytest.mark.chaos
async def test_hours_of_backlog_raise_no_alert_on_the_way_though_workers_die(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, story: Story
) -> None:
    hours = 12
    scene = Scene(
        kafka,
        topic_prefix,
        tmp_path,
        story,
        length_ms=1_800_000,
        every_ms=600_000,
        partitions=4,
        lateness="1m",
    )
    scene.create_topic(**KEPT)
    count = hours * 36_000
    events = credit_events(count, START_MS, 100)
    sent = [Sent(i % 4, orjson.dumps(e), None, e["timestamp"]) for i, e in enumerate(events)]
    await produce(kafka.bootstrap, scene.topic, sent)
    with Fleet(tmp_path / "fleet", scene.config(), 2, story) as fleet:
        for turn in range(4):
            await asyncio.sleep(story.random.uniform(0.2, 1.5))
            await fleet.kill(turn % 2)
            await fleet.start(turn % 2)
        ledger = await scene.exact(seconds=150)
        assert fleet.unexpected() == []
    last_ms = START_MS + count * 100
    alerts = [n for n in await transitions(scene) if n["state"] == "firing" and n["at_ms"] <= last_ms]
    story.tell(f"{hours} h of event time, {ledger.events:,} events, {len(alerts)} alerts on the way")
    assert alerts == []
