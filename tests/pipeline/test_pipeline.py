"""Both stages together: state saved at any point goes on with the same bytes; statements split and merge."""

from __future__ import annotations

from collections.abc import Iterable
from unittest.mock import patch

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.config.loading import parse
from service.config.settings import Settings
from service.evaluation.result import Evaluated
from service.pipeline import Effect, Evaluation, Ingest
from service.windows.clock import NEVER_MS
from service.windows.codec import decode_rows
from service.windows.control import Control, ProfilePublished
from service.windows.statement import (
    STATEMENT_BYTES,
    Partial,
    Progress,
    Statement,
    decode_partial,
    encode_partial,
    state_pane,
)
from tests.windows.making import CUTS, LOGS, NAME, START_MS, Event, log, new_source, pieces, read

SETTINGS = parse(
    """
sources: [{topic: events}]
models:
  - name: fast
    features: {x: {type: numeric}, state: {type: categorical, categories: [CA, NY]}}
    slices: [[region]]
    windows: [{length: 10s}, {length: 30s, every: 10s}]
    lateness: 5s
    multiplicity: {false_alarms_per_week: 100}
  - name: slow
    features: {x: {type: numeric}}
    windows: [{length: 1m}]
    lateness: 20s
monitors:
  - {name: Missing, metric: missing_ratio, models: [fast], threshold: 0.3}
  - {name: Quiet, metric: traffic, threshold: 1, below: true, alpha: null}
  - {name: Before, metric: missing_ratio, models: [fast], threshold: 0.3, baseline: rolling}
  - {name: Jump, metric: "change:traffic", models: [fast]}
  - {name: Gone, metric: "change:missing_ratio", models: [fast], detector: adwin}
""",
    "test",
)
_FAST = SETTINGS.models[0]
_LEARN = {"reference": {"learn": {"events": 100}}}
LEARNING = SETTINGS.model_copy(
    update={
        "models": (_FAST.model_validate(_FAST.model_dump(exclude_unset=True) | _LEARN), SETTINGS.models[1])
    }
)


def partials(events: list[Event], cuts: list[int], settings: Settings = SETTINGS) -> list[Partial]:
    """What stage 1 says of a log read in pieces."""
    ingest = Ingest(settings, Control())
    source = ingest.assign(NAME, None)
    said: list[Partial] = []
    for piece in (*pieces(log(events), cuts), None):
        said += ingest.take(NAME, piece or ()).samples
        if piece is None:
            source.caught_up(START_MS + 200_000)
        said += ingest.finished(NAME)
        source.acknowledge()
        said.append(
            Progress(
                topic="events", partition=0, partitions=1, hi=source.position,
                clock_ms=source.newest_ms, caught_up_ms=source.caught_up_ms,
            )
        )  # fmt: skip
    return said


def lines(effects: Iterable[Effect]) -> list[bytes]:
    """Effects as the bytes that go out."""
    encode = msgspec.json.encode
    return [
        encode(list(effect.results)) + effect.window.totals.tobytes()
        if isinstance(effect, Evaluated)
        else encode(effect)
        for effect in effects
    ]


def fresh() -> Evaluation:
    return Evaluation(SETTINGS, Control(), "digest")


@pytest.mark.slow
@given(LOGS, CUTS, st.integers(0, 60))
def test_a_snapshot_at_any_point_goes_on_with_the_same_bytes(
    events: list[Event], cuts: list[int], at: int
) -> None:
    said = partials(events, cuts)
    through, restarted = fresh(), fresh()
    for position, partial in enumerate(said):
        if position == at:
            restarted.load(through.dump())
        expected = lines(through.apply(partial, position))
        if position >= at:
            assert lines(restarted.apply(partial, position)) == expected


@pytest.mark.slow
@given(LOGS, CUTS)
def test_partials_read_again_from_their_start_give_the_same_bytes(
    events: list[Event], cuts: list[int]
) -> None:
    said = [decode_partial(encode_partial(partial)) for partial in partials(events, cuts)]
    once, again = fresh(), fresh()
    assert [lines(once.apply(p, i)) for i, p in enumerate(said)] == [
        lines(again.apply(p, i)) for i, p in enumerate(said)
    ]


@pytest.mark.slow
@given(LOGS, CUTS)
def test_how_often_a_worker_flushes_changes_no_window(events: list[Event], cuts: list[int]) -> None:
    def windows(said: list[Partial]) -> dict[tuple[object, ...], bytes]:
        evaluation = fresh()
        effects = [effect for partial in said for effect in evaluation.apply(partial)]
        closed = [effect.window for effect in effects if isinstance(effect, Evaluated)]
        return {
            (w.model, w.version, w.name, w.end_ms, w.slices): w.totals.tobytes()
            for w in closed
            if w.totals.any()
        }

    assert windows(partials(events, cuts)) == windows(partials(events, []))


def test_a_pane_too_long_for_a_record_comes_in_parts_that_make_it_whole() -> None:
    source = new_source()
    read(source, log([Event(1, region=region) for region in ("eu", "us", "cn", "jp")]))
    source.caught_up(START_MS + 100_000)
    [(key, pane)] = source.finish()
    [whole] = state_pane(NAME, *key, 4, pane)
    with patch("service.windows.statement.STATEMENT_BYTES", 100):
        parts = list(state_pane(NAME, *key, 4, pane))
    assert [part.part for part in parts] == list(range(len(parts)))
    assert {part.parts for part in parts} == {len(parts)}
    assert len(parts) > 1
    assert tuple(name for part in parts for name in part.slices) == whole.slices
    np.testing.assert_array_equal(
        np.concatenate([decode_rows(part.rows) for part in parts]), decode_rows(whole.rows)
    )
    assert len(encode_partial(whole)) < STATEMENT_BYTES


def test_samples_stop_when_a_source_has_given_enough_of_a_version() -> None:
    ingest = Ingest(LEARNING, Control())
    ingest.assign(NAME, None)
    records = log([Event(1, version="12"[i % 2]) for i in range(400)])
    taken = [ingest.take(NAME, records[i : i + 50]).samples for i in range(0, 400, 50)]
    assert [len(samples) for samples in taken] == [2, 2, 2, 2, 0, 0, 0, 0]


def published(said: list[Partial]) -> ProfilePublished:
    evaluation = Evaluation(LEARNING, Control(), "digest")
    effects = [effect for partial in said for effect in evaluation.apply(partial)]
    [record] = [effect for effect in effects if isinstance(effect, ProfilePublished)]
    return record


def test_a_learned_reference_holds_from_a_pane_that_no_source_has_told_of() -> None:
    said = partials([Event(i / 10, x=i % 7) for i in range(120)], [], LEARNING)
    record = published(said[:-1])
    assert record.learned
    assert record.boundary_ms == START_MS + 20_000, "the newest event is at 11.9 s"


def test_a_learned_reference_holds_from_a_pane_that_no_source_has_stated() -> None:
    """
    events/0   samples, states the pane of 0 s to 10 s     (has not told yet how far it got)
    events/1                                            tells: it is empty   → the reference is ready
    """
    said = partials([Event(i / 10, x=i % 7) for i in range(160)], [], LEARNING)
    before = said[: next(i for i, partial in enumerate(said) if isinstance(partial, Progress))]
    assert any(isinstance(partial, Statement) for partial in before)
    empty = Progress(
        topic="events", partition=1, partitions=2, hi=0, clock_ms=NEVER_MS, caught_up_ms=START_MS
    )
    assert published([*before, empty]).boundary_ms == START_MS + 10_000
