"""A topic with what a busy model writes in some minutes: what a worker has to catch up with.

Nine million events are not drawn one by one: some tens of thousands of a partition are, and come again and
again with times and ids of their own. ``python -m bench.backlog`` writes some of the partitions, so that
several processes can.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from aiokafka import AIOKafkaProducer
from numpy.typing import NDArray

from bench.cost import told_by
from bench.section import Stage, say
from bench.stamped import Stamped
from bench.topic import BATCH_BYTES, Event
from bench.workload import CLOSING_EVENTS, DISORDER_MS, PANE_MS, START_MS, events

TOPIC, PARTITIONS, WRITERS = "backlog", 8, 2
MINUTES, PER_S = 3, 50_000
EVENTS = MINUTES * 60 * PER_S
HEAD_EVENTS = 400_000
"""In the minute before: what the worker that is killed has read by then."""
DISTINCT = 300_000
SECONDS_MAX = 600.0
EVENT_BYTES = 640
"""Of an event on disk, at most."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is in the topic.

    Attributes
    ----------
    behind
        Events in the three minutes.
    events
        In all.
    end_ms
        When the last window that they close ends.
    inside
        Events before that.
    """

    behind: int
    events: int
    end_ms: int
    inside: int


async def backlog(stage: Stage) -> Backlog:
    """Fill the topic, unless a section before has; a tenth in a quick run, less where the disk is small."""
    if TOPIC not in stage.kept:
        stage.kept[TOPIC] = await _fill(stage)
    found = stage.kept[TOPIC]
    assert isinstance(found, Backlog)
    return found


async def _fill(stage: Stage) -> Backlog:
    wanted = EVENTS // 10 if stage.quick else EVENTS
    fitting = shutil.disk_usage(stage.folder).free // 2 // EVENT_BYTES // 1_000_000 * 1_000_000
    behind = min(wanted, fitting)
    assert behind, "the disk holds no million events"
    if behind < wanted:
        say(f"Note: half of the free disk holds {behind:,} events of {wanted:,} that would be behind.")
    began_s = time.monotonic()
    broker = stage.broker
    await asyncio.to_thread(broker.create_topics, TOPIC, partitions=PARTITIONS, config={"retention.ms": "-1"})
    arguments = [[broker.bootstrap, str(behind), str(i)] for i in range(WRITERS)]
    counts = await asyncio.gather(*(told_by("bench.backlog", own, SECONDS_MAX) for own in arguments))
    end_ms = minutes_end_ms()
    inside = sum(int(np.sum(_times(behind, i) < end_ms)) for i in range(PARTITIONS))
    say(f"backlog filled: {sum(counts):,} events in {time.monotonic() - began_s:.0f} s")
    return Backlog(behind, sum(counts), end_ms, inside)


def minutes_end_ms() -> int:
    """When the last pane that is full ends."""
    return START_MS + (MINUTES + 1) * PANE_MS


def _times(behind: int, partition: int) -> NDArray[np.int64]:
    """int64[N]: a minute of few events, three of many, and some that close the last window."""
    parts = [
        (START_MS, PANE_MS, HEAD_EVENTS // PARTITIONS),
        (START_MS + PANE_MS, MINUTES * PANE_MS, behind // PARTITIONS),
        (minutes_end_ms(), PANE_MS // 8, CLOSING_EVENTS),
    ]
    steps = np.concatenate([begin + np.arange(count) * span // count for begin, span, count in parts])
    disorder = np.random.default_rng((partition, 2)).integers(0, DISORDER_MS, len(steps))
    times: NDArray[np.int64] = np.maximum(START_MS, steps - disorder)
    return times


def traffic(behind: int, partition: int) -> Iterator[Event]:
    """Time and value of the events of one partition."""
    times = _times(behind, partition)
    drawn = list(events(np.full(DISTINCT // PARTITIONS, START_MS), 700 + partition))
    stamped = Stamped(drawn, START_MS, int(times.max()))
    for i, time_ms in enumerate(times.tolist()):
        yield time_ms, stamped.event(partition * 10**9 + i, time_ms)


async def write(bootstrap: str, behind: int, writer: int) -> int:
    """Write the partitions of one writer, a batch of each in turn; how many events."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks=1, max_batch_size=BATCH_BYTES, linger_ms=0)
    await producer.start()
    count = 0
    flows = {partition: traffic(behind, partition) for partition in range(writer, PARTITIONS, WRITERS)}
    waiting: dict[int, Event] = {}
    try:
        while flows:
            for partition, flow in list(flows.items()):
                batch = producer.create_batch()
                event = waiting.pop(partition, None) or next(flow, None)
                while event is not None:
                    time_ms, value = event
                    if batch.append(key=value[70:96], value=value, timestamp=time_ms) is None:
                        waiting[partition] = event
                        break
                    event = next(flow, None)
                else:
                    del flows[partition]
                if batch.record_count():
                    count += batch.record_count()
                    await producer.send_batch(batch, TOPIC, partition=partition)
        await producer.flush()
    finally:
        await producer.stop()
    return count


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))}\n")
