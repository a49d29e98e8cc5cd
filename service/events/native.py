"""Decodes Driftline's own JSON events: bytes to columns, without a line of Python per event on the usual way.

The usual way is a decoder compiled from the schemas of all models. Where it raises, the event goes the slow
way, value by value, and comes back as the same struct; so the two ways cannot disagree about what it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np

from service.config.model import Model
from service.events import refusals
from service.events.adapt import Adapter
from service.events.batch import Decoded, Record, Reject
from service.events.columns import Columns, read_raw
from service.events.duplicates import DuplicateKeys
from service.events.leaves import ERROR, UNREADABLE
from service.events.refusals import Refusal
from service.events.run import Run
from service.events.scanning import BUILT, EventScanner
from service.events.shapes import Shape, decoder
from service.events.slow import SlowReader
from service.events.timestamps import parse

CHUNK = 256
"""Events decoded in one go: their objects stay in the processor's cache until they are columns."""

_VALUE = attrgetter("value")
_PREDICTION = attrgetter("prediction")


class NativeDecoder:
    """Decodes records of native JSON events, of any of the models, predictions and labels mixed.

    What it gives depends on the records alone. What it learns (the order of keys, and which values are often
    mistyped) makes it faster, and changes nothing.

    Parameters
    ----------
    models
        Models with different names.
    event_bytes
        Longest value that is read.

    Raises
    ------
    ValueError
        If two models have one name.
    """

    def __init__(self, models: Sequence[Model], event_bytes: int) -> None:
        self._shapes = {model.name: Shape(model) for model in models}
        if len(self._shapes) < len(models):
            names = [model.name for model in models]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(
                f"two models are named {twice!r}: their events could not be told apart; "
                "give each model a name of its own"
            )
        self._event_bytes = event_bytes
        self._slow = SlowReader(self._shapes, decoder(()).decode)
        self._adapter = Adapter(self._shapes, self._slow.mistyped)
        self._duplicates = DuplicateKeys()
        self._scanner = EventScanner(self._shapes, event_bytes) if BUILT else None
        self._compile()

    def _compile(self) -> None:
        self._owners = {shape.event: shape for shape in self._shapes.values()}
        self._fast = self._slow.fast = decoder(self._shapes.values()).decode

    def decode(self, records: Sequence[Record]) -> Decoded:
        """Decode records of one source, in offset order.

        Returns
        -------
        Decoded
            At most one batch a model and kind, models in the order of the configuration, predictions before
            labels; rejects in the order of the records.
        """
        if self._scanner is None:
            return self._read(list(records), len(records))
        run = Run.of(records)
        scan = self._scanner.scan(run)
        return scan.merged(run, self._read([run[i] for i in scan.left], len(run)))

    def _read(self, records: Sequence[Record], seen: int) -> Decoded:
        """Decode records without the scanner; they were left of so many."""
        gathered = _Gathered(self._owners)
        for start in range(0, len(records), CHUNK):
            self._decode_chunk(records[start : start + CHUNK], start, gathered)
        decoded = gathered.finish(records)
        if self._adapter.learn(seen, gathered.first_values(records)):
            self._compile()
        return decoded

    def _decode_chunk(self, records: Sequence[Record], start: int, gathered: _Gathered) -> None:
        values: list[Any] = list(map(_VALUE, records))
        positions = np.arange(start, start + len(values))
        text = self._readable(values)
        if text is None:
            kept = [
                i for i, value in enumerate(values) if gathered.accepts(start + i, value, self._event_bytes)
            ]
            values, positions = [values[i] for i in kept], positions[kept]
            text = b"".join(values)
        events = self._events(values)
        kinds = list(map(type, events))
        distinct = set(kinds)
        gathered.duplicate_keys += self._duplicates.count(values, text, kinds, alike=len(distinct) == 1)
        gathered.add(events, positions, distinct)

    def _readable(self, values: list[Any]) -> bytes | None:
        """All values as one, which is cheap to look at; None if any is missing, too long or not UTF-8."""
        try:
            text = b"".join(values)
        except TypeError:
            return None
        if len(text) > self._event_bytes and max(map(len, values)) > self._event_bytes:
            return None
        return text if text.isascii() or _is_utf8(text) else None

    def _events(self, values: list[Any]) -> list[Any]:
        """The struct of each value, or its refusal."""
        events: list[Any] = []
        remaining = map(self._fast, values)
        while True:
            try:
                # At an exception, what came before it has been appended, and the iterator stands behind it.
                events.extend(remaining)
            except UNREADABLE:
                events.append(self._slow.read(values[len(events)]))
            else:
                return events


