"""Learning a reference: each record counts once, however its samples were cut or repeated."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from service.config.model import Model
from service.embedded.files import FileRecord
from service.events.batch import Batch
from service.events.native import NativeDecoder
from service.profiles.learning import MIN_EVENTS, Learner
from service.windows.clock import FOREVER_MS, NEVER_MS
from service.windows.sample import pack
from service.windows.statement import Sample
from tests.windows.making import START_MS

EVENTS = 150


def model(**learn: object) -> Model:
    return Model.model_validate(
        {
            "name": "fast",
            "features": {"x": {"type": "numeric"}},
            "reference": {"learn": {"events": 120} | learn},
        }
    )


def batch() -> Batch:
    text = (
        '{"model":"fast","model_version":"1","timestamp":%d,"features":{"x":%f},"prediction":{"score":0.5}}'
    )
    records = [FileRecord(i, (text % (START_MS + 1000 * i, i * i % 37)).encode()) for i in range(EVENTS)]
    [decoded] = NativeDecoder([model()], 100_000).decode(records).batches
    return decoded


WHOLE = batch()


def sample(first: int, last: int, source: str = "events/0") -> Sample:
    piece = WHOLE.take(WHOLE.offsets[first:last])
    return Sample(source=source, model="fast", version="1", lo=first, hi=last, columns=pack(piece))


def cut(places: list[int]) -> list[Sample]:
    ends = sorted({0, EVENTS, *places})
    return [sample(first, last) for first, last in pairwise(ends)]


def learned(samples: list[Sample]) -> str:
    learner = Learner(model())
    for one in samples:
        learner.add(one)
    [profile] = learner.ready(NEVER_MS)
    return profile.id


PLACES = st.lists(st.integers(0, EVENTS), max_size=6)


@given(PLACES)
def test_how_samples_are_cut_does_not_matter(places: list[int]) -> None:
    assert learned(cut(places)) == learned([sample(0, EVENTS)])


@given(PLACES, PLACES, st.integers(0, 8), st.integers(0, 5))
def test_who_reads_again_and_cuts_elsewhere_adds_each_record_once(
    places: list[int], others: list[int], read: int, back: int
) -> None:
    """
    first    ├────┼──────┼──                  dies
    second      ├──────┼────┼─────┤           reads again, cut elsewhere
    """
    first = cut(places)[:read]
    again = cut(others)
    reached = first[-1].hi if first else 0
    begin = max((i for i, one in enumerate(again) if one.lo <= reached), default=0)
    second = again[max(0, begin - back) :]
    assert learned(first + second) == learned([sample(0, EVENTS)])


def test_a_source_does_not_stand_for_another() -> None:
    learner = Learner(model(events=250))
    learner.add(sample(0, EVENTS))
    learner.add(sample(0, EVENTS, "events/1"))
    assert learner.seen() == {"1": 2 * EVENTS}


def test_a_reference_is_ready_when_it_has_its_events_and_then_lets_them_go() -> None:
    learner = Learner(model())
    learner.add(sample(0, 119))
    assert learner.ready(NEVER_MS) == []
    learner.add(sample(119, 130))
    [profile] = learner.ready(NEVER_MS)
    assert profile.layout.counter(profile.totals, "events")[0] == 120
    assert (learner.ready(NEVER_MS), learner.seen()) == ([], {})


def test_the_end_of_the_range_ends_the_learning_when_there_is_enough() -> None:
    learner = Learner(model(end="2033-01-01T00:00:00Z"))
    learner.add(sample(0, MIN_EVENTS - 1))
    assert learner.ready(FOREVER_MS) == []
    learner.add(sample(MIN_EVENTS - 1, MIN_EVENTS))
    assert learner.ready(START_MS) == []
    assert len(learner.ready(FOREVER_MS)) == 1


def test_events_outside_the_range_do_not_count() -> None:
    learner = Learner(model(start="2023-11-14T22:14:10Z", end="2023-11-14T22:15:00Z"))
    learner.add(sample(0, EVENTS))
    start_s = 1_700_000_050 - START_MS // 1000
    assert learner.seen() == {"1": 50}, f"the events of seconds {start_s} to {start_s + 50}"


@given(PLACES, st.integers(0, 8))
def test_a_snapshot_at_any_point_learns_the_same(places: list[int], at: int) -> None:
    learner = Learner(model())
    for i, one in enumerate(cut(places)):
        if i == at:
            data = learner.dump()
            learner = Learner(model())
            learner.load(data)
        learner.add(one)
    [profile] = learner.ready(NEVER_MS)
    assert profile.id == learned([sample(0, EVENTS)])
