"""The calibration of a frame's tests: how strong the dependence is that the reference shows on each slice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.calibration import Fit, Key, uncalibrated
from service.evaluation.frame import Frame

Floats = NDArray[np.float64]


def fits(frame: Frame, keys: Sequence[Key]) -> Fit:
    """The fits of K tests on the frame's S slices, [K, S] each.

    A slice that the reference lacks has those of ``all``. The rolling past is of the same stream, so it has
    the same. The same hour of other days has none: what the reference's own windows differ by is the rhythm
    of the traffic above all, which that comparison takes out; with it no change would ever stand out.

    Parameters
    ----------
    keys
        Feature and metric.
    """
    if not is_calibrated(frame):
        return uncalibrated((len(keys), len(frame.slices)))
    return frame.frozen.fits(keys, frame.at)


def quantiles(frame: Frame, keys: Sequence[Key]) -> Floats:
    """float64[K, S]: what those tests' statistics of shares stay below without drift, by their fits."""
    if not is_calibrated(frame):
        return np.zeros((len(keys), len(frame.slices)))
    return frame.frozen.quantiles(keys, frame.at)


def is_calibrated(frame: Frame) -> bool:
    """Whether the frame's comparison has any fits."""
    return frame.profile is not None and not frame.same_hour and frame.frozen.calibration is not None
