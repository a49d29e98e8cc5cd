"""What a receiver of OTLP over HTTP was told, decoded as a collector does."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.parts.webhook import WebhookReceiver


@dataclass(frozen=True)
class Told:
    """A span; `parent` is empty for the first of a trace."""

    name: str
    trace: bytes
    id: bytes
    parent: bytes
    began_ns: int
    ended_ns: int
    failed: bool
    attributes: dict[str, Any]
    events: list[dict[str, Any]]
    worker: dict[str, Any]


def spans(receiver: WebhookReceiver) -> list[Told]:
    """All spans that arrived so far."""
    return [span for request in receiver.requests for span in _spans(request.body)]


def parent(span: Told, told: Iterable[Told]) -> Told | None:
    """The span in which this one was opened."""
    return next((other for other in told if other.id == span.parent and other.trace == span.trace), None)


def _spans(body: bytes) -> Iterator[Told]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        worker = _plain(resource.resource.attributes)
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield _told(span, worker)


def _told(span: Span, worker: dict[str, Any]) -> Told:
    return Told(
        span.name, span.trace_id, span.span_id, span.parent_span_id,
        span.start_time_unix_nano, span.end_time_unix_nano, span.status.code == Status.STATUS_CODE_ERROR,
        _plain(span.attributes), [_plain(event.attributes) for event in span.events], worker,
    )  # fmt: skip


def _plain(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return None if kind is None else getattr(value, kind)
