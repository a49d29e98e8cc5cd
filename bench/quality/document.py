"""Everything that was counted, as one JSON document: the source of every table and picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bench.quality.columns import FIXED, SERVICE, THRESHOLDS, UNCALIBRATED
from bench.quality.dependence import Rate
from bench.quality.detection import Outcome, Tally, Tests
from bench.quality.intervals import Share
from bench.quality.online import RunLength
from bench.quality.scenarios import LEVEL
from bench.quality.seasonal import SameHour


def document(
    outcomes: Sequence[Outcome],
    seasonal: Sequence[SameHour],
    rates: Sequence[Rate],
    lengths: Sequence[RunLength],
    peers: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Everything counted.

    Parameters
    ----------
    peers
        By peer its versions and its methods by column.
    """
    return {
        "settings": {
            "alpha": LEVEL, "thresholds": THRESHOLDS, "fixed": FIXED, "judged": SERVICE, "peers": peers,
        },
        "detection": [_outcome(outcome) for outcome in outcomes],
        "tests": [line for outcome in outcomes if not outcome.scenario.drifts for line in _tests(outcome)],
        "seasonal": [asdict(line) for line in seasonal],
        "dependence": [asdict(rate) for rate in rates],
        "online": [asdict(found) for found in lengths],
    }  # fmt: skip


def _outcome(outcome: Outcome) -> dict[str, Any]:
    scenario = outcome.scenario
    return {
        "scenario": scenario.name, "process": asdict(scenario.process), "drift": asdict(scenario.drift),
        "feature": scenario.feature, "aim": scenario.aim, "limit": scenario.limit, "verdict": outcome.verdict,
        "columns": {name: _tally(tally) for name, tally in outcome.tallies.items()},
    }  # fmt: skip


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "windows": asdict(tally.windows), "missed_runs": asdict(tally.missed),
        "windows_to_detect": tally.delay, "windows_between": asdict(tally.between),
        "runs": ["".join("x" if hit else "." for hit in run) for run in tally.hits],
    }  # fmt: skip


def _tests(outcome: Outcome) -> list[dict[str, Any]]:
    """Single tests at the level on traffic without drift, by metric; on ``all`` and on the other slices."""
    tests = outcome.tests
    metrics = dict.fromkeys(metric for _, metric, _, _ in tests)
    return [
        {
            "scenario": outcome.scenario.name, "metric": metric,
            "all": asdict(_share(tests, SERVICE, metric, everything=True)),
            "slices": asdict(_share(tests, SERVICE, metric, everything=False)),
            "uncalibrated": asdict(_share(tests, UNCALIBRATED, metric, everything=True)),
        }
        for metric in metrics
    ]  # fmt: skip


def _share(tests: Tests, column: str, metric: str, *, everything: bool) -> Share:
    alarms = tests[column, metric, everything, True]
    return Share.of(alarms, alarms + tests[column, metric, everything, False])
