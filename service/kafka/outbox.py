"""Sends whose acknowledgements are awaited together; one that fails fails them all.

aiokafka's idempotent producer may give a batch up and go on with the next. What depends on an order of
acknowledgements therefore waits here, and treats a failed send as a crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from aiokafka import AIOKafkaProducer

from service.kafka.spans import UNTRACED, Tracer

PENDING_MAX = 5_000
"""Unacknowledged sends before a new one waits."""


class Outbox:
    """Collects the acknowledgements of sends."""

    def __init__(self, producer: AIOKafkaProducer, tracer: Tracer = UNTRACED) -> None:
        self._producer, self._tracer = producer, tracer
        self._pending: list[asyncio.Future[object]] = []

    async def send(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None = None,
        partition: int | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Hand a record over; ``acknowledged`` tells when it is safe."""
        if len(self._pending) >= PENDING_MAX:
            await self.acknowledged()
        future = await self._producer.send(topic, value, key=key, partition=partition, headers=list(headers))
        self._pending.append(future)

    async def send_lines(self, topic: str, key: bytes, values: Iterable[bytes], partition: int) -> None:
        """Hand many records of one key over, as whole batches: ten times cheaper than one by one."""
        builder = self._producer.create_batch()
        for value in values:
            if builder.append(key=key, value=value, timestamp=None) is None:
                await self._send_batch(topic, builder, partition)
                builder = self._producer.create_batch()
                first = builder.append(key=key, value=value, timestamp=None)
                assert first is not None, "a result fits a batch"
        if builder.record_count():
            await self._send_batch(topic, builder, partition)

    async def acknowledged(self) -> None:
        """Wait until every record handed over is safe; raises what went wrong with any."""
        pending, self._pending = self._pending, []
        with self._tracer.span("kafka.acknowledge", {"driftline.sends": len(pending)}):
            outcomes = await asyncio.gather(*pending, return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _send_batch(self, topic: str, builder: object, partition: int) -> None:
        self._pending.append(await self._producer.send_batch(builder, topic, partition=partition))
