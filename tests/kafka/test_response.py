"""Responses read as runs, held against aiokafka's own parser: the same records, the same place to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record import memory_records
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.util import decode_varint_py
from hypothesis import assume, example, given
from hypothesis import strategies as st

from service.events.run import Run
from service.kafka import records as seams
from service.kafka.records import install, unwrapped
from service.kafka.response import BUILT, UNPACKED_BYTES, Response
from tests.kafka.responses import CODECS, CONTROL, LOG_APPEND_TIME, TIME_MS, Batch, Sent, encoded

TP = TopicPartition("in", 0)
needs_index = pytest.mark.skipif(not BUILT, reason="the index is not built on this machine")

Content = tuple[int, int, bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]


class _State:
    """What a consumer knows of a partition."""

    paused = False

    def __init__(self, position: int) -> None:
        self.position = position

    def consumed_to(self, position: int) -> None:
        self.position = position


@dataclass
class _Assignment:
    state: _State
    active: bool = True

    def state_value(self, _: TopicPartition) -> _State:
        return self.state


@dataclass
class Read:
    """What was read of a response, where the consumer stands, and what was raised."""

    records: list[Content] = field(default_factory=list)
    position: int = 0
    error: str = ""


def read(data: bytes, start: int, sizes: Callable[[], int | None], *, as_runs: bool) -> Read:
    """Read a response as a consumer's fetcher does, so many records at most at once."""
    install()
    state = _State(start)
    records = fetcher.PartitionRecords(
        TP, fetcher.MemoryRecords(data), None, start, None, unwrapped if as_runs else None, False, 0
    )
    result = fetcher.FetchResult(TP, assignment=_Assignment(state), partition_records=records, backoff=0)
    found = Read()
    while result.has_more():
        most = sizes()
        try:
            given_out = result.getall(most)
        except Exception as error:  # noqa: BLE001  # whatever a parser raises
            found.error = type(error).__name__
            break
        assert most is None or len(given_out) <= most
        found.records += [content(record) for record in given_out]
    found.position = state.position
    return found


def content(record: Any) -> Content:
    time_ms = -1 if record.timestamp is None else record.timestamp
    return record.offset, time_ms, record.key, record.value, tuple(record.headers)


def taken(data: bytes, start: int = 100) -> Run:
    """All records that the index reads of a response."""
    run = Response(data, start).take(None)
    assert run is not None
    return run


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), max_size=4)
SENT = st.builds(
    Sent,
    value=st.none() | st.binary(max_size=200),
    key=st.none() | st.binary(max_size=4),
    headers=st.lists(st.tuples(TEXT, st.none() | st.binary(max_size=4)), max_size=3),
    time_ms=st.sampled_from([-1, 0, TIME_MS]) | st.integers(0, 2**45),
    step=st.sampled_from([0, 0, 0, 1, 70]),
)
BATCH = st.builds(
    Batch,
    sent=st.lists(SENT, max_size=5),
    codec=st.sampled_from(CODECS),
    attributes=st.sampled_from([0, 0, LOG_APPEND_TIME, CONTROL]),
    before=st.integers(0, 3),
    after=st.sampled_from([0, 0, 3]),
)
SIZES = st.none() | st.integers(1, 4)


@needs_index
@given(st.lists(BATCH, max_size=6), st.integers(0, 12), st.integers(0, 200), st.data())
def test_a_response_holds_the_records_that_aiokafka_reads(
    batches: list[Batch], behind: int, cut: int, data: st.DataObject
) -> None:
    response = encoded(batches)
    response = response[: len(response) - cut] if cut % 3 == 0 else response
    usual = read(response, 100 + behind, lambda: None, as_runs=False)
    runs = read(response, 100 + behind, lambda: data.draw(SIZES), as_runs=True)
    assert runs == usual


@needs_index
@pytest.mark.parametrize("codec", CODECS)
def test_records_of_each_compression_are_indexed(codec: int) -> None:
    batches = [Batch([Sent(b"a", b"k", [("h", b"1"), ("n", None)]), Sent(None), Sent(b"c" * 300)], codec)] * 3
    run = taken(encoded(batches))
    assert run.offsets.tolist() == list(range(100, 109))
    assert run.lengths.tolist() == [1, -1, 300] * 3
    assert content(run[6]) == (106, TIME_MS, b"k", b"a", (("h", b"1"), ("n", None)))
    assert run.size == 903


@needs_index
def test_plain_batches_stay_in_the_response() -> None:
    data = encoded([Batch([Sent(b"a"), Sent(b"b")]), Batch(attributes=CONTROL), Batch([Sent(b"c")])])
    run = taken(data)
    assert run.data is data
    assert [bytes(data[start : start + 1]) for start in run.starts.tolist()] == [b"a", b"b", b"c"]
    assert run.offsets.tolist() == [100, 101, 103]


@needs_index
def test_what_is_unpacked_at_once_has_a_bound() -> None:
    response = Response(encoded([Batch([Sent(b" " * 999_000)] * 5, codec=4)] * 9), 100)
    sizes = []
    while run := response.take(10_000):
        sizes.append(run.size)
        assert response.is_read or UNPACKED_BYTES <= run.size < UNPACKED_BYTES + 5_000_000
    assert sum(sizes) == 45 * 999_000
    assert len(sizes) == 3


@needs_index
def test_offsets_without_records_are_passed() -> None:
    response = Response(
        encoded([Batch(before=2, after=4), Batch(attributes=CONTROL), Batch([], after=2)]), 100
    )
    run = response.take(10)
    assert run is not None
    assert run.offsets.tolist() == [102]
    assert response.is_read
    assert response.next_offset == 100 + 7 + 1 + 3


