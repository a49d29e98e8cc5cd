"""Why a result breaches: what moved, which values, which slices; short enough for three in the morning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from detectors.contribution import top_contributions
from detectors.fields import CategoricalField, NumericField
from detectors.shift import in_units, sample
from service.evaluation.block import REFERENCE
from service.evaluation.concentrated import OF_CELLS, OF_GROUPS, OF_MEANS, OF_SPREADS, slice_shares
from service.evaluation.frame import Frame, against_past
from service.evaluation.ratios import rate_of
from service.evaluation.result import Explanation, Result, SliceShare, ValueShare
from service.evaluation.results import Results
from service.windows.closed import ClosedWindow

EXPLAINED_MAX = 100
"""So many results of a window are explained, the worst: when everything breaks, each more says little."""

NAMES = 3
"""So many unseen names are given."""

_OF_VALUES = OF_GROUPS | OF_CELLS | {"wasserstein"}
_OF_NUMBERS = _OF_VALUES | OF_MEANS | OF_SPREADS


class Explainer:
    """Explains results of one window.

    Parameters
    ----------
    window, frame
        The window, and the same laid beside its reference.
    overall
        Value of each (feature, metric, baseline) on all the traffic.
    """

    def __init__(
        self, window: ClosedWindow, frame: Frame, overall: Mapping[tuple[str, str, str], float | None]
    ) -> None:
        self._window, self._overall = window, overall
        self._frames = {REFERENCE: frame}
        self._rows = {name: i for i, name in enumerate(frame.slices)}
        self._shares: dict[tuple[str, str, str], tuple[SliceShare, ...]] = {}

    def explain(self, result: Result) -> Explanation | None:
        """Why a result is as it is; None where its value says all there is to say."""
        if result.metric.startswith("change:") or result.reference_n is None:
            return None
        frame = self._frame(result.baseline)
        row = self._rows[result.slice]
        overall = result.slice == "all"
        explanation = Explanation(
            change=_change(frame, row, result.feature, result.metric),
            values=_values(frame, row, result.feature, result.metric),
            slices=self._slices(frame, result) if overall else (),
            everywhere=None if overall else self._overall.get(_key(result)),
            unseen=self._unseen(frame, result) if overall else (),
        )
        return None if explanation == Explanation() else explanation

    def _frame(self, baseline: str) -> Frame:
        if baseline not in self._frames:
            frame = self._frames[REFERENCE]
            past = self._window.baselines.get(baseline)
            self._frames[baseline] = against_past(frame, past, np.arange(len(frame.slices)))
        return self._frames[baseline]

    def _slices(self, frame: Frame, result: Result) -> tuple[SliceShare, ...]:
        key = _key(result)
        if key not in self._shares:
            self._shares[key] = slice_shares(frame, result.feature, result.metric)
        return self._shares[key]

    def _unseen(self, frame: Frame, result: Result) -> tuple[tuple[str, int], ...]:
        place = frame.layout.index.get(result.feature)
        if place is None or not isinstance(frame.layout.fields[place], CategoricalField):
            return ()
        names = self._window.unseen.get(result.feature, {})
        return tuple(sorted(names.items(), key=lambda item: (-item[1], item[0]))[:NAMES])


def explanations(
    window: ClosedWindow, frame: Frame, results: Results, places: Sequence[int]
) -> dict[int, Explanation]:
    """An explanation at most of those results that stand at ``places``, of which the first come first."""
    if not places:
        return {}
    table = results.table
    on_all = np.flatnonzero(table.columns == 0).tolist()
    overall = {_key(result): result.value for result in map(results.__getitem__, on_all)}
    explainer = Explainer(window, frame, overall)
    told = {place: explainer.explain(results[place]) for place in places[:EXPLAINED_MAX]}
    return {place: explanation for place, explanation in told.items() if explanation is not None}


def _key(result: Result) -> tuple[str, str, str]:
    return result.feature, result.metric, result.baseline


def _change(frame: Frame, row: int, feature: str, metric: str) -> str:
    """What moved, from the reference to the window."""
    place = frame.layout.index.get(feature)
    numeric = place is not None and isinstance(frame.layout.fields[place], NumericField)
    if place is not None and numeric and metric in _OF_NUMBERS:
        return _moved(frame, row, place)
    before, now = (rate_of(frame, rows[[row]], feature, metric) for rows in (frame.reference, frame.totals))
    if before is None or now is None or not (before.n[0] and now.n[0]):
        return ""
    return f"{before.successes[0] / before.n[0]:.3g} to {now.successes[0] / now.n[0]:.3g}"


def _moved(frame: Frame, row: int, place: int) -> str:
    """Mean and spread of a number, before and now."""
    field = frame.layout.fields[place]
    assert isinstance(field, NumericField), "only numbers have a mean"
    texts = []
    moments = []
    for rows in (frame.reference, frame.totals):
        n = frame.layout.values(rows, place)[row].sum()
        own = sample(n, *(part[row] for part in frame.layout.moments(rows, place)))
        moments.append(in_units(own, np.array(field.centre), np.array(field.scale)))
    for name, before, now in zip(("mean", "sd"), *moments, strict=True):
        if np.isfinite(before) and np.isfinite(now):
            texts.append(f"{name} {float(before):.4g} to {float(now):.4g}")
    return ", ".join(texts)


def _values(frame: Frame, row: int, feature: str, metric: str) -> tuple[ValueShare, ...]:
    """The groups of values that make most of a distance."""
    if frame.profile is None or feature not in frame.layout.index or metric not in _OF_VALUES:
        return ()
    parts = top_contributions(frame.profile, feature, frame.reference[row], frame.totals[row])
    return tuple(
        ValueShare(part.label, part.window_share, part.reference_share, part.share_of_psi) for part in parts
    )
