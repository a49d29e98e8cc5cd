"""A committed log with its places, and which of its events the rule of lateness leaves out."""

import json

from aiokafka import AIOKafkaConsumer, TopicPartition

Log = dict[tuple[int, int], bytes]
"""Values by partition and offset, in the order of offsets within a partition."""


async def logged(bootstrap: str, topic: str, partitions: int) -> Log:
    """All that a topic holds now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        own = [TopicPartition(topic, partition) for partition in range(partitions)]
        consumer.assign(own)
        await consumer.seek_to_beginning()
        ends, log = await consumer.end_offsets(own), {}
        while any([await consumer.position(tp) < ends[tp] for tp in own]):
            for tp, batch in (await consumer.getmany(timeout_ms=500)).items():
                log.update({(tp.partition, record.offset): record.value for record in batch})
        return log
    finally:
        await consumer.stop()


def late_offsets(log: Log, lateness_ms: int, pane_ms: int) -> set[tuple[int, int]]:
    """Events whose pane ended by the newest time before them in their partition, less the lateness."""
    newest: dict[int, int] = {}
    late = set()
    for (partition, offset), value in log.items():
        stamp = json.loads(value)["timestamp"]
        before = newest.get(partition, -(2**62))
        if stamp // pane_ms * pane_ms + pane_ms <= before - lateness_ms:
            late.add((partition, offset))
        newest[partition] = max(before, stamp)
    return late
