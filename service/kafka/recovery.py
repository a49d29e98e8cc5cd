"""Where an evaluator goes on: at the newest snapshot, or where the log goes on that lost what comes after it.

A snapshot may lie before the start of the log, which retention moved, or beyond its end: then the topic was
made anew, and is read from its start, or the log lost its end when a broker that lagged became its leader,
and goes on there. What is known stays; windows that may lack something are incomplete.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.config.digest import settings_digest
from service.config.settings import Settings
from service.kafka.gaps import unknown_since
from service.kafka.snapshots import read_snapshot
from service.pipeline import Evaluation

log = logging.getLogger(__name__)

LEAP = 2**32
"""More records than a log gets from one snapshot to the next."""


class Recovered(NamedTuple):
    """Where an evaluator goes on.

    Attributes
    ----------
    position
        The offset to read next.
    told_to
        Output that records before this offset lead to was told already.
    turn
        Which set of keys the next snapshot uses.
    base
        Added to offsets where they say which of two statements is the newer: a log that begins anew, or once
        more at a lower offset, goes on counting above all that was told of the one before.
    """

    position: int
    told_to: int
    turn: int
    base: int


async def recover(
    consumer: AIOKafkaConsumer,
    settings: Settings,
    tp: TopicPartition,
    evaluation: Evaluation,
    partitions: Mapping[str, int],
) -> Recovered:
    """Load the newest snapshot of a partials partition into a new evaluation, and say where to go on.

    Parameters
    ----------
    partitions
        How many each source topic has.
    """
    snapshot = await read_snapshot(settings.kafka, tp.partition, settings_digest(settings))
    position, turn, base = 0, 0, 0
    if snapshot is not None:
        position, turn, base = snapshot.position, 1 - snapshot.turn, snapshot.base
        evaluation.load(snapshot.state)
    oldest, end = await _span(consumer, tp)
    committed = await consumer.committed(tp)
    if oldest <= position <= end:
        return Recovered(position, max(committed or 0, position), turn, base)
    if position < oldest:
        to, why = oldest, "retention"
        told_to = max(committed or 0, to)
    else:  # a broker forgets the commits of a topic that is deleted
        to, why = (oldest, "made_anew") if committed is None else (end, "lost_end")
        told_to, base = to, base + position + LEAP
    where = {"partition": tp.partition, "from": position, "to": to, "why": why}
    log.error("partials are gone before they were evaluated", extra=where)
    for gap in unknown_since(evaluation, settings, partitions):
        evaluation.apply(gap)
    return Recovered(to, told_to, turn, base)


async def _span(consumer: AIOKafkaConsumer, tp: TopicPartition) -> tuple[int, int]:
    """The oldest offset of the log, and its end."""
    oldest = await consumer.beginning_offsets([tp])
    return int(oldest[tp]), int((await consumer.end_offsets([tp]))[tp])
