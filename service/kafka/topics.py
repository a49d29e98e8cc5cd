"""Driftline's own topics: created with the right settings, or checked."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError as BrokerError
from aiokafka.errors import for_code

from service.config.settings import Kafka, Settings
from service.errors import KafkaError
from service.kafka.connection import make_admin

log = logging.getLogger(__name__)

WEEK_MS = 7 * 86_400_000
DEAD_LETTER_BYTES = 11_000_000
"""A refused record of ten megabytes and its headers."""


@dataclass(frozen=True)
class TopicSpec:
    """A topic as it must be.

    Attributes
    ----------
    policy
        ``cleanup.policy``. Partials are never compacted: a compacted log is no prefix of itself, and recovery
        reads it from the start.
    retention_ms
        How long records are kept, -1 for ever.
    message_bytes
        Largest record; None leaves it to the broker.
    """

    name: str
    partitions: int
    policy: str
    retention_ms: int
    message_bytes: int | None = None


def topic_specs(kafka: Kafka) -> tuple[TopicSpec, ...]:
    """Every topic that Driftline writes."""
    topics, many = kafka.topics, kafka.partials_partitions
    return (
        TopicSpec(topics.control, 1, "delete", -1),
        TopicSpec(topics.partials, many, "delete", WEEK_MS),
        TopicSpec(topics.results, many, "delete", WEEK_MS),
        TopicSpec(topics.alerts, many, "compact", -1),
        TopicSpec(topics.snapshots, many, "compact", -1),
        TopicSpec(topics.deadletter, 1, "delete", 4 * WEEK_MS, DEAD_LETTER_BYTES),
    )


async def ensure_topics(settings: Settings) -> dict[str, int]:
    """Create what is missing, check what is there; partitions by topic, sources included.

    Raises
    ------
    KafkaError
        Names every topic that is missing, may not be created or has settings under which counts would be
        lost.
    """
    admin = make_admin(settings.kafka)
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        _require_sources(settings, existing)
        specs = topic_specs(settings.kafka)
        await _create(admin, settings.kafka, [spec for spec in specs if spec.name not in existing])
        await _check(admin, [spec for spec in specs if spec.name in existing])
        names = [spec.name for spec in specs] + [source.topic for source in settings.sources]
        partitions = await _partitions(admin, names)
    finally:
        await admin.close()
    _check_partitions(specs, partitions)
    return partitions


async def _partitions(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
    """Partitions by topic; a new topic takes a moment to be known to every broker."""
    partitions: dict[str, int] = {}
    for _ in range(50):
        described = await admin.describe_topics(names)
        partitions = {topic["topic"]: len(topic["partitions"]) for topic in described}
        if all(partitions.get(name) for name in names):
            return partitions
        await asyncio.sleep(0.2)
    unknown = ", ".join(name for name in names if not partitions.get(name))
    raise KafkaError(
        f"kafka.topics: the broker does not say where the partitions of {unknown} are; nothing can be read "
        "or written there; see the broker's log for leaderless partitions",
        reason="no_partitions",
        retryable=True,
    )


def _require_sources(settings: Settings, existing: set[str]) -> None:
    missing = [source.topic for source in settings.sources if source.topic not in existing]
    if missing:
        raise KafkaError(
            f"sources: the broker at {settings.kafka.bootstrap_servers} has no topic {', '.join(missing)}; "
            "no window can close without it; create it (its producers choose its partitions) or correct "
            "`sources`",
            reason="missing_source",
            retryable=True,
        )


async def _create(admin: AIOKafkaAdminClient, kafka: Kafka, specs: list[TopicSpec]) -> None:
    if not specs:
        return
    new = []
    for spec in specs:
        settings = {"cleanup.policy": spec.policy, "retention.ms": str(spec.retention_ms)}
        if spec.message_bytes is not None:
            settings["max.message.bytes"] = str(spec.message_bytes)
        topic = NewTopic(spec.name, spec.partitions, 1, topic_configs=settings)
        # The constructor refuses -1, the broker's own default, though the protocol has it.
        topic.replication_factor = kafka.replication_factor
        new.append(topic)
    try:
        response = await admin.create_topics(new)
    except BrokerError as error:
        raise _refused([spec.name for spec in specs], error) from error
    for name, code, *_ in response.topic_errors:
        kind = for_code(code)
        if code and kind.__name__ != "TopicAlreadyExistsError":
            raise _refused([name], kind())
    log.info("created topics", extra={"topics": [spec.name for spec in specs]})


def _refused(names: list[str], error: BrokerError) -> KafkaError:
    return KafkaError(
        f"kafka.topics: the broker did not create {', '.join(names)} ({error}); nothing can be counted "
        "without them; create them as docs/operations.md lists, or let this user create topics",
        reason="topic_refused",
        retryable=True,
    )


async def _check(admin: AIOKafkaAdminClient, specs: list[TopicSpec]) -> None:
    """A partials topic that is compacted loses statements; refuse it rather than count wrong."""
    if not specs:
        return
    resources = [ConfigResource(ConfigResourceType.TOPIC, spec.name) for spec in specs]
    wanted = {spec.name: spec for spec in specs}
    for response in await admin.describe_configs(resources):
        for code, _, _, name, entries in response.resources:
            if code:
                continue
            values = {entry[0]: entry[1] for entry in entries}
            policy = set((values.get("cleanup.policy") or "delete").split(","))
            if policy != {wanted[name].policy}:
                raise KafkaError(
                    f"kafka.topics: {name} has cleanup.policy={','.join(sorted(policy))}, which would lose "
                    f"records that recovery needs; set it to {wanted[name].policy}",
                    reason="wrong_policy",
                )


def _check_partitions(specs: tuple[TopicSpec, ...], partitions: dict[str, int]) -> None:
    for spec in specs:
        found = partitions.get(spec.name, 0)
        if spec.partitions == 1 and found != 1:
            raise KafkaError(
                f"kafka.topics: {spec.name} has {found} partitions; its records have one order only in one "
                "partition; create it anew with one",
                reason="wrong_partitions",
            )
