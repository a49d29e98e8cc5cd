"""Many models in one run of records, scanned: the batches and refusals that decoding each by itself gives."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.config.model import Model
from service.embedded.files import FileRecord
from service.events.batch import Batch
from service.events.native import NativeDecoder
from service.events.scanning import BUILT

FEATURES = {"x": {"type": "numeric"}, "state": {"type": "categorical"}}
MODELS = [
    Model.model_validate({"name": name, "features": FEATURES, "windows": [{"length": "1m"}]} | more)
    for name, more in (
        ("a", {"versions": ["1", "2"], "slices": [["region"]]}),
        ("b", {"latency": False}),
        ("c", {"task": "regression"}),
    )
]

EVENTS = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["a", "b", "c"]),
        "timestamp": st.integers(1_767_571_200_000, 1_767_571_260_000),
        "tags": st.sampled_from([{}, {"region": "eu"}, {"region": "us"}]),
    },
    optional={
        "model_version": st.sampled_from(["1", "2", "3"]),
        "features": st.sampled_from([{}, {"x": 1.5, "state": "CA"}, {"x": None, "state": True}]),
        "prediction": st.sampled_from([{"score": 0.5, "label": "1"}, {"value": 2.0}]),
        "actual": st.sampled_from([{"label": "1"}, {"label": "0"}, {"value": 1.0}]),
        "error": st.booleans(),
        "latency_ms": st.sampled_from([1.0, 250.0]),
    },
)


def told(batch: Batch) -> tuple[object, ...]:
    arrays = (batch.offsets, batch.record_ms, batch.event_ms, batch.numeric, batch.counters, batch.latency_ms)
    return (
        batch.model, batch.is_label, list(batch.versions),
        [None if array is None else array.astype(float).tolist().__repr__() for array in arrays],
        {tag: list(column) for tag, column in batch.tags.items()},
        [list(map(repr, column)) for column in batch.categorical],
    )  # fmt: skip


@pytest.mark.skipif(not BUILT, reason="the scanner was not built")
@given(st.lists(st.lists(EVENTS, max_size=12), max_size=4))
def test_models_cut_out_of_one_run_are_what_the_decoder_reads_event_by_event(
    runs: list[list[object]],
) -> None:
    scanned, plain = NativeDecoder(MODELS, 10_000), NativeDecoder(MODELS, 10_000)
    plain._scanner = None
    first = 0
    for run in runs:
        records = [FileRecord(first + i, orjson.dumps(event), timestamp=5) for i, event in enumerate(run)]
        first += len(run)
        found, expected = scanned.decode(records), plain.decode(records)
        assert [told(batch) for batch in found.batches] == [told(batch) for batch in expected.batches]
        refused = [(reject.record.offset, reject.reason, reject.detail) for reject in expected.rejects]
        assert [(reject.record.offset, reject.reason, reject.detail) for reject in found.rejects] == refused
