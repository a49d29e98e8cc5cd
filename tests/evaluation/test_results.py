"""Results and judgements that are made when somebody looks: the same things, whichever way one looks."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.profile import Profile
from service.evaluation.judged import Judgements, concerning, remembered
from service.evaluation.looking import (
    breaching,
    judgements_by_place,
    judging,
    results_by_place,
    says_something,
)
from service.evaluation.result import Evaluated, Verdict
from tests.evaluation.scene import EVERY_METRIC, draw, monitor, seen


@pytest.fixture
def drifted(rng: np.random.Generator, profile: Profile) -> Evaluated:
    records = draw(rng, 3_000)
    records.numeric[:, 0] += 0.3
    rare = monitor("psi", 0.2, slices=["region=*"]).model_copy(
        update={"name": "Silence", "insufficient_after": 2}
    )
    return seen(
        profile, records, *EVERY_METRIC, monitor("ks", 0.05).model_copy(update={"name": "Shape"}), rare
    )


def solid(evaluated: Evaluated) -> Evaluated:
    return Evaluated(evaluated.window, tuple(evaluated.results), tuple(evaluated.judgements))


def test_a_result_is_the_same_object_at_every_look(drifted: Evaluated) -> None:
    results, judgements = drifted.results, drifted.judgements
    assert results[3] is results[3] is list(results)[3] is results[3 - len(results)]
    assert results[2:5] == tuple(results)[2:5]
    assert len(results) == len(list(results))
    assert judgements[-1].result in results
    with pytest.raises(IndexError):
        results[len(results)]


def test_judgements_stand_by_monitor_and_then_by_result(drifted: Evaluated) -> None:
    order = [(item.monitor.name, item.result.feature, item.result.slice) for item in drifted.judgements]
    assert len(set(order)) == len(order)
    assert list(dict.fromkeys(name for name, _, _ in order))[-1] == "Silence"
    places = {id(result): place for place, result in enumerate(drifted.results)}
    for name in {name for name, _, _ in order}:
        own = [places[id(item.result)] for item in drifted.judgements if item.monitor.name == name]
        assert own == sorted(own)


def test_breaches_and_counted_silence_stand_out(drifted: Evaluated) -> None:
    assert isinstance(drifted.judgements, Judgements)
    out = list(concerning(drifted.judgements, ()))
    expected = [
        item for item in drifted.judgements
        if item.verdict is Verdict.BREACH
        or (item.verdict is Verdict.NO_DATA and item.monitor.insufficient_after)
    ]  # fmt: skip
    assert out == expected
    assert {item.verdict for item in out} >= {Verdict.BREACH}
    assert len(out) < len(drifted.judgements)


def test_what_is_followed_stands_out_in_its_order_and_what_is_not_there_does_not(drifted: Evaluated) -> None:
    clear = [item for item in drifted.judgements if item.verdict is Verdict.CLEAR][::7]
    followed = {
        (item.monitor.name, item.monitor.severity, item.result.feature, item.result.slice) for item in clear
    }
    strange = {("Nobody", "warning", "x0", "all"), (*next(iter(followed))[:3], "region=mars")}
    out = list(concerning(drifted.judgements, followed | strange))
    assert [item for item in out if item.verdict is Verdict.CLEAR] == clear


@pytest.mark.parametrize("most", [0, 10, 100, 10_000])
def test_values_are_remembered_alike_out_of_columns_and_out_of_objects(drifted: Evaluated, most: int) -> None:
    assert remembered(drifted, most) == remembered(solid(drifted), most)
    assert list(remembered(drifted, most)[0]) == list(remembered(solid(drifted), most)[0])


def test_what_is_asked_by_place_is_alike_out_of_columns_and_out_of_objects(drifted: Evaluated) -> None:
    objects = solid(drifted)
    assert dict(results_by_place(drifted.results)) == dict(results_by_place(objects.results))
    assert dict(judgements_by_place(drifted.judgements)) == dict(judgements_by_place(objects.judgements))
    assert breaching(drifted.judgements) == breaching(objects.judgements)
    assert judging(drifted.judgements) == judging(objects.judgements)
    assert says_something(drifted.judgements)
    assert says_something(objects.judgements)


def test_a_window_of_no_data_says_nothing(rng: np.random.Generator, profile: Profile) -> None:
    few = seen(profile, draw(rng, 2), monitor("psi", 0.2))
    for evaluated in (few, solid(few)):
        assert len(evaluated.judgements)
        assert not says_something(evaluated.judgements)
        assert breaching(evaluated.judgements) == ()
