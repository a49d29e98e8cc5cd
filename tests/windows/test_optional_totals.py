"""How events are counted where a model asks for more than its profile was built for, or for less."""

from typing import Any

import numpy as np
import pytest

from detectors.profile import Profile
from detectors.totals.sections import scatter_of
from service.config.model import Model
from service.events.batch import Batch
from service.profiles.from_batches import profile_from_batches
from service.windows.codec import decode_rows, encode_rows
from service.windows.pane import Pane
from service.windows.plan import Counting, fits
from service.windows.slicing import SliceNames
from tests.events.making import credit, decoder, event, only, rows

FULL = {"bin_sums": True, "multivariate": True}


def batch(model: Model, count: int = 400) -> Batch:
    rng = np.random.default_rng(1)
    return only(
        decoder(model).decode(
            rows(
                *(
                    event(
                        features={"age": float(a), "income": None if i % 9 == 0 else float(b), "state": "CA"},
                        tags={"region": ("eu", "us")[i % 2]},
                        latency_ms=float(c),
                    )
                    for i, (a, b, c) in enumerate(rng.lognormal(3, 1, (count, 3)))
                )
            )
        )
    )


def profile(**flags: Any) -> Profile:
    model = credit(**flags)
    return profile_from_batches(model, "7", [batch(model)])


def pane_of(model: Model, reference: Profile, cuts: list[int]) -> Pane:
    """A pane of the events, added piece by piece."""
    counting = Counting(model, reference)
    pane = Pane(counting, model.slices, 100, 0)
    names = [SliceNames(dimension) for dimension in model.slices]
    whole = batch(model)
    for first, last in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        piece = whole.take(np.arange(first, last))
        columns = [name.column(piece.tags) for name in names]
        pane.add(counting.measured(piece), columns, False)
    return pane


def test_a_pane_of_the_reference_is_the_reference_with_its_optional_sums() -> None:
    model, reference = credit(**FULL), profile(**FULL)
    pane = pane_of(model, reference, [])
    for name, row in zip(pane.slices, pane.totals, strict=True):
        assert np.array_equal(row, reference.totals[reference.row[name]]), name
    assert reference.layout.latency is not None
    assert scatter_of(reference.layout, pane.totals[0]).n == 355


@pytest.mark.parametrize("cuts", [[1], [100, 250], [3, 4, 399]])
def test_how_events_are_batched_changes_no_optional_sum(cuts: list[int]) -> None:
    model, reference = credit(**FULL), profile(**FULL)
    whole, cut = pane_of(model, reference, []), pane_of(model, reference, cuts)
    assert np.array_equal(whole.totals, cut.totals)


def test_a_pane_with_optional_sums_survives_the_wire() -> None:
    totals = pane_of(credit(**FULL), profile(**FULL), [100]).totals
    sums = profile(**FULL).layout.sums
    assert np.array_equal(decode_rows(encode_rows(totals, sums)), totals)


@pytest.mark.parametrize("asked", [True, False])
def test_latency_that_only_one_of_model_and_profile_has_loses_no_reference(asked: bool) -> None:
    model, reference = credit(latency=asked), profile(latency=not asked)
    assert fits(model, reference)
    pane = pane_of(model, reference, [])
    place = reference.layout.latency
    assert (place is None) == asked
    if place is not None:
        assert reference.layout.values(pane.totals, place).sum() == 0
        assert reference.layout.state(pane.totals[0], place, "absent") == 400


@pytest.mark.parametrize("flag", ["latency", "bin_sums", "multivariate"])
def test_what_is_counted_is_in_the_digest(flag: str) -> None:
    plain, reference = credit(), profile()
    other = credit(**{flag: not getattr(plain, flag)})
    assert Counting(plain, reference).digest != Counting(other, reference).digest
    assert Counting(plain, reference).digest == Counting(credit(), reference).digest


def test_a_model_without_a_profile_counts_latency_all_the_same() -> None:
    model = credit()
    counting = Counting(model, None)
    assert counting.layout.latency is not None
    cells = counting.measured(batch(model)).cells
    assert counting.layout.bin_sums is False
    first = counting.layout.starts[counting.layout.latency] - counting.layout.sums
    assert (cells[counting.layout.latency] >= first).all()
