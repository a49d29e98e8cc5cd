"""Summaries of frequent names: exact while few, bounded when many, and as good merged as whole."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from detectors.totals.heavy import CAPACITY, Summary, add, merge

NAMES = st.lists(st.integers(0, 60).map(lambda n: f"n{n * n // 40}"), max_size=300)
FEW = st.lists(st.sampled_from([f"n{i}" for i in range(CAPACITY)]), max_size=200)


def summary_of(*parts: list[str]) -> Summary:
    summary: Summary = {}
    for part in parts:
        add(summary, part)
    return summary


def check(summary: Summary, names: list[str]) -> None:
    """Counts are lower bounds, short by no more than the promise."""
    counts = Counter(names)
    assert len(summary) <= CAPACITY
    for name, count in counts.items():
        assert count - len(names) / (CAPACITY + 1) <= summary.get(name, 0) <= count
    assert summary.keys() <= counts.keys()


@given(FEW, st.randoms(use_true_random=False))
def test_few_distinct_names_are_counted_exactly_in_any_order(names: list[str], random: object) -> None:
    shuffled = list(names)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' own random
    assert summary_of(names) == summary_of(shuffled) == dict(Counter(names))


@given(NAMES)
def test_no_name_is_counted_short_by_more_than_its_share(names: list[str]) -> None:
    check(summary_of(names), names)


@given(NAMES, st.integers(0, 300), st.integers(0, 300))
def test_how_names_were_cut_into_batches_makes_no_difference(names: list[str], one: int, two: int) -> None:
    first, second = sorted((one, two))
    assert summary_of(names[:first], names[first:second], names[second:]) == summary_of(names)


@given(st.lists(NAMES, max_size=5))
def test_merged_summaries_keep_the_promise_of_the_whole(parts: list[list[str]]) -> None:
    merged: Summary = {}
    for part in parts:
        merged = merge(merged, summary_of(part))
    check(merged, [name for part in parts for name in part])


@given(NAMES, NAMES)
def test_merging_commutes_and_nothing_is_its_zero(one: list[str], other: list[str]) -> None:
    left, right = summary_of(one), summary_of(other)
    assert merge(left, right) == merge(right, left)
    assert merge(left, {}) == merge({}, left) == left


@given(FEW, FEW, FEW)
def test_merging_few_distinct_names_is_addition(one: list[str], two: list[str], three: list[str]) -> None:
    a, b, c = map(summary_of, (one, two, three))
    assert merge(merge(a, b), c) == merge(a, merge(b, c)) == dict(Counter(one + two + three))
