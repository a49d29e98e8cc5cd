"""Pytest fixtures over the real parts; a test that asks for one is marked `real`."""

import signal
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.parts.alertmanager import Alertmanager
from tests.parts.browser import chromium_browser
from tests.parts.cache import PartMissingError, required
from tests.parts.catalog import AMTOOL, PROMTOOL, Part
from tests.parts.kafka import KafkaBroker
from tests.parts.prometheus import Prometheus
from tests.parts.webhook import WebhookReceiver

REAL_FIXTURES = frozenset(
    {"kafka", "own_kafka", "alertmanager", "start_prometheus", "browser", "page", "promtool", "amtool"}
)


@contextmanager
def skip_if_missing() -> Iterator[None]:
    """Skip where a part is missing; fail instead where parts are required, as in CI."""
    try:
        yield
    except PartMissingError as missing:
        reason = str(missing)
    else:
        return
    if required():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """One broker for all tests; keep to topics that begin with `topic_prefix`, and never stop it."""
    with ExitStack() as stack:
        with skip_if_missing():
            broker = stack.enter_context(KafkaBroker(tmp_path_factory.mktemp("kafka")))
        yield broker


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[KafkaBroker]:
    """A broker for one test alone, to be stopped, killed and started at will."""
    with ExitStack() as stack:
        with skip_if_missing():
            broker = stack.enter_context(KafkaBroker(tmp_path))
        yield broker


@pytest.fixture
def topic_prefix() -> str:
    """Start of topic and group names that no other test has."""
    return f"t{uuid.uuid4().hex[:10]}."


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    """An Alertmanager for one test."""
    with ExitStack() as stack:
        with skip_if_missing():
            server = stack.enter_context(Alertmanager(tmp_path))
        yield server


@pytest.fixture
def start_prometheus(tmp_path: Path) -> Iterator[Callable[..., Prometheus]]:
    """Call it as `start_prometheus(targets, rule_files=(), alertmanagers=())`; it runs till the test ends."""
    with ExitStack() as stack:

        def start(
            targets: Sequence[str], rule_files: Sequence[Path] = (), alertmanagers: Sequence[str] = ()
        ) -> Prometheus:
            with skip_if_missing():
                return stack.enter_context(Prometheus(tmp_path, targets, rule_files, alertmanagers))

        yield start


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser for one test, on the test's event loop."""
    with skip_if_missing():
        async with chromium_browser() as running:
            yield running


@pytest_asyncio.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """An empty page of the browser."""
    opened = await browser.new_page(viewport={"width": 1280, "height": 800})
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def webhook_receiver() -> AsyncIterator[WebhookReceiver]:
    """A server that keeps the requests it gets and can be told to fail."""
    async with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Path of promtool."""
    return _path(PROMTOOL)


@pytest.fixture(scope="session")
def amtool() -> Path:
    """Path of amtool."""
    return _path(AMTOOL)


def _path(part: Part) -> Path:
    with skip_if_missing():
        return part.path()
    raise AssertionError("unreachable: skipping and failing both raise")


def pytest_configure() -> None:
    """Let SIGTERM end a run as Ctrl-C does, with its servers, where it would leave them behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use a real part."""
    for item in items:
        if REAL_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)
