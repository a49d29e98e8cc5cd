"""What the Kafka shell does without a broker: acknowledgements, snapshots on a compacted topic, commits."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kafka import snapshots
from service.kafka.commits import bare
from service.kafka.outbox import PENDING_MAX, Outbox
from service.kafka.snapshots import Snapshot, newest_whole, write_snapshot
from tests.windows.making import Event, finish, log, new_source, read


class Log:
    """A producer that acknowledges at once, dies after so many records, or refuses a topic."""

    def __init__(self, dies_after: int = 10**9, refused: str = "") -> None:
        self.records: list[tuple[bytes | None, bytes | None]] = []
        self._dies_after, self._refused = dies_after, refused

    async def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None,
        partition: int | None,
        headers: Sequence[tuple[str, bytes]],
    ) -> asyncio.Future[object]:
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if len(self.records) >= self._dies_after or topic == self._refused:
            future.set_exception(ConnectionError(topic))
        else:
            self.records.append((key, value))
            future.set_result(None)
        return future

    def newest(self) -> dict[bytes, bytes]:
        """What compaction leaves."""
        return {key: value for key, value in self.records if key is not None and value is not None}


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)  # bytes that do not pack


async def write(outbox: Outbox, *written: Snapshot, digest: str = "d") -> None:
    for snapshot in written:
        await write_snapshot(outbox, "snapshots", 0, digest, snapshot)


@given(st.integers(0, 8), st.integers(0, 8))
def test_whenever_a_writer_dies_the_last_whole_snapshot_can_be_read(first: int, second: int) -> None:
    """Positions of the same parity, as any two can be; each snapshot is three chunks and a manifest."""
    one, two, three = (Snapshot(2 + 2 * i, noise(i, 250), i % 2) for i in range(3))

    async def run() -> None:
        log = Log()
        await write(Outbox(log), one)
        whole = one
        for snapshot, steps in ((two, first), (three, second)):
            snapshot = snapshot._replace(turn=1 - whole.turn)  # noqa: PLW2901  # as the owner does
            log._dies_after = len(log.records) + steps
            try:
                await write(Outbox(log), snapshot)
                whole = snapshot
            except ConnectionError:
                pass
            assert newest_whole(log.newest(), "d") == whole

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "CHUNK_BYTES", 100)
        asyncio.run(run())


async def test_a_snapshot_of_another_configuration_is_left_aside() -> None:
    log = Log()
    await write(Outbox(log), Snapshot(5, b"state", 0))
    assert newest_whole(log.newest(), "other") is None
    assert newest_whole({}, "d") is None


async def test_what_was_handed_over_is_safe_only_when_all_of_it_is() -> None:
    outbox = Outbox(Log(refused="bad"))
    await outbox.send("good", b"1")
    await outbox.send("bad", b"2")
    await outbox.send("good", b"3")
    with pytest.raises(ConnectionError, match="bad"):
        await outbox.acknowledged()


async def test_so_many_sends_wait_for_their_acknowledgement_and_no_more() -> None:
    outbox = Outbox(Log(refused="bad"))
    await outbox.send("bad", b"1")
    for _ in range(PENDING_MAX - 1):
        await outbox.send("good", b"1")
    with pytest.raises(ConnectionError):
        await outbox.send("good", b"1")


async def test_lines_go_in_as_many_batches_as_they_need() -> None:
    class Batches:
        def __init__(self) -> None:
            self.sent: list[list[bytes]] = []

        def create_batch(self) -> Any:
            return Batch()

        async def send_batch(self, builder: Any, topic: str, *, partition: int) -> asyncio.Future[object]:
            self.sent.append(builder.values)
            future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            future.set_result(None)
            return future

    class Batch:
        def __init__(self) -> None:
            self.values: list[bytes] = []

        def append(self, *, key: bytes, value: bytes, timestamp: None) -> object:
            if len(self.values) == 3:
                return None
            self.values.append(value)
            return self

        def record_count(self) -> int:
            return len(self.values)

    producer = Batches()
    values = [b"%d" % i for i in range(7)]
    await Outbox(producer).send_lines("results", b"m", values, 0)
    assert producer.sent == [values[:3], values[3:6], values[6:]]
    await Outbox(producer).send_lines("results", b"m", [], 0)
    assert len(producer.sent) == 3


def test_a_bare_commit_counts_everything_from_its_offset_on() -> None:
    source = new_source(bare(1))
    read(source, log([Event(500), Event(1)])[1:])
    source.caught_up(2_000_000_000_000)
    [statement] = finish(source)
    assert (statement.hi, statement.late) == (2, 0)
