"""``reconstruction_error`` of the numeric features together, on the slice ``all``."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np

from detectors.components import Fitted
from detectors.profile import Profile
from detectors.psi import NULL_LEVEL
from detectors.reconstruction import enough
from detectors.totals.sections import scatter_of
from service.evaluation.block import ENOUGH, TOO_FEW, Block, block, too_few
from service.evaluation.frame import Frame
from service.evaluation.kept import once_a_profile

METRIC = "reconstruction_error"


def reconstruction_blocks(frame: Frame, asked: AbstractSet[str]) -> list[Block]:
    """``reconstruction_error``, when a monitor asks for it; without components it says nothing."""
    if METRIC not in asked:
        return []
    fitted = None if frame.profile is None else fitted_of(frame.profile)
    if fitted is None or not frame.layout.multivariate:
        return [too_few([("", METRIC)], frame.layout.counter(frame.totals, "events")[None])]
    window = scatter_of(frame.layout, frame.totals[0])
    value = fitted.relative_error(window)
    sizes = np.zeros(len(frame.slices), np.int64)
    sizes[0] = window.n
    return [
        block(
            [("", METRIC)],
            _on_all(frame, value),
            np.where(np.arange(len(sizes)) == 0, ENOUGH if enough(window) else TOO_FEW, TOO_FEW),
            sizes,
            np.where(np.arange(len(sizes)) == 0, fitted.records, -1),
            p_value=_on_all(frame, fitted.p_value(value, window.n)),
            null_bound=_on_all(frame, fitted.null_bound(window.n, NULL_LEVEL) if enough(window) else np.nan),
        )
    ]


def _on_all(frame: Frame, value: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """float64[S]: the value on the slice ``all``, which is the first; NaN on the others."""
    values = np.full(len(frame.slices), np.nan)
    values[0] = value
    return values


@once_a_profile
def fitted_of(profile: Profile) -> Fitted | None:
    """The components that a profile holds, read once."""
    document = profile.components
    return None if document is None else Fitted.from_document(document)
