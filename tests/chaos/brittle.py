"""Clients of a broker that let the process die right after a step: that took effect, nothing after it did."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from service.config.settings import Kafka


class CrashError(Exception):
    """What a step is followed by."""


@dataclass
class Fate:
    """After which step it ends; 0 for never. What comes after that is let through."""

    at: int = 0
    refused: Callable[[], Exception] | None = None
    """If set, the step is not done at all, and fails so."""
    only: str = ""
    """Count only steps whose name begins so."""
    steps: list[str] = field(default_factory=list)

    def is_now(self, step: str) -> bool:
        """Count a step; whether it is the one."""
        if not step.startswith(self.only):
            return False
        self.steps.append(step)
        return len(self.steps) == self.at

    async def meet(self, step: str, act: Callable[[], Any], acknowledged: bool = False) -> Any:
        """Do a step, unless it is to fail; crash if it was the one, after its acknowledgement."""
        now = self.is_now(step)
        if now and self.refused is not None:
            raise self.refused()
        outcome = await act()
        if now:
            if acknowledged:
                await outcome
            raise CrashError(f"after step {self.at}: {step}")
        return outcome


class _Brittle:
    """A client whose steps meet their fate; everything else is the client's."""

    def __init__(self, client: Any, fate: Fate) -> None:
        self._client, self._fate = client, fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class BrittleProducer(_Brittle):
    """A producer; a send ends when it is acknowledged."""

    async def send(self, topic: str, *args: Any, **kwargs: Any) -> asyncio.Future[Any]:
        """As the producer's."""

        async def act() -> Any:
            return await self._client.send(topic, *args, **kwargs)

        future: asyncio.Future[Any] = await self._fate.meet(f"send {topic}", act, acknowledged=True)
        return future

    async def send_batch(self, builder: Any, topic: str, *, partition: int) -> asyncio.Future[Any]:
        """As the producer's."""

        async def act() -> Any:
            return await self._client.send_batch(builder, topic, partition=partition)

        future: asyncio.Future[Any] = await self._fate.meet(f"batch {topic}", act, acknowledged=True)
        return future


class BrittleConsumer(_Brittle):
    """A consumer; reading is no step."""

    async def commit(self, *args: Any) -> None:
        """As the consumer's."""
        await self._fate.meet("commit", lambda: self._client.commit(*args))

    async def end_offsets(self, *args: Any) -> Any:
        """As the consumer's."""
        return await self._fate.meet("ends", lambda: self._client.end_offsets(*args))


def make_brittle(patch: pytest.MonkeyPatch, module: str, fates: dict[str, Fate]) -> None:
    """Give the clients of a module the fates of their consumer group; groups without one live on."""
    for name, kind in (("make_producer", BrittleProducer), ("make_consumer", BrittleConsumer)):
        make = __import__(module, fromlist=[name]).__dict__[name]

        def brittle(kafka: Kafka, *args: Any, make: Any = make, kind: Any = kind, **options: Any) -> Any:
            client = make(kafka, *args, **options)
            return kind(client, fates[kafka.group]) if kafka.group in fates else client

        patch.setattr(f"{module}.{name}", brittle)
