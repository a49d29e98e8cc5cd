"""What is compared: each column says in which windows it alarms, and on what.

The settings were chosen before any judged run and are the same in every scenario. An effect must be at least
half as large as the smallest that has an aim (0.1 standard deviations, a spread of 1.1): 0.05 of the mean and
of the spread, and what a shift of 0.05 to 0.07 makes of KS and PSI.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.quality.scenarios import LEVEL
from bench.quality.traffic import MODEL
from service.config.monitor import Monitor
from service.evaluation.evaluate import evaluate
from service.evaluation.result import Evaluated, Verdict
from service.windows.closed import ClosedWindow

Alarm = tuple[str, str]
"""Feature and slice."""

SERVICE = "Driftline"
FIXED = {"PSI ≥ 0.1": 0.1, "PSI ≥ 0.2": 0.2}
UNCALIBRATED = "uncalibrated"
EVIDENTLY, NANNYML = "Evidently", "NannyML"
OWN = (SERVICE, UNCALIBRATED, *FIXED)
PEERS = (EVIDENTLY, NANNYML)
COLUMNS = (*OWN, *PEERS)

THRESHOLDS = {"psi": 0.005, "ks": 0.02, "mean_shift": 0.05, "std_shift": 0.05,
              "missing_ratio": 0.03, "positive_rate": 0.22}  # fmt: skip


def _monitor(name: str, metric: str, threshold: float, **more: Any) -> Monitor:
    return Monitor.model_validate({"name": name, "metric": metric, "threshold": threshold} | more)


MONITORS = (
    *(_monitor(SERVICE, metric, threshold, alpha=LEVEL) for metric, threshold in THRESHOLDS.items()),
    # On the same results, so they add no test; without a test of their own the value alone decides.
    *(_monitor(name, "psi", threshold, alpha=None) for name, threshold in FIXED.items()),
)


def judged(window: ClosedWindow, monitors: Sequence[Monitor] = MONITORS) -> Evaluated:
    """What the service makes of a window."""
    return evaluate(window, MODEL, monitors)


def alarms(evaluated: Evaluated) -> dict[str, set[Alarm]]:
    """What the monitors of each of the service's columns alarm on."""
    found: dict[str, set[Alarm]] = {SERVICE: set(), **{name: set() for name in FIXED}}
    for judgement in evaluated.judgements:
        if judgement.verdict is Verdict.BREACH:
            found[judgement.monitor.name].add((judgement.result.feature, judgement.result.slice))
    return found
