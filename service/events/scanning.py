"""The usual events at their least cost: read in C, from their bytes into columns, without an object for any.

The scanner in ``scan/`` reads what it is sure to read as the compiled decoder would; it leaves every other
event to that decoder, whose columns are then put in the places left free. So it makes decoding cheaper, and
changes nothing. Where it was not built, since there was no compiler, the decoder reads everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from detectors.fields import ABSENT
from service.events.batch import Decoded, Reject
from service.events.joining import interleaved
from service.events.run import Run
from service.events.runs import OTHERS, Columns, Places, Runs
from service.events.shapes import Shape

if TYPE_CHECKING:
    from service.events._scanner import Scanner
else:
    try:
        from service.events._scanner import Scanner
    except ImportError:  # built where there was no compiler
        Scanner = None

BUILT = Scanner is not None
"""Whether there is a scanner."""

_NUMBER, _SCALAR, _TEXT, _TRUE_NUMBER, _TRUE_SCALAR = range(5)
_LABEL, _ACTUAL = 1, 2
_FIELDS_MAX = 512


def _spec(shape: Shape) -> tuple[Any, ...]:
    """What the scanner must know of a model."""
    tags = shape.model.tags
    outputs = len(shape.numeric)
    first = OTHERS + len(tags)
    features = [(name.encode(), _NUMBER, i) for i, name in enumerate(shape.numeric)]
    features += [(name.encode(), _SCALAR, first + i) for i, name in enumerate(shape.categorical)]
    truth = (_TRUE_NUMBER, 0) if shape.answer == "value" else (_TRUE_SCALAR, _ACTUAL)
    return (
        shape.model.name.encode(),
        outputs + 2,
        [[None]] * first + [[ABSENT, None]] * len(shape.categorical),
        features,
        [(b"label", _SCALAR, _LABEL), (shape.output.encode(), _NUMBER, outputs)],
        [(name.encode(), _TEXT, OTHERS + i) for i, name in enumerate(tags)],
        [(shape.answer.encode(), *truth)],
    )


def _scannable(shape: Shape) -> bool:
    return shape.compilable and all(len(kinds) <= _FIELDS_MAX for kinds in shape.kinds.values())


class EventScanner:
    """Scans runs of records of any of the models.

    Parameters
    ----------
    shapes
        Those of all models by name, in the order of the configuration.
    event_bytes
        Longest value that is read.
    """

    def __init__(self, shapes: Mapping[str, Shape], event_bytes: int) -> None:
        self.names = tuple(shapes)
        self.shapes = [shape for shape in shapes.values() if _scannable(shape)]
        self.places = {shape.model.name: i for i, shape in enumerate(self.shapes)}
        self._event_bytes = event_bytes
        self._scanner = Scanner([_spec(shape) for shape in self.shapes])
        widths = [(len(s.numeric) + 2, OTHERS + len(s.model.tags) + len(s.categorical)) for s in self.shapes]
        self._numbers = max((numbers for numbers, _ in widths), default=0)
        self._codes = max((codes for _, codes in widths), default=OTHERS)

    def scan(self, run: Run) -> Scan:
        """Read what can be read of some records' values."""
        size = len(run)
        columns = Columns(
            np.empty((size, self._numbers)),
            np.empty((size, self._codes), np.int64),
            np.empty(size, np.int64),
            np.empty(size, np.uint8),
        )
        owners, order = np.empty(size, np.int32), np.empty(size, np.int64)
        ends, found = np.empty(len(self.shapes) + 1, np.int64), np.empty(len(self.shapes), np.int64)
        self._scanner.scan(
            run.data, run.starts, run.lengths, self._event_bytes,
            columns.numbers, columns.codes, columns.times, owners, columns.flags, order, ends, found,
        )  # fmt: skip
        return Scan(self, columns, owners, order, ends.tolist(), found.tolist())

    def values(self, place: int, column: int) -> list[Any]:
        """The distinct values of a model's coded column, by code.

        The list grows behind its end as others are met; it is another one once they are too many.
        """
        return self._scanner.values(place, column)


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """What the scanner made of N records: the events of each model stand behind each other.

    Attributes
    ----------
    columns
        Of the records in that order.
    owners
        int32[N]: which model each event is of, -1 where it was left alone.
    order
        int64[N]: which record stands at each place.
    ends, found
        Where the events of each model end, and how many of them were read; behind the last stand records that
        name no model.
    """

    _scanner: EventScanner
    columns: Columns
    owners: NDArray[np.int32]
    order: NDArray[np.int64]
    ends: list[int]
    found: list[int]

    @property
    def left(self) -> list[int]:
        """The records that the decoder must read."""
        found: list[int] = np.sort(self.order[self.owners < 0]).tolist()
        return found

    def merged(self, records: Run, other: Decoded) -> Decoded:
        """The whole run, given what the decoder made of the records that were left."""
        others = {(batch.model, batch.is_label): batch for batch in other.batches}
        decoded = Decoded(tombstones=other.tombstones, duplicate_keys=other.duplicate_keys)
        runs = Runs(self._scanner.shapes, self._scanner.values, self.columns, records, self.order)
        rejects: list[Reject] = []
        for name in self._scanner.names:
            place = self._scanner.places.get(name, -1)
            sides = self._sides(place)
            for is_label in (False, True):
                own, batch = sides.get(is_label), others.get((name, is_label))
                if own is not None:
                    read, refused = runs.batch(place, own, is_label=is_label)
                    batch = read if batch is None else interleaved(read, batch)
                    rejects += [Reject(records[i], *refusal) for i, refusal in refused.items()]
                if batch is not None and len(batch):
                    decoded.batches.append(batch)
        decoded.rejects = sorted((*other.rejects, *rejects), key=lambda reject: reject.record.offset)
        return decoded

    def _sides(self, place: int) -> dict[bool, Places]:
        """The places of a model's predictions and labels, those that were read."""
        if place < 0 or not self.found[place]:
            return {}
        first, last = (self.ends[place - 1] if place else 0), self.ends[place]
        whole = self.found[place] == last - first
        labels = self.columns.are_labels(slice(first, last))
        if whole and not labels.any():
            return {False: slice(first, last)}
        read = self.owners[first:last] >= 0
        places = {side: first + np.flatnonzero(read & (labels == side)) for side in (False, True)}
        return {side: own for side, own in places.items() if len(own)}
