"""Alerts on a distribution say which values made it."""

from dataclasses import replace

import numpy as np
import pytest

from service.alerts.explain import Explainer
from service.evaluation.evaluate import evaluate
from tests.evaluation.scene import MODEL, draw, monitor, profile_of, window_of


@pytest.mark.parametrize("metric", ["psi", "js", "hellinger", "linf", "chi2"])
def test_an_alert_on_shares_names_the_category_that_grew_first(metric: str) -> None:
    rng = np.random.default_rng()
    profile = profile_of(draw(rng, 20_000))
    records = replace(
        draw(rng, 5_000), categorical=[list(rng.choice(list("abcd"), 5_000, p=[0.26, 0.2, 0.14, 0.4]))]
    )
    window = window_of(profile, records)
    evaluated = evaluate(window, MODEL, [monitor(metric, 0.1, features=["c0"], slices=["all"])])
    lines = Explainer(window)(evaluated.judgements[0])
    assert lines[0].startswith("d: ")
    assert {line[:3] for line in lines[1:]} <= {"a: ", "b: ", "c: "}


def test_an_alert_on_a_rate_has_nothing_to_add() -> None:
    rng = np.random.default_rng()
    profile = profile_of(draw(rng, 20_000))
    window = window_of(profile, draw(rng, 5_000))
    evaluated = evaluate(window, MODEL, [monitor("missing_ratio", 0.1, features=["c0"], slices=["all"])])
    assert Explainer(window)(evaluated.judgements[0]) == ()
