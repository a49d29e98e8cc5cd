"""The topics that Driftline writes, as they must be."""

from __future__ import annotations

from dataclasses import dataclass

from service.config.settings import Kafka

WEEK_MS = 7 * 86_400_000
DEAD_LETTER_BYTES = 11_000_000
"""A refused record of ten megabytes and its headers."""
RECORD_BYTES = 1_000_000
"""What every topic must take: chunks of snapshots, profiles and large panes come close to it."""


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
