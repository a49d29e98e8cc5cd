"""A reference and windows drawn like traffic, counted by the code that counts traffic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from detectors.building import Reference, build_profile, count
from detectors.layout import COUNTERS, Layout
from detectors.profile import Profile
from service.config.model import Model
from service.config.monitor import Metric, Monitor
from service.evaluation.evaluate import evaluate
from service.evaluation.result import Evaluated, Result
from service.windows.closed import ClosedWindow

START_MS = 1_787_392_800_000
HOUR_MS = 3_600_000

Change = Callable[[Reference], Reference]


@dataclass(frozen=True)
class Shape:
    """How many columns of each kind, and the slices."""

    numeric: int = 2
    categorical: int = 1
    regions: tuple[str, ...] = ("eu", "us")

    @property
    def numeric_names(self) -> tuple[str, ...]:
        return (*(f"x{i}" for i in range(self.numeric)), "prediction")

    @property
    def categorical_names(self) -> tuple[str, ...]:
        return tuple(f"c{i}" for i in range(self.categorical))


SHAPE = Shape()


def draw(rng: np.random.Generator, n: int, shape: Shape = SHAPE) -> Reference:
    """N predictions: standard normal features, a score, categories a to d, every record in one region."""
    score = rng.beta(2, 5, n)
    counters = np.zeros((n, len(COUNTERS)), np.int64)
    counters[:, COUNTERS.index("events")] = 1
    counters[:, COUNTERS.index("labelled")] = 1
    counters[:, COUNTERS.index("positive")] = score > 0.5
    region = rng.integers(len(shape.regions), size=n)
    return Reference(
        shape.numeric_names,
        np.column_stack([*rng.standard_normal((shape.numeric, n)), score]),
        shape.categorical_names,
        [list(rng.choice(list("abcd"), n, p=[0.4, 0.3, 0.2, 0.1])) for _ in shape.categorical_names],
        counters,
        {f"region={name}": np.flatnonzero(region == i) for i, name in enumerate(shape.regions)},
        {"all": labels(2 * n // 3, n // 5)},
    )


def labels(actuals: int, positive: int) -> NDArray[np.int64]:
    counters = np.zeros(len(COUNTERS), np.int64)
    counters[COUNTERS.index("actuals")], counters[COUNTERS.index("actual_positive")] = actuals, positive
    return counters


def profile_of(reference: Reference) -> Profile:
    return build_profile("credit", "7", reference).profile


def window_of(profile: Profile, records: Reference, **changes: Any) -> ClosedWindow:
    names = ("all", *sorted(records.slices))
    totals = count(profile.layout, replace(records, extra={}), names)
    window = ClosedWindow(
        "credit", "7", "1h", START_MS, START_MS + HOUR_MS, names, totals, profile.layout, profile
    )
    return replace(window, **changes)


def model_of(shape: Shape = SHAPE, **changes: Any) -> Model:
    features: Mapping[str, Any] = {name: {"type": "numeric"} for name in shape.numeric_names[:-1]} | {
        name: {"type": "categorical"} for name in shape.categorical_names
    }
    document = {"name": "credit", "features": features, "slices": [["region"]], "windows": [{"length": "1h"}]}
    return Model.model_validate(document | changes)


def monitor(metric: str, threshold: float, **more: Any) -> Monitor:
    return Monitor.model_validate(
        {"name": f"{metric} watch", "metric": metric, "threshold": threshold} | more
    )


def result(evaluated: Evaluated, metric: str, feature: str = "", on: str = "all") -> Result:
    found = [
        line for line in evaluated.results if (line.metric, line.feature, line.slice) == (metric, feature, on)
    ]
    assert len(found) == 1, f"{len(found)} results of {metric} {feature} {on}"
    return found[0]


def seen(profile: Profile, records: Reference, *monitors: Monitor) -> Evaluated:
    return evaluate(window_of(profile, records), MODEL, monitors)


def with_number(records: Reference, column: int, values: NDArray[np.float64]) -> Reference:
    numeric = records.numeric.copy()
    numeric[:, column] = values
    return replace(records, numeric=numeric)


def empty(profile: Profile | None, layout: Layout, version: str = "7") -> ClosedWindow:
    return ClosedWindow(
        "credit", version, "1h", START_MS, START_MS + HOUR_MS, ("all",), layout.zeros(1), layout, profile
    )


MODEL = model_of()
EVERY_METRIC = tuple(monitor(metric, 1e9) for metric in get_args(Metric))
"""A monitor of each metric that nothing breaches, so that every slice is written."""
