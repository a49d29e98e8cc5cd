"""A proxy that lets bytes through at a bounded rate: what a slow broker, or a slow line to it, looks like."""

import asyncio
import contextlib
import time
from types import TracebackType
from typing import Self

from tests.parts.process import HOST

CHUNK = 16_384


class SlowProxy:
    """Forwards connections to another loopback port, all together at ``rate`` bytes a second."""

    def __init__(self, port: int, target: int, rate: float) -> None:
        self._port, self._target = port, target
        self.rate = rate
        self.forwarded = 0
        self._next = 0.0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, HOST, self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, forth = await asyncio.open_connection(HOST, self._target)
        except OSError:
            writer.close()
            return
        for one, other in ((reader, forth), (back, writer)):
            task = asyncio.create_task(self._pump(one, other))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                self.forwarded += len(data)
                # Whoever comes next waits until what went before would have passed.
                now = time.monotonic()
                self._next = max(now, self._next) + len(data) / self.rate
                await asyncio.sleep(self._next - now)
                writer.write(data)
                await writer.drain()
        writer.close()
