"""The service on Kafka, wired: the web server first, then the rest, as often as the broker allows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal

from service.config.settings import Settings
from service.errors import ConfigError, DriftlineError, KafkaError, ProfileError
from service.kafka.connection import BrokerError, make_producer
from service.kafka.control import ControlReader, send_control
from service.kafka.deliver import Deliveries
from service.kafka.evaluate import EvaluateService
from service.kafka.faust_app import make_app, make_web
from service.kafka.holding import Resumes
from service.kafka.ingest import IngestService
from service.kafka.publish import model_of, published
from service.kafka.topics import ensure_topics
from service.kafka.tracing import make_tracer
from service.kafka.welcome import require_welcome
from service.profiles.reading import load_profile
from service.web.board import Board
from service.web.collector import BoardCollector
from service.web.routes import WebState, routes
from service.web.selfmetrics import SelfMetrics, new_registry
from service.windows.control import Control, ControlRecord, ProfilePublished, RetrainingReported

log = logging.getLogger(__name__)

RETRY_S = (1.0, 30.0)
"""First and longest pause before something that broke is tried again."""
SILENT_S = 5.0
"""A flush that takes longer than this, and three beats, and a worker says that it is not ready."""

Role = Literal["ingest", "evaluate", "deliver"]
ROLES: tuple[Role, ...] = ("ingest", "evaluate", "deliver")
"""The stages that a worker can take part in."""


class Worker:
    """One worker: reads, evaluates, delivers and serves until it is told to stop.

    Parameters
    ----------
    roles
        The stages it takes part in; others must run elsewhere.

    Raises
    ------
    ConfigError
        When traces are asked for, and what sends them is not installed.
    """

    def __init__(self, settings: Settings, roles: Collection[Role] = ROLES) -> None:
        self._settings = settings
        self._roles = roles
        self._stopping = asyncio.Event()
        self.board = Board(settings)
        registry = new_registry()
        self.metrics = SelfMetrics(registry, settings)
        registry.register(BoardCollector(self.board))
        state = WebState(settings, self.board, registry, self.ready, self._report, self._banner)
        self._web = make_web(make_app(settings, "web"), routes(state))
        self._tracer = make_tracer(settings, self.metrics.lost_spans)
        self._trouble = "starting"
        self._resumes: Resumes = {}
        self._ingest: IngestService | None = None
        self._evaluate: EvaluateService | None = None
        self._deliveries: Deliveries | None = None

    def stop(self) -> None:
        """Ask the worker to finish what it does and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve until ``stop``; a broker that is away is waited for, a mistake of the user ends it.

        Raises
        ------
        ConfigError, ProfileError
            When the configuration or a profile cannot be used.
        """
        await self._listen()
        address = f"http://{self._settings.web.host}:{self._settings.web.port}/"
        log.info("serving", extra={"address": address, "roles": list(self._roles)})
        try:
            await self._again("service", self._serve)
        finally:
            await self._web.stop()
            await self._tracer.close()

    async def _listen(self) -> None:
        web = self._settings.web
        try:
            await self._web.start()
        except OSError as error:
            raise ConfigError(
                f"web.port: cannot listen on {web.host}:{web.port} ({error.strerror}); neither probes nor "
                "scrapes would be answered, so nothing was started; choose another port or end "
                "what holds this one",
                reason="port_taken",
            ) from error

    def ready(self) -> tuple[bool, Sequence[str]]:
        """Whether this worker does what its roles ask for, and what is missing otherwise."""
        if self._deliveries is None:
            return False, [self._trouble]
        reasons: list[str] = []
        if self._ingest is not None:
            reasons += _ingest_troubles(self._ingest, self._settings)
        evaluate = self._evaluate
        if evaluate is not None and (evaluate.recovering or not evaluate.assigned):
            reasons.append("evaluation not recovered yet")
        if self._deliveries.unassigned:
            reasons.append(f"no alerts assigned yet to deliver to {', '.join(self._deliveries.unassigned)}")
        return not reasons, reasons

    def _banner(self) -> str | None:
        """What the page says of a worker that does not evaluate."""
        if "evaluate" in self._roles:
            return None
        return (
            f"This worker does not evaluate (its roles: {', '.join(self._roles)}); those that do show models."
        )

    async def _serve(self) -> None:
        """Everything that needs the broker; what breaks ends it all, to be built again from the commits."""
        await require_welcome(self._settings.kafka)
        partitions = await ensure_topics(self._settings)
        control = Control()
        reports: list[RetrainingReported] = []
        reader = ControlReader(self._settings.kafka, control, lambda record: self._heard(record, reports))
        deliveries = Deliveries(self._settings, self.metrics, self._tracer)
        try:
            await reader.start()
            await self._publish_configured(control, reader)
            if "ingest" in self._roles:
                count = partitions[self._settings.kafka.topics.partials]
                self._ingest = IngestService(
                    self._settings, control, reader, self.metrics, count, self._resumes, self._tracer
                )
            if "evaluate" in self._roles:
                self._evaluate = EvaluateService(
                    self._settings, control, reader, self.metrics, self.board, partitions, self._tracer
                )
                for record in reports:
                    self._evaluate.report(record)
            if "deliver" in self._roles:
                await deliveries.start()
            self._deliveries = deliveries
            await self._together(deliveries)
        finally:
            self._ingest = self._evaluate = self._deliveries = None
            await deliveries.stop()
            await reader.stop()

    def _heard(self, record: ControlRecord, reports: list[RetrainingReported]) -> None:
        """Pass a report on; one heard before the evaluation stands is kept for it."""
        if isinstance(record, ProfilePublished) or "evaluate" not in self._roles:
            return
        if self._evaluate is None:
            reports.append(record)
        else:
            self._evaluate.report(record)

    async def _together(self, deliveries: Deliveries) -> None:
        halt = asyncio.Event()
        stages = {"ingest": self._ingest, "evaluate": self._evaluate}
        tasks = [
            asyncio.create_task(stage.run(halt), name=name)
            for name, stage in stages.items()
            if stage is not None
        ]
        tasks += [
            asyncio.create_task(_watch_deliveries(deliveries, halt), name="deliver"),
            asyncio.create_task(_until(self._stopping, halt), name="stop"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            halt.set()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, asyncio.CancelledError):
                # Clients cancel what waits for a broker that is gone. Nobody asked this worker to end.
                raise KafkaError(
                    "the client gave up waiting for the broker", reason="cancelled", retryable=True
                )
            if isinstance(outcome, BaseException):
                raise outcome

    async def _again(self, what: str, act: Callable[[], Awaitable[None]]) -> None:
        """Do it, and after whatever breaks do it again, with growing pauses."""
        pause_s = RETRY_S[0]
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                await act()
            except (ConfigError, ProfileError):
                raise
            except DriftlineError as error:
                if not error.retryable:
                    raise
                self._trouble = str(error)
            except (BrokerError, OSError) as error:
                self._trouble = f"broker at {self._settings.kafka.bootstrap_servers}: {error!r}"
            except Exception as error:
                log.exception("%s broke", what)
                self._trouble = repr(error)
            if self._stopping.is_set():
                return
            if time.monotonic() - began > 60:
                pause_s = RETRY_S[0]
            log.warning("%s stopped; trying again", what, extra={"error": self._trouble, "pause_s": pause_s})
            spread = random.uniform(0.8, 1.2)  # noqa: S311  # spreads retries, keeps no secret
            await _pause(self._stopping, pause_s * spread)
            pause_s = min(2 * pause_s, RETRY_S[1])

    async def _publish_configured(self, control: Control, reader: ControlReader) -> None:
        """Put profiles that the configuration names on the control topic, unless it named them last time too.

        What was published by hand since then stays in force over a restart.
        """
        producer = make_producer(self._settings.kafka)
        await producer.start()
        try:
            for model in self._settings.models:
                if model.reference.profile is None:
                    continue
                profile = load_profile(Path(model.reference.profile))
                model_of(self._settings, profile)
                if control.configured(profile.model, profile.version) == profile.id:
                    continue
                known = control.knows(profile.model, profile.version)
                now = -(-round(time.time() * 1000) // model.pane_ms) * model.pane_ms
                record = published(profile, now if known else 0, configured=True)
                await send_control(producer, self._settings.kafka, record)
                log.info("profile published", extra={"model": model.name, "reference_id": profile.id})
            await reader.read_to_end()
        finally:
            await producer.stop()

    async def _report(self, model: str, event: Literal["started", "finished"], principal: str) -> None:
        record = RetrainingReported(model, event, round(time.time() * 1000), principal)
        producer = make_producer(self._settings.kafka)
        await producer.start()
        try:
            await send_control(producer, self._settings.kafka, record)
        finally:
            await producer.stop()


def _ingest_troubles(ingest: IngestService, settings: Settings) -> Iterator[str]:
    """What keeps the reading of events from being ready."""
    if not ingest.assigned:
        yield "no sources assigned yet"
    silent_s = time.monotonic() - ingest.flushed_at
    if silent_s > SILENT_S + 3 * settings.timing.flush / 1000:
        yield f"nothing stated for {silent_s:.0f} s: the broker does not answer"
    records, seconds = ingest.lag
    longest_ms = settings.limits.lag_time
    if records > settings.limits.lag_records or (longest_ms is not None and seconds * 1000 > longest_ms):
        yield f"{records:,} records and {seconds:,.0f} s behind"


async def _watch_deliveries(deliveries: Deliveries, halt: asyncio.Event) -> None:
    while not halt.is_set():
        if (error := deliveries.failed()) is not None:
            raise error
        await _pause(halt, 1.0)


async def _until(one: asyncio.Event, other: asyncio.Event) -> None:
    while not (one.is_set() or other.is_set()):
        await _pause(one, 0.5)


async def _pause(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
