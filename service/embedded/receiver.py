"""A receiver of webhooks on this machine: it checks every signature before it believes a word."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web

from service.alerts.signing import Check, verify

HOST = "127.0.0.1"
BODY_BYTES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Received:
    """One event whose signature was good, the first time it came."""

    webhook_id: str
    type: str
    data: Mapping[str, Any]


class SignedReceiver:
    """Takes Standard Webhooks at ``url``; an asynchronous context manager.

    Parameters
    ----------
    keys
        The secrets, decoded; an event signed with any of them is believed.
    on_event
        Called once for each event: senders repeat what they are not sure of, and the id says so.

    Attributes
    ----------
    verified, refused, repeated
        Requests by what became of them; ``refused`` by the reason.
    """

    def __init__(self, keys: Sequence[bytes], on_event: Callable[[Received], None]) -> None:
        self.url = ""
        self.verified = 0
        self.repeated = 0
        self.refused: Counter[str] = Counter()
        self._keys, self._on_event = keys, on_event
        self._known: set[str] = set()
        application = web.Application(client_max_size=BODY_BYTES_MAX)
        application.add_routes([web.post("/", self._receive)])
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        self.url = f"http://{HOST}:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        check = verify(self._keys, headers, body, int(time.time()))
        if check is not Check.VALID:
            self.refused[check.value] += 1
            return web.json_response({"refused": check.value}, status=401)
        self.verified += 1
        webhook_id = headers["webhook-id"]
        if webhook_id in self._known:
            self.repeated += 1
        else:
            self._known.add(webhook_id)
            event = orjson.loads(body)
            self._on_event(Received(webhook_id, event["type"], event["data"]))
        return web.Response(status=204)
