"""Spans to a collector of OpenTelemetry, by OTLP over HTTP, from a thread of their own.

A collector that is away costs its spans and nothing else: they wait in a bounded queue, are given up after
:data:`TIMEOUT_S`, and the log says so once. Every span that is lost is counted, with the reason.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from service.config.settings import Kafka
from service.kafka.connection import instance
from service.kafka.spans import Attributes

log = logging.getLogger(__name__)

TIMEOUT_S = 5.0
"""How long the collector may take for one request, retries and all."""
CLOSE_S = 2.0
"""How long a worker that ends waits for its last spans to be sent."""
QUEUE = 2_048
"""Spans that may wait to be sent; further ones are lost."""

Lost = Callable[[str, int], None]
"""Told why so many spans were lost."""


class OtlpTracer:
    """Records spans, and hands them to a thread that sends them.

    Parameters
    ----------
    endpoint
        Where traces are posted to, with the path.
    sample_ratio
        Share of traces that are recorded; the rest cost next to nothing.
    kafka
        For the name of this worker, if it has one.
    lost
        Told why so many spans were lost; from any thread.
    """

    def __init__(self, endpoint: str, sample_ratio: float, kafka: Kafka, lost: Lost) -> None:
        # Its warnings come with each retry, and with the answer's body. What matters is said here.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        release = version("driftline")
        worker = instance(kafka) or f"{socket.gethostname()}-{os.getpid()}"
        names = {
            "service.name": "driftline",
            "service.version": release,
            "service.instance.id": worker,
            "driftline.group": kafka.group,
        }
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(sample_ratio)),
            resource=Resource.create(names),
            shutdown_on_exit=False,
        )
        waiting = Waiting()
        sending = TellingExporter(OTLPSpanExporter(endpoint=endpoint, timeout=TIMEOUT_S), waiting, lost)
        self._provider.add_span_processor(BoundedProcessor(sending, waiting, lost))
        self._tracer = self._provider.get_tracer("driftline", release)

    @contextmanager
    def span(
        self, name: str, attributes: Attributes | None = None, *, began_ns: int | None = None
    ) -> Iterator[RecordedSpan]:
        """A span around the block; what the block raises leaves the name of its type, and goes on."""
        with self._tracer.start_as_current_span(
            name, attributes=attributes, start_time=began_ns,
            record_exception=False, set_status_on_exception=False,
        ) as span:  # fmt: skip
            try:
                yield RecordedSpan(span)
            except Exception as error:
                span.set_status(trace.StatusCode.ERROR)
                span.set_attribute("error.type", type(error).__name__)
                raise

    def event(self, name: str, attributes: Attributes) -> None:
        """Something that happened within the innermost open span of this task, if there is one."""
        trace.get_current_span().add_event(name, attributes)

    async def close(self) -> None:
        """Send what is left, for :data:`CLOSE_S` at most."""
        # No thread of the loop's own pool: the loop would wait for it, however long a dead collector takes.
        sent, loop = asyncio.Event(), asyncio.get_running_loop()

        def send() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # too late: the loop is closed
                loop.call_soon_threadsafe(sent.set)

        threading.Thread(target=send, daemon=True).start()
        with suppress(TimeoutError):
            await asyncio.wait_for(sent.wait(), CLOSE_S)


class RecordedSpan:
    """A span of OpenTelemetry."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def set(self, attributes: Attributes) -> None:
        """Say more of it."""
        self._span.set_attributes(attributes)


class Waiting:
    """How many spans wait to be sent; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def enter(self) -> bool:
        """Whether there is room for one more, which then waits."""
        with self._lock:
            room = self._count < QUEUE
            self._count += room
        return room

    def leave(self, count: int) -> None:
        """So many wait no more."""
        with self._lock:
            self._count -= count


class BoundedProcessor(BatchSpanProcessor):
    """Turns spans away, and says so, before the library's own queue would drop them in silence."""

    def __init__(self, exporter: SpanExporter, waiting: Waiting, lost: Lost) -> None:
        super().__init__(exporter, max_queue_size=QUEUE, schedule_delay_millis=2_000)
        self._waiting, self._lost = waiting, lost

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span that is over, if there is room."""
        if self._waiting.enter():
            super().on_end(span)
        else:
            self._lost("queue_full", 1)


class TellingExporter(SpanExporter):
    """Says once that spans are not taken, and once that they are again with how many were lost."""

    def __init__(self, exporter: SpanExporter, waiting: Waiting, lost: Lost) -> None:
        self._exporter, self._waiting, self._tell = exporter, waiting, lost
        self._lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; called by the thread that sends, never by the worker."""
        self._waiting.leave(len(spans))
        try:
            result = self._exporter.export(spans)
        except Exception:  # noqa: BLE001  # the thread that sends would go on, and lose them in silence
            result = SpanExportResult.FAILURE
        if result is SpanExportResult.SUCCESS:
            if self._lost:
                log.info("traces are taken again", extra={"lost": self._lost})
            self._lost = 0
            return result
        if not self._lost:
            log.warning("traces are not taken; the collector does not answer, or refuses them")
        self._lost += len(spans)
        self._tell("not_taken", len(spans))
        return result

    def shutdown(self) -> None:
        """Give up what is being sent."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is kept here."""
        return self._exporter.force_flush(timeout_millis)
