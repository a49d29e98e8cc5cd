"""The alerts that Alertmanager has to hear of again and again: open ones, and those that resolved of late."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from service.alerts.notice import AlertNotice, AlertState, Notice
from service.alerts.render import sent_to_alertmanager

RESOLVED_MS = 900_000
"""How long a resolved alert is sent again."""


class Taken(NamedTuple):
    """What taking in notices led to: alerts to send at once, and how many others were pushed out."""

    fresh: list[str]
    dropped: int


class Outbox:
    """Latest statement of each alert; the oldest are dropped beyond ``limit``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._latest: dict[str, AlertNotice] = {}
        self._resolved_since: dict[str, int] = {}

    def __len__(self) -> int:
        """How many alerts are kept."""
        return len(self._latest)

    def get(self, alert_id: str) -> AlertNotice | None:
        """Latest statement of an alert."""
        return self._latest.get(alert_id)

    def take(self, notices: Iterable[Notice], now_ms: int) -> Taken:
        """Take in statements; an older one than the one known is ignored.

        Returns
        -------
        Taken
            Fresh are transitions, and open alerts not known before (after a restart, say).
        """
        fresh: dict[str, None] = {}
        for notice in notices:
            if isinstance(notice, AlertNotice) and sent_to_alertmanager(notice) and self._put(notice, now_ms):
                fresh[notice.alert_id] = None
        dropped = 0
        while len(self._latest) > self._limit:
            oldest = next(iter(self._latest))
            self._forget(oldest)
            fresh.pop(oldest, None)
            dropped += 1
        return Taken(list(fresh), dropped)

    def due(self, now_ms: int) -> list[str]:
        """Alerts to send at a resend; those resolved for long enough are forgotten first."""
        for alert_id, since in list(self._resolved_since.items()):
            if now_ms - since > RESOLVED_MS:
                self._forget(alert_id)
        return list(self._latest)

    def _put(self, notice: AlertNotice, now_ms: int) -> bool:
        alert_id = notice.alert_id
        known = self._latest.get(alert_id)
        if known is not None and (notice.position, notice.at_ms) < (known.position, known.at_ms):
            return False
        fresh = known is None or known.id != notice.id
        if fresh:
            self._forget(alert_id)  # so that it goes to the young end
        self._latest[alert_id] = notice
        if notice.state is AlertState.RESOLVED:
            self._resolved_since.setdefault(alert_id, now_ms)
        return fresh

    def _forget(self, alert_id: str) -> None:
        self._latest.pop(alert_id, None)
        self._resolved_since.pop(alert_id, None)
