"""The monitors in force, by what identifies their alerts, and whether one of them was changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from service.alerts.tracked import NO_DATA_SUFFIX
from service.config.monitor import Monitor
from service.errors import ConfigError

RuleKey = tuple[str, str]
"""A monitor's name and severity."""


def by_identity(monitors: Iterable[Monitor]) -> dict[RuleKey, Monitor]:
    """Monitors by name and severity.

    Raises
    ------
    ConfigError
        When two of them would raise alerts of one identity.
    """
    rules: dict[RuleKey, Monitor] = {}
    taken: set[RuleKey] = set()
    for monitor in monitors:
        own = [monitor.name, monitor.name + NO_DATA_SUFFIX] if monitor.insufficient_after else [monitor.name]
        for name in own:
            if (name, monitor.severity) in taken:
                raise ConfigError(
                    f"two monitors raise alerts named {name!r} with severity {monitor.severity}: they would "
                    "open and resolve each other's alerts; give one of them another `name` or `severity`",
                    reason="duplicate_monitor",
                )
            taken.add((name, monitor.severity))
        rules[monitor.name, monitor.severity] = monitor
    return rules


def rule_digest(monitor: Monitor) -> str:
    """Digest of the fields that decide; a new runbook does not make a new rule."""
    text = monitor.model_dump_json(exclude={"runbook_url", "retrain", "rollback"})
    return hashlib.sha256(text.encode()).hexdigest()[:16]
