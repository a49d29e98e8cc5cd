"""How a notice looks to a receiver: an Alertmanager alert, or a Standard Webhooks event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from service.alerts.notice import AlertNotice, AlertState, Notice, TriggerNotice, rfc3339
from service.config.receivers import EventType

FEATURE_DASHBOARD = "driftline-feature"
"""Uid of the Grafana dashboard that an alert links to: one feature and slice of one model version."""

MODEL_DASHBOARD = "driftline-model"
"""Uid of the dashboard that a request links to: one model version."""

_INTERNAL = ("notice", "transition", "fired", "position")


class WebhookEvent(NamedTuple):
    """A Standard Webhooks event: the same notice gives the same id and the same bytes."""

    type: EventType
    webhook_id: str
    body: bytes


def alertmanager_payload(
    notice: AlertNotice,
    now_ms: int,
    resend_ms: int,
    extra_labels: Mapping[str, str] | None = None,
    dashboard_url: str | None = None,
) -> dict[str, Any]:
    """One element of the array that ``POST /api/v2/alerts`` takes.

    Parameters
    ----------
    notice
        Firing or resolved; ``sent_to_alertmanager`` says whether it should be sent at all.
    now_ms
        Wall-clock time. Event time may run ahead of it, and Alertmanager takes an end in the future for
        firing, so that neither a start nor a resolution is stated later than this.
    resend_ms
        A firing alert ends by itself after four missed resends.
    extra_labels
        Added; a label of the identity wins over one of the same name.
    dashboard_url
        Base address of Grafana.
    """
    firing = notice.state is AlertState.FIRING
    ends_ms = now_ms + 4 * resend_ms if firing else min(notice.resolved_ms or now_ms, now_ms)
    payload: dict[str, Any] = {
        "labels": {**(extra_labels or {}), **identity_labels(notice)},
        "annotations": _annotations(notice),
        "startsAt": rfc3339(min(notice.started_ms, ends_ms, now_ms)),
        "endsAt": rfc3339(ends_ms),
    }
    link = dashboard_link(notice, dashboard_url)
    return {**payload, "generatorURL": link} if link else payload


def sent_to_alertmanager(notice: Notice) -> bool:
    """Whether Alertmanager is told: of alerts that fire, or did."""
    return isinstance(notice, AlertNotice) and notice.fired


def identity_labels(notice: AlertNotice) -> dict[str, str]:
    """The labels that identify the alert; empty ones are left out, as Alertmanager would drop them."""
    labels = {
        "alertname": notice.alertname,
        "severity": notice.severity,
        "model": notice.model,
        "model_version": notice.model_version,
        "feature": notice.feature,
        "slice": notice.slice,
        "window": notice.window.name,
    }
    return {name: value for name, value in labels.items() if value}


def webhook_event(notice: Notice, dashboard_url: str | None = None) -> WebhookEvent | None:
    """The event of a notice, or None when it is none: a pending alert, or a restatement."""
    kind: EventType
    if isinstance(notice, TriggerNotice):
        kind, webhook_id, at_ms = notice.kind, notice.trigger_id, notice.requested_ms
    elif notice.fired and notice.transition:
        firing = notice.state is AlertState.FIRING
        kind = "drift.alert.firing" if firing else "drift.alert.resolved"
        webhook_id, at_ms = notice.id, notice.at_ms
    else:
        return None
    data = _data(notice) | {"report_url": dashboard_link(notice, dashboard_url)}
    body = msgspec.json.encode({"type": kind, "timestamp": rfc3339(at_ms), "data": data})
    return WebhookEvent(kind, webhook_id, body)


def dashboard_link(notice: Notice, dashboard_url: str | None) -> str | None:
    """Address of the dashboard on the thing alerted about; None without a Grafana."""
    if not dashboard_url:
        return None
    uid, variables = MODEL_DASHBOARD, {"model": notice.model, "model_version": notice.model_version}
    if isinstance(notice, AlertNotice):
        place = {"slice": notice.slice, "feature": notice.feature, "window": notice.window.name}
        uid, variables = FEATURE_DASHBOARD, variables | place
    query = urlencode({f"var-{name}": value for name, value in variables.items() if value})
    return f"{dashboard_url.rstrip('/')}/d/{uid}?{query}"


def _annotations(notice: AlertNotice) -> dict[str, str]:
    """What is known of the alert, as text; what does not exist is left out."""
    facts: dict[str, object] = {
        "summary": notice.summary,
        "description": notice.description,
        "runbook_url": notice.runbook_url,
        "metric": notice.metric,
        "value": notice.value,
        "threshold": notice.threshold,
        "p_adjusted": notice.p_adjusted,
        "n": notice.n,
        "reference_n": notice.reference_n,
        "reference_id": notice.reference_id,
        "window_start": notice.window.start,
        "window_end": notice.window.end,
        "reason": notice.reason.value,
        "alert_id": notice.alert_id,
        "config_digest": notice.config_digest,
    }
    return {name: str(fact) for name, fact in facts.items() if fact is not None}


def _data(notice: Notice) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(notice)
    return {name: value for name, value in data.items() if name not in _INTERNAL}
