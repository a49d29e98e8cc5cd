"""Reading by frames: the same bytes in the same order as from a stream, however they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import conn
from hypothesis import given
from hypothesis import strategies as st

from service.kafka.frames import Frames, Part, blank, install, to_be_copied

CONTENTS = st.lists(st.binary(max_size=40), max_size=6)


def framed(contents: list[bytes]) -> bytes:
    return b"".join(len(content).to_bytes(4) + content for content in contents)


def feed(frames: Frames, data: bytes, pieces: list[int]) -> None:
    """Bytes as a transport brings them: never more than there is room for."""
    sizes = iter(pieces)
    while data:
        count = min(next(sizes, len(data)), len(frames.room), len(data))
        frames.room[:count] = data[:count]
        frames.filled(count)
        data = data[count:]


async def next_frame(frames: Frames) -> bytes:
    size = int.from_bytes(await frames.readexactly(4))
    return await frames.readexactly(size)


def new_frames() -> Frames:
    return Frames(asyncio.get_running_loop())


@pytest.mark.parametrize("memory", [to_be_copied, blank])
@given(CONTENTS, st.lists(st.integers(1, 9)))
def test_frames_come_whole_however_they_were_cut(
    memory: Callable[[int], Part], contents: list[bytes], pieces: list[int]
) -> None:
    async def scenario() -> None:
        frames = Frames(asyncio.get_running_loop(), memory)
        feed(frames, framed(contents), pieces)
        found = [await next_frame(frames) for _ in contents]
        assert found == contents
        assert all(type(content) is bytes for content in found)

    asyncio.run(scenario())


@pytest.mark.parametrize("size", [0, -1, -(2**63)])
def test_there_is_no_memory_of_no_length(size: int) -> None:
    if blank is to_be_copied:
        pytest.skip("memory in C is not built on this machine")
    with pytest.raises(ValueError, match="something to fill"):
        blank(size)


async def test_who_waits_gets_the_frame_when_it_is_whole() -> None:
    frames = new_frames()
    waiting = asyncio.create_task(next_frame(frames))
    data = framed([b"abcdef"])
    for byte in range(len(data)):
        await asyncio.sleep(0)
        assert not waiting.done()
        feed(frames, data[byte : byte + 1], [])
    assert await waiting == b"abcdef"


async def test_a_frame_that_stays_without_its_end_is_none() -> None:
    frames = new_frames()
    feed(frames, framed([b"whole", b"cut off"])[:-1], [])
    frames.end(None)
    assert await next_frame(frames) == b"whole"
    with pytest.raises(asyncio.IncompleteReadError):
        await next_frame(frames)


async def test_a_broken_connection_is_said_to_who_waits() -> None:
    frames = new_frames()
    waiting = asyncio.create_task(next_frame(frames))
    await asyncio.sleep(0)
    frames.end(ConnectionResetError("gone"))
    with pytest.raises(ConnectionResetError, match="gone"):
        await waiting


async def test_a_length_below_zero_is_an_error_and_no_room_is_made_for_it() -> None:
    frames = new_frames()
    feed(frames, b"\xff" * 4, [])
    assert len(frames.room) == 4
    with pytest.raises(ValueError, match="out of step"):
        await frames.readexactly(int.from_bytes(await frames.readexactly(4), signed=True))


async def test_who_reads_otherwise_than_by_frames_is_told() -> None:
    frames = new_frames()
    feed(frames, framed([b"abc"]), [])
    with pytest.raises(ConnectionError, match="out of step"):
        await frames.readexactly(3)


def release(read: Any) -> SimpleNamespace:
    """A release of aiokafka whose connections read so."""
    protocol = type("AIOKafkaProtocol", (asyncio.StreamReaderProtocol,), {})
    return SimpleNamespace(
        AIOKafkaProtocol=protocol, AIOKafkaConnection=type("AIOKafkaConnection", (), {"_read": read})
    )


async def by_lines(reader: asyncio.StreamReader) -> bytes:
    return await reader.readline() + await reader.readexactly(4)


@pytest.mark.parametrize(
    "where", [release(by_lines), release(None), SimpleNamespace(AIOKafkaProtocol=None), SimpleNamespace()]
)
def test_a_release_that_reads_otherwise_is_left_alone(where: SimpleNamespace) -> None:
    before = vars(where).copy()
    install(where)
    assert vars(where) == before


def test_this_release_is_read_by_frames() -> None:
    install()
    protocol = conn.AIOKafkaProtocol
    assert issubclass(protocol, asyncio.BufferedProtocol)
    install()
    assert conn.AIOKafkaProtocol is protocol
