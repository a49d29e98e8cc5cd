"""Workers that are taken for dead and come back: frozen beyond their session, then let go on."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos.fleet import Fleet, live
from tests.chaos.story import Story
from tests.chaos.verdict import Scene
from tests.parts.kafka import KafkaBroker

SESSION_S = 30
"""After so long without a heartbeat the group gives a worker's partitions away."""


@pytest.mark.chaos
@pytest.mark.timeout(420)
async def test_a_zombie_that_wakes_after_its_session_commits_and_states_nothing_wrong(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, story: Story
) -> None:
    """Each of two workers is frozen in its turn: the other takes over, then the zombie wakes in mid-flush."""
    scene = Scene(kafka, topic_prefix, tmp_path, story, length_ms=10_000, every_ms=5_000)
    scene.create_topic()
    with Fleet(tmp_path / "fleet", scene.config(), 2, story) as fleet:
        await fleet.ready()
        traffic = asyncio.create_task(
            live(kafka, scene.topic, story, total=120_000, rate=1_000, partitions=scene.partitions)
        )
        try:
            for victim in (0, 1):
                await asyncio.sleep(story.random.uniform(4, 6))
                fleet.freeze(victim)
                await asyncio.sleep(SESSION_S + story.random.uniform(8, 15))
                fleet.thaw(victim)
            await traffic
        finally:
            traffic.cancel()
            for victim in (0, 1):
                fleet.thaw(victim)
        await scene.exact(seconds=120)
        assert all(worker.runs() for worker in fleet.workers)
        counted = sum(worker.metric("driftline_events_total") for worker in fleet.workers)
        story.tell(f"{counted:,.0f} events counted by both together, those read again included")
