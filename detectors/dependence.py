"""How much less dependent records say than independent ones, from the sums over windows of many lengths.

Where records resemble their neighbours, the sum of a window varies more than that of independent records. The
ratio of both variances is the inflation. It grows with the window's length until windows are much longer than
the memory of the stream, and then stays. Short windows are many, so they tell it precisely, but too small;
long ones are few. Each statistic therefore takes the shortest windows after which nothing grows any more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

WINDOWS_MAX = 1024
"""About so many windows are the shortest ones: the inflation is then known to 4 %."""

RECORDS_MIN = 8
"""The shortest windows hold no fewer records than this."""

WINDOWS_MIN = 16
"""The longest windows are at least so many."""

GROWTH_LEVEL = 0.001
"""Longer windows must show a growth that chance alone shows this rarely, to be believed."""

SURELY = 3.0
"""Standard errors above 1 from which records count as dependent, and what is left of growth is added."""

EXTRAPOLATED = 5
"""Twice one estimate less the other varies like an estimate from so many times fewer windows."""


class Choice(NamedTuple):
    """What windows a statistic rests on.

    Attributes
    ----------
    level
        int64[T]: the length, as the number of times the shortest was doubled.
    further
        bool[T]: whether the growth to the next length is added once more.
    windows
        int64[T]: how many windows the estimate is worth.
    """

    level: Counts
    further: NDArray[np.bool_]
    windows: Counts


def window_records(records: int) -> int:
    """The length of the shortest windows of so many records.

    >>> window_records(50_000), window_records(600)
    (48, 8)
    """
    return max(RECORDS_MIN, records // WINDOWS_MAX)


def ladder(sums: Floats) -> list[Floats]:
    """Sums over windows of doubling length, float64[K, ...] each, down to :data:`WINDOWS_MIN` windows.

    Windows that fill up no longer one are left out at the end.

    Parameters
    ----------
    sums
        float64[K, ...]: sums over the shortest windows, in time order.

    >>> [len(level) for level in ladder(np.zeros((67, 2)))]
    [67, 33, 16]
    """
    levels = [sums]
    while len(levels[-1]) >= 2 * WINDOWS_MIN:
        last = levels[-1]
        pairs = len(last) // 2
        levels.append(last[: 2 * pairs].reshape(pairs, 2, *last.shape[1:]).sum(axis=1))
    return levels


def choose(inflation: Floats, windows: Counts, freedom: Floats | float = 1.0) -> Choice:
    r"""The shortest windows whose inflation none of the longer ones exceeds beyond noise.

    If nothing grows from windows a to windows b on, the ratio of their inflations is about
    :math:`\chi^2_\nu/\nu` with :math:`\nu = f/(1/K_b - 1/K_a)`, since the estimate of the longer windows is
    that of the shorter ones plus products of neighbours.

    What still is to come after the chosen length b falls with 1/b when the memory is finite, so twice the
    next inflation less this one is free of it. That is taken where records are dependent beyond doubt and
    the next inflation is larger.

    Parameters
    ----------
    inflation
        float64[J, T]: of T statistics, from windows of J doubling lengths.
    windows
        int64[J]: how many windows there are of each length.
    freedom
        f, float64[J, T]: of how many squares one window's statistic consists.

    References
    ----------
    Lepskii (1991), On a problem of adaptive estimation in Gaussian white noise, Theory of Probability and its
    Applications 35, for the choice; Flegal and Jones (2010), Batch means and spectral variance estimators in
    Markov chain Monte Carlo, Annals of Statistics 38, for batch means and their bias of order 1/b.

    >>> found = choose(np.array([[1.8], [2.6], [2.9], [3.0]]), np.array([1000, 500, 250, 125]))
    >>> found.level.tolist(), found.further.tolist(), found.windows.tolist()
    ([1], [True], [100])
    """
    J, T = inflation.shape
    every = np.arange(T)
    f = np.broadcast_to(np.asarray(freedom, np.float64), (J, T))
    level = np.full(T, J - 1)
    for short in reversed(range(J - 1)):
        nu = f[short] / (1 / windows[short + 1 :] - 1 / windows[short])[:, None]
        most = special.chdtri(nu, GROWTH_LEVEL) / nu
        stays = (inflation[short + 1 :] <= most * inflation[short]).all(axis=0)
        level = np.where(stays, short, level)
    K = windows[level]
    own, longer = inflation[level, every], inflation[np.minimum(level + 1, J - 1), every]
    more = (own > 1 + SURELY * np.sqrt(2 / (f[level, every] * K))) & (longer > own)
    further = more & (K >= 2 * EXTRAPOLATED * WINDOWS_MIN)
    # Too few windows to extrapolate: the next length is at least half as far off.
    level = np.where(more & ~further, level + 1, level)
    return Choice(level, further, np.where(further, K // EXTRAPOLATED, windows[level]))


def inflations(sums: Floats, powers: Floats) -> tuple[Floats, Counts]:
    r"""Variance of sums of T columns over that of independent records, and how many windows tell it.

    Parameters
    ----------
    sums
        float64[K, T]: :math:`\sum x` of each of the shortest windows, where x has mean 0 over all of them.
    powers
        float64[K, T]: :math:`\sum x^2`.

    Returns
    -------
    float64[T]
        At least 1; 1 for a column of zeros.
    int64[T]
        0 for a column of zeros.

    >>> x = np.repeat([1.0, -1.0, -1.0, 1.0] * 256, 8)[:, None]  # eight records alike
    >>> a, K = inflations(x.reshape(-1, 8, 1).sum(axis=1), (x**2).reshape(-1, 8, 1).sum(axis=1))
    >>> a.round(2).tolist(), K.tolist()
    ([8.01], [1024])
    """
    levels = [_ratio(u, p) for u, p in zip(ladder(sums), ladder(powers), strict=True)]
    K = np.array([len(level) for level in ladder(sums)])
    a = np.array(levels)
    chosen = choose(a, K)
    found = taken(a, chosen)
    empty = powers.sum(axis=0) <= 0
    return np.where(empty, 1.0, np.maximum(found, 1.0)), np.where(empty, 0, chosen.windows)


def taken(levels: Floats, chosen: Choice) -> Floats:
    """The estimates that were chosen, float64[T, ...], of float64[J, T, ...]."""
    T = np.arange(levels.shape[1])
    own, further = levels[chosen.level, T], levels[np.minimum(chosen.level + 1, len(levels) - 1), T]
    shape = (len(T),) + (1,) * (levels.ndim - 2)
    found: Floats = np.where(chosen.further.reshape(shape), 2 * further - own, own)
    return found


def _ratio(sums: Floats, powers: Floats) -> Floats:
    K = len(sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = (sums**2).sum(axis=0) / powers.sum(axis=0) * K / (K - 1)
    return np.where(np.isfinite(found), found, 1.0)


class Weights(NamedTuple):
    r"""The weights w of the chi-squares that a statistic is the sum of: :math:`T = \sum_i w_i \chi^2_1`.

    Attributes
    ----------
    first, second, largest
        float64[T]: :math:`\sum w`, :math:`\sum w^2` and :math:`\max w`.
    cell, below
        float64[T]: the largest inflation of a single group's share, and the largest variance of the share
        below a group's end, times 4: 1 at most for independent records.
    windows
        int64[T]
    """

    first: Floats
    second: Floats
    largest: Floats
    cell: Floats
    below: Floats
    windows: Counts


def weights(counts: Floats, shares: Floats) -> Weights:
    """The weights of fields over B groups, from their counts in the shortest windows.

    Parameters
    ----------
    counts
        float64[K, T, B]: in time order.
    shares
        float64[T, B]: of all windows together; every group holds some.

    References
    ----------
    Rao and Scott (1984), On chi-squared tests for multiway contingency tables with cell proportions estimated
    from survey data, Annals of Statistics 12.
    """
    B = shares.shape[-1]
    size = counts.sum(axis=-1)
    away = (counts - size[..., None] * shares) / np.sqrt(shares)
    rungs = ladder(away)
    K = np.array([len(level) for level in rungs])
    matrices = np.array([_covariance(x, n) for x, n in zip(rungs, ladder(size), strict=True)])
    moments = [
        _moments(matrix, np.full(len(shares), k), B - 1) for matrix, k in zip(matrices, K, strict=True)
    ]
    freedom = np.array([first**2 / second for first, second, _ in moments])
    chosen = choose(np.einsum("jtbb->jt", matrices) / (B - 1), K, freedom)
    found = taken(matrices, chosen)
    first, second, third = _moments(found, chosen.windows, B - 1)
    largest = np.maximum(_largest(found, chosen.windows), third / second)
    root = np.sqrt(shares)
    cell = np.einsum("tbb->tb", found) / np.maximum(1 - shares, 1e-9)
    below = np.cumsum(np.cumsum(found * root[:, :, None] * root[:, None, :], axis=1), axis=2)
    variance = np.einsum("tbb->tb", below)
    return Weights(
        first,
        second,
        largest,
        np.maximum(cell.max(axis=-1), 1.0),
        np.maximum(4 * variance.max(axis=-1), 1.0),
        chosen.windows,
    )


def _covariance(away: Floats, size: Floats) -> Floats:
    """float64[T, B, B]: of the windows' sums, for each record."""
    K = len(away)
    by_field = away.transpose(1, 2, 0)
    records = np.maximum(size.sum(axis=0), 1.0)[:, None, None]
    found: Floats = by_field @ by_field.transpose(0, 2, 1) / records * K / (K - 1)
    return found


