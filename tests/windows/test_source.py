"""Lateness, clocks and ends of the log of one source."""

from __future__ import annotations

from service.windows.clock import NEVER_MS
from service.windows.codec import decode_rows
from service.windows.resume import METADATA_BYTES, read_metadata
from service.windows.statement import Statement
from tests.windows.making import START_MS, Event, finish, log, new_source, read, second_of, tallied


def counts(statements: list[Statement]) -> dict[tuple[str, str, float], tuple[int, int]]:
    """Events and late ones by model, version and start of the pane in seconds."""
    return {
        (s.model, s.version, second_of(s.pane_ms)): (int(decode_rows(s.rows)[0, 0]), s.late)
        for s in statements
    }


def at(second: float) -> int:
    return START_MS + round(second * 1000)


def test_each_record_is_judged_by_what_stands_before_it() -> None:
    """
    log order    12   3   16   3      lateness 5 s
    watermark     -   7   7   11
    pane [0,10)       ✓        late: [0,10) ended at 10 ≤ 11; it counts where the watermark stood, in [10,20)
    """
    source = new_source()
    read(source, log([Event(12), Event(3), Event(16), Event(3)]))
    assert tallied(source) == (1, 0, 0)
    source.caught_up(at(100))
    assert counts(finish(source)) == {("fast", "1", 0): (1, 0), ("fast", "1", 10): (2, 1)}


def test_an_event_at_the_very_end_of_its_pane_belongs_to_the_next() -> None:
    source = new_source()
    read(source, log([Event(9.999), Event(10)]))
    source.caught_up(at(100))
    assert counts(finish(source)) == {("fast", "1", 0): (1, 0), ("fast", "1", 10): (1, 0)}


def test_a_pane_is_finished_exactly_when_the_watermark_reaches_its_end() -> None:
    source = new_source()
    read(source, log([Event(1), Event(14.999)]))
    assert finish(source) == []
    read(source, [Event(15).record(2)])
    assert counts(finish(source)) == {("fast", "1", 0): (1, 0)}


def test_the_clock_is_of_the_partition_and_the_lateness_of_the_model() -> None:
    """A slow event moves the clock to 26: fast (lateness 5 s) stands at 21, slow (20 s) at 6."""
    source = new_source()
    read(source, log([Event(26, "slow"), Event(15), Event(1, "slow"), Event(25)]))
    assert (source.watermark_ms("fast"), source.watermark_ms("slow")) == (at(21), at(6))
    assert (tallied(source, "slow"), source.tallies()["fast"].late) == ((0, 0, 0), 0)
    source.caught_up(at(120))
    assert counts(finish(source)) == {
        ("slow", "1", 0): (2, 0),
        ("fast", "1", 20): (1, 1),
    }


def test_labels_move_the_same_clock_as_predictions() -> None:
    source = new_source()
    read(source, log([Event(30, label=True), Event(1)]))
    assert tallied(source) == (1, 0, 0)


def test_a_time_far_ahead_of_its_record_counts_at_its_record_and_does_not_move_the_clock() -> None:
    source = new_source()
    ahead = Event(10_000, record_second=3)
    read(source, log([ahead, Event(2, record_second=4)]))
    assert (tallied(source), source.newest_ms) == ((0, 1, 0), at(3))
    source.caught_up(at(100))
    [statement] = finish(source)
    assert (second_of(statement.pane_ms), statement.clamped, decode_rows(statement.rows)[0, 0]) == (0, 1, 2)


def test_a_time_a_little_ahead_of_its_record_counts_where_it_is_but_does_not_move_the_clock() -> None:
    source = new_source()
    read(source, log([Event(60, record_second=3)]))
    assert (tallied(source), source.newest_ms) == ((0, 0, 0), at(3))
    source.caught_up(at(200))
    assert counts(finish(source)) == {("fast", "1", 60): (1, 0)}


