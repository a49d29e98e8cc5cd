"""Which alert belongs to which incident: the demo's account of itself, made from the alerts alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from service.alerts.notice import AlertNotice, AlertState
from service.demo.incidents import Incident


@dataclass(slots=True)
class Line:
    """What was found of one incident.

    Attributes
    ----------
    fired
        The first alert in the right slice and feature; None until it fires.
    resolved_ms
        Event time at which that alert resolved; None until it does.
    also_in
        Further slices that fired for the same feature.
    """

    incident: Incident
    fired: AlertNotice | None = None
    resolved_ms: int | None = None
    also_in: list[str] = field(default_factory=list)

    @property
    def found_after_ms(self) -> int | None:
        """Event time from the beginning of the incident to the alert."""
        return None if self.fired is None else self.fired.started_ms - self.incident.start_ms

    @property
    def complete(self) -> bool:
        """Whether it was found in the right place, and resolved after the incident ended."""
        return self.resolved_ms is not None and self.resolved_ms >= self.incident.end_ms


class Scorecard:
    """Takes every transition of an alert.

    Parameters
    ----------
    lengths_ms
        Of the windows by name: a window still holds an incident for so long after its end.
    """

    def __init__(self, incidents: Iterable[Incident], lengths_ms: Mapping[str, int]) -> None:
        self.lines = [Line(incident) for incident in incidents]
        self.others = 0
        """Alerts that fired and belong to no incident."""
        self._lengths_ms = lengths_ms
        self._owners: dict[str, Line] = {}

    def take(self, notice: AlertNotice) -> Incident | None:
        """Account for a transition; the incident that it belongs to, None when it is of the real world."""
        if notice.state is AlertState.FIRING:
            line = self._owner(notice)
            if line is None:
                self.others += 1
                self._owners.pop(notice.alert_id, None)
                return None
            self._owners[notice.alert_id] = line
            self._fired(line, notice)
            return line.incident
        line = self._owners.get(notice.alert_id)
        if line is None:
            return None
        if line.fired is not None and line.fired.alert_id == notice.alert_id:
            line.resolved_ms = notice.resolved_ms
        return line.incident

    @property
    def complete(self) -> bool:
        """Whether every incident was found and resolved."""
        return all(line.complete for line in self.lines)

    def _owner(self, notice: AlertNotice) -> Line | None:
        length_ms = self._lengths_ms[notice.window.name]
        for line in self.lines:
            incident = line.incident
            during = incident.start_ms < notice.started_ms <= incident.end_ms + length_ms
            if during and notice.feature == incident.feature:
                return line
        return None

    @staticmethod
    def _fired(line: Line, notice: AlertNotice) -> None:
        if notice.slice != line.incident.slice:
            if notice.slice not in line.also_in:
                line.also_in.append(notice.slice)
        elif line.fired is None:
            line.fired = notice
        elif line.fired.alert_id == notice.alert_id:
            line.resolved_ms = None
