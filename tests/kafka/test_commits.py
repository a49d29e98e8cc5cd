"""Commits that do not fit, are refused, or are not ours."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, OffsetMetadataTooLargeError

from service.config.settings import Kafka
from service.errors import ConfigError, KafkaError
from service.kafka import commits
from service.kafka.commits import bare, commit, committed, require_distinct
from service.kafka.connection import make_consumer
from service.windows.resume import METADATA_BYTES, Resume
from tests.parts.kafka import KafkaBroker

TP = TopicPartition("events", 0)


def resume_of(models: int, offset: int = 5) -> Resume:
    """A commit of so many models with names that have nothing in common."""
    names = [random.Random(number).randbytes(12).hex() for number in range(models)]
    return Resume(offset, offset + 9, 0, [], dict.fromkeys(names, 60_000))


class Answer:
    """A consumer whose commits end one way."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error, self.taken = error, 0

    async def commit(self, offsets: Any) -> None:
        if self._error is not None:
            raise self._error
        self.taken += len(offsets)


async def test_hundreds_of_models_on_one_source_are_committed_and_read_back(
    kafka: KafkaBroker, topic_prefix: str
) -> None:
    settings = Kafka(bootstrap_servers=kafka.bootstrap)
    tp, group = TopicPartition(f"{topic_prefix}events", 0), f"{topic_prefix}group"
    kafka.create_topics(tp.topic)
    resume = resume_of(500)
    consumer = make_consumer(settings, group=group)
    consumer.assign([tp])
    await consumer.start()
    try:
        assert await commit(consumer, {tp: resume})
    finally:
        await consumer.stop()
    assert len(resume.metadata()) <= METADATA_BYTES
    assert await committed(settings, group, [tp], resume.finished_ms.keys()) == {tp: resume}


async def test_a_commit_that_cannot_hold_its_models_stops_the_counting_and_says_what_to_do() -> None:
    consumer = Answer()
    with pytest.raises(KafkaError, match=r"events/0 takes .* for 2000 models.*several topics") as raised:
        await commit(consumer, {TP: resume_of(2_000)})
    assert (raised.value.reason, raised.value.retryable) == ("commit_too_long", False)
    assert consumer.taken == 0


async def test_a_broker_with_a_lower_bound_is_named() -> None:
    with pytest.raises(KafkaError, match=r"offset\.metadata\.max\.bytes"):
        await commit(Answer(OffsetMetadataTooLargeError()), {TP: resume_of(3)})


async def test_a_commit_is_refused_when_the_group_has_moved_on() -> None:
    assert not await commit(Answer(CommitFailedError("moved on")), {TP: resume_of(1)})
    assert await commit(Answer(CommitFailedError("never asked")), {})


async def test_a_commit_of_a_topic_that_is_gone_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Never(Answer):
        async def commit(self, offsets: Any) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(commits, "COMMIT_S", 0.05)
    with pytest.raises(TimeoutError):
        await commit(Never(), {TP: resume_of(1)})


def test_models_that_a_commit_could_not_tell_apart_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    require_distinct(["a", "b"])
    monkeypatch.setattr("service.windows.resume.fingerprint", lambda name: name[:1].encode())
    with pytest.raises(ConfigError, match="aa and ab have the same fingerprint"):
        require_distinct(["aa", "b", "ab"])


def test_a_bare_commit_knows_nothing() -> None:
    assert bare(7).finished_ms == {}
