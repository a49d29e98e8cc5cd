"""What no section can see on its own: names that must meet, and rules that could never hold."""

from __future__ import annotations

from collections.abc import Iterator

from service.config.checks import deciding, kafka, models, monitors, receivers, totals
from service.config.checks.parts import Parts
from service.config.problems import Finding


def cross_checks(parts: Parts) -> Iterator[Finding]:
    """Every mistake between the sections of a configuration."""
    for check in (kafka.check, models.check, monitors.check, deciding.check, totals.check, receivers.check):
        yield from check(parts)
