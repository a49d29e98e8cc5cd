"""Workers killed, stopped and started, a broker killed under them, while events flow: every count exact."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.fleet import Fleet, bounce, live
from tests.chaos.story import Story
from tests.chaos.verdict import Scene
from tests.parts.kafka import KafkaBroker


@dataclass(frozen=True)
class Scale:
    """How long and how bad a storm is."""

    events: int
    rate: int
    rounds: int
    kills: int
    rest_s: float
    """Between rounds; the group gives a dead worker's partitions away after half a minute."""


async def storm(scene: Scene, fleet: Fleet, scale: Scale) -> None:
    """Rounds of kills with one worker leaving and joining in each, and a bounce of the broker in most."""
    story = scene.story
    for turn in range(scale.rounds):
        for _ in range(scale.kills):
            victim = story.random.randrange(len(fleet.workers))
            await fleet.kill(victim)
            await asyncio.sleep(story.random.uniform(0.2, 3))
            await fleet.start(victim)
            await asyncio.sleep(story.random.uniform(0.2, 3))
        if turn % 2 == 0:
            await bounce(scene.kafka, story, story.random.uniform(0.5, 6))
        leaver = story.random.randrange(len(fleet.workers))
        await fleet.stop(leaver)
        await asyncio.sleep(scale.rest_s)
        await fleet.start(leaver)
        await fleet.ready()


async def ride_out(scene: Scene, scale: Scale) -> None:
    """The storm over a fleet of three, then the comparison."""
    scene.create_topic()
    with Fleet(scene.folder / "fleet", scene.config(), 3, scene.story) as fleet:
        await fleet.ready()
        traffic = asyncio.create_task(
            live(
                scene.kafka, scene.topic, scene.story,
                total=scale.events, rate=scale.rate, partitions=scene.partitions,
            )
        )  # fmt: skip
        try:
            await storm(scene, fleet, scale)
            await traffic
        finally:
            traffic.cancel()
        await fleet.ready()
        ledger = await scene.exact(seconds=180)
        assert ledger.events >= scale.events
        assert fleet.unexpected() == []


@pytest.mark.timeout(300)
async def test_a_squall_of_kills_and_a_broker_that_dies_change_no_count(
    own_kafka: KafkaBroker, tmp_path: Path, story: Story
) -> None:
    scene = Scene(
        own_kafka, "", tmp_path, story, length_ms=10_000, every_ms=2_000, grace="14s", lateness="14s"
    )
    await ride_out(scene, Scale(events=60_000, rate=1_500, rounds=1, kills=3, rest_s=2))
    assert story.deeds["kill -9"] == 3
    assert story.deeds["broker kill -9"] == 1


@pytest.mark.chaos
@pytest.mark.timeout(1_200)
async def test_a_million_events_are_counted_once_each_through_a_storm(
    own_kafka: KafkaBroker, tmp_path: Path, story: Story
) -> None:
    scene = Scene(own_kafka, "", tmp_path, story)
    await ride_out(scene, Scale(events=1_000_000, rate=2_400, rounds=6, kills=4, rest_s=35))
    assert story.deeds["kill -9"] >= 20
    assert story.deeds["broker kill -9"] >= 3
