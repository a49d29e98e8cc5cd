"""The whole service in one process: engine, board, metrics, deliveries and web server; fed by its owner."""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Sequence

from aiohttp import web

from service.alerts.notice import AlertNotice, TriggerNotice
from service.alerts.outcome import Outcome
from service.config.settings import Settings
from service.embedded.delivery import Deliveries
from service.embedded.engine import Engine
from service.errors import ConfigError
from service.evaluation.result import Evaluated
from service.events.batch import Record
from service.pipeline import Effect, Taken
from service.web.board import Board
from service.web.collector import BoardCollector
from service.web.retraining import Event
from service.web.routes import WebState, routes
from service.web.selfmetrics import SelfMetrics, new_registry
from service.windows.clock import FOREVER_MS
from service.windows.control import ProfilePublished, RetrainingReported
from service.windows.statement import Partial

log = logging.getLogger(__name__)

DRAIN_S = 1.0
"""How long ``stop`` waits for deliveries."""
SHUTDOWN_S = 0.5
"""How long ``stop`` waits for requests under way."""


class EmbeddedService:
    """A service to which events are handed; it evaluates, delivers, and serves page, API and metrics.

    Parameters
    ----------
    settings
        Models, monitors, receivers, and where to listen; ``sources`` and ``kafka`` are not used.
    topics
        Names of the sources that will be fed, each in order.
    on_effect
        Told every effect after the service has taken it in.
    on_outcome
        Told receiver and outcome of every delivery.
    banner
        A text above the page, or None.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        *,
        on_effect: Callable[[Effect], None] = lambda _: None,
        on_outcome: Callable[[str, Outcome], None] = lambda _receiver, _outcome: None,
        banner: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._topics = tuple(topics)
        self._on_effect = on_effect
        self._seen_events = False
        self.board = Board(settings)
        registry = new_registry()
        self.metrics = SelfMetrics(registry, settings)
        registry.register(BoardCollector(self.board))
        self._deliveries = Deliveries(settings, self.metrics, on_outcome)
        self._engine = _TimedEngine(settings, topics, self._take, self.metrics)
        state = WebState(settings, self.board, registry, self.ready, self._report, banner)
        application = web.Application()
        application.add_routes(routes(state))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_S)

    @property
    def address(self) -> str:
        """Where the page is, after ``start``."""
        host, port = self._runner.addresses[0][:2]
        shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  # compared, not bound
        return f"http://{shown}:{port}/"

    def ready(self) -> tuple[bool, Sequence[str]]:
        """Whether there is anything to serve, and what is missing otherwise."""
        if self._seen_events or any(
            self._engine.control.latest(model.name) for model in self._settings.models
        ):
            return True, ()
        return False, ["no event and no profile so far"]

    async def start(self) -> None:
        """Open the deliveries and the port.

        Raises
        ------
        ConfigError
            When the port is taken (``reason="port_taken"``), the host is not of this machine, or a secret
            file cannot be used.
        """
        await self._deliveries.start()
        try:
            await self._listen()
        except BaseException:
            await self.stop(0)
            raise

    async def stop(self, drain_s: float = DRAIN_S) -> int:
        """Close the port, then give deliveries ``drain_s`` seconds; how many of them were not settled."""
        await self._runner.cleanup()
        return await self._deliveries.stop(drain_s)

    async def settled(self, timeout_s: float) -> int:
        """Wait until every delivery is settled, so long at most; how many are not."""
        return await self._deliveries.settled(timeout_s)

    def publish(self, record: ProfilePublished) -> None:
        """Put a profile in force."""
        self._engine.publish(record)

    async def feed(self, topic: str, records: Sequence[Record]) -> Taken:
        """Count consecutive records of one source, and perform what follows.

        Give few at a time: page and API answer between two calls.
        """
        taken = self._engine.feed(topic, records)
        self._seen_events = self._seen_events or bool(taken.events)
        self._count(taken, records)
        self._show()
        await asyncio.sleep(0)
        return taken

    async def caught_up(self, topic: str, until_ms: int = FOREVER_MS) -> None:
        """Know that the source holds nothing more from before ``until_ms``."""
        self._engine.caught_up(topic, until_ms)
        self._show()
        await asyncio.sleep(0)

    async def _listen(self) -> None:
        host, port = self._settings.web.host, self._settings.web.port
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise ConfigError(
                    f"web.port: {port} on {host} is taken by another program; nothing was started; stop that "
                    "one, or choose another port (0: any free one)",
                    reason="port_taken",
                ) from error
            raise ConfigError(
                f"web.host: cannot listen on {host}:{port} ({error.strerror}); nothing was started; name an "
                "address of this machine and a port that this user may open",
                reason="cannot_listen",
            ) from error

    def _take(self, effect: Effect) -> None:
        if isinstance(effect, Evaluated):
            self.board.update(effect)
        elif isinstance(effect, AlertNotice | TriggerNotice):
            self.board.notice(effect)
            self._deliveries.put(effect)
        self._on_effect(effect)

    def _count(self, taken: Taken, records: Sequence[Record]) -> None:
        self.metrics.bytes_in(sum(len(record.value or b"") for record in records))
        self.metrics.tombstones(taken.tombstones)
        self.metrics.duplicate_keys(taken.duplicate_keys)
        for (model, is_label), count in taken.events.items():
            self.metrics.events(model, "label" if is_label else "prediction", count)
        for reject in taken.rejects:
            self.metrics.rejects(reject.reason)

    def _show(self) -> None:
        panes = dict.fromkeys(self._engine.ingest.plans, 0)
        for source in self._engine.ingest.sources.values():
            for model, count in source.open_by_model().items():
                panes[model] += count
            for model, tally in source.tallies().items():
                self.metrics.late(model, tally.late)
                self.metrics.clamped(model, tally.clamped)
                self.metrics.skipped(model, tally.skipped)
                self.metrics.other_events(model, tally.cut)
        for model, count in panes.items():
            self.metrics.open_panes(model, count)
        for name, state in self._engine.evaluation.models.items():
            self.board.watermark(name, state.windows.watermark_ms)
            self.board.merged(name, state.windows.merging)
            spec = state.plan.model.reference.learn
            for version, seen in state.learner.seen().items():
                if spec is not None:
                    self.board.learning(name, version, seen, spec.events)

    async def _report(self, model: str, event: Event, principal: str) -> None:
        """Take note that a retraining began or ended, at the event time that has been reached."""
        at_ms = max(0, *(self._engine.newest_ms(topic) for topic in self._topics))
        self._engine.report(RetrainingReported(model, event, at_ms, principal))
        log.info("retraining reported", extra={"model": model, "event": event, "principal": principal})


class _TimedEngine(Engine):
    """An engine that measures how long evaluations take."""

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        sink: Callable[[Effect], None],
        metrics: SelfMetrics,
    ) -> None:
        self._metrics, self._windows = metrics, 0
        super().__init__(settings, topics, self._pass_on)
        self._receive = sink

    def _pass_on(self, effect: Effect) -> None:
        self._windows += isinstance(effect, Evaluated)
        self._receive(effect)

    def _apply(self, partial: Partial) -> None:
        windows, began = self._windows, time.monotonic()
        super()._apply(partial)
        if self._windows > windows:
            self._metrics.evaluated(time.monotonic() - began)
