"""Totals, PSI and KS of 30 features over 5,000 rows, by Driftline, Evidently and NannyML in turns.

Each has its reference of 50,000 rows ready before the clock starts: Driftline its profile, NannyML its fitted
calculator, Evidently its data set, for it has nothing to fit. The clock runs from columns in memory to what
drifted, and counts CPU time of one thread. Driftline counts as its workers do; the whole evaluation, with
all its other metrics, p-values and verdicts, is clocked apart.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.peers.files import write
from bench.peers.peer import Peer
from bench.quality.scenarios import LEVEL
from detectors.building import Reference, build_profile
from detectors.groups import decile_groups, group_counts
from detectors.ks import ks
from detectors.layout import COUNTERS, Rows
from detectors.profile import Profile
from detectors.psi import psi
from detectors.totals.accumulate import accumulate
from detectors.totals.measuring import Measuring
from service.config.model import Model
from service.config.monitor import Monitor
from service.evaluation.evaluate import evaluate
from service.windows.closed import ClosedWindow

ROWS, REFERENCE_ROWS = 5_000, 50_000
FEATURES = tuple(f"x{i:02d}" for i in range(30))
SHIFT = 0.3
"""Of the first feature, in standard deviations, so that there is something to say."""

REPEATS = {"Driftline": 50, "NannyML": 10, "Evidently": 1}
"""Windows of one turn: as many as it takes to read the clock well."""

PSI, KS = 0.05, 0.1
"""From where on a feature counts as drifted."""

MODEL = Model.model_validate(
    {
        "name": "speed",
        "features": {name: {"type": "numeric"} for name in FEATURES},
        "windows": [{"length": "1h"}],
    }
)
MONITORS = tuple(
    Monitor.model_validate({"name": metric, "metric": metric, "threshold": threshold})
    for metric, threshold in (("psi", PSI), ("ks", KS))
)


@dataclass(frozen=True, slots=True)
class Turn:
    """CPU milliseconds of one window, measured one after another.

    ``evaluation_ms`` is that of Driftline's whole evaluation of the totals, instead of PSI and KS alone.
    """

    driftline_ms: float
    evaluation_ms: float
    nannyml_ms: float
    evidently_ms: float


class Driftline:
    """What is known of a reference before any window comes."""

    def __init__(self, profile: Profile) -> None:
        self._profile, self._layout = profile, profile.layout
        self._measuring = Measuring(self._layout)
        places = range(len(self._layout.numeric))
        self._cells = np.array([self._layout.values(profile.totals, i)[0] for i in places])
        self._groups = decile_groups(self._cells)
        self._grouped = group_counts(self._cells, self._groups)

    def totals(self, window: Reference) -> Rows:
        """Counts and moments of a window, int64[1, row size]."""
        totals = self._layout.zeros(1)
        cells, sums, _ = self._measuring.measured([window.numeric], [], window.counters)
        accumulate(totals, np.zeros(len(sums), np.int64), cells.T.astype(np.int64) + self._layout.sums, sums)
        return totals

    def psi_and_ks(self, window: Reference) -> set[str]:
        """The features that drift by either."""
        totals = self.totals(window)
        cells = np.array([self._layout.values(totals, i)[0] for i in range(len(FEATURES))])
        shares = psi(self._grouped, group_counts(cells, self._groups))
        distance = ks(self._cells, cells)
        beyond = (shares.value >= PSI) & (shares.p_value <= LEVEL)
        beyond |= (distance.lower >= KS) & (distance.p_value <= LEVEL)
        return {FEATURES[i] for i in np.flatnonzero(beyond)}

    def evaluated(self, window: Reference) -> set[str]:
        """The features that drift by the service's own evaluation."""
        closed = ClosedWindow(
            "speed", "1", "1h", 0, 3_600_000, ("all",), self.totals(window), self._layout, self._profile
        )
        results = evaluate(closed, MODEL, MONITORS).results
        return {result.feature for result in results if result.status == "drift"}


def turns(rounds: int) -> Iterator[Turn]:
    """So many turns of all three on the same rows; asks for the peers' environment."""
    rng = np.random.default_rng(30)
    reference, window = _drawn(rng, REFERENCE_ROWS, 0.0), _drawn(rng, ROWS, SHIFT)
    own = Driftline(build_profile("speed", "1", reference).profile)
    own.evaluated(window)  # computes what is kept of a profile
    with (
        tempfile.TemporaryDirectory(prefix="driftline-speed-") as name,
        Peer("NannyML") as nannyml,
        Peer("Evidently") as evidently,
    ):
        folder = Path(name)
        before = write([reference], folder / "reference.parquet", outcomes=False)
        files = {
            peer.name: write([window] * REPEATS[peer.name], folder / f"{peer.name}.parquet", outcomes=False)
            for peer in (nannyml, evidently)
        }
        for peer in (nannyml, evidently):
            peer.clock(before, files[peer.name], ROWS)  # the first call loads code
        for _ in range(rounds):
            ours = (_clocked(work, window) for work in (own.psi_and_ks, own.evaluated))
            others = (
                1e3 * peer.clock(before, files[peer.name], ROWS).cpu_s / REPEATS[peer.name]
                for peer in (nannyml, evidently)
            )
            yield Turn(*ours, *others)


def _clocked(work: Callable[[Reference], set[str]], window: Reference) -> float:
    start = time.process_time()
    found = [work(window) for _ in range(REPEATS["Driftline"])]
    spent = time.process_time() - start
    assert found[0] == {FEATURES[0]}, "the feature that drifts, and no other"
    return 1e3 * spent / len(found)


def _drawn(rng: np.random.Generator, rows: int, shift: float) -> Reference:
    values = rng.standard_normal((rows, len(FEATURES)))
    values[:, 0] += shift
    counters = np.zeros((rows, len(COUNTERS)), np.int64)
    counters[:, COUNTERS.index("events")] = 1
    return Reference(FEATURES, values, (), (), counters)
