"""Whatever events hold, what is stated of them fits a record of the broker."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from service.config.model import Model
from service.embedded.files import FileRecord
from service.events.batch import Batch
from service.events.native import NativeDecoder
from service.kafka.deadletter import KEY_BYTES, SAFE_BYTES, dead_letter
from service.profiles.learning import fitting_profile
from service.windows.codec import pack_text
from service.windows.control import Control
from service.windows.pane import Pane
from service.windows.plan import Plan
from service.windows.sample import SAMPLE_BYTES, packed, unpack
from service.windows.slicing import SliceNames
from service.windows.source import Bounds, Source
from service.windows.statement import encode_partial, state_pane

START_MS = 1_780_000_000_000
RECORD_BYTES = 1_000_000


def model(features: int) -> Model:
    numeric = {f"x{i}": {"type": "numeric"} for i in range(features)}
    return Model.model_validate(
        {"name": "credit", "features": {**numeric, "state": {"type": "categorical"}}, "slices": [["region"]]}
    )


def event(i: int, features: dict[str, Any], region: str = "eu") -> FileRecord:
    content = {
        "model": "credit", "model_version": "7", "timestamp": START_MS + i, "features": features,
        "prediction": {"label": "1", "score": 0.5}, "tags": {"region": region},
    }  # fmt: skip
    return FileRecord(i, orjson.dumps(content))


def batch_of(model: Model, records: list[FileRecord]) -> Batch:
    [batch] = NativeDecoder([model], 2_000_000).decode(records).batches
    return batch


def test_samples_of_a_wide_model_are_cut_to_fit_and_lose_nothing() -> None:
    wide = model(300)
    features = {f"x{i}": i / 7 for i in range(300)}
    batch = batch_of(wide, [event(i, features | {"state": "CA"}) for i in range(2_500)])
    pieces = list(packed(batch))
    assert max(len(data) for _, data in pieces) <= SAMPLE_BYTES
    read = [unpack(data, "credit", "7") for _, data in pieces]
    assert np.concatenate([piece.offsets for piece in read]).tolist() == list(range(2_500))
    np.testing.assert_array_equal(np.concatenate([piece.numeric for piece in read]), batch.numeric)


def test_an_event_too_long_for_a_sample_is_left_out_of_it_alone() -> None:
    batch = batch_of(model(1), [event(i, {"state": "C" * (900_000 if i == 3 else 2)}) for i in range(7)])
    assert [offset for piece, _ in packed(batch) for offset in piece.offsets.tolist()] == [0, 1, 2, 4, 5, 6]


def test_statements_count_the_names_of_their_slices_towards_their_size() -> None:
    small = model(1)
    plan = Plan(small, Control())
    source = Source("t/0", {"credit": plan}, Bounds(300_000, 5_000, 50))
    regions = [f"{i:04}" + "=" * 190 for i in range(3_000)]  # each escaped to three times its length
    source.add([batch_of(small, [event(i, {}, region) for i, region in enumerate(regions)])], 3_000)
    source.caught_up(START_MS + 86_400_000)
    pane: Pane
    [((_, _, pane_ms), pane)] = source.finish()
    statements = list(state_pane("t/0", "credit", "7", pane_ms, 3_000, pane))
    assert max(len(encode_partial(statement)) for statement in statements) < RECORD_BYTES
    assert tuple(name for statement in statements for name in statement.slices) == pane.slices
    assert {statement.parts for statement in statements} == {len(statements)}
    assert len(statements) > 1


def test_a_learned_profile_gives_up_its_smallest_slices_and_then_its_bins_until_it_fits() -> None:
    wide = model(20)
    rng = np.random.default_rng(3)
    values = rng.normal(size=(3_000, 20))
    batch = batch_of(
        wide,
        [
            event(i, {f"x{j}": float(x) for j, x in enumerate(row)}, f"r{i % 300}")
            for i, row in enumerate(values)
        ],
    )
    whole = fitting_profile(wide, "7", [batch])
    assert len(whole.slices) == 301
    size = len(pack_text(whole.to_json()))
    fewer = fitting_profile(wide, "7", [batch], most=size // 2)
    assert len(pack_text(fewer.to_json())) <= size // 2
    assert 1 < len(fewer.slices) < 301
    coarser = fitting_profile(wide, "7", [batch], most=15_000)
    assert len(pack_text(coarser.to_json())) <= 15_000
    assert len(coarser.slices) <= 17
    assert coarser.layout.size < whole.layout.size
    for profile in (fewer, coarser):
        assert profile.layout.counter(profile.totals[0], "events") == 3_000


def test_long_tags_make_short_slices_that_stay_apart_and_are_not_remembered() -> None:
    names = SliceNames(("region",))
    first, second = names["r" * 400_000], names["r" * 400_001]
    assert first != second
    assert {len(name or "") for name in (first, second)} == {len("region=") + 200 + len("~12345678")}
    assert not names


def test_a_dead_letter_fits_whatever_the_refused_record_holds() -> None:
    headers = [(f"h{i}", b"x" * 30_000) for i in range(10)]
    record = FileRecord(5, b"\x00" * 3_000_000, b"k" * 3_000_000, headers=headers)
    [reject] = NativeDecoder([model(1)], 1_000).decode([record]).rejects
    key, value, written = dead_letter(reject, "t", 0, SAFE_BYTES)
    assert (len(key or b""), len(value or b"")) == (KEY_BYTES, SAFE_BYTES)
    assert sum(len(name) + len(content) for name, content in written) + KEY_BYTES + SAFE_BYTES < RECORD_BYTES
    assert dict(written)["driftline.key_cut"] == b"3000000 bytes, cut to 20000"
