"""A response that was read is let go at once: nothing waits for garbage to be looked for."""

import gc
import weakref

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher

from service.kafka.records import install, unwrapped
from service.kafka.response import BUILT
from tests.kafka.responses import Batch, Sent, encoded
from tests.kafka.test_response import _Assignment, _State

TP = TopicPartition("in", 0)


@pytest.mark.parametrize("goes_elsewhere", [False, True])
@pytest.mark.skipif(not BUILT, reason="the index is not built on this machine")
def test_the_bytes_of_a_response_go_with_its_last_run(goes_elsewhere: bool) -> None:
    install()
    data, state = encoded([Batch([Sent(b"a"), Sent(b"b")])]), _State(100)
    records = fetcher.PartitionRecords(TP, fetcher.MemoryRecords(data), None, 100, None, unwrapped, False, 0)
    held = weakref.ref(records)
    result = fetcher.FetchResult(TP, assignment=_Assignment(state), partition_records=records, backoff=0)
    del records
    gc.disable()
    try:
        assert result.getall(1).offsets.tolist() == [100]
        assert held() is not None
        if goes_elsewhere:
            state.position = 7
            assert result.getall() == []
        else:
            assert result.getall().offsets.tolist() == [101]
        assert held() is None
    finally:
        gc.enable()
