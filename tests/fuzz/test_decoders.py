"""The decoder under hostile input: each record is counted once, and neighbours are read as if alone."""

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.events.batch import Decoded
from tests.chaos.story import Story
from tests.events.making import Row, plain, refused
from tests.fuzz.hostile import ANY, EVENT, TIME_MS, TOMBSTONE, Hostile, hostile, is_json, repeats_a_key
from tests.fuzz.models import good_event, plain_decoder, scanning_decoder

RUN = 400
FEW, MANY = 4_000, 200_000

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def check_run(records: Sequence[Row], made: Sequence[Hostile], decoded: Decoded) -> Counter[str]:
    """Each record has one fate, the one that it must have where that is certain; what came of them."""
    reasons = {reject.record.offset: reject.reason.value for reject in decoded.rejects}
    counted = {int(at) for batch in decoded.batches for at in batch.offsets}
    assert len(reasons) == len(decoded.rejects)
    assert len(counted) == sum(len(batch) for batch in decoded.batches)
    assert not counted & reasons.keys()
    fates: Counter[str] = Counter()
    for record, one in zip(records, made, strict=True):
        fate = reasons.get(record.offset, EVENT if record.offset in counted else TOMBSTONE)
        assert one.fate in {fate, ANY}, (one.fate, fate, (one.value or b"")[:2_000])
        if fate == TOMBSTONE:
            assert one.value is None
        elif one.fate == ANY and one.value is not None and fate == EVENT:
            assert is_json(one.value) is not False, one.value[:2_000]
        elif fate == "not_json" and one.value is not None:
            assert is_json(one.value) is not True, one.value[:2_000]
        fates[fate] += 1
    assert fates[TOMBSTONE] == decoded.tombstones
    return fates


def attack(story: Story, count: int) -> None:
    """Runs of hostile records with good ones between, through the decoder with its scanner and without."""
    scanning, compiled, alone = scanning_decoder(), plain_decoder(), scanning_decoder()
    fates: Counter[str] = Counter()
    for start in range(0, count, RUN):
        made = list(hostile(story.random, RUN))
        good = [Hostile(good_event(i), EVENT) for i in range(RUN)]
        mixed = [one for pair in zip(made, good, strict=True) for one in pair]
        records = [Row(start + i, one.value, TIME_MS + RUN) for i, one in enumerate(mixed)]
        scanned, compiled_too = scanning.decode(records), compiled.decode(records)
        assert plain(scanned) == plain(compiled_too)
        assert refused(scanned) == refused(compiled_too)
        # A lower bound by design: an event whose number of keys is an ordinary one is not looked at again.
        repeated = sum(repeats_a_key(one.value) for one in mixed if one.value is not None)
        assert max(scanned.duplicate_keys, compiled_too.duplicate_keys) <= repeated
        fates += check_run(records, mixed, scanned)
        neighbours = plain(alone.decode(records[1::2]))["good", False]
        assert plain(scanned)["good", False] == neighbours
    story.tell(f"{count:,} hostile and as many good records: {dict(sorted(fates.items()))}")


def test_hostile_records_are_counted_once_and_spoil_no_neighbour(story: Story) -> None:
    attack(story, FEW)


@pytest.mark.chaos
@pytest.mark.timeout(400)
def test_many_hostile_records_are_counted_once_and_spoil_no_neighbour(story: Story) -> None:
    attack(story, MANY)


@given(st.lists(st.binary(max_size=60) | anything.map(lambda x: repr(x).encode()), max_size=20))
def test_no_bytes_at_all_stop_a_decoder(values: list[bytes]) -> None:
    records = [Row(i, value, TIME_MS) for i, value in enumerate(values)]
    decoded = scanning_decoder().decode(records)
    assert len(decoded.rejects) + sum(map(len, decoded.batches)) == len(values)


def test_ten_megabytes_are_refused_unread() -> None:
    rng = random.Random(1)
    values = [
        b"[" * 10_000_000,
        b'{"a":' * 2_000_000,
        rng.randbytes(10_000_000),
        b'{"model":"chaff"}' + b" " * 10_000_000,
    ]
    decoded = scanning_decoder().decode([Row(i, value, TIME_MS) for i, value in enumerate(values)])
    assert [reject.reason for reject in decoded.rejects] == ["too_large"] * 4
