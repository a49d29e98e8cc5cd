"""Several workers of one installation, killed, stopped, frozen and started; and live traffic for them."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiokafka.errors import KafkaError

from tests.chaos.stated import moment
from tests.chaos.story import Story
from tests.e2e.service import Service
from tests.e2e.traffic import Event, count_all, credit_events, produce, spread
from tests.parts.kafka import KafkaBroker
from tests.parts.process import eventually


class Fleet:
    """Workers by number, with deeds told as they are done."""

    def __init__(self, folder: Path, config: Mapping[str, Any], workers: int, story: Story) -> None:
        self.workers = [Service(folder, config, f"worker-{i}") for i in range(workers)]
        self._story = story
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for worker in self.workers:
            self._stack.enter_context(worker)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    async def ready(self, seconds: float = 90) -> None:
        """Wait until some worker reads and evaluates."""
        await eventually(self._any_ready, seconds=seconds, what="a worker ready")

    async def kill(self, number: int) -> None:
        """SIGKILL."""
        await asyncio.to_thread(self.workers[number].server.kill)
        self._story.did("kill -9", f"worker {number}")

    async def stop(self, number: int) -> None:
        """SIGTERM, and wait."""
        await asyncio.to_thread(self.workers[number].server.stop)
        self._story.did("leave", f"worker {number}")

    async def start(self, number: int) -> None:
        """Start one that does not run."""
        await asyncio.to_thread(self.workers[number].server.start)
        self._story.did("start", f"worker {number}")

    def freeze(self, number: int) -> None:
        """SIGSTOP: alive for the system, dead for the group."""
        os.kill(self.workers[number].server.pid, signal.SIGSTOP)
        self._story.did("freeze", f"worker {number}")

    def thaw(self, number: int) -> None:
        """SIGCONT: a zombie that still believes in what it held."""
        os.kill(self.workers[number].server.pid, signal.SIGCONT)
        self._story.did("thaw", f"worker {number}")

    def unexpected(self) -> list[str]:
        """Tracebacks that a worker wrote."""
        logs = (worker.log() for worker in self.workers)
        return [line[:500] for text in logs for line in text.splitlines() if "Traceback" in line]

    def _any_ready(self) -> bool:
        with contextlib.suppress(OSError):
            return any(worker.runs() and not worker.unready() for worker in self.workers)
        return False


async def bounce(kafka: KafkaBroker, story: Story, away_s: float) -> None:
    """A broker killed, away for some time, and back with its data."""
    await asyncio.to_thread(kafka.kill)
    story.did("broker kill -9", f"away for {away_s:.1f} s")
    await asyncio.sleep(away_s)
    await asyncio.to_thread(kafka.start)
    story.tell("broker is back")


def some_events(story: Story, count: int, at_ms: int, shift: float = 0.0) -> list[Event]:
    """Predictions of one moment; some of them out of range, of an unknown state, or without a feature."""
    events = credit_events(count, at_ms, 0, seed=story.random.randrange(2**32), shift=shift)
    for i, event in enumerate(events):
        if i % 97 == 0:
            event["features"]["age"] = 130.5
        if i % 89 == 0:
            event["features"]["state"] = "??"
        if i % 83 == 0:
            del event["features"]["age"]
    return events


async def live(
    kafka: KafkaBroker, topic: str, story: Story, *, total: int, rate: int, partitions: int
) -> None:
    """Traffic of now, a burst every half second, until the log holds ``total`` events.

    A burst that a broker which is away does not take is given up; the log tells what was taken.
    """
    counted, taken = 0, 0
    while counted < total:
        began = moment()
        # A burst given up may be in the log: the log is asked before the end is declared.
        with contextlib.suppress(KafkaError, OSError):
            records = spread(some_events(story, rate // 2, began), partitions)
            await produce(kafka.bootstrap, topic, records, timeout_ms=4_000)
            taken += len(records)
        if taken >= total or taken % (20 * rate) < rate // 2:
            with contextlib.suppress(KafkaError, OSError):
                counted = await asyncio.wait_for(count_all(kafka.bootstrap, topic), 10)
                story.tell(f"{counted:,} events in the log")
        await asyncio.sleep(max(0.0, 0.5 - (moment() - began) / 1000))
