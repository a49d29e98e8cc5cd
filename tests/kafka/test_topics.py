"""Existing topics are checked at start: what would lose records is refused, what may is said."""

from __future__ import annotations

import asyncio
import logging

import pytest

from service.config.loading import parse
from service.config.settings import Settings
from service.errors import KafkaError
from service.kafka.topic_checks import advise_source
from service.kafka.topics import ensure_topics
from tests.parts.kafka import KafkaBroker

OWN = ("partials", "control", "results", "alerts", "deadletter", "snapshots")


def settings_of(bootstrap: str, prefix: str) -> Settings:
    topics = ", ".join(f"{name}: {prefix}{name}" for name in OWN)
    return parse(
        f"""
kafka: {{bootstrap_servers: "{bootstrap}", topics: {{{topics}}}, partials_partitions: 3}}
sources: [{{topic: {prefix}events}}]
models: [{{name: m, features: {{x: {{type: numeric}}}}, windows: [{{length: 1h}}]}}]
""",
        "test",
    )


async def ensured(settings: Settings) -> dict[str, int]:
    """What the service does, which tries again while a new topic is not known yet."""
    for _ in range(50):
        try:
            return await ensure_topics(settings)
        except KafkaError as error:
            if not error.retryable:
                raise
        await asyncio.sleep(0.2)
    raise AssertionError("topics are still not there")


async def test_topics_that_are_missing_are_made_as_they_are_checked(
    kafka: KafkaBroker, topic_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(kafka.bootstrap, topic_prefix)
    kafka.create_topics(
        f"{topic_prefix}events", partitions=2, config={"message.timestamp.type": "LogAppendTime"}
    )
    made = await ensured(settings)
    with caplog.at_level(logging.WARNING, "service"):
        assert await ensure_topics(settings) == made
    assert made[f"{topic_prefix}partials"] == 3
    assert made[f"{topic_prefix}events"] == 2
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("name", "partitions", "config", "reason", "says"),
    [
        ("partials", 3, {"cleanup.policy": "compact"}, "wrong_policy", "cleanup.policy=delete"),
        ("partials", 5, {}, "wrong_partitions", "partials_partitions: 3, but .* has 5"),
        ("results", 2, {}, "wrong_partitions", "has 2 partitions"),
        ("control", 2, {"retention.ms": "-1"}, "wrong_partitions", "create it anew with one"),
        ("control", 1, {"retention.ms": "604800000"}, "wrong_retention", "retention.ms=-1"),
        ("partials", 3, {"retention.ms": "60000"}, "wrong_retention", "retention.ms=604800000"),
        (
            "snapshots",
            3,
            {"cleanup.policy": "compact", "max.message.bytes": "500000"},
            "wrong_message_bytes",
            "max.message.bytes=1000000",
        ),
    ],
)
async def test_a_topic_that_would_lose_records_is_refused(
    kafka: KafkaBroker, topic_prefix: str, name: str, partitions: int, config: dict[str, str], reason: str,
    says: str,
) -> None:  # fmt: skip
    kafka.create_topics(f"{topic_prefix}events")
    kafka.create_topics(f"{topic_prefix}{name}", partitions=partitions, config=config)
    with pytest.raises(KafkaError, match=says) as raised:
        await ensured(settings_of(kafka.bootstrap, topic_prefix))
    assert (raised.value.reason, raised.value.retryable) == (reason, False)
    assert topic_prefix + name in str(raised.value)


@pytest.mark.parametrize(
    ("values", "setting"),
    [
        ({"message.timestamp.type": "CreateTime"}, "message.timestamp.type"),
        ({"cleanup.policy": "compact,delete"}, "cleanup.policy"),
        ({"retention.ms": "3600000"}, "retention.ms"),
        ({"retention.ms": "-1", "cleanup.policy": "delete"}, None),
    ],
)
def test_what_puts_a_source_at_risk_is_said(
    values: dict[str, str], setting: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "service"):
        advise_source("events", values, settings_of("127.0.0.1:9", ""))
    assert [vars(record)["setting"] for record in caplog.records] == ([setting] if setting else [])
