"""Watermarks over all sources: whoever has not been heard holds them back."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.windows.clock import FOREVER_MS, NEVER_MS
from service.windows.progress import Progresses
from service.windows.statement import Progress


def heard(
    partition: int, clock_ms: int, caught_up_ms: int = NEVER_MS, topic: str = "events", of: int = 2
) -> Progress:
    return Progress(
        topic=topic, partition=partition, partitions=of, hi=0, clock_ms=clock_ms, caught_up_ms=caught_up_ms
    )


def after(*told: Progress, topics: tuple[str, ...] = ("events",)) -> Progresses:
    progresses = Progresses(topics)
    for progress in told:
        progresses.observe(progress)
    return progresses


def test_a_partition_that_was_not_heard_holds_every_watermark_back() -> None:
    assert after(heard(0, 1_000)).watermark_ms(0) == NEVER_MS
    assert after(heard(0, 1_000)).unheard() == ["events/1"]
    assert after(heard(0, 1_000), heard(1, 700)).watermark_ms(0) == 700


def test_a_topic_that_was_not_heard_holds_every_watermark_back() -> None:
    progresses = after(heard(0, 9, of=1), topics=("events", "labels"))
    assert (progresses.watermark_ms(0), progresses.unheard()) == (NEVER_MS, ["labels"])


def test_without_topics_nothing_closes() -> None:
    assert after(topics=()).watermark_ms(0) == NEVER_MS


def test_a_topic_that_grows_waits_for_its_new_partitions() -> None:
    progresses = after(heard(0, 1_000), heard(1, 1_000))
    progresses.observe(heard(0, 2_000, of=3))
    assert progresses.watermark_ms(0) == NEVER_MS
    progresses.observe(heard(2, 500, of=3))
    assert progresses.watermark_ms(0) == 500


def test_a_topic_that_is_not_configured_does_not_count() -> None:
    assert after(heard(0, 5, of=1), heard(0, 1, topic="old", of=9)).watermark_ms(0) == 5


def test_an_idle_source_goes_with_the_end_of_its_log_and_a_busy_one_with_its_clock() -> None:
    """
    events/0   clock 1000, caught up 200  → 1000 - 100 = 900
    events/1   clock   50, caught up 800  → 800
    """
    progresses = after(heard(0, 1_000, 200), heard(1, 50, 800))
    assert progresses.watermark_ms(100) == 800


def test_lateness_is_of_the_model() -> None:
    progresses = after(heard(0, 1_000), heard(1, 2_000))
    assert [progresses.watermark_ms(lateness) for lateness in (0, 300)] == [1_000, 700]


def test_sources_that_are_all_at_their_very_end_give_a_bounded_watermark() -> None:
    assert after(heard(0, NEVER_MS, FOREVER_MS), heard(1, 1, FOREVER_MS)).watermark_ms(0) == FOREVER_MS


TOLD = st.lists(
    st.builds(heard, st.integers(0, 2), st.integers(0, 50), st.integers(0, 50), of=st.integers(1, 3)),
    max_size=12,
)


@given(TOLD, st.randoms(use_true_random=False))
def test_facts_may_come_in_any_order_and_more_than_once(told: list[Progress], random: object) -> None:
    repeated = told + told[::2]
    random.shuffle(repeated)  # type: ignore[attr-defined]  # hypothesis' own random
    one, other = after(*told), after(*repeated)
    assert (one.watermark_ms(7), one.newest_ms) == (other.watermark_ms(7), other.newest_ms)


@given(TOLD)
def test_watermarks_never_go_back_while_partitions_stay(told: list[Progress]) -> None:
    progresses = after(*(heard(partition, 0, of=3) for partition in range(3)))
    marks = []
    for progress in told:
        progresses.observe(progress)
        marks.append(progresses.watermark_ms(0))
    assert marks == sorted(marks)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_snapshot_goes_on_as_if_nothing_had_happened(order: tuple[int, ...]) -> None:
    told = [heard(partition, 100 * partition, of=3) for partition in order]
    through, restarted = after(*told[:2]), Progresses(["events"])
    restarted.load(through.dump())
    for progresses in (through, restarted):
        progresses.observe(told[2])
    assert restarted.dump() == through.dump()
    assert restarted.watermark_ms(0) == through.watermark_ms(0) == 0
