"""Reads the events that a compiled decoder refuses, value by value, so that one bad value spoils no other.

The same struct types come out, with the same values, only slower.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from detectors.fields import INVALID
from service.events import leaves, refusals
from service.events.leaves import UNREADABLE
from service.events.refusals import Refusal
from service.events.repair import rewritten, without_tokens
from service.events.shapes import Part, Shape

Raw = msgspec.Raw
_NULL = Raw(b"null")
_ABSENT = Raw(b"")

Place = tuple[str, str, str]
"""A leaf: model, object within the event, key."""


class Envelope(msgspec.Struct):
    """An event of any model, its values still JSON."""

    model: Raw = _NULL
    model_version: Raw = _NULL
    timestamp: Raw = _NULL
    features: Raw = _NULL
    prediction: Raw = _NULL
    error: Raw = _NULL
    actual: Raw = _NULL
    tags: Raw = _NULL
    latency_ms: Raw = _ABSENT


_envelope = msgspec.json.Decoder(Envelope)
_object = msgspec.json.Decoder(dict[str, Raw])
_string = msgspec.json.Decoder(str)


@dataclass(eq=False)
class SlowReader:
    """Reads events value by value.

    Attributes
    ----------
    fast
        The compiled decoder, for values that need nothing but a repair.
    mistyped
        How often each leaf was not of its type.
    """

    shapes: Mapping[str, Shape]
    fast: Callable[[bytes], Any]
    mistyped: Counter[Place] = field(default_factory=Counter)

    def read(self, value: bytes) -> Any | Refusal:
        """The event as its model's struct, or why it is none."""
        try:
            return self._open(_envelope.decode(value))
        except msgspec.ValidationError:
            return refusals.not_an_object(value)
        except RecursionError:
            return refusals.not_json(value, "nested too deeply")
        except msgspec.DecodeError as error:
            why = str(error).removeprefix("JSON is malformed: ")
        return self._repaired(value, why)

    def _repaired(self, value: bytes, why: str) -> Any | Refusal:
        """The event in what is nearly JSON; often it is fit for the compiled decoder then."""
        strict = without_tokens(value)
        for decode in (self.fast, lambda repaired: self._open(_envelope.decode(repaired))):
            try:
                return decode(strict)
            except UNREADABLE:
                pass
        try:
            return self._open(_envelope.decode(rewritten(value)))
        except msgspec.ValidationError:
            return refusals.not_an_object(value)
        except json.JSONDecodeError:
            return refusals.not_json(value, why)
        except ValueError as error:
            return refusals.not_json(value, str(error))

    def _open(self, envelope: Envelope) -> Any | Refusal:
        if envelope.model == _NULL:
            return refusals.no_model()
        try:
            name = _string.decode(envelope.model)
        except UNREADABLE:
            return refusals.bad_model(_text(envelope.model))
        shape = self.shapes.get(name)
        return refusals.unknown_model(name) if shape is None else self._event(shape, envelope)

    def _event(self, shape: Shape, envelope: Envelope) -> Any | Refusal:
        version = leaves.VERSION.value(envelope.model_version)
        timestamp = leaves.TIMESTAMP.value(envelope.timestamp)
        if timestamp is INVALID:
            return refusals.bad_timestamp(_text(envelope.timestamp), "neither a string nor a finite number")
        if version is INVALID:
            return refusals.bad_version(_text(envelope.model_version))
        prediction = self._part(shape, "prediction", envelope.prediction)
        error, typed = leaves.ERROR.read(envelope.error)
        if not typed:
            self.mistyped[shape.model.name, "", "error"] += 1
        actual = _truth(shape, envelope.actual)
        if actual is None and envelope.actual != _NULL and prediction is None and not error:
            return refusals.empty_label(_text(envelope.actual), shape.answer)
        features = self._part(shape, "features", envelope.features)
        tags = self._part(shape, "tags", envelope.tags)
        if features is None:
            features = shape.parts["features"].type()
        event = shape.event(version, timestamp, features, prediction, error, actual, tags)
        if shape.model.latency and envelope.latency_ms != _ABSENT:
            event.latency_ms, typed = leaves.LATENCY.read(envelope.latency_ms)
            if not typed:
                self.mistyped[shape.model.name, "", "latency_ms"] += 1
        return event

    def _part(self, shape: Shape, key: str, raw: Raw) -> Any:
        """A part's struct; None if it is null or missing."""
        if raw == _NULL:
            return None
        part = shape.parts[key]
        try:
            found = _object.decode(raw)
        except UNREADABLE:
            return part.type(*(leaf.otherwise(_NO_SCALAR) for leaf in part.leaves))
        return part.type(*self._values(shape, key, part, found))

    def _values(self, shape: Shape, key: str, part: Part, found: dict[str, Raw]) -> list[object]:
        values: list[object] = []
        for name, leaf in zip(part.names, part.leaves, strict=True):
            raw = found.get(name)
            if raw is None:
                values.append(leaf.absent)
                continue
            value, typed = leaf.read(raw)
            values.append(value)
            if not typed:
                self.mistyped[shape.model.name, key, name] += 1
        return values


_NO_SCALAR = Raw(b"[]")


def _truth(shape: Shape, raw: Raw) -> Any:
    try:
        found = _object.decode(raw)
    except UNREADABLE:
        return None
    answer = found.get(shape.answer)
    value = None if answer is None else shape.true_leaf.value(answer)
    return None if value is None else shape.truth(value)


def _text(raw: Raw) -> str:
    return bytes(raw).decode("utf-8", "replace")
