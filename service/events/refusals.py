"""The sentences that go with a refused record: field, value, consequence, mend."""

from __future__ import annotations

from service.events.batch import Reason

Refusal = tuple[Reason, str]
"""Why a record is refused, and the sentence for the dead-letter header."""

_SHOWN = 80
"""Characters of a value that a detail shows."""


def shown(text: str) -> str:
    r"""A value as a detail shows it: one line, and no longer than is needed to recognise it.

    >>> shown("a\nb")
    'a\\nb'
    >>> len(shown("x" * 10_000))
    100
    """
    cut = (
        text[:_SHOWN].encode("unicode_escape").decode("ascii")
        if not text[:_SHOWN].isprintable()
        else text[:_SHOWN]
    )
    return cut if len(text) <= _SHOWN else f"{cut}… ({len(text)} characters)"


def too_large(size: int, limit: int) -> Refusal:
    """The record is longer than the configuration allows."""
    return Reason.TOO_LARGE, (
        f"the value has {size} bytes, more than the limit of {limit}: the event was not read; "
        "send less in it, or raise `limits.event_bytes`"
    )


def not_utf8(value: bytes, place: int) -> Refusal:
    """The bytes are no UTF-8, which JSON must be."""
    return Reason.NOT_JSON, (
        f"byte {place} of the value is 0x{value[place]:02x}, which is not UTF-8: the event was not counted; "
        "encode it as UTF-8 JSON"
    )


def not_json(value: bytes, why: str) -> Refusal:
    """A parser could not read the value."""
    begins = shown(value[: 4 * _SHOWN].decode("utf-8", "replace")) if value else "(empty)"
    return Reason.NOT_JSON, (
        f"the value is not JSON ({why}), it begins with {begins}: the event was not counted; "
        "send one JSON object in UTF-8 a record, and check the source's `format`"
    )


def not_an_object(value: bytes) -> Refusal:
    """JSON, but a list, a string, a number, a literal."""
    return Reason.NOT_AN_EVENT, (
        f"the value is {shown(value[: 4 * _SHOWN].decode('utf-8', 'replace'))}, not a JSON object: "
        "it was not counted; send one object a record, with `model`, `timestamp` and `prediction` or `actual`"
    )


def no_model() -> Refusal:
    """The event does not say whose it is."""
    return Reason.NOT_AN_EVENT, (
        "`model` is missing: the event belongs to no model and was not counted; "
        "set `model` to the name of a configured model"
    )


def bad_model(text: str) -> Refusal:
    """The event names its model by something other than a string."""
    return Reason.NOT_AN_EVENT, (
        f"`model` is {shown(text)}, not a string: the event belongs to no model and was not counted; "
        "set `model` to the name of a configured model"
    )


def unknown_model(name: str) -> Refusal:
    """The event's model is not configured."""
    return Reason.UNKNOWN_MODEL, (
        f'`model` is "{shown(name)}", which is not configured: the event was not counted; '
        "add the model to `models`, or correct the name in the producer"
    )


def no_content() -> Refusal:
    """Neither a prediction nor a label nor a failure."""
    return Reason.NOT_AN_EVENT, (
        "`prediction`, `actual` and `error` are all missing: the event says nothing and was not counted; "
        "set `prediction` (or `error` for a failed request), or `actual` for a label"
    )


def empty_label(actual: str, key: str) -> Refusal:
    """A label event whose label cannot be read."""
    return Reason.NOT_AN_EVENT, (
        f"`actual` is {shown(actual)}, which holds no usable `{key}`: the label was not counted; "
        f"set `actual.{key}` to {'a number' if key == 'value' else 'a string, number or boolean'}"
    )


def unknown_version(version: str, accepted: tuple[str, ...]) -> Refusal:
    """The event's version is not among the accepted ones."""
    known = ", ".join(f'"{v}"' for v in accepted[:5]) + (", …" if len(accepted) > 5 else "")
    return Reason.UNKNOWN_VERSION, (
        f'`model_version` is "{shown(version)}", not one of {known}: the event was not counted; '
        "add it to the model's `versions`, or correct it in the producer"
    )


def long_version(version: str, limit: int) -> Refusal:
    """A version that no label or key could carry."""
    return Reason.UNKNOWN_VERSION, (
        f'`model_version` is "{shown(version)}", longer than {limit} characters: the event was not counted; '
        "send a short version"
    )


def bad_version(text: str) -> Refusal:
    """A version that is no scalar."""
    return Reason.UNKNOWN_VERSION, (
        f"`model_version` is {shown(text)}, neither a string nor a number: the event was not counted; "
        "send the version as a string"
    )


def no_timestamp() -> Refusal:
    """The event does not say when it happened."""
    return Reason.NO_TIMESTAMP, (
        "`timestamp` is missing: the event belongs to no window and was not counted; "
        "set it to an RFC 3339 time or to epoch milliseconds"
    )


def bad_timestamp(text: str, why: str) -> Refusal:
    """The event's time cannot be read, or is no time of an event."""
    return Reason.BAD_TIMESTAMP, (
        f"`timestamp` is {shown(text)}, {why}: the event belongs to no window and was not counted; "
        "send an RFC 3339 time with an offset, such as 2026-08-22T10:15:03.120Z, or epoch milliseconds"
    )
