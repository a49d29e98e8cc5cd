"""What stage 1 tells stage 2: totals of finished panes, samples to learn from, progress of sources."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from service.windows.pane import Pane
from service.windows.slicing import ALL
from service.windows.unseen import ranked

STATEMENT_BYTES = 700_000
"""Rows of a pane are split so that, with their names, they stay well under the broker's default of 1 MB."""


class Statement(msgspec.Struct, frozen=True, gc=False, tag="pane", kw_only=True):
    """The totals of one pane out of one source, complete to offset ``hi`` (exclusive).

    A total, not an increment: the highest ``hi`` wins, equal ones repeat each other. A pane with many slices
    comes in ``parts`` records, of which this is number ``part``. Of the source, ``lost`` records were gone
    before this reader or those before it could count them: whoever lost less says more, whatever its ``hi``.
    """

    source: str
    model: str
    version: str
    pane_ms: int
    hi: int
    digest: str
    slices: tuple[str, ...]
    rows: bytes
    late: int
    clamped: int
    cut: int
    part: int
    parts: int
    lost: int = 0
    unseen: dict[str, dict[str, int]] = {}
    """By categorical field, names that the reference does not know; in the first part."""

    @property
    def rank(self) -> tuple[int, int]:
        """The statement of the highest rank is the one that holds."""
        return -self.lost, self.hi


class Progress(msgspec.Struct, frozen=True, gc=False, tag="progress", kw_only=True):
    """How far a source has got, in facts that stay true.

    Attributes
    ----------
    partitions
        How many partitions the topic has: each must be heard before any window closes.
    clock_ms
        Largest event time up to offset ``hi``.
    caught_up_ms
        Everything before this time has been read: the log had been read to its end.
    """

    topic: str
    partition: int
    partitions: int
    hi: int
    clock_ms: int
    caught_up_ms: int

    @property
    def source(self) -> str:
        """The name of the source."""
        return source_name(self.topic, self.partition)


class Sample(msgspec.Struct, frozen=True, gc=False, tag="sample", kw_only=True):
    """Predictions of a model version without a profile, from which its reference is learned.

    ``columns`` is a packed batch; its records lie at offsets in ``[lo, hi)``. A reader takes a sample only
    when ``lo`` is at or above the highest ``hi`` it has of the source, so that repetition does no harm.
    """

    source: str
    model: str
    version: str
    lo: int
    hi: int
    columns: bytes


class Gap(msgspec.Struct, frozen=True, gc=False, tag="gap", kw_only=True):
    """Records ``[lo, hi)`` of a source are gone before they were counted.

    ``hi`` lies below ``lo`` when the topic was made anew. It is stated to every partition of the partials
    before anything beyond it is committed.

    Attributes
    ----------
    newest_ms, caught_up_ms
        The clock of the source at ``lo``: earlier panes were finished.
    """

    topic: str
    partition: int
    lo: int
    hi: int
    newest_ms: int
    caught_up_ms: int

    @property
    def source(self) -> str:
        """The name of the source."""
        return source_name(self.topic, self.partition)


Partial = Statement | Progress | Sample | Gap

_DECODER: msgspec.msgpack.Decoder[Partial] = msgspec.msgpack.Decoder(Partial)


def encode_partial(partial: Partial) -> bytes:
    """The bytes of a record on the partials topic."""
    return msgspec.msgpack.encode(partial)


def decode_partial(data: bytes) -> Partial:
    """What ``encode_partial`` was given; ``msgspec.ValidationError`` when it is something else."""
    try:
        return _DECODER.decode(data)
    except UnicodeDecodeError as error:  # the one error of msgspec that is not of its own kind
        raise msgspec.ValidationError(str(error)) from error


def source_name(topic: str, partition: int) -> str:
    """The name of a source: ``topic/partition``."""
    return f"{topic}/{partition}"


def state_pane(
    source: str, model: str, version: str, pane_ms: int, hi: int, pane: Pane, lost: int = 0
) -> Iterator[Statement]:
    """The statements of one finished pane, split by rows so that each fits a record.

    Rows stand by name: readers that batched the same records otherwise give the same bytes.
    """
    rows = pane.rows
    slices = (ALL, *(name for name in sorted(rows) if name != ALL))
    order = np.fromiter(map(rows.__getitem__, slices), np.int64, len(slices))
    # Rows rarely take more than two bytes a cell; a part that still comes out too long is halved.
    spans = [(0, len(slices))]
    encoded: list[tuple[int, int, bytes]] = []
    while spans:
        first, last = spans.pop()
        data = pane.encode(order[first:last])
        named = len("".join(slices[first:last]).encode())
        if len(data) + named > STATEMENT_BYTES and last - first > 1:
            middle = (first + last) // 2
            spans += [(middle, last), (first, middle)]
        else:
            encoded.append((first, last, data))
    for part, (first, last, data) in enumerate(encoded):
        yield Statement(
            source=source, model=model, version=version, pane_ms=pane_ms, hi=hi, digest=pane.counting.digest,
            slices=slices[first:last], rows=data, late=pane.late, clamped=pane.clamped, cut=pane.cut,
            part=part, parts=len(encoded), lost=lost, unseen={} if part else ranked(pane.unseen),
        )  # fmt: skip
