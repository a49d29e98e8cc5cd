"""When a model's alerts ask for retraining or a rollback: one request in flight, a cooldown, an expiry.

Retraining and rollback of one model are gated apart: a rollback is urgent and cannot wait for a training.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

import msgspec

from service.alerts.notice import AlertNotice, Evidence, TriggerKind, TriggerNotice, fingerprint
from service.alerts.text import trigger_summary
from service.alerts.tracked import Moment
from service.config.receivers import RetrainingSpec

RETRAINING: TriggerKind = "model.retraining.requested"
ROLLBACK: TriggerKind = "model.rollback.requested"
EVIDENCE_MAX = 100
"""Alerts listed in one request; the rest are counted in ``evidence_omitted``."""

RetrainingEvent = Literal["started", "finished"]


class GateReason(StrEnum):
    """Whether a request may be made now, and if not, why; a closed set."""

    OPEN = "open"
    IN_FLIGHT = "in_flight"
    """A request was made and nobody has reported on it, nor has it expired."""
    RUNNING = "running"
    """A retraining was reported started and not yet finished."""
    COOLDOWN = "cooldown"
    """Too soon after the last request, or after the last retraining ended."""


class Gate(msgspec.Struct, kw_only=True):
    """What is remembered of one model's requests of one kind; times in event time, None: never."""

    model: str
    kind: TriggerKind
    requested_ms: int | None = None
    expires_ms: int | None = None
    running_since_ms: int | None = None
    finished_ms: int | None = None


def look(gate: Gate, spec: RetrainingSpec, at_ms: int) -> GateReason:
    """Whether a request may be made at ``at_ms``.

    A retraining whose end is never reported counts as running for the longer of cooldown and expiry and no
    longer, so that one lost report cannot silence a model for good.
    """
    longest = max(spec.cooldown, spec.expire)
    if gate.running_since_ms is not None and at_ms < gate.running_since_ms + longest:
        return GateReason.RUNNING
    if gate.expires_ms is not None and at_ms < gate.expires_ms:
        return GateReason.IN_FLIGHT
    last = max((ms for ms in (gate.requested_ms, gate.finished_ms) if ms is not None), default=None)
    if last is not None and at_ms < last + spec.cooldown:
        return GateReason.COOLDOWN
    return GateReason.OPEN


def request(gate: Gate, spec: RetrainingSpec, alerts: Sequence[AlertNotice], moment: Moment) -> TriggerNotice:
    """Make the request that an open gate allows, and close the gate behind it.

    Parameters
    ----------
    alerts
        Every alert of the model that breaches now and asks for this, in order of identity; not empty.
    """
    window = moment.window
    at_ms = window.end_ms
    ids = [alert.id for alert in alerts]
    gate.requested_ms = at_ms
    gate.expires_ms = at_ms + spec.expire
    notice = TriggerNotice(
        trigger_id=fingerprint(gate.kind, gate.model, window.version, window.name, at_ms, *ids),
        kind=gate.kind,
        model=gate.model,
        model_version=window.version,
        requested_ms=at_ms,
        expires_ms=at_ms + spec.expire,
        evidence=tuple(_evidence(alert) for alert in alerts[:EVIDENCE_MAX]),
        evidence_omitted=max(0, len(alerts) - EVIDENCE_MAX),
        summary="",
        config_digest=moment.config_digest,
        position=moment.position,
    )
    return msgspec.structs.replace(notice, summary=trigger_summary(notice))


def report(gate: Gate, event: RetrainingEvent, at_ms: int) -> None:
    """Take in that a retraining started or finished; either way the request is no longer unanswered."""
    gate.expires_ms = None
    if event == "started":
        gate.running_since_ms = at_ms
    else:
        gate.running_since_ms = None
        gate.finished_ms = at_ms


def _evidence(alert: AlertNotice) -> Evidence:
    return Evidence(
        alert_id=alert.alert_id,
        transition_id=alert.id,
        alertname=alert.alertname,
        severity=alert.severity,
        model_version=alert.model_version,
        feature=alert.feature,
        slice=alert.slice,
        metric=alert.metric,
        value=alert.value,
        threshold=alert.threshold,
        p_adjusted=alert.p_adjusted,
        n=alert.n,
        reference_n=alert.reference_n,
        reference_id=alert.reference_id,
        baseline=alert.baseline,
        window=alert.window,
    )