def _moments(matrix: Floats, windows: Counts, freedom: int) -> tuple[Floats, Floats, Floats]:
    """Sums of the eigenvalues' powers, without what the noise of so many windows adds to them.

    They are those of a Wishart matrix, and kept within what weights of that sum can be.
    """
    K = windows.astype(np.float64)
    square = matrix @ matrix
    t1 = np.einsum("tbb->t", matrix)
    t2 = np.einsum("tbb->t", square)
    t3 = np.einsum("tbb->t", square @ matrix)
    c2 = K**2 / ((K - 1) * (K + 2)) * (t2 - t1**2 / K)
    c3 = K**4 / ((K - 1) * (K - 2) * (K + 2) * (K + 4)) * (t3 - 3 / K * t2 * t1 + 2 / K**2 * t1**3)
    grow = np.maximum(freedom / np.maximum(t1, 1e-9), 1.0)
    first = t1 * grow
    second = np.clip(c2 * grow**2, first**2 / freedom, first**2)
    third = np.clip(c3 * grow**3, second**2 / first, first * second)
    return first, second, third


def _largest(matrix: Floats, windows: Counts) -> Floats:
    """The largest eigenvalue, less what noise adds to it by the nearness of the others.

    References
    ----------
    Lawley (1956), Tests of significance for the latent roots of covariance and correlation matrices,
    Biometrika 43, for the bias of order 1/K.
    """
    roots = np.linalg.eigvalsh(matrix)
    top, others = roots[:, -1:], roots[:, 1:-1]
    apart = np.maximum(top - others, 1e-9 * np.maximum(top, 1.0))
    found: Floats = (top - top / windows[:, None] * (others / apart).sum(axis=1, keepdims=True))[:, 0]
    return found
