"""Profiles built from columns: what is counted, what is cut, and that order does not matter."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.building import CHUNK, Cut, Reference, build_profile
from detectors.fields import ABSENT, INVALID, CategoricalField
from detectors.layout import COUNTERS
from detectors.profile import Profile
from service.config.model import Model
from service.errors import ProfileError
from service.events.batch import Batch
from service.events.coded import CodedColumn
from service.profiles.from_batches import build_from_batches, profile_from_batches

numbers = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, -0.0, 1e308, np.nan, np.inf, -np.inf]))
words = st.sampled_from(["CA", "NY", "é", "", True, 1, 7, None, ABSENT, INVALID])
events = st.lists(st.tuples(numbers, words, st.sampled_from(["eu", "us", None])), min_size=1, max_size=60)

Row = tuple[float, object, str | None]

MODEL = Model.model_validate(
    {
        "name": "m",
        "features": {"x": {"type": "numeric"}, "c": {"type": "categorical"}},
        "slices": [["region"]],
    }
)

UNORDERED = MODEL.model_copy(update={"reference": MODEL.reference.model_copy(update={"calibrate": False})})


def batch(rows: Sequence[Row], first: int = 0, version: str = "1") -> Batch:
    n = len(rows)
    counters = np.zeros((n, len(COUNTERS)), np.int64)
    counters[:, 0] = 1
    return Batch(
        model="m",
        is_label=False,
        offsets=np.arange(first, first + n),
        record_ms=np.full(n, -1),
        event_ms=np.zeros(n, np.int64),
        versions=CodedColumn.of([version] * n),
        tags={"region": CodedColumn.of([row[2] for row in rows])},
        numeric=np.array([[row[0], np.inf] for row in rows]),
        categorical=(CodedColumn.of([row[1] for row in rows]),),
        counters=counters,
    )


def labels(n: int) -> Batch:
    counters = np.zeros((n, len(COUNTERS)), np.int64)
    counters[:, COUNTERS.index("actuals")] = 1
    found = batch([(np.inf, None, "eu")] * n)
    return replace(found, is_label=True, versions=CodedColumn.of([""] * n), categorical=(), counters=counters)


@settings(max_examples=60)
@given(events, st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_id_of_an_uncalibrated_profile_does_not_depend_on_the_order_of_records_or_on_batches(
    rows: list[Row], random: object, parts: int
) -> None:
    whole = profile_from_batches(UNORDERED, "1", [batch(rows), labels(3)])
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's random is a random.Random
    split = [batch(shuffled[i::parts], first=i * 1000) for i in range(parts)]
    again = profile_from_batches(UNORDERED, "1", [labels(1), *reversed(split), labels(2)])
    assert again.id == whole.id


@settings(max_examples=60)
@given(events)
def test_every_record_is_counted_once_in_each_field_of_each_slice(
    rows: list[Row],
) -> None:
    profile = profile_from_batches(MODEL, "1", [batch(rows)])
    layout = profile.layout
    for name, row in zip(profile.slices, profile.totals, strict=True):
        members = [r for r in rows if name == "all" or name == f"region={r[2]}"]
        assert layout.counter(row, "events") == len(members)
        for place in range(len(layout.fields)):
            assert row[layout.starts[place] : layout.starts[place + 1]].sum() == len(members)


@settings(max_examples=60)
@given(events)
def test_a_profile_survives_its_json(rows: list[Row]) -> None:
    profile = profile_from_batches(MODEL, "1", [batch(rows)])
    again = Profile.from_json(profile.to_json())
    assert again.id == profile.id
    assert (again.totals == profile.totals).all()


def test_slices_have_the_rows_whose_tags_they_name_and_a_missing_tag_is_in_none() -> None:
    rows = [(1.0, "CA", "eu"), (2.0, "NY", "us"), (3.0, "CA", None), (4.0, "CA", "eu")]
    profile = profile_from_batches(MODEL, "1", [batch(rows)])
    assert profile.slices == ("all", "region=eu", "region=us")
    assert profile.layout.counter(profile.totals, "events").tolist() == [4, 2, 1]


def test_more_records_than_a_chunk_are_counted_as_one() -> None:
    n = CHUNK + 17
    values = np.arange(n, dtype=np.float64)
    counters = np.zeros((n, len(COUNTERS)), np.int64)
    counters[:, 0] = 1
    odd = np.flatnonzero(values % 2)
    reference = Reference(("x",), values[:, None], (), (), counters, {"odd=1": odd})
    profile = build_profile("m", "", reference, bins=10).profile
    counts = profile.layout.values(profile.totals, 0)
    assert counts.sum(axis=1).tolist() == [n, len(odd)]
    assert np.ptp(counts[0, 1:-1]) <= 1


def test_the_rarest_categories_are_cut_and_equal_ones_by_name() -> None:
    rows = [(0.0, word, None) for word in "aabbccdde"]
    reference = batch(rows)
    built = build_profile(
        "m",
        "1",
        Reference(("x",), reference.numeric[:, :1], ("c",), reference.categorical, reference.counters),
        max_categories=3,
    )
    field = built.profile.fields[1]
    assert isinstance(field, CategoricalField)
    assert field.categories == ("a", "b", "c")
    assert built.cut == {"c": Cut(kinds=2, records=3)}
    assert built.profile.layout.values(built.profile.totals[0], 1).tolist() == [2, 2, 2, 3]


def test_true_and_one_are_different_categories() -> None:
    rows: list[Row] = [(0.0, word, None) for word in (True, 1, "1", "true", False)]
    field = profile_from_batches(MODEL, "1", [batch(rows)]).fields[2]
    assert isinstance(field, CategoricalField)
    assert field.categories == ("1", "false", "true")


def test_declared_categories_are_taken_as_they_are_and_others_are_unseen() -> None:
    features = {"x": {"type": "numeric"}, "c": {"type": "categorical", "categories": ["WA", "CA"]}}
    model = Model.model_validate({"name": "m", "features": features})
    rows: list[Row] = [(0.0, "CA", None), (0.0, "NY", None)]
    built = build_from_batches(model, "1", [batch(rows)])
    field = built.profile.fields[2]
    assert isinstance(field, CategoricalField)
    assert field.categories == ("WA", "CA")
    assert built.profile.layout.values(built.profile.totals[0], 2).tolist() == [0, 1, 1]
    assert built.cut == {"c": Cut(1, 1)}


def test_slices_beyond_the_bound_are_cut_smallest_first_and_counted() -> None:
    rows: list[Row] = [(0.0, "CA", region) for region in "aaabbc"]
    built = build_from_batches(MODEL, "1", [batch(rows)], max_slices=1)
    assert built.profile.slices == ("all", "region=a")
    assert built.cut_slices == {"region": Cut(kinds=2, records=3)}


def test_labels_count_in_all_and_in_the_slices_of_their_own_tags() -> None:
    predictions = [batch([(1.0, "CA", "eu")]), batch([(1.0, "CA", "us")], first=1)]
    profile = profile_from_batches(MODEL, "1", [*predictions, labels(5)])
    counted = dict(
        zip(profile.slices, profile.layout.counter(profile.totals, "actuals").tolist(), strict=True)
    )
    assert {name: count for name, count in counted.items() if count} == {"all": 5, "region=eu": 5}
    profile = profile_from_batches(MODEL, "1", [predictions[0], labels(5)])
    assert profile.layout.counter(profile.totals, "events").tolist() == [1, 1]


def test_only_the_asked_version_counts_and_no_version_means_every_version() -> None:
    mixed = [batch([(1.0, "CA", None)] * 3), batch([(2.0, "CA", None)] * 2, version="2")]
    counted = {
        version: int(profile.layout.counter(profile.totals[0], "events"))
        for version in ("1", "2", "")
        for profile in [profile_from_batches(MODEL, version, mixed)]
    }
    assert counted == {"1": 3, "2": 2, "": 5}


def test_a_version_without_events_is_an_error_that_names_the_versions_there_are() -> None:
    with pytest.raises(ProfileError, match=r"version `3`.*versions in the data: `1` \(1\)"):
        profile_from_batches(MODEL, "3", [batch([(1.0, "CA", None)])])


def test_labels_alone_are_no_reference() -> None:
    with pytest.raises(ProfileError, match="holds no prediction"):
        profile_from_batches(MODEL, "", [labels(2)])


def test_an_empty_declared_range_names_its_feature() -> None:
    reference = Reference(("x",), np.array([[1.0]]), (), (), np.ones((1, len(COUNTERS)), np.int64))
    with pytest.raises(ValueError, match="feature `x`: the declared range 2 to 1"):
        build_profile("m", "", reference, ranges={"x": (2.0, 1.0)})
