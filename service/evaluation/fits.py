"""The calibration of a frame's tests: how strong the dependence is that the reference shows on each slice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from detectors.calibration import Calibration, Fit, Key, uncalibrated
from detectors.profile import Profile
from service.evaluation.frame import Frame


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
    found = None if frame.profile is None or frame.same_hour else calibration_of(frame.profile)
    if found is None:
        return uncalibrated((len(keys), len(frame.slices)))
    assert frame.profile is not None, "fits are a profile's"
    return _at(frame.profile, tuple(keys), frame.at.tobytes())


@lru_cache(maxsize=128)
def _at(profile: Profile, keys: tuple[Key, ...], slices: bytes) -> Fit:
    """From window to window the slices are mostly the same."""
    found = calibration_of(profile)
    assert found is not None, "only a calibration has fits"
    return found.at(keys, np.frombuffer(slices, np.int64))


def each(found: Fit) -> list[Fit]:
    """The fits of each test by itself."""
    return [found.pick(i) for i in range(len(found.windows))]


@lru_cache(maxsize=64)
def calibration_of(profile: Profile) -> Calibration | None:
    """The calibration that a profile holds, read once."""
    document = profile.calibration
    return None if document is None else Calibration.from_document(document, profile.slices)