@needs_index
def test_time_of_appending_is_that_of_the_batch() -> None:
    sent = [Sent(time_ms=TIME_MS), Sent(time_ms=TIME_MS + 9), Sent(time_ms=TIME_MS + 5)]
    assert taken(encoded([Batch(sent, attributes=LOG_APPEND_TIME)])).record_ms.tolist() == [TIME_MS + 9] * 3
    assert taken(encoded([Batch(sent)])).record_ms.tolist() == [one.time_ms for one in sent]


@needs_index
def test_a_name_of_a_header_that_is_no_text_keeps_no_record_from_being_read() -> None:
    data = encoded([Batch([Sent(headers=[("name", b"x")])])]).replace(b"name", b"n\xffme")
    assert content(taken(data)[0])[4] == (("n\ufffdme", b"x"),)


@needs_index
def test_what_another_has_read_one_by_one_is_not_read_again() -> None:
    install()
    data = encoded([Batch([Sent(b"a"), Sent(b"b"), Sent(b"c")]), Batch()])
    records = fetcher.PartitionRecords(TP, fetcher.MemoryRecords(data), None, 100, None, unwrapped, False, 0)
    result = fetcher.FetchResult(
        TP, assignment=_Assignment(_State(100)), partition_records=records, backoff=0
    )
    read_first = result.getone()
    run = result.getall(1)
    assert (read_first.offset, run.offsets.tolist(), result.getone().offset) == (100, [101], 102)
    assert result.getall().offsets.tolist() == [103]


@needs_index
@pytest.mark.parametrize("magic", [0, 1])
def test_records_of_older_formats_are_read_by_aiokafka(magic: int) -> None:
    builder = LegacyRecordBatchBuilder(magic, 0, 2**20)
    for i in range(3):
        builder.append(i, TIME_MS, b"k", b"value of %d" % i)
    old = bytes(builder.build())
    new = encoded([Batch()], base=3)
    for data in (old, old + new):
        runs, usual = (read(data, 0, lambda: 2, as_runs=way) for way in (True, False))
        assert runs == usual
    assert Response(old, 0).take(10) is None


@needs_index
def test_only_those_who_ask_for_runs_get_them() -> None:
    install()
    data = encoded([Batch()])
    for asked, kind in (((unwrapped, False, 0), Run), ((None, False, 0), list), ((unwrapped, True, 0), list),
                        ((unwrapped, False, 1), list)):  # fmt: skip
        records = fetcher.PartitionRecords(TP, fetcher.MemoryRecords(data), None, 100, None, *asked)
        result = fetcher.FetchResult(
            TP, assignment=_Assignment(_State(100)), partition_records=records, backoff=0
        )
        assert type(result.getall()) is kind


@needs_index
def test_a_consumer_that_was_told_to_go_elsewhere_gets_nothing() -> None:
    install()
    data, state = encoded([Batch([Sent()] * 4)]), _State(100)
    records = fetcher.PartitionRecords(TP, fetcher.MemoryRecords(data), None, 100, None, unwrapped, False, 0)
    result = fetcher.FetchResult(TP, assignment=_Assignment(state), partition_records=records, backoff=0)
    assert len(result.getall(2)) == 2
    state.position = 7
    assert result.getall(2) == []
    assert not result.has_more()


BYTES = st.sampled_from([b"", b"\0", b"\x01", b"\x7f", b"\x80", b"\xff"])
DAMAGE = st.lists(st.tuples(st.integers(0, 2**16), BYTES, st.integers(0, 3)), min_size=1, max_size=3)


@needs_index
@given(st.lists(BATCH, min_size=1, max_size=4), DAMAGE, SIZES)
@example([Batch([Sent(b"abc")] * 3)], [(57, b"\x7f", 1)], None)
@example([Batch([Sent(b"abc")] * 3)], [(8, b"\xff", 1)], None)
@example([Batch([Sent(b"abc")] * 3)], [(61, b"\x80", 1)], 1)
def test_damage_loses_and_invents_no_record(
    batches: list[Batch], damage: list[tuple[int, bytes, int]], most: int | None
) -> None:
    data = bytearray(encoded(batches))
    for place, new, old in damage:
        at = place % len(data)
        data[at : at + old] = new
    # aiokafka's parser in Python: that in Cython may read beyond the response, and so may its numbers.
    with pytest.MonkeyPatch.context() as patch:
        install()
        patch.setattr(_DefaultRecordBatchPy._read_msg, "__defaults__", (decode_varint_py,))
        patch.setattr(memory_records, "DefaultRecordBatch", _DefaultRecordBatchPy)
        patch.setattr(fetcher, "MemoryRecords", seams._remembering(memory_records._MemoryRecordsPy))
        usual = read(bytes(data), 100, lambda: 1, as_runs=False)
        runs = read(bytes(data), 100, lambda: most, as_runs=True)
    # aiokafka refuses a record whose header has a name that is no text.
    assume(not any("\ufffd" in name for record in runs.records for name, _ in record[4]))
    # What stands before it is read; a damaged batch that is not for the index is refused for its checksum.
    if usual.error or runs.error == "CorruptRecordException":
        assert runs.records == usual.records[: len(runs.records)]
        assert all(record[0] >= runs.position for record in usual.records[len(runs.records) :])
        assert runs.error
    else:
        assert runs == usual