class _Gathered:
    """What is gathered while a run of records is decoded."""

    def __init__(self, owners: dict[Any, Shape]) -> None:
        self._owners = owners
        self._columns: dict[tuple[Any, bool], Columns] = {}
        self._pending: dict[Any, tuple[list[Any], list[int]]] = {}
        self._refused: dict[int, Refusal] = {}
        self._first: dict[str, int] = {}
        self._tombstones = 0
        self.duplicate_keys = 0

    def accepts(self, position: int, value: bytes | None, limit: int) -> bool:
        """Whether a value can be read at all; if not, it is counted."""
        if value is None:
            self._tombstones += 1
        elif len(value) > limit:
            self._refused[position] = refusals.too_large(len(value), limit)
        else:
            try:
                value.decode()
            except UnicodeDecodeError as error:
                self._refused[position] = refusals.not_utf8(value, error.start)
            else:
                return True
        return False

    def add(self, events: list[Any], positions: np.ndarray[Any, np.dtype[np.int64]], kinds: set[Any]) -> None:
        """Add a chunk of structs and refusals, of these types."""
        if len(kinds) == 1 and tuple not in kinds:
            kind = kinds.pop()
            self._flush(kind)
            self._add_kind(kind, events, positions)
            return
        for event, position in zip(events, positions.tolist(), strict=True):
            if type(event) is tuple:
                self._refused[position] = event
                continue
            pending = self._pending.get(type(event))
            if pending is None:
                pending = self._pending[type(event)] = ([], [])
            pending[0].append(event)
            pending[1].append(position)
        for kind in kinds - {tuple}:
            if len(self._pending[kind][0]) >= CHUNK:
                self._flush(kind)

    def _flush(self, kind: Any) -> None:
        pending = self._pending.pop(kind, None)
        if pending is not None:
            self._add_kind(kind, pending[0], np.array(pending[1], dtype=np.int64))

    def _add_kind(self, kind: Any, events: list[Any], positions: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        """Add structs of one model, told apart as predictions and labels."""
        shape = self._owners[kind]
        self._first.setdefault(shape.model.name, int(positions[0]))
        if ("", "error") in shape.raw:
            for event, error in zip(events, read_raw([e.error for e in events], ERROR), strict=True):
                event.error = error
        if all(map(_PREDICTION, events)):
            self._add_columns(kind, events, positions, is_label=False)
            return
        sides: list[int | None] = []
        for event, position in zip(events, positions.tolist(), strict=True):
            known = event.prediction is not None or event.error
            sides.append(0 if known else None if event.actual is None else 1)
            if sides[-1] is None:
                self._refused[position] = refusals.no_content()
        for side in (0, 1):
            chosen = [i for i, s in enumerate(sides) if s == side]
            if chosen:
                self._add_columns(kind, [events[i] for i in chosen], positions[chosen], is_label=bool(side))

    def _add_columns(
        self, kind: Any, events: list[Any], positions: np.ndarray[Any, np.dtype[np.int64]], *, is_label: bool
    ) -> None:
        columns = self._columns.get((kind, is_label))
        if columns is None:
            columns = self._columns[kind, is_label] = Columns(self._owners[kind], is_label=is_label)
        columns.add(events, positions)

    def first_values(self, records: Sequence[Record]) -> Iterator[tuple[str, bytes | None]]:
        """Of each model that was met, the first event."""
        return ((name, records[position].value) for name, position in self._first.items())

    def finish(self, records: Sequence[Record]) -> Decoded:
        """The batches, and what was refused."""
        for kind in list(self._pending):
            self._flush(kind)
        offsets = np.fromiter(map(attrgetter("offset"), records), dtype=np.int64, count=len(records))
        record_ms = np.fromiter(map(attrgetter("timestamp"), records), dtype=np.int64, count=len(records))
        decoded = Decoded(tombstones=self._tombstones, duplicate_keys=self.duplicate_keys)
        chosen = [
            self._columns[kind, is_label]
            for kind in self._owners
            for is_label in (False, True)
            if (kind, is_label) in self._columns
        ]
        event_ms = parse(list(chain.from_iterable(columns.timestamps for columns in chosen)))
        end = 0
        for columns in chosen:
            start, end = end, end + len(columns.timestamps)
            batch, refused = columns.finish(event_ms[start:end], offsets, record_ms)
            self._refused |= refused
            decoded.batches += [batch] if len(batch) else []
        for position in sorted(self._refused):
            reason, detail = self._refused[position]
            decoded.rejects.append(Reject(records[position], reason, detail))
        return decoded


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
