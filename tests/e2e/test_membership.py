"""Workers that keep their name over a restart keep their partitions; else others wait for the session."""

import asyncio
import time
from pathlib import Path
from typing import Any

from tests.e2e.service import Service
from tests.e2e.test_outages import exact, flowing, live_config
from tests.e2e.test_rebalances import lines
from tests.parts.kafka import KafkaBroker
from tests.parts.process import eventually


def named(config: dict[str, Any], name: str | None, session: str) -> dict[str, Any]:
    """The configuration of a worker that keeps its name."""
    kafka = config["kafka"] | {"session_timeout": session}
    return config | {"kafka": kafka | ({"instance": name} if name else {})}


async def test_a_restart_of_a_worker_that_keeps_its_name_is_no_rebalance(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic, partitions=4)
    config = live_config(kafka, topic_prefix, grace="12s")
    one, two = (
        Service(tmp_path / name, named(config, f"worker-{name}", "30s"), name) for name in ("one", "two")
    )
    with one, two:
        await eventually(one.ready, seconds=30)
        await eventually(two.ready, seconds=30)
        await eventually(lambda: len(lines(one, "sources assigned")[-1]["sources"]) == 2)
        before = len(lines(one, "sources assigned"))
        async with flowing(kafka, topic, bursts=30):
            await asyncio.sleep(2)
            await asyncio.to_thread(two.server.stop)
            await asyncio.sleep(1)
            await asyncio.to_thread(two.server.start)
            await eventually(two.ready, seconds=15, what="back in its place")
            await asyncio.to_thread(two.server.kill)
            began = time.monotonic()
            await asyncio.to_thread(two.server.start)
            await eventually(two.ready, seconds=15, what="back after a kill, long before its session ends")
            assert time.monotonic() - began < 15
        await exact(kafka, topic_prefix, seconds=60)
        assert len(lines(one, "sources assigned")) == before
        assert one.metric("driftline_late_events_total") + two.metric("driftline_late_events_total") == 0


async def test_others_take_over_from_a_killed_worker_when_its_session_has_ended(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic, partitions=4)
    config = named(live_config(kafka, topic_prefix, grace="20s"), None, "6s")
    one, two = (Service(tmp_path / name, config, name) for name in ("one", "two"))
    with one, two:
        await eventually(one.ready, seconds=30)
        await eventually(two.ready, seconds=30)
        await eventually(lambda: len(lines(one, "sources assigned")[-1]["sources"]) == 2)
        async with flowing(kafka, topic, bursts=30):
            await asyncio.to_thread(two.server.kill)
            began = time.monotonic()
            await eventually(lambda: len(lines(one, "sources assigned")[-1]["sources"]) == 4, seconds=25)
            assert 4 < time.monotonic() - began < 15
        await exact(kafka, topic_prefix, seconds=60)
