"""The group shares partitions out anew: who keeps one counts on from memory, and counts stay exact."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.e2e.service import Service
from tests.e2e.test_outages import exact, flowing, live_config
from tests.parts.kafka import KafkaBroker
from tests.parts.process import eventually


def lines(service: Service, message: str) -> list[dict[str, Any]]:
    """The log lines with a message."""
    found = [json.loads(line) for line in service.log().splitlines() if line.startswith("{")]
    return [line for line in found if line["message"] == message]


def lag_series(page: str) -> int:
    """How many partitions a metrics page shows the lag of."""
    return sum(line.startswith("driftline_consumer_lag_records{") for line in page.splitlines())


async def test_a_worker_that_keeps_a_partition_over_a_rebalance_counts_on_from_memory(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    topic = f"{topic_prefix}predictions"
    config = live_config(kafka, topic_prefix, grace="8s")
    kafka.create_topics(topic, partitions=4)
    one, two = (Service(tmp_path / name, config, name) for name in ("one", "two"))
    with one:
        await eventually(one.ready, seconds=30)
        async with flowing(kafka, topic, bursts=30):
            await asyncio.sleep(3)
            with two:
                await eventually(two.ready, seconds=30)
                await asyncio.sleep(3)
                # Its lag is exported by the worker that holds a partition, and by no other.
                assert [lag_series(one.page()), lag_series(two.page())] == [2, 2]
                await asyncio.to_thread(two.server.stop)
            await asyncio.sleep(2)
        await exact(kafka, topic_prefix, seconds=60)
        assignments = lines(one, "sources assigned")
    [alone, shared, *_], last = assignments, assignments[-1]
    assert (len(alone["sources"]), alone["from_memory"]) == (4, [])
    assert len(shared["sources"]) == 2
    assert shared["from_memory"] == shared["sources"]
    # What the other one counted since is read again; what stayed here is not.
    assert len(last["sources"]) == 4
    assert last["from_memory"] == shared["sources"]
    assert lines(two, "sources revoked") == []
