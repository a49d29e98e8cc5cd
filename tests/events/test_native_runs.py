"""Runs of records: several models, bad events in between, and what a decoder learns from its traffic."""

from __future__ import annotations

import math
from typing import Any

from detectors.fields import INVALID
from service.events.native import CHUNK, NativeDecoder
from tests.events.making import (
    TIME_MS,
    categories,
    compiled_decoder,
    credit,
    decoder,
    event,
    label,
    only,
    plain,
    rows,
    tags,
)


def test_one_bad_value_does_not_spoil_another_in_the_same_event() -> None:
    value = event(
        features={"age": "41", "state": 1.5, "income": 7, "plan": "gold"},
        prediction={"label": "approve", "score": []},
        tags={"region": {}, "tier": "a"},
    )
    batch = only(decoder().decode(rows(value)))

    assert batch.numeric.tolist() == [[-math.inf, 7.0, -math.inf]]
    assert categories(batch) == ([INVALID], ["gold"])
    assert tags(batch) == {"region": [None], "tier": ["a"]}
    assert batch.counters.tolist() == [[1, 0, 1, 1, 0, 0]]


def test_models_and_kinds_of_one_topic_become_batches_in_the_order_of_the_configuration() -> None:
    values = [
        {"model": "price", "model_version": "1", "timestamp": TIME_MS, "prediction": {"value": 1}},
        event(),
        label(),
        {"model": "price", "timestamp": TIME_MS, "actual": {"value": 1}},
    ]
    decoded = decoder().decode(rows(*(values * 300)))

    assert [(b.model, b.is_label) for b in decoded.batches] == [
        ("credit", False), ("credit", True), ("price", False), ("price", True),
    ]  # fmt: skip
    for batch, place in zip(decoded.batches, (1, 2, 0, 3), strict=True):
        assert batch.offsets.tolist() == list(range(100 + place, 100 + 1200, 4))


def test_a_bad_event_at_every_place_of_a_chunk_takes_only_itself() -> None:
    for place in (0, 1, CHUNK - 1, CHUNK, 2 * CHUNK - 1):
        values: list[Any] = [event() for _ in range(2 * CHUNK)]
        values[place] = b"no event"
        decoded = decoder().decode(rows(*values))
        (batch,) = decoded.batches
        expected = [100 + i for i in range(2 * CHUNK) if i != place]
        assert batch.offsets.tolist() == expected
        assert [reject.record.offset for reject in decoded.rejects] == [100 + place]


def test_a_feature_mistyped_in_every_event_leaves_the_slow_way_and_keeps_its_values() -> None:
    made = decoder()
    values = [
        event(
            features={"age": str(i), "state": float(i), "income": i, "plan": "gold"},
            tags={"region": i, "tier": "a"},
            error=[i],
        )
        for i in range(300)
    ]
    before = made.decode(rows(*values))
    read, slow_reads = made._slow.read, []

    def counted(value: bytes) -> Any:
        slow_reads.append(value)
        return read(value)

    made._slow.read = counted  # type: ignore[method-assign]  # to see what takes the slow way
    after = made.decode(rows(*values))

    assert plain(before) == plain(after)
    assert slow_reads == []
    good = only(made.decode(rows(event())))
    assert good.numeric.tolist() == [[41.0, 1000.5, 0.87]]
    assert categories(good) == (["CA"], ["gold"])
    assert tags(good) == {"region": ["eu"], "tier": ["a"]}


def test_the_order_of_keys_is_learned_and_changes_nothing() -> None:
    shuffled = event(features={"plan": "gold", "income": 1000.5, "state": "CA", "age": 41})
    made = compiled_decoder()
    first = plain(made.decode(rows(shuffled)))

    assert made._shapes["credit"].parts["features"].names == ("plan", "income", "state", "age")
    assert plain(made.decode(rows(shuffled))) == first == plain(decoder().decode(rows(event())))


def test_names_of_models_and_features_may_be_any_text() -> None:
    names = ["model", "f0", "a b", 'q"uote', "é💥", "\\", "class", "__init__", " "]
    model = credit(name='m "1" \\ é', features={name: {"type": "numeric"} for name in names}, slices=[names])
    value = event(
        model=model.name,
        features={name: i for i, name in enumerate(names)},
        tags={name: name for name in names},
    )
    batch = only(NativeDecoder([model], 10_000).decode(rows(value)))

    assert batch.numeric.tolist() == [[*range(len(names)), 0.87]]
    assert tags(batch) == {name: [name] for name in names}


def test_a_hundred_models_in_one_topic_keep_their_events_apart() -> None:
    models = [credit(name=f"model-{i}", features={f"f{i}": {"type": "numeric"}}) for i in range(100)]
    values = [event(model=f"model-{i % 100}", features={f"f{i % 100}": i}) for i in range(1000)]
    decoded = NativeDecoder(models, 10_000).decode(rows(*values))

    assert [batch.model for batch in decoded.batches] == [model.name for model in models]
    for i, batch in enumerate(decoded.batches):
        assert batch.numeric[:, 0].tolist() == [float(k) for k in range(i, 1000, 100)]
