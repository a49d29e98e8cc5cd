from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from detectors.profile import Profile
from service.config.settings import Settings
from service.evaluation.result import Evaluated
from service.web.board import Board
from service.web.collector import BoardCollector
from service.web.routes import WebState, routes
from service.web.selfmetrics import SelfMetrics, new_registry
from tests.web.scene import START, Drift, judge, make_profile, make_settings, make_window

Client = TestClient[web.Request, web.Application]


@dataclass
class World:
    """A board with one drifting model, the server's state, and what the handlers were told."""

    settings: Settings
    profile: Profile
    board: Board
    evaluated: Evaluated
    state: WebState
    metrics: SelfMetrics
    reports: list[tuple[str, str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    banner: str | None = None


@pytest.fixture(scope="session")
def profile() -> Profile:
    return make_profile()


@pytest.fixture(scope="session")
def drifted(profile: Profile) -> Evaluated:
    """Income grew in one region, ages went missing everywhere, one region uses a channel never seen."""
    drift = Drift(income={"eu": 1.5}, missing_age={"all": 0.2}, phone={"apac": 0.3})
    return judge(make_settings(), make_window(profile, 7, drift=drift))


@pytest.fixture(scope="session")
def calm(profile: Profile) -> Evaluated:
    return judge(make_settings(), make_window(profile, 8))


@pytest.fixture
def world(profile: Profile, drifted: Evaluated) -> World:
    settings = make_settings()
    board = Board(settings)
    registry = new_registry()
    registry.register(BoardCollector(board))

    async def report(model: str, event: str, principal: str) -> None:
        made.reports.append((model, event, principal))

    state = WebState(
        settings=settings,
        board=board,
        registry=registry,
        ready=lambda: (not made.missing, made.missing),
        report_retraining=report,
        banner=lambda: made.banner,
    )
    made = World(settings, profile, board, drifted, state, SelfMetrics(registry, settings))
    board.update(drifted)
    board.watermark("credit", START + 3_612_000)
    board.learning("churn", "3", 4210, 10_000)
    return made


@pytest_asyncio.fixture
async def client(world: World) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(routes(world.state))
    async with TestClient(TestServer(app)) as running:
        yield running
