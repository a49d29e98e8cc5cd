"""Where reading goes on when the log no longer has what is to be read next."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from service.config.settings import Kafka, Settings
from service.kafka.connection import make_admin
from service.pipeline import Evaluation
from service.windows.statement import Gap

log = logging.getLogger(__name__)


async def after_gap(
    consumer: AIOKafkaConsumer, kafka: Kafka, group: str, tp: TopicPartition, position: int
) -> int:
    """Where to go on in a log that does not have ``position``; ``position`` itself if it is back.

    Retention took records away: at the oldest that are left. The topic was made anew: at its start; a broker
    forgets the commits of a topic that is deleted, which tells this from a log that lost its end when a
    broker that lagged became its leader: there, at that end.
    """
    oldest = int((await consumer.beginning_offsets([tp]))[tp])
    end = int((await consumer.end_offsets([tp]))[tp])
    if oldest <= position <= end:
        return position
    if position < oldest:
        _log(tp, position, oldest, "retention")
        return oldest
    if not await _has_commit(kafka, group, tp):
        return await made_anew(consumer, tp, position)
    _log(tp, position, end, "lost_end")
    return end


async def made_anew(consumer: AIOKafkaConsumer, tp: TopicPartition, position: int) -> int:
    """Where to go on when the topic was deleted and made again, after ``position`` in the old one."""
    oldest = int((await consumer.beginning_offsets([tp]))[tp])
    _log(tp, position, oldest, "made_anew")
    return oldest


def _log(tp: TopicPartition, position: int, to: int, why: str) -> None:
    log.error(
        "records are gone before they were counted",
        extra={"source": f"{tp.topic}/{tp.partition}", "from": position, "to": to, "why": why},
    )


async def _has_commit(kafka: Kafka, group: str, tp: TopicPartition) -> bool:
    admin: AIOKafkaAdminClient = make_admin(kafka)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group, partitions=[tp])
    finally:
        await admin.close()
    return bool(found[tp].offset >= 0)


def unknown_since(evaluation: Evaluation, settings: Settings, partitions: Mapping[str, int]) -> Iterator[Gap]:
    """What it means for the sources that partials are gone: what they stated since is not known.

    Parameters
    ----------
    partitions
        How many each source topic has.
    """
    longest_ms = max(model.lateness for model in settings.models)
    known_to_ms = evaluation.progress.watermark_ms(longest_ms)
    for source in settings.sources:
        for partition in range(partitions[source.topic]):
            yield Gap(
                topic=source.topic, partition=partition, lo=0, hi=0,
                newest_ms=known_to_ms, caught_up_ms=known_to_ms,
            )  # fmt: skip
