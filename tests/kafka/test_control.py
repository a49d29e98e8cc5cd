"""The control topic is read to its end before every flush and every fold: that must not make anybody wait."""

import time

from service.kafka.connection import make_producer
from service.kafka.control import ControlReader, send_control
from service.windows.control import Control, ControlRecord, RetrainingReported
from tests.kafka.test_topics import ensured, settings_of
from tests.parts.kafka import KafkaBroker

LOOKS = 20
LONG_POLL_S = 0.1
"""How long a fetch waits at the broker for news; what is asked after it on its connection waits as well."""


def reported(principal: str) -> RetrainingReported:
    return RetrainingReported(model="m", event="started", at_ms=0, principal=principal)


async def test_nobody_waits_for_a_control_topic_on_which_nothing_happens(
    kafka: KafkaBroker, topic_prefix: str
) -> None:
    settings = settings_of(kafka.bootstrap, topic_prefix)
    kafka.create_topics(settings.sources[0].topic, partitions=1)
    await ensured(settings)
    heard: list[ControlRecord] = []
    reader = ControlReader(settings.kafka, Control(), heard.append)
    producer = make_producer(settings.kafka)
    await producer.start()
    try:
        await send_control(producer, settings.kafka, reported("first"))
        await reader.start()
        assert heard == [reported("first")]
        began = time.monotonic()
        for _ in range(LOOKS):
            await reader.read_to_end()
        assert time.monotonic() - began < LOOKS * LONG_POLL_S / 2
        for i in range(3):
            await send_control(producer, settings.kafka, reported(f"somebody-{i}"))
            await reader.read_to_end()
            assert heard[-1] == reported(f"somebody-{i}")
    finally:
        await reader.stop()
        await producer.stop()
