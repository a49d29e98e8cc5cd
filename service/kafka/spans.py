"""Where spans are opened, whether anybody traces or not: a span a beat, batch or delivery, never an event.

Names of spans and what their attributes say are listed in ``docs/operations.md``. Attributes are counts,
names and offsets: no payload, and no text of an error, which could hold one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from aiokafka import TopicPartition

from service.alerts.notice import AlertNotice, Notice, TriggerNotice
from service.evaluation.result import Evaluated
from service.events.batch import Record
from service.pipeline import Effect

Attributes = Mapping[str, str | int | float | bool | Sequence[str]]
"""What a span says of itself."""


class Span(Protocol):
    """A piece of work that is under way."""

    def set(self, attributes: Attributes) -> None:
        """Say more of it."""


class Tracer(Protocol):
    """Opens spans; one that is opened within another, in the same task, is its child."""

    def span(
        self, name: str, attributes: Attributes | None = None, *, began_ns: int | None = None
    ) -> AbstractContextManager[Span]:
        """A span from here, or from ``began_ns`` of the wall clock, to the end of the block."""

    def event(self, name: str, attributes: Attributes) -> None:
        """Something that happened within the innermost open span of this task, if there is one."""

    async def close(self) -> None:
        """Send what is left, for a moment at most."""


class Untraced:
    """The tracer and the span of those who do not trace: nothing, as cheaply as can be."""

    def span(
        self,
        name: str,  # noqa: ARG002  # what it would say is nobody's business
        attributes: Attributes | None = None,  # noqa: ARG002  # likewise
        *,
        began_ns: int | None = None,  # noqa: ARG002  # likewise
    ) -> Self:
        """No span."""
        return self

    def event(self, name: str, attributes: Attributes) -> None:
        """Nothing."""

    async def close(self) -> None:
        """Nothing."""

    def set(self, attributes: Attributes) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


UNTRACED = Untraced()


def batch_attributes(partition: TopicPartition, records: Sequence[Record]) -> Attributes:
    """What is said of a batch out of one partition; ``records`` are in the order of their offsets."""
    return {
        "messaging.system": "kafka",
        "messaging.destination.name": partition.topic,
        "messaging.destination.partition.id": str(partition.partition),
        "messaging.batch.message_count": len(records),
        "driftline.offset.first": records[0].offset if records else -1,
        "driftline.offset.last": records[-1].offset if records else -1,
    }


def window_attributes(evaluated: Evaluated) -> Attributes:
    """What is said of an evaluated window."""
    window = evaluated.window
    return {
        "driftline.model": window.model,
        "driftline.model_version": window.version,
        "driftline.window": window.name,
        "driftline.window.end_ms": window.end_ms,
        "driftline.window.incomplete": window.incomplete,
        "driftline.results": len(evaluated.results),
    }


def told_attributes(told: Counter[type[Effect]], offset: int, *, sent: bool) -> Attributes:
    """What is said of the effects of one partial; those that an earlier owner told are not sent again."""
    return {
        "driftline.offset": offset,
        "driftline.sent": sent,
        "driftline.windows": told[Evaluated],
        "driftline.alerts": told[AlertNotice],
        "driftline.requests": told[TriggerNotice],
    }


def notice_attributes(notice: Notice, receiver: str) -> Attributes:
    """What is said of a delivery."""
    kind = "alert" if isinstance(notice, AlertNotice) else notice.kind
    return {"driftline.receiver": receiver, "driftline.model": notice.model, "driftline.notice": kind}
