"""What is remembered of one thing that a monitor judges, and what one more window makes of it.

Two alerts can be open for it: the monitor's own, and ``<monitor>-no-data`` once windows without data pile up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from service.alerts.explain import explanation_lines
from service.alerts.machine import Memory, Phase, decide
from service.alerts.notice import AlertNotice, AlertState, Reason, fingerprint, rfc3339
from service.alerts.text import alert_description, alert_summary, no_data_description, no_data_summary
from service.config.monitor import Monitor
from service.evaluation.result import Interval, Judgement, Verdict
from service.windows.closed import ClosedWindow

NO_DATA_SUFFIX = "-no-data"
_STATES = {
    Phase.PENDING: AlertState.PENDING,
    Phase.FIRING: AlertState.FIRING,
    Phase.IDLE: AlertState.RESOLVED,
}


class Tracked(msgspec.Struct, kw_only=True):
    """State of one (monitor, feature, slice) in one model version and window.

    Attributes
    ----------
    rule
        Digest of the monitor's deciding fields when it was last judged.
    alert, no_data
        What was last stated of its two alerts, while they are pending or firing.
    silent_windows
        Windows in a row without data, those in which it did not appear at all among them.
    absent_windows
        Windows in a row in which it did not appear at all.
    """

    monitor: str
    severity: str
    feature: str
    slice: str
    rule: str
    memory: Memory = Memory()
    alert: AlertNotice | None = None
    no_data: AlertNotice | None = None
    silent_windows: int = 0
    absent_windows: int = 0

    def forgettable(self, end_ms: int) -> bool:
        """Whether nothing would differ if it had never been tracked."""
        idle = self.memory.phase is Phase.IDLE and self.memory.quiet_until_ms <= end_ms
        return idle and self.no_data is None and self.silent_windows == 0


@dataclass(frozen=True, slots=True)
class Moment:
    """The window being judged, and what every notice of it carries."""

    window: ClosedWindow
    config_digest: str
    position: int
    against: Mapping[str, str]


def advance(
    state: Tracked, monitor: Monitor, judgement: Judgement | None, moment: Moment
) -> list[AlertNotice]:
    """Take in one window; None stands for a thing that did not appear in it.

    Returns
    -------
    list of AlertNotice
        At most one for each of the two alerts.
    """
    verdict = Verdict.NO_DATA if judgement is None else judgement.verdict
    state.absent_windows = state.absent_windows + 1 if judgement is None else 0
    state.silent_windows = state.silent_windows + 1 if verdict is Verdict.NO_DATA else 0
    if not monitor.insufficient_after and state.memory.phase is Phase.IDLE:
        state.silent_windows = 0  # nobody will ask, and a count would keep the state alive
    notices = [_advance_alert(state, monitor, verdict, judgement, moment)]
    notices.append(_advance_no_data(state, monitor, judgement, moment))
    return [notice for notice in notices if notice is not None]


def close(state: Tracked, reason: Reason, at_ms: int, position: int) -> list[AlertNotice]:
    """Resolve whatever is open, for a reason that is not in the data."""
    closed = []
    if state.alert is not None:
        notice = _resolve(state.alert, reason, at_ms, position)
        text = alert_description(notice, None, state.memory, state.silent_windows)
        closed.append(msgspec.structs.replace(notice, summary=alert_summary(notice), description=text))
    if state.no_data is not None:
        notice = _resolve(state.no_data, reason, at_ms, position)
        summary, text = no_data_summary(notice, state.silent_windows), no_data_description(notice, None)
        closed.append(msgspec.structs.replace(notice, summary=summary, description=text))
    state.alert = state.no_data = None
    return closed


def _advance_alert(
    state: Tracked, monitor: Monitor, verdict: Verdict, judgement: Judgement | None, moment: Moment
) -> AlertNotice | None:
    before = state.memory.phase
    state.memory, reason = decide(monitor, state.memory, verdict, moment.window.end_ms)
    if reason is None:
        return None
    after = state.memory.phase
    at_ms = moment.window.end_ms
    base = state.alert
    if judgement is not None and verdict is not Verdict.NO_DATA:
        base = _seen(state, monitor, monitor.name, judgement, moment, base)
    assert base is not None, "an alert begins with data"
    changed = before is not after
    if after is Phase.IDLE:
        notice = _resolve(base, reason, at_ms, moment.position)
    else:
        notice = msgspec.structs.replace(
            base,
            id=_transition_id(base, _STATES[after], at_ms) if changed else base.id,
            state=_STATES[after],
            transition=changed,
            reason=reason,
            started_ms=at_ms if changed else base.started_ms,
            at_ms=at_ms,
            fired=after is Phase.FIRING,
            contributions=_contributions(base, judgement, asked=changed and after is Phase.FIRING),
            position=moment.position,
        )
    text = alert_description(notice, monitor, state.memory, state.silent_windows)
    notice = msgspec.structs.replace(notice, summary=alert_summary(notice), description=text)
    state.alert = None if after is Phase.IDLE else notice
    return notice


def _advance_no_data(
    state: Tracked, monitor: Monitor, judgement: Judgement | None, moment: Moment
) -> AlertNotice | None:
    at_ms = moment.window.end_ms
    base, opened = state.no_data, state.no_data is not None
    if state.silent_windows == 0:
        if base is None:
            return None
        notice = _resolve(base, Reason.DATA_RETURNED, at_ms, moment.position)
    elif not opened and not 0 < monitor.insufficient_after <= state.silent_windows:
        return None
    else:
        base = _seen(state, monitor, monitor.name + NO_DATA_SUFFIX, judgement, moment, base)
        notice = msgspec.structs.replace(
            base,
            id=base.id if opened else _transition_id(base, AlertState.FIRING, at_ms),
            transition=not opened,
            reason=Reason.INSUFFICIENT_DATA,
            at_ms=at_ms,
            position=moment.position,
        )
    summary = no_data_summary(notice, state.silent_windows)
    notice = msgspec.structs.replace(
        notice, summary=summary, description=no_data_description(notice, monitor), value=None, threshold=None
    )
    state.no_data = notice if notice.state is AlertState.FIRING else None
    return notice


def _seen(
    state: Tracked,
    monitor: Monitor,
    alertname: str,
    judgement: Judgement | None,
    moment: Moment,
    before: AlertNotice | None,
) -> AlertNotice:
    """The statement before, or a first one, with the numbers of this window and the monitor as it is now."""
    window, result = moment.window, judgement.result if judgement else None
    return msgspec.structs.replace(
        before or _first(state, monitor, alertname, moment),
        metric=monitor.metric,
        value=result.value if result else None,
        threshold=monitor.threshold,
        below=monitor.below,
        lower=result.lower if result else None,
        upper=result.upper if result else None,
        p_adjusted=result.p_adjusted if result else None,
        n=result.n if result else 0,
        reference_n=result.reference_n if result else None,
        reference_id=result.reference_id if result else None,
        baseline=monitor.baseline,
        against=moment.against.get(monitor.baseline, monitor.baseline),
        change=result.change if result else None,
        window=Interval(rfc3339(window.start_ms), rfc3339(window.end_ms), window.name),
        runbook_url=monitor.runbook_url,
        config_digest=moment.config_digest,
    )


def _first(state: Tracked, monitor: Monitor, alertname: str, moment: Moment) -> AlertNotice:
    window = moment.window
    identity = (state.severity, window.model, window.version, state.feature, state.slice, window.name)
    return AlertNotice(
        id="",
        alert_id=fingerprint(alertname, *identity),
        state=AlertState.FIRING,
        transition=True,
        reason=Reason.BREACH,
        alertname=alertname,
        severity=state.severity,
        model=window.model,
        model_version=window.version,
        feature=state.feature,
        slice=state.slice,
        metric=monitor.metric,
        threshold=monitor.threshold,
        below=monitor.below,
        window=Interval(rfc3339(window.start_ms), rfc3339(window.end_ms), window.name),
        started_ms=window.end_ms,
        at_ms=window.end_ms,
        fired=True,
        runbook_url=monitor.runbook_url,
        config_digest=moment.config_digest,
        position=moment.position,
    )


def _resolve(notice: AlertNotice, reason: Reason, at_ms: int, position: int) -> AlertNotice:
    return msgspec.structs.replace(
        notice,
        id=_transition_id(notice, AlertState.RESOLVED, at_ms),
        state=AlertState.RESOLVED,
        transition=True,
        reason=reason,
        resolved_ms=at_ms,
        at_ms=at_ms,
        position=position,
    )


def _transition_id(notice: AlertNotice, state: AlertState, at_ms: int) -> str:
    return fingerprint(notice.alert_id, state.value, at_ms)


def _contributions(base: AlertNotice, judgement: Judgement | None, *, asked: bool) -> tuple[str, ...]:
    if not asked or judgement is None:
        return base.contributions
    return explanation_lines(judgement.result)
