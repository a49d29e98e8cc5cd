"""How many records are read cheaply: as aiokafka's parser makes them, without the wrapper around each.

``getmany`` turns every parsed record into a ``ConsumerRecord``, a frozen dataclass of eleven fields: a
tenth of what reading and parsing an event costs. The parsed record already has all that the ingest reads:
offset, timestamp, key, value and headers.

aiokafka has no option for it. A consumer that is given :func:`unwrapped` as its value deserializer gets
parsed records; any other consumer in the process is served as before. Should a release of aiokafka lack the
method replaced here, ``unwrapped`` is a deserializer that changes nothing, and the consumer gets wrapped
records, which serve as well.
"""

from __future__ import annotations

from typing import Any

from aiokafka.consumer.fetcher import PartitionRecords


def unwrapped(value: bytes | None) -> bytes | None:
    """The value as it is; its presence asks for records without their wrapper."""
    return value


def bulk_options() -> dict[str, Any]:
    """Options of a consumer that gets unwrapped records, in fetches that fit the processor's cache.

    Larger fetches leave the cache before they are parsed, smaller ones ask more often: of 1, 2 and 4 MiB a
    partition 2 cost least, and an eighth of reading and parsing less than 4.
    """
    install()
    return {
        "value_deserializer": unwrapped,
        "max_partition_fetch_bytes": 2 * 1024 * 1024,
        "fetch_max_bytes": 4 * 1024 * 1024,
        # Checking every batch costs a fifth of reading, TCP has checksums of its own, and a rotten byte costs
        # an event. Of partials and control records it could move a watermark for good: there it is checked.
        "check_crcs": False,
    }


def install() -> None:
    """Let consumers ask for unwrapped records; once is enough, more does no harm."""
    wrap = getattr(PartitionRecords, "_consumer_record", None)
    if wrap is None or getattr(wrap, "skips", False):
        return

    def consumer_record(self: Any, partition: Any, record: Any) -> Any:
        if self._value_deserializer is unwrapped:
            return record
        return wrap(self, partition, record)

    consumer_record.skips = True  # type: ignore[attr-defined]  # a mark for the next call
    PartitionRecords._consumer_record = consumer_record  # noqa: SLF001  # see above: there is no option
