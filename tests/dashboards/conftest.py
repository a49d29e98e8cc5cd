"""The run that the dashboards are looked at with."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
from aiohttp import web

from service.web.routes import WebState, routes
from tests.dashboards.run import Run
from tests.parts.process import HOST, free_port

BEAT_S = 0.5
BEATS_MAX = 240
EVENTS_A_BEAT = 300
"""Two beats close a window of the example."""


@pytest.fixture(scope="session")
def driftline_run() -> Iterator[str]:
    """Base address of a service with traffic, drift and alerts that goes on while it is looked at."""
    run = Run(int(time.time() * 1000))
    run.play()
    port, done = free_port(), threading.Event()
    serving = threading.Thread(target=lambda: asyncio.run(_serve(run, port, done)), name="driftline-run")
    serving.start()
    yield f"http://{HOST}:{port}"
    done.set()
    serving.join()


async def _serve(run: Run, port: int, done: threading.Event) -> None:
    application = web.Application()
    state = WebState(run.settings, run.board, run.registry, lambda: (True, ()), _report)
    application.add_routes(routes(state))
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    for _ in range(BEATS_MAX):
        if done.is_set():
            break
        run.step(EVENTS_A_BEAT)
        await asyncio.sleep(BEAT_S)
    await runner.cleanup()


async def _report(model: str, event: str, principal: str) -> None:
    raise AssertionError(f"nobody reports retraining here, but {principal} did: {event} of {model}")
