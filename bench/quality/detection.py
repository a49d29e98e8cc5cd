"""Runs every scenario and counts what each column found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from bench.quality.calibrated import Calibrated
from bench.quality.columns import CALIBRATED, FIXED, MONITORS, SERVICE, Alarm, alarms
from bench.quality.intervals import Between, Share
from bench.quality.scenarios import Scenario
from bench.quality.traffic import MODEL, Process, reference_of, window_of
from service.evaluation.evaluate import evaluate

COLUMNS = (SERVICE, CALIBRATED, *FIXED)


@dataclass
class Tally:
    """What one column said in one scenario.

    Attributes
    ----------
    hits
        By run and window: with drift, whether it was found; without, whether anything alarmed.
    """

    hits: list[list[bool]] = field(default_factory=list)

    @property
    def windows(self) -> Share:
        """Windows that were hit."""
        return Share.of(sum(map(sum, self.hits)), sum(map(len, self.hits)))

    @property
    def missed(self) -> Share:
        """Runs that were never hit."""
        return Share.of(sum(not any(run) for run in self.hits), len(self.hits))

    @property
    def delay(self) -> float | None:
        """Mean number of windows to the first hit, over the runs that were hit; 1 is the first window."""
        delays = [run.index(True) + 1 for run in self.hits if any(run)]
        return sum(delays) / len(delays) if delays else None

    @property
    def between(self) -> Between:
        """Windows between hits."""
        return Between.of(self.windows.k, self.windows.n)


@dataclass(frozen=True)
class Outcome:
    """A scenario and the tallies of all columns."""

    scenario: Scenario
    tallies: dict[str, Tally]

    @property
    def verdict(self) -> str:
        """Whether the service's column reaches the aim; ``undecided`` when the interval holds it."""
        aim, found = self.scenario.aim, self.tallies[SERVICE].windows
        if aim is None:
            return ""
        if found.lower <= aim <= found.upper:
            return "undecided"
        return "met" if (found.lower > aim) == self.scenario.drifts else "missed"


def run(scenarios: Sequence[Scenario], seed: int, runs: int, windows_max: int) -> Iterator[Outcome]:
    """Every scenario in ``runs`` runs, each against a reference of its own."""
    for number, scenario in enumerate(scenarios):
        tallies = {name: Tally() for name in COLUMNS}
        for turn in range(runs):
            _run_once(scenario, seed, (number, turn), tallies, min(scenario.windows, windows_max))
        yield Outcome(scenario, tallies)


def _run_once(
    scenario: Scenario, seed: int, place: tuple[int, int], tallies: dict[str, Tally], windows: int
) -> None:
    reference = _reference(scenario.process, seed, place[1])
    rng = np.random.default_rng([seed, 1, *place])
    for tally in tallies.values():
        tally.hits.append([])
    for number in range(windows):
        window = window_of(rng, reference.profile, scenario.process, scenario.drift, number)
        found = alarms(evaluate(window, MODEL, MONITORS))
        found[CALIBRATED] = reference.alarms(window.totals)
        for name, tally in tallies.items():
            tally.hits[-1].append(_hit(scenario, found[name]))


def _hit(scenario: Scenario, found: Iterable[Alarm]) -> bool:
    """Whether an alarm is on what drifts: its feature, and a slice whose events changed or ``all``."""
    if not scenario.drifts:
        return any(True for _ in found)
    slices = {"all", scenario.drift.slice}
    return any(
        feature == scenario.feature and (scenario.drift.slice == "all" or name in slices)
        for feature, name in found
    )


@lru_cache(maxsize=64)
def _reference(process: Process, seed: int, turn: int) -> Calibrated:
    kind = [round(1000 * process.phi), round(1000 * process.season)]
    records, profile = reference_of(np.random.default_rng([seed, 0, *kind, turn]), process)
    return Calibrated.of(profile, records)
