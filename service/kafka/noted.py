"""What evaluation says in the log: transitions, requests, learned references, windows that lack something."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from service.alerts.notice import AlertNotice, TriggerNotice
from service.evaluation.result import Evaluated
from service.pipeline import Effect
from service.windows.late import Late

log = logging.getLogger(__name__)

LATE_EVERY_S = 60.0
"""How often a model may have a line about windows for which something came too late."""


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


class LateNotes:
    """Names windows for which totals came too late: the last of them, now and then.

    Parameters
    ----------
    clock
        Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._quiet_until_s: dict[str, float] = {}

    def note(self, model: str, late: Late) -> None:
        """Say it, unless the model has had a line within :data:`LATE_EVERY_S`: then the next one tells."""
        if self._clock() < self._quiet_until_s.get(model, 0.0):
            return
        window = late.take()
        if window is None:
            return
        self._quiet_until_s[model] = self._clock() + LATE_EVERY_S
        where = {"model": model, "model_version": window.version, "window": window.name}
        lacking = {"end_ms": window.end_ms, "statements": window.statements}
        log.warning("totals came too late for their window", extra={**where, **lacking})
