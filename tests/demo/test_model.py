"""The model learns something, the same each time, and scores columns as river scores flights."""

import numpy as np
import pytest
from scipy.stats import rankdata

from service.demo import schedule
from service.demo.flights import Booleans, Flights, Floats
from service.demo.model import LATE_FROM, Model, inputs_one_by_one, train


def auc(late: Booleans, score: Floats) -> float:
    ranks = rankdata(score)
    positives, negatives = late.sum(), (~late).sum()
    return float((ranks[late].sum() - positives * (positives + 1) / 2) / (positives * negatives))


@pytest.fixture(scope="module")
def weeks_after(year: Flights) -> Flights:
    return year.departing(*schedule.REFERENCE_MS)


def test_columns_are_scored_as_river_scores_one_flight(model: Model, year: Flights) -> None:
    storm = year.departing(schedule.morning_ms(2, 8), schedule.morning_ms(2, 9))
    assert np.isnan(storm.numeric["dep_delay"]).any()
    one_by_one = [model.pipeline.predict_proba_one(inputs)[True] for inputs in inputs_one_by_one(storm)]
    np.testing.assert_allclose(model.score(storm), one_by_one, rtol=1e-12)


def test_training_twice_gives_the_same_scores(model: Model, year: Flights, weeks_after: Flights) -> None:
    again = train(year.departing(*schedule.TRAINING_MS))
    assert np.array_equal(again.score(weeks_after), model.score(weeks_after))


def test_the_model_beats_the_rule_that_a_late_start_is_a_late_end(model: Model, weeks_after: Flights) -> None:
    landed = weeks_after.landed
    late = weeks_after.late[landed]
    score = model.score(weeks_after)[landed]
    delay = weeks_after.numeric["dep_delay"][landed]
    accuracy = ((score >= LATE_FROM) == late).mean()
    assert accuracy > ((delay > 15) == late).mean() + 0.005
    assert accuracy > (1 - late.mean()) + 0.05
    assert auc(late, score) > auc(late, delay) + 0.002


def test_scores_are_probabilities(model: Model, weeks_after: Flights) -> None:
    score = model.score(weeks_after)
    assert ((score > 0) & (score < 1)).all()
    assert score.mean() == pytest.approx(weeks_after.late[weeks_after.landed].mean(), abs=0.03)


def test_a_value_never_seen_in_training_weighs_nothing(model: Model, year: Flights) -> None:
    few = year.departing(schedule.morning_ms(11, 1), schedule.morning_ms(11, 2))
    unseen = schedule.CODE.apply(year).departing(schedule.CODE.start_ms, schedule.CODE.end_ms)
    assert "carrier_ZZ" not in model.regression.weights
    renamed = unseen.categorical["carrier"] == "ZZ"
    original = model.score(year.departing(schedule.CODE.start_ms, schedule.CODE.end_ms))
    assert renamed.any()
    odds = np.log(original / (1 - original)) - model.regression.weights["carrier_UA"]
    np.testing.assert_allclose(model.score(unseen)[renamed], (1 / (1 + np.exp(-odds)))[renamed], rtol=1e-9)
    assert len(model.score(few)) == len(few)
