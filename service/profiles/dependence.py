"""How strongly the records of a reference depend on each other, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from detectors.calibration import Calibration, Fit
from detectors.dependence import WINDOWS_MIN
from detectors.fields import NumericField
from detectors.profile import Profile
from service.profiles.blocks import printable

NOTABLE = 1.25
"""From here on dependence is told of: a test's deviates shrink by a tenth."""

NAMED_MAX = 5

TESTS = {"mean_shift": "mean", "std_shift": "spread", "psi": "shares", "missing_ratio": "missing"}


@dataclass(frozen=True)
class Dependence:
    """One feature.

    Attributes
    ----------
    inflation
        So many records say as much as one independent record: of the mean of a numeric feature, of the shares
        of a categorical one.
    settled
        Whether longer windows showed no more of it; else the reference is too short to tell how much it is.
    """

    feature: str
    inflation: float
    settled: bool


def dependences(profile: Profile, slice_name: str = "all") -> list[Dependence] | None:
    """The features that were measured, the most dependent first; None without a calibration."""
    if profile.calibration is None:
        return None
    found = []
    for field in profile.layout.judged:
        test = "mean_shift" if isinstance(field, NumericField) else "psi"
        fit = _fit(profile, field.name, test, slice_name)
        if fit.windows:
            settled = bool(fit.windows >= 2 * WINDOWS_MIN)
            found.append(Dependence(field.name, float(fit.scale), settled))
    return sorted(found, key=lambda each: (-each.inflation, each.feature))


def dependence_line(profile: Profile, slice_name: str = "all") -> str:
    """What was found, on one line."""
    found = dependences(profile, slice_name)
    if found is None:
        return "dependence: not measured, so p-values take records for independent"
    if not found:
        return "dependence: too few values to measure it, so p-values take records for independent"
    strong = [each for each in found if each.inflation >= NOTABLE]
    if not strong:
        return "dependence: none found, records are as good as independent"
    told = ", ".join(f"{printable(each.feature)} {each.inflation:.1f}" for each in strong[:NAMED_MAX])
    more = f" and {len(strong) - NAMED_MAX} more" if strong[NAMED_MAX:] else ""
    return f"dependence: records that say as much as one independent record: {told}{more}"


def feature_line(profile: Profile, slice_name: str, feature: str) -> str:
    """The same of one feature, by what is tested."""
    if profile.calibration is None:
        return dependence_line(profile, slice_name)
    fits = {word: _fit(profile, feature, test, slice_name) for test, word in TESTS.items()}
    told = [
        f"{word} {float(fit.scale):.1f} ({int(fit.windows):,} windows)"
        for word, fit in fits.items()
        if fit.windows
    ]
    return (
        f"dependence: inflation of {', '.join(told)}" if told else "dependence: too few values to measure it"
    )


def dependence_advice(profile: Profile) -> Iterator[str]:
    """What the one who builds a profile should know."""
    found = dependences(profile)
    if found is None:
        return
    if not found:
        yield "too few rows to measure how much they depend on each other: p-values take them for independent"
    growing = [printable(each.feature) for each in found if not each.settled and each.inflation >= NOTABLE]
    if growing:
        named = ", ".join(growing[:NAMED_MAX]) + (", ..." if growing[NAMED_MAX:] else "")
        yield (
            f"dependence still grows at the longest windows, a sixteenth of the rows ({named}): the "
            "reference is too short to tell how slowly the traffic moves, so small changes will not be seen; "
            "give a longer one"
        )


def _fit(profile: Profile, feature: str, test: str, slice_name: str) -> Fit:
    assert profile.calibration is not None, "asked of calibrated profiles alone"
    calibration = Calibration.from_document(profile.calibration, profile.slices)
    return calibration.at(((feature, test),), np.array([profile.row[slice_name]])).pick(0, 0)
