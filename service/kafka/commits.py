"""Commits with their metadata: where a source is read again, and in what state."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable

from aiokafka import AIOKafkaConsumer, OffsetAndMetadata, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    OffsetMetadataTooLargeError,
    RebalanceInProgressError,
)

from service.config.settings import Kafka, Settings
from service.errors import ConfigError, KafkaError
from service.kafka.connection import make_admin
from service.windows.clock import NEVER_MS
from service.windows.resume import METADATA_BYTES, Resume, alike, read_metadata

log = logging.getLogger(__name__)

COMMIT_S = 40.0
"""A commit that takes longer is given up, and with it everything that would build on it."""
REFUSED = (CommitFailedError, IllegalStateError, RebalanceInProgressError)
"""What a commit raises when the group has moved on: what was committed may be somebody else's now."""


async def committed(
    kafka: Kafka, group: str, partitions: list[TopicPartition], models: Collection[str]
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
            resume = read_metadata(commit.metadata, models)
            if resume is None or resume.offset != commit.offset:
                log.warning(
                    "commit of somebody else",
                    extra={"source": f"{partition.topic}/{partition.partition}", "offset": commit.offset},
                )
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
    """Commit; whether it was taken. A source whose commit was not may be somebody else's: let it go.

    Raises
    ------
    KafkaError
        When the state of a source is larger than the broker lets a commit be: without it nobody could go on.
    """
    offsets = {}
    for partition, resume in resumes.items():
        metadata = resume.metadata()
        if len(metadata) > METADATA_BYTES:
            raise too_long(partition, len(metadata), len(resume.finished_ms))
        offsets[partition] = OffsetAndMetadata(resume.offset, metadata)
    if not offsets:
        return True
    try:
        async with asyncio.timeout(COMMIT_S):  # a topic that is gone would be tried for ever
            await consumer.commit(offsets)
    except OffsetMetadataTooLargeError as error:
        longest = max(offsets, key=lambda partition: len(offsets[partition].metadata))
        size, models = len(offsets[longest].metadata), len(resumes[longest].finished_ms)
        raise too_long(longest, size, models) from error
    except REFUSED as error:
        log.info("commit not taken", extra={"error": repr(error)})
        return False
    return True


def too_long(partition: TopicPartition, size: int, models: int) -> KafkaError:
    """The error of a commit that does not fit."""
    return KafkaError(
        f"sources: the commit of {partition.topic}/{partition.partition} takes {size:,} bytes for {models} "
        f"models; at most {METADATA_BYTES:,} are used, and the broker's offset.metadata.max.bytes may be less"
        " (its default is 4,096); without it a restart would count wrong, so counting stops; give the broker "
        "its default back, or spread the models over several topics",
        reason="commit_too_long",
    )


def require_distinct(models: Iterable[str]) -> None:
    """Refuse models that a commit could not tell apart.

    Raises
    ------
    ConfigError
        When two names have one fingerprint.
    """
    for one, other in alike(models):
        raise ConfigError(
            f"models: the names {one} and {other} have the same fingerprint, so that a commit could not tell "
            "them apart; rename one of them",
            reason="alike_names",
        )
