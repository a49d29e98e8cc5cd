"""Which sources have been read to their end."""

from __future__ import annotations

import time
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.windows.source import Source


async def note_ends(
    consumer: AIOKafkaConsumer, sources: Mapping[TopicPartition, Source], grace_ms: int
) -> None:
    """Sources read to their end know that everything before now (less a grace) has been read."""
    near = {}
    for tp, source in sources.items():
        high = consumer.highwater(tp)
        if high is None or source.position >= high:
            near[tp] = source
    if not near:
        return
    # The clock is read first: what is appended after that is not known to have been read.
    read_at_ms = round(time.time() * 1000)
    ends = await consumer.end_offsets(list(near))
    for tp, source in near.items():
        if source.position == ends[tp]:
            source.caught_up(read_at_ms - grace_ms)
