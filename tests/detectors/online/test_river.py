"""Wrapped detectors see what river's own see when they are read after every update."""

from typing import Any

import numpy as np
import pytest
from river import drift

from detectors.online.adwin import Adwin, AdwinConfig
from detectors.online.detector import Detector
from detectors.online.kswin import Kswin, KswinConfig
from detectors.online.page_hinkley import PageHinkley, PageHinkleyConfig

PAIRS: list[tuple[Detector, Any]] = [
    (Adwin(AdwinConfig(delta=0.05)), drift.ADWIN(delta=0.05, clock=1)),  # type: ignore[no-untyped-call]  # river
    (
        PageHinkley(PageHinkleyConfig(delta=0.005, threshold=10.0, memory=0.999)),
        drift.PageHinkley(delta=0.005, threshold=10.0, alpha=0.999),
    ),
    (Kswin(KswinConfig(alpha=0.01, seed=3)), drift.KSWIN(alpha=0.01, seed=3)),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=lambda x: type(x).__name__)
def test_detections_are_those_of_river(ours: Detector, theirs: Any) -> None:
    rng = np.random.default_rng()
    values = (rng.standard_normal(900) + np.repeat([0.0, 1.5, -1.0], 300)).tolist()
    expected = []
    for i, z in enumerate(values):
        theirs.update(z)
        if theirs.drift_detected:
            expected.append(i)
    found = [change.index for z in values if (change := ours.update(z))]
    assert found == expected
    assert len(found) >= 2


def test_adwin_says_which_way_the_mean_went() -> None:
    adwin = Adwin()
    values = [*([0.0, 0.2] * 60), *([2.0, 2.2] * 60), *([-2.0, -1.8] * 60)]
    assert [change.direction for z in values if (change := adwin.update(z))] == [1, -1]
