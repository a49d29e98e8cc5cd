"""A crash after every step of a flush and of an evaluation, against a real broker: no count changes.

The worker runs in the test's process, so that its clients can be made to fail at one step; what then brings
it back is the product's own restart.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka.errors import KafkaTimeoutError, RequestTimedOutError

from service.app import Worker
from service.config.loading import parse
from tests.chaos.brittle import Fate, make_brittle
from tests.chaos.story import Story
from tests.chaos.verdict import Scene
from tests.e2e.commands import KEPT, START_MS
from tests.e2e.traffic import credit_events, produce, read_all, spread
from tests.parts.kafka import KafkaBroker
from tests.parts.process import HOST, free_port

INGEST, EVALUATE = "service.kafka.ingest", "service.kafka.evaluate"
END_MS = START_MS // 20_000 * 20_000 + 120_000
AT_ONCE = 5
"""Installations that run side by side."""


def scene_of(kafka: KafkaBroker, prefix: str, folder: Path, story: Story) -> Scene:
    """Windows that close by event time alone: when the log was read to its end says nothing new."""
    return Scene(
        kafka, prefix, folder, story, length_ms=40_000, every_ms=20_000, partitions=2,
        grace="365d", lateness="1s", flush="100ms",
    )  # fmt: skip


async def feed(scene: Scene) -> None:
    """Two minutes of events in five parts, and a last one that closes what was before."""
    first_ms = END_MS - 120_000
    for part in range(5):
        events = credit_events(400, first_ms + part * 24_000, 60, seed=part)
        await produce(scene.kafka.bootstrap, scene.topic, spread(events, scene.partitions))
        await asyncio.sleep(0.4)
    closing = credit_events(scene.partitions, END_MS + 60_000, 0)
    await produce(scene.kafka.bootstrap, scene.topic, spread(closing, scene.partitions))


async def live_through(scene: Scene, fate: Fate) -> None:
    """One worker from its start to the last window, whatever becomes of it; then the comparison."""
    config = scene.config(web={"host": HOST, "port": free_port()})
    worker = Worker(parse(orjson.dumps(config).decode(), "chaos"))
    running = asyncio.create_task(worker.run())
    try:
        await feed(scene)
        await scene.exact(seconds=60, until_ms=END_MS)
    finally:
        worker.stop()
        await running
    lines = [record.value for record in await read_all(scene.kafka.bootstrap, f"{scene.prefix}results")]
    assert fate.at == 0 or len(fate.steps) >= fate.at, "the fault was never met"
    assert len(set(lines)) == len({_place(orjson.loads(line)) for line in lines}), "a result changed"


def _place(result: Mapping[str, Any]) -> tuple[Any, ...]:
    window = result["window"]
    return (result["slice"], result["feature"], result["metric"], window["start"], window["end"])


async def try_all(scene: Scene, module: str, fates: Sequence[Fate]) -> None:
    """An installation for each fate, some at a time, each on topics and groups of its own."""
    scenes = [
        replace(scene, prefix=f"{scene.prefix}{i}.", reference=scene.profile_path) for i in range(len(fates))
    ]
    scene.kafka.create_topics(*(own.topic for own in scenes), partitions=2, config=KEPT)
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(own: Scene, fate: Fate) -> None:
        async with turn:
            try:
                await live_through(own, fate)
            except BaseException as error:
                error.add_note(f"crashed at step {fate.at} of {fate.steps}")
                raise
            scene.story.did("crash", f"after step {fate.at}: {fate.steps[fate.at - 1]}")

    with pytest.MonkeyPatch.context() as patch:
        groups = {f"{own.prefix}driftline": fate for own, fate in zip(scenes, fates, strict=True)}
        make_brittle(patch, module, groups)
        async with asyncio.TaskGroup() as tasks:
            for own, fate in zip(scenes, fates, strict=True):
                tasks.create_task(one(own, fate))


async def steps_of(scene: Scene, module: str) -> list[str]:
    """The steps of a life without a fault."""
    scene.create_topic(**KEPT)
    fate = Fate()
    with pytest.MonkeyPatch.context() as patch:
        make_brittle(patch, module, {f"{scene.prefix}driftline": fate})
        await live_through(scene, fate)
    return fate.steps


@pytest.mark.timeout(150)
async def test_a_crash_after_some_steps_of_a_flush_changes_nothing(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, story: Story
) -> None:
    scene = scene_of(kafka, topic_prefix, tmp_path, story)
    chosen = sorted(story.random.sample(range(2, 40), 5))
    await try_all(scene, INGEST, [Fate(at) for at in chosen])


@pytest.mark.chaos
@pytest.mark.timeout(900)
@pytest.mark.parametrize("module", [INGEST, EVALUATE], ids=["flush", "evaluation"])
async def test_a_crash_after_any_step_changes_nothing(
    module: str, kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, story: Story
) -> None:
    scene = scene_of(kafka, topic_prefix, tmp_path, story)
    steps = await steps_of(scene, module)
    last = min(len(steps), 60)
    story.tell(f"{len(steps)} steps, the first {last} are tried: {steps}")
    await try_all(scene, module, [Fate(at) for at in range(1, last + 1)])


@pytest.mark.chaos
@pytest.mark.timeout(300)
async def test_a_commit_that_the_broker_does_not_answer_changes_nothing(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, story: Story
) -> None:
    scene = scene_of(kafka, topic_prefix, tmp_path, story)
    refusals = (KafkaTimeoutError, RequestTimedOutError)
    fates = [Fate(at, refused=refused, only="commit") for at in range(1, 7) for refused in refusals]
    await try_all(scene, INGEST, fates)
