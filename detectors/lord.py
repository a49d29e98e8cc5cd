"""LORD++: a false-alarm budget over a stream of tests, window after window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

START_SHARE = 0.1
"""The part of α that may be spent before the first discovery."""

DISCOVERIES_MAX = 1_000
"""Discoveries that a state remembers; what older ones would still add to a level is given up."""

WEEK_MS = 7 * 24 * 3_600_000


class Lord(msgspec.Struct, frozen=True):
    """The state of a stream of tests.

    Attributes
    ----------
    alpha
        The false discovery rate that is kept.
    tests
        How many tests have been made.
    first
        When the first discovery was made (tests are numbered from 1); 0 when there is none.
    discoveries
        When the later ones were made, at most :data:`DISCOVERIES_MAX`, the newest.
    forgotten
        How many discoveries that bound has cut; levels only fall by it, so the rate is kept all the same.
    """

    alpha: float
    tests: int = 0
    first: int = 0
    discoveries: tuple[int, ...] = ()
    forgotten: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError(f"`alpha` ({self.alpha}) must lie between 0 and 1: it is a rate")


class Decision(NamedTuple):
    """What was decided on one test: its level, and whether it is a discovery (``p ≤ level``)."""

    level: float
    discovery: bool


def decide(state: Lord, p: float, at: float | None = None) -> tuple[Lord, Decision]:
    r"""The next test of the stream, at the level

    .. math:: \alpha_t = \gamma_t w_0 + (\alpha - w_0)\gamma_{t-\tau_1}
        + \alpha \sum_{j \ge 2} \gamma_{t-\tau_j}

    where τ are the times of earlier discoveries and :math:`w_0 = \alpha/10`. Every level depends on earlier
    tests alone. For independent p-values the false discovery rate is at most α at any time, and the expected
    number of false discoveries at most α times that of discoveries (at least 1).

    Parameters
    ----------
    p
        Valid under no drift given the past. NaN is no test and changes nothing.
    at
        Another level, when something else adds to that of the stream or cuts it; the rate is then that
        something's to keep.

    References
    ----------
    Ramdas, Yang, Wainwright and Jordan (2017), Online control of the false discovery rate with decaying
    memory, NeurIPS 30; Javanmard and Montanari (2018), Online rules for control of false discovery rate and
    false discovery exceedance, Annals of Statistics 46, equation 31 for γ.

    >>> state, said = decide(Lord(0.05), 0.0001)
    >>> round(said.level, 6), said.discovery
    (0.000268, True)
    >>> decide(state, 0.2)[1].level > said.level  # a discovery earns what may be spent next
    True
    """
    at = level(state) if at is None else at
    if math.isnan(p):
        return state, Decision(at, discovery=False)
    found = p <= at
    t = state.tests + 1
    if not found:
        return msgspec.structs.replace(state, tests=t), Decision(at, found)
    if not state.first:
        return msgspec.structs.replace(state, tests=t, first=t), Decision(at, found)
    kept = (*state.discoveries, t)[-DISCOVERIES_MAX:]
    forgotten = state.forgotten + len(state.discoveries) + 1 - len(kept)
    return msgspec.structs.replace(state, tests=t, discoveries=kept, forgotten=forgotten), Decision(at, found)


def level(state: Lord) -> float:
    """The level of the next test.

    >>> round(level(Lord(0.1)), 6)
    0.000535
    """
    t, start = state.tests + 1, START_SHARE * state.alpha
    at = start * float(gamma(np.array([t]))[0])
    if state.first:
        at += (state.alpha - start) * float(gamma(np.array([t - state.first]))[0])
    if state.discoveries:
        at += state.alpha * float(gamma(t - np.array(state.discoveries)).sum())
    return at


def gamma(j: NDArray[np.int64]) -> Floats:
    r"""How a wealth is spent over later tests.

    .. math:: \gamma_j = 0.07720838\,\ln(\max(j, 2)) / (j e^{\sqrt{\ln j}})

    With the published constant they sum to 0.976; at most 1 is what the rate needs.

    Parameters
    ----------
    j
        int64[...], at least 1.

    >>> gamma(np.array([1, 2, 100])).round(5).tolist()
    [0.05352, 0.01164, 0.00042]
    """
    log = np.log(j)
    values: Floats = 0.07720838 * np.log(np.maximum(j, 2)) / (j * np.exp(np.sqrt(log)))
    return values


def simes(adjusted: Sequence[float] | Floats) -> float:
    """One p-value of a whole window, of the hypothesis that nothing in it drifted.

    The smallest of its tests' p-values adjusted by Benjamini and Hochberg is Simes' p-value: exact for
    independent tests, conservative under positive dependence.

    Parameters
    ----------
    adjusted
        float64[K]; NaN is no test. Without any test the answer is NaN.

    References
    ----------
    Simes (1986), An improved Bonferroni procedure for multiple tests of significance, Biometrika 73.

    >>> simes([0.03, 0.5, math.nan]), simes([])
    (0.03, nan)
    """
    made = [p for p in adjusted if not math.isnan(p)]
    return min(made, default=math.nan)


def alpha_of_budget(per_week: float, every_ms: int) -> float:
    """The ``alpha`` of Benjamini-Hochberg within each window that keeps to a number of false alarms a week.

    When nothing drifts a window alarms with probability α at most, so windows that alarm falsely come α times
    as often as windows. Overlapping windows count each: a stretch of noise then alarms in several of them,
    and the number of *separate* false alarms is smaller.

    Parameters
    ----------
    per_week
        False alarms tolerated in a week, above 0.
    every_ms
        Milliseconds between the ends of two windows.

    >>> round(alpha_of_budget(1, 3_600_000), 5)  # one a week, a window an hour
    0.00595
    """
    _check(per_week)
    return min(per_week * every_ms / WEEK_MS, 0.5)


def alpha_of_stream(per_week: float, alarms_per_week: float) -> float:
    """The ``alpha`` of :class:`Lord` that keeps to a number of false alarms a week.

    Expected false discoveries are at most α times expected discoveries, whatever the share of windows that
    drift. In exchange levels fall while nothing is found: after a thousand quiet windows a test needs
    p ≤ 4e-6 α.

    Parameters
    ----------
    per_week
        False alarms tolerated in a week, above 0.
    alarms_per_week
        Alarms of all kinds that a week brings; fewer than one counts as one.

    >>> alpha_of_stream(0.5, 5.0)
    0.1
    """
    _check(per_week)
    return min(per_week / max(alarms_per_week, 1.0), 0.5)


def _check(per_week: float) -> None:
    if not (per_week > 0 and math.isfinite(per_week)):
        raise ValueError(
            f"a budget of {per_week} false alarms a week cannot be kept: state a number above 0, such as 0.1"
        )
