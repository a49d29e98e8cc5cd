"""Commits with their metadata: where a source is read again, and in what state."""

from __future__ import annotations

import logging

from aiokafka import AIOKafkaConsumer, OffsetAndMetadata, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, RebalanceInProgressError

from service.config.settings import Kafka, Settings
from service.kafka.connection import make_admin
from service.windows.clock import NEVER_MS
from service.windows.resume import METADATA_BYTES, Resume, read_metadata

log = logging.getLogger(__name__)


async def committed(
    kafka: Kafka, group: str, partitions: list[TopicPartition]
) -> dict[TopicPartition, Resume]:
    """What the group last committed for each partition; a commit that is not ours counts as a bare offset."""
    admin = make_admin(kafka)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group, partitions=partitions)
    finally:
        await admin.close()
    resumes = {}
    for partition, commit in found.items():
        if commit.offset >= 0:
            resume = read_metadata(commit.metadata)
            if resume is None or resume.offset != commit.offset:
                resume = bare(commit.offset)
            resumes[partition] = resume
    return resumes


def bare(offset: int) -> Resume:
    """Beginning at an offset with nothing known of what came before."""
    return Resume(offset, offset, NEVER_MS, [], {})


async def first_offset(consumer: AIOKafkaConsumer, settings: Settings, partition: TopicPartition) -> int:
    """Where the configuration says that a source begins which nobody has read yet."""
    start = next(source.start for source in settings.sources if source.topic == partition.topic)
    fetch = consumer.beginning_offsets if start == "earliest" else consumer.end_offsets
    return int((await fetch([partition]))[partition])


async def commit(consumer: AIOKafkaConsumer, resumes: dict[TopicPartition, Resume]) -> bool:
    """Commit; whether it was taken. A source whose commit was not may be somebody else's: let it go."""
    offsets = {}
    for partition, resume in resumes.items():
        metadata = resume.metadata()
        if len(metadata) > METADATA_BYTES:
            log.warning("commit metadata too long, commit left out", extra={"source": str(partition)})
            continue
        offsets[partition] = OffsetAndMetadata(resume.offset, metadata)
    if not offsets:
        return True
    try:
        await consumer.commit(offsets)
    except (CommitFailedError, IllegalStateError, RebalanceInProgressError) as error:
        log.info("commit not taken", extra={"error": repr(error)})
        return False
    return True
