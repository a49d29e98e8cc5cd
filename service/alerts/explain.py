"""Why a drift alert fires: the groups of values that make most of the change, a line each."""

from __future__ import annotations

from collections.abc import Sequence

from detectors.contribution import top_contributions
from service.evaluation.result import Judgement
from service.windows.closed import ClosedWindow

EXPLAINED = frozenset({"psi", "js", "hellinger", "linf", "chi2", "ks"})
"""Metrics that compare whole distributions; others say all they know by their value."""


class Explainer:
    """Explains judgements on one window."""

    def __init__(self, window: ClosedWindow) -> None:
        self._window = window

    def __call__(self, judgement: Judgement) -> Sequence[str]:
        """At most three lines; none where there is nothing to compare."""
        profile, result = self._window.profile, judgement.result
        known = profile is not None and result.slice in profile.row and result.slice in self._window.slices
        if profile is None or not known or result.metric not in EXPLAINED or result.value is None:
            return ()
        reference = profile.totals[profile.row[result.slice]]
        row = self._window.totals[self._window.slices.index(result.slice)]
        return tuple(
            f"{part.label}: {part.window_share:.1%} of the window, {part.reference_share:.1%} of reference"
            for part in top_contributions(profile, result.feature, reference, row)
        )
