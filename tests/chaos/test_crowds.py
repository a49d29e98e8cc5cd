"""More of everything than anybody should have: a million slices, ten thousand categories."""

import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import orjson
import pytest

from tests.chaos.ledger import Ledger
from tests.chaos.stated import scan
from tests.chaos.story import Story
from tests.chaos.verdict import Scene
from tests.e2e.commands import KEPT, START_MS, build_profile, with_model, with_profile
from tests.e2e.service import Service, credit_config
from tests.e2e.traffic import Event, Sent, credit_events, produce, read_all
from tests.e2e.truth import stated_counts
from tests.parts.kafka import KafkaBroker
from tests.parts.process import eventually

BUDGET, MINUTE_MS = 1_000, 60_000


def crowd(first: int, count: int) -> list[bytes]:
    """Predictions, each in a slice of its own; a tenth of a millisecond apart."""
    head = '{"model":"credit","model_version":"7","timestamp":'
    tail = ',"features":{"age":40,"income":1,"state":"CA"},"prediction":{"score":0.5},"tags":{"region":"r'
    start_ms = START_MS // MINUTE_MS * MINUTE_MS
    return [f'{head}{start_ms + i // 10}{tail}{i}"}}}}'.encode() for i in range(first, first + count)]


def budgeted(log: list[list[str]], stamps: list[list[int]]) -> Counter[tuple[int, str]]:
    """Counts of panes by slice, where of each partition the first so many slices keep their names."""
    counts: Counter[tuple[int, str]] = Counter()
    for regions, times in zip(log, stamps, strict=True):
        named: dict[int, set[str]] = defaultdict(set)
        for region, stamp in zip(regions, times, strict=True):
            end = stamp // MINUTE_MS * MINUTE_MS + MINUTE_MS
            kept = region in named[end] or len(named[end]) < BUDGET
            if kept:
                named[end].add(region)
            counts[end, "all"] += 1
            counts[end, f"region={region if kept else '__other__'}"] += 1
    return counts


@pytest.mark.chaos
@pytest.mark.timeout(400)
async def test_a_million_slices_stay_within_budget_and_memory_and_lose_nobody(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, story: Story
) -> None:
    config = with_model(
        credit_config(kafka.bootstrap, topic_prefix, limits={"slices": BUDGET}), windows=[{"length": "1m"}]
    )
    topic, partitions = f"{topic_prefix}predictions", 2
    kafka.create_topics(topic, partitions=partitions, config=KEPT)
    regions: list[list[str]] = [[] for _ in range(partitions)]
    stamps: list[list[int]] = [[] for _ in range(partitions)]
    for first in range(0, 1_000_000, 50_000):
        values = crowd(first, 50_000)
        sent = [Sent(i % partitions, value, None, START_MS) for i, value in enumerate(values)]
        await produce(kafka.bootstrap, topic, sent)
        for record in sent:
            event = json.loads(record.value or b"")
            regions[record.partition].append(event["tags"]["region"])
            stamps[record.partition].append(event["timestamp"])
    truth = budgeted(regions, stamps)
    with Service(tmp_path / "service", config) as service:
        last_s = max(end for end, _ in truth) // 1000
        await eventually(
            lambda: service.metric("driftline_window_end_timestamp_seconds") >= last_s,
            seconds=200,
            what="the last window",
        )
        others = service.metric("driftline_other_events_total")
        memory = service.metric("process_resident_memory_bytes")
        lag = service.metric("driftline_consumer_lag_records")
    results = [record.value for record in await read_all(kafka.bootstrap, f"{topic_prefix}results")]
    lines = [orjson.loads(line) for line in results]
    stated = stated_counts(results)
    cut = sum(count for (_, name), count in truth.items() if name == "region=__other__")
    story.tell(f"1,000,000 slices, {len(truth):,} counts compared, {others:,.0f} cut, {memory / 1e6:.0f} MB")
    assert stated == truth
    assert sum(count for (_, name), count in stated.items() if name == "all") == 1_000_000
    assert (others, lag) == (cut, 0)
    full = {end for end, name in truth if name == "region=__other__"}
    assert full
    flags = {line["incomplete"] for line in lines if line["metric"] == "traffic" and line["slice"] != "all"}
    assert flags == {True}, "lower bounds say so"
    assert {line["incomplete"] for line in lines if line["slice"] == "all"} == {False}
    assert memory < 700_000_000


def states(count: int, events: list[Event], seed: int) -> list[Event]:
    """The events with one of so many states each."""
    drawn = np.random.default_rng(seed).integers(0, count, len(events))
    for event, state in zip(events, drawn.tolist(), strict=True):
        event["features"]["state"] = f"s{state}"
    return events


@pytest.mark.chaos
@pytest.mark.timeout(300)
async def test_ten_thousand_categories_are_counted_one_by_one(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, story: Story
) -> None:
    """Ten thousand declared, half as many again in the traffic: these count as unseen."""
    names = [f"s{i}" for i in range(10_000)]
    bare = credit_config(kafka.bootstrap, topic_prefix)
    features = bare["models"][0]["features"] | {"state": {"type": "categorical", "categories": names}}
    profile = build_profile(
        tmp_path, with_model(bare, features=features), states(10_000, credit_events(50_000, START_MS, 10), 1)
    )
    scene = Scene(
        kafka,
        topic_prefix,
        tmp_path,
        story,
        length_ms=60_000,
        every_ms=20_000,
        partitions=2,
        reference=profile,
    )
    scene.create_topic(**KEPT)
    events = states(15_000, credit_events(100_000, START_MS, 2), 2)
    sent = [Sent(i % 2, orjson.dumps(e), None, e["timestamp"]) for i, e in enumerate(events)]
    await produce(kafka.bootstrap, scene.topic, sent)
    truth = Ledger(scene.fields, scene.every_ms)
    await scan(kafka.bootstrap, scene.topic, truth.enter, 2)
    config = with_profile(with_model(scene.config(), features=features), profile)
    with Service(tmp_path / "service", config) as service:
        await scene.compare(truth, seconds=90)
        memory = service.metric("process_resident_memory_bytes")
    unseen = sum(cells["state", 10_000] for (_, name), cells in truth.panes.items() if name == "all")
    story.tell(f"10,000 categories and {unseen:,} events with others, {memory / 1e6:.0f} MB")
    assert unseen > 30_000
    assert memory < 700_000_000
