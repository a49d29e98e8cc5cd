"""What a person reads of an alert at three in the morning."""

from __future__ import annotations

from service.alerts.machine import Memory
from service.alerts.notice import AlertNotice, AlertState, Reason, TriggerNotice
from service.config.monitor import CHANGE, Monitor

_WHY = {
    Reason.STILL_BREACHING: "The last window breached again.",
    Reason.NOT_YET_GOOD: "The last window did not breach, but that is not enough to resolve.",
    Reason.COOLDOWN: "It resolved a short time ago and is kept quiet until its cooldown ends.",
    Reason.RECOVERED: "Resolved: it is back on the good side.",
    Reason.LAPSED: "It went back to normal before it fired.",
    Reason.ABANDONED: "Resolved without new data: the slice has not been seen for very long.",
    Reason.MONITOR_REMOVED: "Resolved: the configuration no longer has this monitor.",
    Reason.MONITOR_CHANGED: "Resolved: the monitor was changed and no longer judges this.",
    Reason.VERSION_RETIRED: "Resolved: this model version is no longer watched.",
    Reason.DATA_RETURNED: "Resolved: there is data again.",
}


def subject(notice: AlertNotice) -> str:
    """What the alert is about: ``credit 7: psi of age in region=eu``; and what it is compared with, unless
    that is the reference.
    """
    model = f"{notice.model} {notice.model_version}".strip()
    of = f" of {notice.feature}" if notice.feature else ""
    where = "" if notice.slice == "all" else f" in {notice.slice}"
    against = "" if notice.baseline == "reference" else f" against {notice.against}"
    return f"{model}: {notice.metric}{of}{where}{against}"


def alert_summary(notice: AlertNotice) -> str:
    """One line: what, where, value against threshold; and that it is over, when it is."""
    if notice.threshold is None or notice.value is None:
        line = f"{subject(notice)} has no value"
    elif notice.metric.startswith(CHANGE) and notice.change is not None:
        moved = "rose" if notice.change > 0 else "fell"
        line = f"{subject(notice)}: it {moved}, {notice.value:.3g} times what the detector takes for chance"
    else:
        breach = "at or below" if notice.below else "at or above"
        line = f"{subject(notice)} is {notice.value:.4g} (alerts {breach} {notice.threshold:g})"
    return f"resolved: {line}" if notice.state is AlertState.RESOLVED else line


def alert_description(
    notice: AlertNotice, monitor: Monitor | None, memory: Memory, silent_windows: int
) -> str:
    """Several lines: the numbers, over which events, against what, why it stands so and how it ends."""
    window = notice.window
    lines = [f"Window {window.name}, {window.start} to {window.end}: {_sample(notice)}."]
    if notice.p_adjusted is not None:
        lines.append(f"Adjusted p-value {notice.p_adjusted:.3g}.")
    if notice.lower is not None and notice.upper is not None:
        lines.append(f"Binning leaves the value between {notice.lower:.4g} and {notice.upper:.4g}.")
    if notice.reason is Reason.NO_DATA:
        lines.append(f"Held as it was: {_windows(silent_windows)} without enough data since.")
    elif notice.reason in _WHY:
        lines.append(_WHY[notice.reason])
    if monitor is not None and notice.state is not AlertState.RESOLVED:
        lines += _rule(notice, monitor, memory)
    lines += notice.contributions
    return "\n".join(lines)


def no_data_summary(notice: AlertNotice, silent_windows: int) -> str:
    """One line of the alert about missing data."""
    if notice.state is AlertState.RESOLVED:
        return f"resolved: {subject(notice)} is no longer waiting for data"
    return f"{subject(notice)} cannot be judged: {_windows(silent_windows)} without enough data"


def no_data_description(notice: AlertNotice, monitor: Monitor | None) -> str:
    """Several lines: what is missing and what to look at."""
    window = notice.window
    lines = [f"Last window {window.name}, {window.start} to {window.end}: {_sample(notice)}."]
    if notice.reason in _WHY:
        lines.append(_WHY[notice.reason])
    elif monitor is not None:
        lines.append(
            f"The monitor {monitor.name} needs more events, or a reference, to say anything; until then "
            "drift here goes unseen. Does the slice still get traffic, and does the model have a profile?"
        )
    return "\n".join(lines)


def trigger_summary(notice: TriggerNotice) -> str:
    """One line: what is asked for, and on how many alerts that rests."""
    action = "retraining" if notice.kind == "model.retraining.requested" else "rollback"
    total = len(notice.evidence) + notice.evidence_omitted
    model = f"{notice.model} {notice.model_version}".strip()
    return f"{action} of {model} requested: {total} firing alert{'' if total == 1 else 's'}"


def _rule(notice: AlertNotice, monitor: Monitor, memory: Memory) -> list[str]:
    lines = []
    of = monitor.hysteresis.of
    if of > 1:
        breaches, needed = memory.history.count("x"), monitor.hysteresis.windows
        lines.append(f"{breaches} of the last {of} windows with data breached; {needed} make it fire.")
    if notice.state is AlertState.FIRING:
        mark = monitor.threshold if monitor.resolve_threshold is None else monitor.resolve_threshold
        side = "above" if monitor.below else "below"
        lines.append(f"Resolves after {_windows(monitor.resolve_after)} in a row {side} {mark:g}.")
    return lines


def _sample(notice: AlertNotice) -> str:
    events = f"{notice.n:,} event{'' if notice.n == 1 else 's'}"
    if notice.reference_n is None:
        return events
    identity = f" {notice.reference_id}" if notice.reference_id and notice.baseline == "reference" else ""
    return f"{events} against {notice.reference_n:,} of {notice.against}{identity}"


def _windows(count: int) -> str:
    return f"{count} window{'' if count == 1 else 's'}"
