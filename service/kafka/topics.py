"""Driftline's own topics: created with the right settings, or checked."""

from __future__ import annotations

import asyncio
import logging

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError as BrokerError
from aiokafka.errors import UnknownTopicOrPartitionError, for_code

from service.config.settings import Kafka, Settings
from service.errors import KafkaError
from service.kafka.connection import make_admin
from service.kafka.topic_checks import Values, advise_source, check_partitions, check_settings
from service.kafka.topic_specs import DEAD_LETTER_BYTES, TopicSpec, topic_specs

log = logging.getLogger(__name__)

__all__ = ["DEAD_LETTER_BYTES", "TopicSpec", "ensure_topics", "topic_specs"]


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
        sources = [source.topic for source in settings.sources]
        found = await _settings_of(admin, [*(spec.name for spec in specs), *sources])
        for spec in specs:
            if spec.name in existing and spec.name in found:
                check_settings(spec, found[spec.name], settings)
        for topic in sources:
            if topic in found:
                advise_source(topic, found[topic], settings)
        partitions = await _partitions(admin, [*(spec.name for spec in specs), *sources])
    finally:
        await admin.close()
    check_partitions(specs, partitions, settings)
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


async def _settings_of(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, Values]:
    """The settings of topics, as far as this user may see them."""
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, Values] = {}
    for response in await admin.describe_configs(resources):
        for code, _, _, name, entries in response.resources:
            if code and for_code(code) is not UnknownTopicOrPartitionError:  # made a moment ago
                log.warning(
                    "settings of a topic not checked: let this user describe them",
                    extra={"topic": name, "error": for_code(code).__name__},
                )
            elif not code:
                found[name] = {entry[0]: entry[1] for entry in entries}
    return found
