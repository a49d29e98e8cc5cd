"""Partials as they stand in the topic; what is none is logged and passed over."""

from __future__ import annotations

import logging

import msgspec
from aiokafka import TopicPartition

from service.windows.statement import Partial, decode_partial

log = logging.getLogger(__name__)


def readable(tp: TopicPartition, offset: int, value: bytes) -> Partial | None:
    """The partial that a record holds; None for what cannot be read, which would be no better next time."""
    try:
        return decode_partial(value)
    except msgspec.MsgspecError as error:
        where = {"topic": tp.topic, "partition": tp.partition, "offset": offset, "error": str(error)}
        log.error("partial refused", extra=where)  # noqa: TRY400  # the error says it all
        return None
