"""The training pipeline that the demo plays: asked to retrain, it says when it begins and when it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson

from service.alerts.http import HttpClient
from service.embedded.receiver import Received

BEGINS_AFTER_S = 0.3
TAKES_S = 2.0
"""Nothing is trained: so long a training would take, and the reports are real."""
TIMEOUT_MS = 5_000
ACCEPTED = 202

Tell = Callable[[str, bool], None]
"""Told what was reported, and whether the service took it."""


class TrainingPipeline:
    """Reports to ``POST /api/v1/models/{model}/retraining``, with a token.

    Parameters
    ----------
    address
        The service's, ending in a slash.
    """

    def __init__(self, address: str, token: str, tell: Tell) -> None:
        self._address, self._token, self._tell = address, token, tell
        self._running: set[asyncio.Task[None]] = set()

    def asked(self, request: Received) -> None:
        """Begin a training; returns at once."""
        task = asyncio.create_task(self._train(str(request.data["model"])), name="training pipeline")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """Give up what runs."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _train(self, model: str) -> None:
        async with HttpClient(direct=True) as client:
            for event, after_s in (("started", BEGINS_AFTER_S), ("finished", TAKES_S)):
                await asyncio.sleep(after_s)
                url = f"{self._address}api/v1/models/{model}/retraining"
                headers = {"authorization": f"Bearer {self._token}"}
                reply = await client.post(url, orjson.dumps({"event": event}), headers, TIMEOUT_MS)
                self._tell(event, reply.status == ACCEPTED)
