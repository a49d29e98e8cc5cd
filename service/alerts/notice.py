"""What the alerts topic and ``replay --alerts`` carry: statements about alerts, and requests to act.

All of it is JSON with a fixed order of fields, the same to the byte whenever the same windows are judged.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal

import msgspec

from service.evaluation.result import Interval


class AlertState(StrEnum):
    """Where an alert stands."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Reason(StrEnum):
    """Why an alert stands where it stands; a closed set, the same word in logs, metrics and payloads."""

    BREACH = "breach"
    """Enough of the last windows breached: it fires."""
    STILL_BREACHING = "still_breaching"
    """It fires, and this window breached again."""
    NOT_YET_GOOD = "not_yet_good"
    """It fires; this window did not breach, but that is not enough to resolve."""
    NO_DATA = "no_data"
    """This window says nothing; the state is held."""
    TOO_FEW_BREACHES = "too_few_breaches"
    """Pending: some of the last windows breached, fewer than asked."""
    COOLDOWN = "cooldown"
    """Pending: it would fire, but it resolved too short a time ago."""
    RECOVERED = "recovered"
    """Resolved: enough good windows in a row."""
    LAPSED = "lapsed"
    """Pending ended without ever firing."""
    INSUFFICIENT_DATA = "insufficient_data"
    """The alert about missing data fires: too many windows in a row said nothing."""
    DATA_RETURNED = "data_returned"
    """The alert about missing data resolved."""
    ABANDONED = "abandoned"
    """Resolved: its slice has not been seen for so long that nobody expects it back."""
    MONITOR_REMOVED = "monitor_removed"
    """Resolved: the configuration no longer has this monitor."""
    MONITOR_CHANGED = "monitor_changed"
    """Resolved: the monitor was changed and no longer judges this."""
    VERSION_RETIRED = "version_retired"
    """Resolved: the model version is no longer watched."""


TriggerKind = Literal["model.retraining.requested", "model.rollback.requested"]


class AlertNotice(msgspec.Struct, frozen=True, kw_only=True, tag="alert", tag_field="notice"):
    """One statement about one alert.

    Attributes
    ----------
    id
        Identifies the transition for ever: an idempotency key. A restatement bears the id it restates.
    alert_id
        Fingerprint of the identity: alertname, severity, model, version, feature, slice and window name.
    transition
        Whether the state changed; False restates an open alert, for a delivery that started in between.
    fired
        False while the alert has only been pending: nobody was told, so nobody is told that it ended.
    started_ms
        Event time (a window's end) at which it began to fire, or to be pending.
    at_ms
        Event time of this statement: the end of the window judged.
    value, p_adjusted, n, reference_n, reference_id, lower, upper, change, window
        From the last window that had data.
    baseline, against
        What the window is compared with: as monitors name it, and in words.
    position
        How far the evaluator had read; of two statements about one alert the higher position is the newer.
    """

    id: str
    alert_id: str
    state: AlertState
    transition: bool
    reason: Reason
    alertname: str
    severity: str
    model: str
    model_version: str
    feature: str
    slice: str
    metric: str
    value: float | None = None
    threshold: float | None
    below: bool
    lower: float | None = None
    upper: float | None = None
    p_adjusted: float | None = None
    n: int = 0
    reference_n: int | None = None
    reference_id: str | None = None
    baseline: str = "reference"
    against: str = "the reference"
    change: float | None = None
    window: Interval
    started_ms: int
    resolved_ms: int | None = None
    at_ms: int
    fired: bool
    summary: str = ""
    description: str = ""
    contributions: tuple[str, ...] = ()
    runbook_url: str | None
    config_digest: str
    position: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A firing alert that a trigger rests on."""

    alert_id: str
    transition_id: str
    alertname: str
    severity: str
    model_version: str
    feature: str
    slice: str
    metric: str
    value: float | None
    threshold: float | None
    p_adjusted: float | None
    n: int
    reference_n: int | None
    reference_id: str | None
    baseline: str = "reference"
    window: Interval


class TriggerNotice(msgspec.Struct, frozen=True, kw_only=True, tag="trigger", tag_field="notice"):
    """A request to retrain or roll back a model.

    Attributes
    ----------
    trigger_id
        Idempotency key: the same request has the same id however often it is made or delivered.
    requested_ms, expires_ms
        Event time of the request, and from when on nobody should act on it.
    evidence, evidence_omitted
        The alerts that breach now, at most ``EVIDENCE_MAX``; and how many more there are.
    """

    trigger_id: str
    kind: TriggerKind
    model: str
    model_version: str
    requested_ms: int
    expires_ms: int
    evidence: tuple[Evidence, ...]
    evidence_omitted: int
    summary: str
    config_digest: str
    position: int


Notice = AlertNotice | TriggerNotice

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Notice] = msgspec.json.Decoder(Notice)


def encode(notice: Notice) -> bytes:
    """One JSON object, without a newline; fields always in the same order."""
    return _ENCODER.encode(notice)


def decode(data: bytes) -> Notice:
    """The notice that ``encode`` wrote.

    Raises
    ------
    msgspec.DecodeError
        When the bytes are no notice.
    """
    return _DECODER.decode(data)


def topic_key(notice: Notice) -> bytes:
    """Key on the alerts topic: statements about one alert, or one model's triggers, stay in order."""
    if isinstance(notice, AlertNotice):
        return notice.alert_id.encode()
    return fingerprint(notice.kind, notice.model).encode()


def fingerprint(*parts: str | int) -> str:
    """128 bits, in hex, that stand for the parts; no two lists of parts are confused.

    >>> fingerprint("a", "bc") == fingerprint("ab", "c")
    False
    """
    return hashlib.sha256(_ENCODER.encode(parts)).hexdigest()[:32]


def rfc3339(ms: int) -> str:
    """A time in UTC as RFC 3339 text, with milliseconds where there are any.

    >>> rfc3339(1_787_393_703_120), rfc3339(0)
    ('2026-08-22T10:15:03.120Z', '1970-01-01T00:00:00Z')
    """
    seconds, rest = divmod(ms, 1000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:03d}Z" if rest else f"{text}Z"
