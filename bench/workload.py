"""Deterministic traffic of one model: what the benchmark reads, and what its reference is made of.

Twenty features: normal, lognormal, integer-like with ties, heavy-tailed, and four of categories; a label
and a score; three tags with 4, 12 and 100 values, which make 117 slices together with ``all``. A little of
it is dirty, as real traffic is. Times advance so that a pane of a minute holds 5,000 events of each
partition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

MODEL = "credit-approval"
VERSION = "2026-01"
START_MS = 1_767_571_200_000
"""2026-01-05T00:00:00Z, the start of a pane."""
PANE_MS = 60_000
EVENTS_PER_PANE = 5_000
"""Of one partition."""
DISORDER_MS = 2_000
"""Events are at most this far behind those before them."""
LATENESS = "5s"
CLOSING_EVENTS = 600
"""Events in the pane after the last full one: 7.2 s of them, enough to close it."""

REFERENCE_SEED = 900

NULLS, ABSENT, WRONG = 0.01, 0.001, 0.001
"""Shares: of a feature's values that are null, of events that lack a feature, of events with a wrong type."""

Draw = Callable[[np.random.Generator, int], NDArray[Any]]

NUMERIC: Mapping[str, Draw] = {
    "age": lambda draw, n: draw.integers(18, 90, n),
    "income": lambda draw, n: draw.lognormal(10.5, 0.6, n).round(2),
    "amount": lambda draw, n: draw.lognormal(8.0, 1.0, n).round(2),
    "dti": lambda draw, n: draw.normal(0.35, 0.1, n).round(4),
    "util": lambda draw, n: draw.beta(2.0, 5.0, n).round(4),
    "tenure_days": lambda draw, n: draw.integers(0, 4_000, n),
    "logins": lambda draw, n: draw.poisson(4.0, n),
    "inquiries": lambda draw, n: draw.poisson(0.7, n),
    "accounts": lambda draw, n: draw.binomial(20, 0.3, n),
    "balance": lambda draw, n: (draw.standard_t(3, n) * 900).round(2),
    "spread": lambda draw, n: (draw.pareto(2.5, n) * 10).round(3),
    "session_s": lambda draw, n: draw.exponential(180.0, n).round(1),
    "km": lambda draw, n: draw.lognormal(2.0, 1.2, n).round(2),
    "bureau": lambda draw, n: draw.normal(680.0, 60.0, n).round(0),
    "embedding_0": lambda draw, n: draw.normal(0.0, 1.0, n).round(5),
    "embedding_1": lambda draw, n: draw.normal(0.0, 1.0, n).round(5),
}
CATEGORICAL: Mapping[str, tuple[str, ...]] = {
    "state": tuple(f"S{i:02d}" for i in range(50)),
    "channel": ("web", "app", "branch", "partner", "phone"),
    "device": ("ios", "android", "desktop"),
    "purpose": ("car", "home", "debt", "travel", "health", "study", "other", "repair"),
}
STORES = 100
TAGS: Mapping[str, tuple[str, ...]] = {
    "region": ("eu", "us", "apac", "latam"),
    "plan": tuple(f"plan-{i:02d}" for i in range(12)),
    "store": tuple(f"store-{i:03d}" for i in range(STORES)),
}


def model_config(windows: list[dict[str, str]], lateness: str) -> dict[str, Any]:
    """The model as a configuration declares it."""
    return {
        "name": MODEL,
        "positive_label": "approve",
        "features": {name: {"type": "numeric"} for name in NUMERIC}
        | {name: {"type": "categorical"} for name in CATEGORICAL},
        "slices": [[tag] for tag in TAGS],
        "windows": windows,
        "lateness": lateness,
    }


def regular_times(count: int, seed: int) -> NDArray[np.int64]:
    """int64[count]: event times of one partition, 12 ms apart and a little out of order."""
    draw = np.random.default_rng((seed, 1))
    steps = np.arange(count) * PANE_MS // EVENTS_PER_PANE
    times: NDArray[np.int64] = START_MS + np.maximum(0, steps - draw.integers(0, DISORDER_MS, count))
    return times


def events(
    times: NDArray[np.int64], seed: int, drifted: frozenset[str] = frozenset(), stores: int = STORES
) -> Iterator[bytes]:
    """One event for each time, as JSON.

    Parameters
    ----------
    times
        int64[N], epoch milliseconds.
    drifted
        Numeric features that have moved and spread.
    stores
        How many values the tag ``store`` takes.
    """
    count = len(times)
    draw = np.random.default_rng((seed, 0))
    numbers = {name: make(draw, count) for name, make in NUMERIC.items()}
    for name in numbers.keys() & drifted:
        numbers[name] = (3.0 * numbers[name] + 2.0).round(4)
    columns: dict[str, list[Any]] = {name: column.tolist() for name, column in numbers.items()}
    columns |= {name: _chosen(draw, values, count) for name, values in CATEGORICAL.items()}
    for column in columns.values():
        for i in np.flatnonzero(draw.random(count) < NULLS).tolist():
            column[i] = None
    named = {**TAGS, "store": tuple(f"store-{i:03d}" for i in range(stores))}
    tags = {name: _chosen(draw, values, count) for name, values in named.items()}
    score = draw.beta(3.0, 2.0, count).round(4).tolist()
    dirt = draw.random(count)
    spoilt = draw.integers(0, len(NUMERIC), count).tolist()
    names = list(columns)
    for i, time_ms in enumerate(times.tolist()):
        features = {name: columns[name][i] for name in names}
        if dirt[i] < ABSENT:
            del features[names[spoilt[i]]]
        elif dirt[i] < ABSENT + WRONG:
            features[names[spoilt[i]]] = "unknown"
        yield orjson.dumps(
            {
                "model": MODEL,
                "model_version": VERSION,
                "prediction_id": f"01K{seed % 1000:03d}{i:020d}",
                "timestamp": _rfc3339(time_ms),
                "features": features,
                "prediction": {"label": "approve" if score[i] >= 0.5 else "deny", "score": score[i]},
                "tags": {name: values[i] for name, values in tags.items()},
            }
        )


def reference_events(count: int) -> Iterator[bytes]:
    """The same traffic before it was watched: what the profile is made of."""
    return events(regular_times(count, REFERENCE_SEED), REFERENCE_SEED)


def _chosen(draw: np.random.Generator, values: tuple[str, ...], count: int) -> list[Any]:
    """Values of which the later are rarer, down to a third of the first."""
    weights = np.linspace(3.0, 1.0, len(values))
    picked = draw.choice(len(values), count, p=weights / weights.sum())
    return [values[i] for i in picked.tolist()]


def _rfc3339(time_ms: int) -> str:
    return (
        datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{time_ms % 1000:03d}Z"
    )
