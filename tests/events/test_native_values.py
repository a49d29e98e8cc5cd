"""What the values of an event become: columns, missing values, counters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from detectors.fields import ABSENT, INVALID
from tests.events.making import (
    TIME_MS,
    categories,
    credit,
    decoder,
    event,
    label,
    only,
    plain,
    rows,
    slow_decoder,
    tags,
)

FAST_AND_SLOW = pytest.mark.parametrize("make", [decoder, slow_decoder], ids=["fast", "slow"])
ABSENT_NUMBER, INVALID_NUMBER = math.inf, -math.inf


def features(**more: str) -> bytes:
    """An event whose features are given as JSON text."""
    inner = ",".join(f'"{key}":{value}' for key, value in more.items())
    return b'{"model":"credit","timestamp":%d,"prediction":{},"features":{%s}}' % (TIME_MS, inner.encode())


@FAST_AND_SLOW
def test_an_event_becomes_one_row_of_columns(make: Any) -> None:
    batch = only(make().decode(rows(event())))

    assert batch.model == "credit"
    assert not batch.is_label
    assert batch.offsets.tolist() == [100]
    assert batch.record_ms.tolist() == [1_787_393_704_000]
    assert batch.event_ms.tolist() == [TIME_MS]
    assert list(batch.versions) == ["7"]
    assert tags(batch) == {"region": ["eu"], "tier": ["a"]}
    assert batch.numeric.tolist() == [[41.0, 1000.5, 0.87]]
    assert categories(batch) == (["CA"], ["gold"])
    assert batch.counters.tolist() == [[1, 0, 1, 1, 0, 0]]


@FAST_AND_SLOW
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("41", 41.0),
        ("-0", 0.0),
        ("4.1e1", 41.0),
        ("1e-400", 0.0),
        ("123456789012345678901234567890", 1.2345678901234568e29),
        ("null", math.nan),
        ('"41"', INVALID_NUMBER),
        ('""', INVALID_NUMBER),
        ("true", INVALID_NUMBER),
        ("[41]", INVALID_NUMBER),
        ("{}", INVALID_NUMBER),
        ("NaN", INVALID_NUMBER),
        ("Infinity", INVALID_NUMBER),
        ("-Infinity", INVALID_NUMBER),
        ("[NaN]", INVALID_NUMBER),
        ("1e999", INVALID_NUMBER),
        ("-1e999", INVALID_NUMBER),
        ("9" * 400, INVALID_NUMBER),
        ("9" * 5000, INVALID_NUMBER),
        (r'"\ud800"', INVALID_NUMBER),
    ],
)
def test_a_numeric_feature_is_its_number_or_null_or_invalid(make: Any, text: str, number: float) -> None:
    batch = only(make().decode(rows(features(age=text, income="7", state='"CA"'))))

    np.testing.assert_array_equal(batch.numeric, [[number, 7.0, ABSENT_NUMBER]])
    assert categories(batch) == (["CA"], [ABSENT])


@FAST_AND_SLOW
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"CA"', "CA"),
        ('""', ""),
        ('"\\u00e9"', "é"),
        ('"💥"', "💥"),
        ('"NaN"', "NaN"),
        ("7", 7),
        ("true", True),
        ("false", False),
        ("null", None),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("1.0", INVALID),
        ("[]", INVALID),
        ('{"a":1}', INVALID),
        ("NaN", INVALID),
        ("1e999", INVALID),
        ("9" * 5000, INVALID),
    ],
)
def test_a_categorical_feature_is_a_string_an_integer_a_boolean_null_or_invalid(
    make: Any, text: str, value: object
) -> None:
    batch = only(make().decode(rows(features(state=text, age="1"))))

    (state,), (plan,) = batch.categorical
    assert (type(state), state, plan) == (type(value), value, ABSENT)
    assert batch.numeric[0, 0] == 1


@FAST_AND_SLOW
@pytest.mark.parametrize("text", ["null", "{}", '{"unknown":1}'])
def test_without_features_all_are_absent(make: Any, text: str) -> None:
    value = b'{"model":"credit","timestamp":%d,"prediction":{"score":1},"features":%s}' % (
        TIME_MS,
        text.encode(),
    )
    batch = only(make().decode(rows(value, event(features=None))))

    assert batch.numeric.tolist() == [[math.inf, math.inf, 1.0], [math.inf, math.inf, 0.87]]
    assert categories(batch) == ([ABSENT, ABSENT], [ABSENT, ABSENT])


@FAST_AND_SLOW
@pytest.mark.parametrize("wrong", [[], "none", 7, [1, 2]])
def test_features_that_are_no_object_are_all_invalid(make: Any, wrong: object) -> None:
    batch = only(make().decode(rows(event(features=wrong))))

    assert batch.numeric.tolist() == [[-math.inf, -math.inf, 0.87]]
    assert categories(batch) == ([INVALID], [INVALID])


@FAST_AND_SLOW
@pytest.mark.parametrize(
    ("prediction", "score", "counts"),
    [
        ({"label": "approve", "score": 0.5}, 0.5, [1, 0, 1, 1, 0, 0]),
        ({"label": "deny", "score": None}, "null", [1, 0, 1, 0, 0, 0]),
        ({"label": None, "score": 1}, 1.0, [1, 0, 0, 0, 0, 0]),
        ({"score": "0.5"}, -math.inf, [1, 0, 0, 0, 0, 0]),
        ({"label": ["approve"]}, math.inf, [1, 0, 0, 0, 0, 0]),
        ({}, math.inf, [1, 0, 0, 0, 0, 0]),
        (0.5, -math.inf, [1, 0, 0, 0, 0, 0]),
        ("approve", -math.inf, [1, 0, 0, 0, 0, 0]),
    ],
)
def test_a_prediction_is_counted_by_its_label(
    make: Any, prediction: Any, score: Any, counts: list[int]
) -> None:
    (found,) = plain(make().decode(rows(event(prediction=prediction)))).values()

    assert (found["numeric"][0][-1], found["counters"]) == (score, [counts])


@FAST_AND_SLOW
@pytest.mark.parametrize(
    ("positive", "labels"),
    [
        ("1", [(1, 1), ("1", 1), (True, 0), (1.0, 0), (0, 0), ("true", 0)]),
        ("true", [(True, 1), ("true", 1), (1, 0), (False, 0)]),
        ("0", [(0, 1), (False, 0), (0.0, 0), ("0", 1)]),
        ("1.0", [(1.0, 1), (1, 0), ("1.0", 1)]),
    ],
)
def test_a_label_is_positive_if_its_json_text_is(
    make: Any, positive: str, labels: list[tuple[object, int]]
) -> None:
    made = make(credit(positive_label=positive))
    predictions = [event(prediction={"label": value}) for value, _ in labels]
    actuals = [label(actual={"label": value}) for value, _ in labels]

    first, second = made.decode(rows(*predictions, *actuals)).batches

    expected = [is_positive for _, is_positive in labels]
    assert first.counters[:, 3].tolist() == expected
    assert second.counters[:, 5].tolist() == expected


@FAST_AND_SLOW
def test_a_label_counts_in_counters_only(make: Any) -> None:
    batch = only(make().decode(rows(label(), label(actual={"label": "approve"}, tags={"region": "us"}))))

    assert batch.is_label
    assert list(batch.versions) == ["", ""]
    assert tags(batch) == {"region": [None, "us"], "tier": [None, None]}
    assert (batch.numeric == math.inf).all()
    assert batch.numeric.shape == (2, 3)
    assert categories(batch) == ()
    assert batch.counters.tolist() == [[0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, 1]]


@FAST_AND_SLOW
def test_a_prediction_that_brings_its_label_counts_as_both(make: Any) -> None:
    batch = only(make().decode(rows(event(actual={"label": "approve"}), event(actual={}))))

    assert not batch.is_label
    assert batch.counters.tolist() == [[1, 0, 1, 1, 1, 1], [1, 0, 1, 1, 0, 0]]


@FAST_AND_SLOW
@pytest.mark.parametrize("error", ["timeout", 504, True, {"code": 5}, ["x"]])
def test_a_failed_request_counts_as_an_event_and_an_error(make: Any, error: object) -> None:
    batch = only(make().decode(rows(event(prediction=None, error=error), event())))

    assert batch.counters.tolist() == [[1, 1, 0, 0, 0, 0], [1, 0, 1, 1, 0, 0]]
    assert batch.numeric[:, -1].tolist() == [math.inf, 0.87]


@FAST_AND_SLOW
@pytest.mark.parametrize("error", ["null", "false", "0", '""', "{}", "[]"])
def test_an_empty_error_is_none(make: Any, error: str) -> None:
    value = b'{"model":"credit","timestamp":%d,"prediction":{},"error":%s}' % (TIME_MS, error.encode())
    assert only(make().decode(rows(value))).counters.tolist() == [[1, 0, 0, 0, 0, 0]]


@FAST_AND_SLOW
def test_a_regression_counts_values(make: Any) -> None:
    prediction = {
        "model": "price", "model_version": 2, "timestamp": TIME_MS,
        "features": {"rooms": 3}, "prediction": {"value": 12.5, "score": 9},
    }  # fmt: skip
    first, second = (
        make()
        .decode(rows(prediction, {"model": "price", "timestamp": TIME_MS, "actual": {"value": 11}}))
        .batches
    )

    assert first.numeric.tolist() == [[3.0, 12.5]]
    assert list(first.versions) == ["2"]
    assert first.counters.tolist() == [[1, 0, 0, 0, 0, 0]]
    assert second.counters.tolist() == [[0, 0, 0, 0, 1, 0]]


@FAST_AND_SLOW
@pytest.mark.parametrize(
    ("version", "text"),
    [("v7", "v7"), (7, "7"), (7.5, "7.5"), (1.0, "1.0"), (True, "true"), (1, "1"), (None, "")],
)
def test_a_version_is_read_as_json_text(make: Any, version: object, text: str) -> None:
    batch = only(make().decode(rows(event(model_version=version), event(model_version="1"))))
    assert list(batch.versions) == [text, "1"]


@FAST_AND_SLOW
def test_tags_are_text_and_only_those_of_slices_are_kept(make: Any) -> None:
    wrong = [{"region": 5}, {"region": True}, {"region": 1.5}, {"region": []}, {"other": "x"}, None, "eu", {}]
    batch = only(make().decode(rows(*(event(tags=tags) for tags in wrong))))
    assert tags(batch) == {
        "region": ["5", "true", "1.5", None, None, None, None, None],
        "tier": [None] * len(wrong),
    }
