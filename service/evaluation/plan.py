"""Which results are written and which monitors judge them: the same for every window of the same shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from service.config.checks.metrics import ON_ALL
from service.config.monitor import CHANGE, Monitor
from service.evaluation.block import REFERENCE, Row
from service.evaluation.kept import Recent


@dataclass(frozen=True, eq=False)
class Plan:
    """E results to write, out of K rows of S slices.

    Attributes
    ----------
    rows, columns
        int64[E]: where each result stands.
    rules
        Monitors that judge anything, in the order of the configuration, with the results they judge (indices
        in [0, E)).
    first
        int64[E]: the first of ``rules`` that judges the result, -1 for none.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    rules: tuple[tuple[Monitor, NDArray[np.int64]], ...]
    first: NDArray[np.int64]


PLACES_MAX = 500_000
"""Plans of so many results are kept, and made anew beyond."""

_recent: Recent[Plan] = Recent(PLACES_MAX)


def plan_for(
    model: str, window: str, keys: tuple[Row, ...], slices: tuple[str, ...], monitors: tuple[Monitor, ...]
) -> Plan:
    """Everything on the slice ``all`` against the reference, and whatever else a monitor matches.

    Parameters
    ----------
    model, window
        Names of the model and of the window.
    keys
        What the K rows are about.
    slices
        Names of the S slices.
    """

    def make() -> tuple[Plan, int]:
        made = _plan(model, window, keys, slices, monitors)
        return made, len(made.rows)

    return _recent.get((model, window, keys, slices, monitors), make)


def _plan(
    model: str, window: str, keys: tuple[Row, ...], slices: tuple[str, ...], monitors: tuple[Monitor, ...]
) -> Plan:
    masks = [
        (rule, mask)
        for rule in monitors
        if applies(rule, model, window)
        for mask in [_mask(rule, keys, slices)]
        if mask.any()
    ]
    written = np.zeros((len(keys), len(slices)), bool)
    usual = np.array([key.baseline == REFERENCE and not key.metric.startswith(CHANGE) for key in keys], bool)
    written[:, [i for i, name in enumerate(slices) if name == "all"]] = usual[:, None]
    for _, mask in masks:
        written |= mask
    rows, columns = map(np.ascontiguousarray, np.nonzero(written))
    rules = tuple((rule, np.flatnonzero(mask[written])) for rule, mask in masks)
    first = np.full(len(rows), -1, np.int64)
    for number, (_, places) in reversed(list(enumerate(rules))):
        first[places] = number
    return Plan(rows, columns, rules, first)


def applies(rule: Monitor, model: str, window: str) -> bool:
    """Whether a monitor watches this window of this model, by their names."""
    return rule.window in {None, window} and matches(rule.models, model)


def matches(patterns: Iterable[str], name: str) -> bool:
    """Whether a name is one of the patterns or fits one as a glob.

    >>> matches(("region=*",), "region=eu"), matches(("f[1]",), "f[1]"), matches(("all",), "region=eu")
    (True, True, False)
    """
    return any(pattern in {"*", name} or fnmatchcase(name, pattern) for pattern in patterns)


def matching(patterns: Sequence[str], names: Sequence[str]) -> NDArray[np.bool_]:
    """bool[N]: which of the names match."""
    if "*" in patterns:
        return np.ones(len(names), bool)
    return np.array([matches(patterns, name) for name in names], bool)


def _mask(rule: Monitor, keys: tuple[Row, ...], slices: tuple[str, ...]) -> NDArray[np.bool_]:
    rows = [
        key.metric == rule.metric and key.baseline == rule.baseline and matches(rule.features, key.feature)
        for key in keys
    ]
    columns = matching(rule.slices, slices)
    if rule.metric in ON_ALL:
        columns &= np.array([name == "all" for name in slices], bool)
    return np.outer(rows, columns)
