"""Follows the traffic: the order in which a producer writes its keys, and the values it often mistypes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from service.events.leaves import UNREADABLE
from service.events.shapes import Shape
from service.events.slow import Envelope, Place

PERIOD = 4096
"""Records between two looks at what was mistyped."""

OFTEN = 128
"""From here on the slow way costs more than reading the value apart in every event of a period."""

_envelope = msgspec.json.Decoder(Envelope)
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Adapter:
    """Decides what is compiled anew. It sees counts and keys only, never a clock.

    Parameters
    ----------
    mistyped
        How often each leaf was not of its type; emptied every ``PERIOD`` records.
    """

    def __init__(self, shapes: Mapping[str, Shape], mistyped: Counter[Place]) -> None:
        self._shapes = shapes
        self._mistyped = mistyped
        self._unknown_order = set(shapes)
        self._seen = 0

    def learn(self, records: int, first: Iterable[tuple[str, bytes | None]]) -> bool:
        """Take in a run of records; whether any shape was compiled anew."""
        changed = self._learn_order(first) if self._unknown_order else set()
        changed |= self._learn_mistyped()
        self._seen += records
        if self._seen >= PERIOD:
            self._seen = 0
            self._mistyped.clear()
        for name in changed:
            self._shapes[name].compile()
        return bool(changed)

    def _learn_order(self, first: Iterable[tuple[str, bytes | None]]) -> set[str]:
        changed = set()
        for name, value in first:
            if name not in self._unknown_order or value is None:
                continue
            try:
                envelope = _envelope.decode(value)
            except UNREADABLE:
                continue
            for key in self._shapes[name].kinds:
                order = _order(getattr(envelope, key))
                if order:
                    self._shapes[name].order[key] = order
                    changed.add(name)
            self._unknown_order.discard(name)
        return changed

    def _learn_mistyped(self) -> set[str]:
        changed = set()
        for (name, key, leaf), count in self._mistyped.items():
            place = (key, leaf)
            if count >= OFTEN and place not in self._shapes[name].raw:
                self._shapes[name].raw.add(place)
                changed.add(name)
        return changed


def _order(raw: msgspec.Raw) -> tuple[str, ...]:
    try:
        return tuple(_keys.decode(raw))
    except UNREADABLE:
        return ()
