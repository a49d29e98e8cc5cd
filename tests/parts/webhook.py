"""A receiver of webhooks: a real server that keeps what it got and fails when told to."""

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.parts.process import HOST


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as it arrived; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Body read as JSON."""
        return json.loads(self.body)


class WebhookReceiver:
    """Answers 200 to everything, or what :meth:`answer_next` says, and keeps every request in order.

    `port` is for one that comes up late, when its address is known already; by default it is any free one.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self.requests: list[ReceivedRequest] = []
        self.url = ""
        self._answers: deque[tuple[int, Mapping[str, str]]] = deque()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port)
        await site.start()
        self.url = f"http://{HOST}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def answer_next(self, statuses: Iterable[int], headers: Mapping[str, str] | None = None) -> None:
        """Answer the coming requests with these statuses, in order; then 200 again."""
        self._answers.extend((status, headers or {}) for status in statuses)

    async def _handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(ReceivedRequest(request.method, request.path_qs, headers, await request.read()))
        status, extra = self._answers.popleft() if self._answers else (200, {})
        return web.Response(status=status, headers=extra)
