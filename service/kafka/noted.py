"""What evaluation says in the log: transitions, requests, learned references, windows that lack records."""

from __future__ import annotations

import logging

from service.alerts.notice import AlertNotice, TriggerNotice
from service.evaluation.result import Evaluated
from service.pipeline import Effect

log = logging.getLogger(__name__)


def note(effect: Effect) -> None:
    """Say an effect that is told for the first time; most windows are not worth a line."""
    if isinstance(effect, Evaluated):
        window = effect.window
        if window.incomplete:
            where = {"model": window.model, "model_version": window.version, "window": window.name}
            log.warning("window incomplete", extra={**where, "end_ms": window.end_ms})
    elif isinstance(effect, AlertNotice):
        if effect.transition:
            _alert(effect)
    elif isinstance(effect, TriggerNotice):
        which = {"kind": effect.kind, "model": effect.model, "trigger_id": effect.trigger_id}
        log.warning("request made", extra=which)
    else:
        profile = effect.profile
        which = {"model": profile.model, "model_version": profile.version, "reference_id": profile.id}
        log.info("reference learned", extra=which)


def _alert(alert: AlertNotice) -> None:
    which = {
        "state": alert.state, "reason": alert.reason, "alertname": alert.alertname, "model": alert.model,
        "model_version": alert.model_version, "slice": alert.slice, "feature": alert.feature, "id": alert.id,
    }  # fmt: skip
    log.info("alert changed", extra=which)