def test_without_a_timestamp_nothing_is_clamped() -> None:
    source = new_source()
    read(source, log([Event(10_000)]))
    assert (tallied(source), source.newest_ms) == ((0, 0, 0), at(10_000))


def test_the_end_of_the_log_finishes_panes_and_makes_what_comes_after_it_late() -> None:
    """
    log      1 3 │ 4          │ the log was read to its end, with everything before 10 s in it
    pane     ✓ ✓   late
    """
    source = new_source()
    read(source, log([Event(1), Event(3)]))
    assert source.caught_up(at(10))
    assert counts(finish(source)) == {("fast", "1", 0): (2, 0)}
    source.acknowledge()
    read(source, [Event(4).record(2)])
    assert tallied(source) == (1, 0, 0)


def test_an_end_of_the_log_that_says_nothing_new_is_no_news() -> None:
    source = new_source()
    read(source, log([Event(30)]))
    assert source.caught_up(at(20))
    assert not source.caught_up(at(20))
    assert not source.caught_up(at(15))
    assert source.caught_up_ms == at(20)


def test_an_end_of_the_log_behind_every_watermark_is_not_remembered() -> None:
    """The slowest model stands at 100 - 20 s: an end known for 80 s moves nobody."""
    source = new_source()
    read(source, log([Event(100)]))
    assert not source.caught_up(at(80))
    assert (source.caught_up_ms, source.resume().jumps) == (NEVER_MS, [])


def test_ends_of_the_log_come_down_to_whole_panes() -> None:
    source = new_source()
    source.caught_up(at(19.999))
    assert source.caught_up_ms == at(10)


def test_a_trickle_of_events_under_a_long_pane_does_not_outgrow_the_commit() -> None:
    """An event every 10 s under a pane that never ends, each followed by the end of the log."""
    source = new_source()
    read(source, [Event(500_000, "slow", record_second=500_000 - 200).record(0)])
    for number in range(1, 1_000):
        read(source, [Event(499_000, record_second=10 * number).record(number)])
        source.caught_up(at(10 * number))
        source.acknowledge()
    assert len(source.resume().metadata()) < METADATA_BYTES


def test_ends_of_the_log_are_forgotten_when_nobody_will_begin_before_them() -> None:
    source = new_source()
    for number in range(50):
        read(source, [Event(10 * number).record(number)])
        source.caught_up(at(10 * number))
        finish(source)
        source.acknowledge()
    assert len(source._clock.jumps) <= 3


def test_the_commit_is_the_lowest_first_offset_of_any_unfinished_pane() -> None:
    """
    offset   0      1      2         the oldest pane begins at offset 1, a younger one at 0
    pane     20     0      20
    """
    source = new_source()
    read(source, log([Event(20, record_second=1), Event(1), Event(21, record_second=2)]))
    assert source.resume().offset == 0


def test_without_unfinished_panes_the_commit_is_the_position() -> None:
    source = new_source()
    read(source, log([Event(1), Event(2)]))
    source.caught_up(at(100))
    finish(source)
    assert source.resume().offset == 0, "stated, but not acknowledged"
    source.acknowledge()
    assert source.resume().offset == 2


def test_labels_and_predictions_without_a_version_share_a_pane_that_begins_with_the_first_of_them() -> None:
    source = new_source()
    read(source, log([Event(500, "slow"), Event(501, label=True), Event(502, version=None)]))
    source.caught_up(at(490))
    finish(source)
    source.acknowledge()
    assert source.resume().offset == 0
    other = new_source()
    read(other, log([Event(501, label=True), Event(502, version=None)]))
    assert other.resume().offset == 0


def test_a_commit_of_somebody_else_is_not_read_as_ours() -> None:
    source = new_source()
    read(source, log([Event(1)]))
    text = source.resume().metadata()
    assert read_metadata(text) == source.resume()
    assert [read_metadata(other) for other in (None, "", "x", text[:-5], "00000", text + "é")] == [None] * 6
