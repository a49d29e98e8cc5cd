"""The figures as Markdown tables, and as JSON with everything that was counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.quality.columns import FIXED, SERVICE, THRESHOLDS
from bench.quality.dependence import Rate
from bench.quality.detection import COLUMNS, Outcome, Tally
from bench.quality.online import RunLength
from bench.quality.scenarios import LEVEL
from bench.quality.seasonal import SameHour


def detection_table(outcomes: Sequence[Outcome]) -> str:
    """False windows and power by column, with the aim of the service's column beside it."""
    head = ("scenario", "figure", *COLUMNS, "aim", "")
    rows = []
    for outcome in outcomes:
        scenario = outcome.scenario
        shares = (str(outcome.tallies[name].windows) for name in COLUMNS)
        sign = "≥" if scenario.drifts else "≤"
        aim = "" if scenario.aim is None else f"{sign} {100 * scenario.aim:.0f} %"
        figure = "power in a window" if scenario.drifts else "false windows"
        if scenario.drift.ramp:
            figure = "windows found"
        rows.append((scenario.name, figure, *shares, aim, outcome.verdict))
    return table(head, rows)


def delay_table(outcomes: Sequence[Outcome]) -> str:
    """Time to detect, missed runs and time between false alarms, in windows."""
    head = ("scenario", "figure", *COLUMNS)
    rows = []
    for outcome in outcomes:
        tallies = [outcome.tallies[name] for name in COLUMNS]
        name = outcome.scenario.name
        if not outcome.scenario.drifts:
            rows.append((name, "between false windows", *(str(tally.between) for tally in tallies)))
            continue
        rows.append((name, "windows to detect, where found", *(_delay(tally) for tally in tallies)))
        most = len(tallies[0].hits[0])
        rows.append((name, f"runs of {most} missed", *(str(tally.missed) for tally in tallies)))
    return table(head, rows)


def rate_table(rates: Sequence[Rate]) -> str:
    """False alarms of single tests, before and after calibration."""
    rows = [(f"{r.phi:g}", str(r.windows), r.test, str(r.plain), str(r.calibrated)) for r in rates]
    return table(("φ", "reference windows", "test", "as independent", "calibrated"), rows)


def same_hour_table(found: Sequence[SameHour]) -> str:
    """A daily wave against both kinds of reference."""
    rows = [(line.scenario, str(line.reference), str(line.same_hour)) for line in found]
    return table(("with a daily wave of 0.3 sd", "against the reference", "against the same hour"), rows)


def run_length_table(lengths: Sequence[RunLength]) -> str:
    """Run lengths to a false alarm by dependence, and delays by step."""
    first = lengths[0]
    head = (
        "detector",
        *(f"between false alarms, φ = {phi}" for phi in first.between),
        *(f"delay of {step} sd" for step in first.delay),
    )
    rows = []
    for found in lengths:
        delays = (_median(found.delay[step], found.missed[step]) for step in found.delay)
        rows.append((found.detector, *(str(between) for between in found.between.values()), *delays))
    return table(head, rows)


def document(
    outcomes: Sequence[Outcome],
    seasonal: Sequence[SameHour],
    rates: Sequence[Rate],
    lengths: Sequence[RunLength],
) -> dict[str, Any]:
    """Everything counted, for JSON."""
    return {
        "settings": {"alpha": LEVEL, "thresholds": THRESHOLDS, "fixed": FIXED, "judged": SERVICE},
        "detection": [_outcome(outcome) for outcome in outcomes],
        "seasonal": [asdict(line) for line in seasonal],
        "dependence": [asdict(rate) for rate in rates],
        "online": [asdict(found) for found in lengths],
    }


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    scenario = outcome.scenario
    return {
        "scenario": scenario.name, "process": asdict(scenario.process), "drift": asdict(scenario.drift),
        "feature": scenario.feature, "aim": scenario.aim, "verdict": outcome.verdict,
        "columns": {
            name: {
                "windows": asdict(tally.windows), "missed_runs": asdict(tally.missed),
                "windows_to_detect": tally.delay, "windows_between": asdict(tally.between),
                "runs": ["".join("x" if hit else "." for hit in run) for run in tally.hits],
            }
            for name, tally in outcome.tallies.items()
        },
    }  # fmt: skip


def _delay(tally: Tally) -> str:
    return "–" if tally.delay is None else f"{tally.delay:.1f}"


def _median(delay: float | None, missed: float) -> str:
    if delay is None:
        return "not seen"
    return f"{delay:.0f}" + (f", {100 * missed:.0f} % missed" if missed else "")
