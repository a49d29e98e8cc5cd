"""Records wait until there are enough of their source, and never longer than they may."""

import pytest
from aiokafka import TopicPartition

from service.embedded.files import FileRecord
from service.events.run import Run
from service.kafka import waiting
from service.kafka.waiting import RECORDS_MAX, TOGETHER, Waiting

A, B = TopicPartition("events", 0), TopicPartition("events", 1)


def run(first: int, count: int, value: bytes = b"{}") -> Run:
    return Run.of([FileRecord(first + i, value) for i in range(count)])


def told(waited: Waiting, *, all_of_it: bool = False) -> list[tuple[TopicPartition, list[int], int]]:
    found = waited.everything() if all_of_it else waited.due()
    return [(due.partition, due.run.offsets.tolist(), due.era) for due in found]


def test_nothing_waits_in_a_source_of_which_nothing_is_known() -> None:
    waited = Waiting()
    waited.add(A, run(7, 2), 1)
    assert told(waited) == [(A, [7, 8], 1)]
    assert told(waited) == told(waited, all_of_it=True) == []


def test_records_wait_for_enough_of_each_model_and_come_in_their_order() -> None:
    waited = Waiting()
    waited.met(A, 2)
    waited.add(A, run(0, TOGETHER), 1)
    waited.add(B, run(0, 1), 1)
    assert told(waited) == [(B, [0], 1)]
    waited.add(A, run(TOGETHER, TOGETHER), 1)
    assert told(waited) == [(A, list(range(2 * TOGETHER)), 1)]


def test_a_flush_gets_all_of_it_and_the_era_of_the_oldest() -> None:
    waited = Waiting()
    waited.met(A, 1)
    for first, era in ((0, 4), (3, 5)):
        waited.add(A, run(first, 3), era)
    assert told(waited) == []
    assert told(waited, all_of_it=True) == [(A, [0, 1, 2, 3, 4, 5], 4)]
    waited.add(A, run(6, 1), 5)
    assert told(waited, all_of_it=True) == [(A, [6], 5)]


def test_however_many_models_there_are_only_so_many_records_wait() -> None:
    waited = Waiting()
    waited.met(A, 100_000)
    waited.add(A, run(0, RECORDS_MAX - 1), 1)
    assert told(waited) == []
    waited.add(A, run(RECORDS_MAX - 1, 1), 1)
    assert len(told(waited)[0][1]) == RECORDS_MAX


def test_beyond_a_bound_of_bytes_the_largest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "BYTES_MAX", 1_000)
    waited = Waiting()
    for partition, size in ((A, 400), (B, 601)):
        waited.met(partition, 10)
        waited.add(partition, run(0, 1, b"x" * size), 1)
    assert [partition for partition, _, _ in told(waited)] == [B]
    assert told(waited, all_of_it=True) == [(A, [0], 1)]


def test_nothing_read_is_nothing_waiting() -> None:
    waited = Waiting()
    waited.add(A, run(0, 0), 1)
    assert told(waited, all_of_it=True) == []
