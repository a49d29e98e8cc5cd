"""The parse floor: what it costs a process to read the events and to parse their JSON, and nothing else.

A process of its own: ``python -m bench.floor BOOTSTRAP EVENTS``.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.cost import Cost, tell
from bench.topic import TOPIC


async def floor(bootstrap: str, count: int) -> Cost:
    """Read ``count`` events as the service's own consumer does, and parse each."""
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest",
        max_partition_fetch_bytes=2 * 1024 * 1024, fetch_max_bytes=4 * 1024 * 1024,
        fetch_max_wait_ms=200, check_crcs=False,
    )  # fmt: skip
    await consumer.start()
    seen = 0
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    try:
        while seen < count:
            batches: dict[TopicPartition, list[object]]
            batches = await consumer.getmany(timeout_ms=1_000, max_records=10_000)
            for records in batches.values():
                seen += len(records)
                for record in records:
                    orjson.loads(record.value)  # type: ignore[attr-defined]  # a ConsumerRecord
        cpu_s, wall_s = time.process_time() - began_cpu_s, time.perf_counter() - began_s
    finally:
        await consumer.stop()
    return Cost(seen, cpu_s, wall_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


if __name__ == "__main__":
    tell(asyncio.run(floor(sys.argv[1], int(sys.argv[2]))))
