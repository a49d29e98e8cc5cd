"""How many records are read cheaply: as runs, straight out of the broker's responses.

aiokafka's ``getmany`` makes an object of each record, and a second one around it: of reading an event that is
the dearer half. It has no option for anything less. So a consumer that is given :func:`unwrapped` as its
value deserializer gets each of its lists as a :class:`~service.events.run.Run`; any other consumer in the
process is served as before. What :mod:`service.kafka.response` does not read, aiokafka reads as ever, and
gives as a list of records. So it does where nothing was compiled, or where a release of aiokafka lacks a name
that is used here (docs/adr/0009).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aiokafka.consumer import fetcher

from service.events.batch import Record
from service.events.run import RunRecord
from service.kafka import frames
from service.kafka.response import BUILT, Response

Call = Callable[..., Any]
_ASKED = {"_isolation_level": 0, "_check_crcs": False, "_key_deserializer": None}
_USED = {
    "FetchResult": ("getall", "check_assignment", "_update_position"),
    "PartitionRecords": ("_unpack_records",),
    "MemoryRecords": ("has_next",),
}


def unwrapped(value: bytes | None) -> bytes | None:
    """The value as it is; its presence asks for runs."""
    return value


def bulk_options() -> dict[str, Any]:
    """Options of a consumer that gets runs, in fetches that fit the processor's cache.

    Larger fetches leave the cache before they are parsed, smaller ones ask more often: of 1, 2 and 4 MiB a
    partition 2 cost least, and an eighth of reading and parsing less than 4.
    """
    install()
    frames.install()
    return {
        "value_deserializer": unwrapped,
        "max_partition_fetch_bytes": 2 * 1024 * 1024,
        "fetch_max_bytes": 4 * 1024 * 1024,
        # Checking every batch costs a fifth of reading, TCP has checksums of its own, and a rotten byte costs
        # an event. Of partials and control records it could move a watermark for good: there it is checked.
        "check_crcs": False,
    }


def install(where: Any = fetcher) -> None:
    """Let consumers ask for runs; once is enough, more does no harm."""
    _replace(getattr(where, "PartitionRecords", None), "_consumer_record", _without_wrapper)
    if BUILT and all(
        hasattr(getattr(where, owner, None), name) for owner, names in _USED.items() for name in names
    ):
        _replace(where, "MemoryRecords", _remembering)
        _replace(where.FetchResult, "getall", _by_runs)


def _replace(owner: Any, name: str, replaced: Callable[[Any], Any]) -> None:
    usual = getattr(owner, name, None)
    if usual is not None and not hasattr(usual, "driftline"):
        ours = replaced(usual)
        ours.driftline = True  # a mark for the next call
        setattr(owner, name, ours)


def _without_wrapper(usual: Call) -> Call:
    """Gives who asks for it the parsed record, which has all that is read of it."""

    def consumer_record(self: Any, partition: Any, record: Any) -> Any:
        if self._value_deserializer is not unwrapped:
            return usual(self, partition, record)
        if record.timestamp is None:
            return RunRecord(record.offset, -1, record.key, record.value, record.headers)
        return record

    return consumer_record


def _remembering(usual: type[Any]) -> type[Any]:
    """Lets the records of a response remember its bytes."""

    class Remembering(usual):  # type: ignore[misc]  # whichever class the release has
        def __init__(self, data: bytes) -> None:
            super().__init__(data)
            self.data: bytes | None = data
            self.response: Response | None = None

    return Remembering


def _by_runs(usual: Call) -> Call:
    """Gives who asks for it runs of what is left in a response."""

    def getall(self: Any, max_records: int | None = None) -> Sequence[Record]:
        records: Any = getattr(self, "_partition_records", None)
        response = _response(records)
        if response is None:
            return usual(self, max_records)  # type: ignore[no-any-return]  # aiokafka has no types
        if not self.check_assignment(self._topic_partition):
            _let_go(records)
            return []
        run = response.take(max_records)
        records.next_fetch_offset = response.next_offset
        self._update_position()
        if response.is_read:
            _let_go(records)
            self._partition_records = None
        elif response.is_odd:
            _hand_over(records, response)
            return usual(self, max_records) if run is None else run
        return [] if run is None else run

    return getall


def _response(records: Any) -> Response | None:
    """What is left of a response; None where it is not for us to read."""
    if getattr(records, "_value_deserializer", None) is not unwrapped:
        return None
    kept = getattr(records, "_records", None)
    data = getattr(kept, "data", None)
    if (
        kept is None
        or data is None
        or any(getattr(records, name, ...) != asked for name, asked in _ASKED.items())
    ):
        return None
    response: Response | None = kept.response
    if response is None or response.next_offset != records.next_fetch_offset:  # somebody read one by one
        response = kept.response = Response(data, records.next_fetch_offset)
    return response


def _let_go(records: Any) -> None:
    """Its generator, which nobody began, holds it: megabytes would stay until garbage is looked for."""
    records._records_iterator = None  # noqa: SLF001  # aiokafka does the same at its end


def _hand_over(records: Any, response: Response) -> None:
    """Let aiokafka read what is left."""
    kept = records._records  # noqa: SLF001  # aiokafka has no option for it
    rest = type(kept)(kept.data[response.position :])
    rest.data = None
    # Its parser reads beyond a damaged batch, which would end the process; with checksums it says so instead.
    records._check_crcs = True  # noqa: SLF001  # likewise
    records._records, records._records_iterator = rest, records._unpack_records()  # noqa: SLF001  # likewise
