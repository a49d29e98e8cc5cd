"""How bytes come from a broker: from the kernel straight into the memory of their frame.

aiokafka reads with asyncio's ``StreamReader``: each piece is put into memory of its own, copied behind those
before it, copied out once the frame is whole, and what is left is moved to the front; beyond 128 KiB the
socket is taken out of the loop and put back for every piece. That is half of what is left of reading an event
of 570 bytes: 0.9 µs of CPU with it, 0.4 without.

aiokafka has no option for it. So the protocol of its connections is replaced by one that is told its memory
(``BufferedProtocol``), for TLS and SASL as well: those stand below and above it. A release of aiokafka that
reads in another way than by frames is left alone (docs/adr/0009).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiokafka import conn

if TYPE_CHECKING:
    from service.kafka import _batches
else:
    try:
        from service.kafka import _batches
    except ImportError:  # built where there was no compiler
        _batches = None

Part = tuple[bytes | bytearray, memoryview]
"""Memory to be filled, and the view to fill it by."""

_HEAD = 4
"""Bytes of a frame's length, in network order."""


def to_be_copied(size: int) -> Part:
    """Memory as Python has it: what fills it is copied once, as bytes."""
    part = bytearray(size)
    return part, memoryview(part)


blank: Callable[[int], Part] = getattr(_batches, "blank", to_be_copied)
"""Memory of a frame: made in C it is the frame's bytes themselves that are filled."""


class Frames:
    """Takes in a stream of frames, and gives out the length and the content of each in turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop, memory: Callable[[int], Part] = blank) -> None:
        self._loop, self._memory = loop, memory
        self._parts: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._error: Exception | None = None
        self._begin(_HEAD, of_head=True)

    def _begin(self, size: int, *, of_head: bool) -> None:
        self._part, self.room = self._memory(size)
        self._of_head = of_head

    def filled(self, count: int) -> None:
        """So many bytes were put into ``room``, which is never empty."""
        self.room = self.room[count:]
        if self.room:
            return
        part = bytes(self._part)
        size = int.from_bytes(part, signed=True) if self._of_head else 0
        of_head = size <= 0  # of a length below zero the reader makes an error, and reads no more
        self._begin(_HEAD if of_head else size, of_head=of_head)
        self._parts.append(part)
        self._wake()

    def end(self, error: Exception | None) -> None:
        """Nothing more will come."""
        self._ended, self._error = True, error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def readexactly(self, n: int) -> bytes:
        """The next part, as ``StreamReader`` gives it to who asks for lengths and contents in turn."""
        if n < 0:
            raise ValueError(f"a frame of {n} bytes: no broker sends that, the connection is out of step")
        while self._error is None and n and not self._parts:
            if self._ended:
                raise asyncio.IncompleteReadError(b"", n)
            self._waiter = self._loop.create_future()
            await self._waiter
        if self._error is not None:
            raise self._error
        part = self._parts.popleft() if n else b""
        if len(part) != n:
            raise ConnectionError(f"{n} bytes were asked for where {len(part)} are next: out of step")
        return part


def install(where: Any = conn) -> None:
    """Let new connections read by frames; once is enough, more does no harm."""
    usual = getattr(where, "AIOKafkaProtocol", None)
    if usual is not None and not issubclass(usual, asyncio.BufferedProtocol) and _reads_frames(where):
        where.AIOKafkaProtocol = _by_frames(usual)


def _by_frames(usual: Any) -> type[asyncio.BufferedProtocol]:
    class FrameProtocol(usual, asyncio.BufferedProtocol):  # type: ignore[misc]  # whichever the release has
        def __init__(
            self, closed: Any, reader: asyncio.StreamReader, *, loop: asyncio.AbstractEventLoop
        ) -> None:
            super().__init__(closed, reader, loop=loop)
            self._frames = Frames(loop)
            reader.readexactly = self._frames.readexactly  # type: ignore[method-assign]  # it has no hook

        def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # the frame says how much
            return self._frames.room

        def buffer_updated(self, nbytes: int) -> None:
            self._frames.filled(nbytes)

        def eof_received(self) -> bool | None:
            self._frames.end(None)
            return super().eof_received()

        def connection_lost(self, exc: Exception | None) -> None:
            self._frames.end(exc)
            super().connection_lost(exc)

    return FrameProtocol


def _reads_frames(where: Any) -> bool:
    """Whether connections read as this expects: by ``readexactly``, and in no other way."""
    read = getattr(getattr(where, "AIOKafkaConnection", None), "_read", None)
    names = set(getattr(getattr(read, "__code__", None), "co_names", ()))
    return "readexactly" in names and not names & {"read", "readline", "readuntil"}
