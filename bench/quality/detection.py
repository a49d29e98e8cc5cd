"""Runs every scenario and counts what each column found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from bench.quality.columns import FIXED, OWN, SERVICE, UNCALIBRATED, Alarm, alarms, judged
from bench.quality.intervals import Between, Share
from bench.quality.judges import Judges
from bench.quality.scenarios import LEVEL, Scenario
from bench.quality.traffic import Process, events_of, reference_of, windows_of
from detectors.building import Reference
from detectors.profile import Profile
from service.evaluation.result import Evaluated


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


Tests = Counter[tuple[str, str, bool, bool]]
"""Single tests by column, metric, whether on ``all``, and whether at or below the level."""


@dataclass(frozen=True)
class Outcome:
    """A scenario, the tallies of all columns that were run, and the single tests of the service's."""

    scenario: Scenario
    tallies: Mapping[str, Tally]
    tests: Tests = field(default_factory=Counter)

    @property
    def verdict(self) -> str:
        """Whether the service's column reaches the aim.

        ``met`` asks for the whole interval on the good side; where the scenario has a limit of its own, for
        the value at the aim and the upper end at the limit. ``missed`` is an interval on the bad side.
        """
        aim, limit = self.scenario.aim, self.scenario.limit
        found = self.tallies[SERVICE].windows
        if aim is None:
            return ""
        if self.scenario.drifts:
            return "met" if found.lower > aim else "missed" if found.upper < aim else "undecided"
        if found.lower > aim:
            return "missed"
        good = found.upper < aim if limit is None else found.k <= aim * found.n and found.upper <= limit
        return "met" if good else "undecided"


def run(
    scenarios: Sequence[Scenario],
    seed: int,
    runs: int,
    windows_max: int,
    judges: Judges,
    peer_windows: Mapping[str, int],
) -> Iterator[Outcome]:
    """Every scenario in its runs, each against a reference of its own.

    Parameters
    ----------
    peer_windows
        By peer that is run how many windows of a scenario it judges, in whole runs, at least one.
    """
    for number, scenario in enumerate(scenarios):
        windows = min(scenario.windows, windows_max)
        outcome = Outcome(scenario, {name: Tally() for name in (*OWN, *peer_windows)})
        for turn in range(runs * scenario.runs):
            asked = [name for name, most in peer_windows.items() if turn < max(most // windows, 1)]
            _run_once(outcome, seed, (number, turn), windows, judges, asked)
        yield outcome


def _run_once(
    outcome: Outcome, seed: int, place: tuple[int, int], windows: int, judges: Judges, asked: Sequence[str]
) -> None:
    scenario = outcome.scenario
    records, profile = _reference(scenario.process, seed, place[1])
    plain = replace(profile, calibration=None)
    rng = np.random.default_rng([seed, 1, *place])
    events = [events_of(rng, scenario.process, scenario.drift, number) for number in range(windows)]
    answers = judges.ask(asked, records, events)
    for name in (*OWN, *asked):
        outcome.tallies[name].hits.append([])
    for number, hour in enumerate(events):
        for name, found in _alarms(profile, plain, hour, number, outcome.tests).items():
            outcome.tallies[name].hits[-1].append(_hit(scenario, found))
    for name, answer in answers().items():
        # The peers are handed everything at once: their alarms are on `all`.
        outcome.tallies[name].hits[-1] += [
            _hit(scenario, {(c, "all") for c in columns}) for columns in answer
        ]


def _alarms(
    profile: Profile, plain: Profile, events: Reference, number: int, tests: Tests
) -> dict[str, set[Alarm]]:
    """By column of the service what it alarms on in one window; single tests are added to ``tests``."""
    found: dict[str, set[Alarm]] = {name: set() for name in OWN}
    for column, reference in ((SERVICE, profile), (UNCALIBRATED, plain)):
        for window in windows_of(reference, events, number):
            evaluated = judged(window)
            said = alarms(evaluated)
            found[column] |= said[SERVICE]
            _count(column, evaluated, tests)
            if column == SERVICE:
                for name in FIXED:
                    found[name] |= said[name]
    return found


def _count(column: str, evaluated: Evaluated, tests: Tests) -> None:
    for result in evaluated.results:
        if result.p_value is not None:
            tests[column, result.metric, result.slice == "all", result.p_value <= LEVEL] += 1


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
def _reference(process: Process, seed: int, turn: int) -> tuple[Reference, Profile]:
    kind = [round(1000 * process.phi), round(1000 * process.season)]
    return reference_of(np.random.default_rng([seed, 0, *kind, turn]), process)
