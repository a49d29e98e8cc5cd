"""A profile holds how much the records of its reference depend on each other, whatever order they come in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from detectors.building import Reference, build_profile
from detectors.calibrating import OWN_RECORDS_MIN, calibrate
from detectors.calibration import Calibration, Fit
from detectors.layout import COUNTERS
from detectors.profile import Profile
from service.config.model import Model
from service.events.batch import Batch
from service.events.coded import CodedColumn
from service.profiles.from_batches import profile_from_batches
from tests.profiles.data import build, rows, write

N = 20_000
PHI = 0.8
MODEL = Model.model_validate(
    {
        "name": "m",
        "features": {"x": {"type": "numeric"}, "c": {"type": "categorical"}},
        "slices": [["region"]],
    }
)


@pytest.fixture
def rng() -> np.random.Generator:
    # Fixed, since one fit in a hundred takes chance for dependence.
    return np.random.default_rng(20)


def stream(rng: np.random.Generator, n: int = N, start_ms: int = 1_787_392_800_000) -> Batch:
    """Of two regions and a rare third; ``x`` and ``c`` depend on what came before, the score does not."""
    noise = rng.standard_normal((n + 200, 2)) * np.sqrt(1 - PHI**2)
    x, y = lfilter([1.0], [1.0, -PHI], noise, axis=0)[200:].T
    x[rng.random(n) < 0.1] = np.nan
    counters = np.zeros((n, len(COUNTERS)), np.int64)
    counters[:, COUNTERS.index("events")] = 1
    return Batch(
        model="m",
        is_label=False,
        offsets=np.arange(n),
        record_ms=np.full(n, -1),
        event_ms=start_ms + 1000 * np.arange(n),
        versions=CodedColumn.of(["1"] * n),
        tags={"region": CodedColumn.of([["eu", "us"][i % 2] if i % 100 else "is" for i in range(n)])},
        numeric=np.column_stack([x, rng.random(n)]),
        categorical=(CodedColumn.of(np.where(y > 0, "up", "down").tolist()),),
        counters=counters,
    )


def fit_of(profile: Profile, feature: str, test: str, on: str = "all") -> Fit:
    assert profile.calibration is not None
    calibration = Calibration.from_document(profile.calibration, profile.slices)
    return calibration.at(((feature, test),), np.array([profile.row[on]])).pick(0, 0)


def test_what_depends_is_inflated_and_what_does_not_is_not(rng: np.random.Generator) -> None:
    profile = profile_from_batches(MODEL, "1", [stream(rng)])
    mean = fit_of(profile, "x", "mean_shift")
    # A tenth of the values is missing: of 9 the 8 that neighbours make shrink by as much.
    assert float(mean.scale) == pytest.approx(1 + 8 * 0.9, rel=0.4)
    assert float(fit_of(profile, "x", "psi").scale) > 4
    assert float(fit_of(profile, "x", "ks").scale) > 3
    assert float(fit_of(profile, "c", "psi").scale) > 3
    for feature, test in (("prediction", "mean_shift"), ("prediction", "ks"), ("x", "missing_ratio")):
        assert float(fit_of(profile, feature, test).scale) < 1.5, (feature, test)
    assert fit_of(profile, "", "error_ratio").windows == 0


def test_records_of_a_slice_stand_further_apart_and_depend_less(rng: np.random.Generator) -> None:
    profile = profile_from_batches(MODEL, "1", [stream(rng)])
    everything, half = (float(fit_of(profile, "c", "psi", on).scale) for on in ("all", "region=eu"))
    assert 1.5 < half < everything


def test_a_small_slice_has_the_fits_of_all(rng: np.random.Generator) -> None:
    profile = profile_from_batches(MODEL, "1", [stream(rng)])
    assert profile.layout.counter(profile.totals, "events")[profile.row["region=is"]] < OWN_RECORDS_MIN
    assert fit_of(profile, "x", "psi", "region=is") == fit_of(profile, "x", "psi")


def test_event_times_give_the_order_whatever_the_batches(rng: np.random.Generator) -> None:
    whole = stream(rng)
    mixed = rng.permutation(N)
    parts = [whole.take(np.sort(part)) for part in np.array_split(mixed, 3)]
    shuffled = [replace(part, offsets=np.arange(len(part))) for part in parts]
    expected = profile_from_batches(MODEL, "1", [whole])
    assert profile_from_batches(MODEL, "1", shuffled).id == expected.id
    assert profile_from_batches(MODEL, "1", [whole.take(mixed)]).id == expected.id


def test_a_reference_in_no_order_shows_no_dependence(rng: np.random.Generator) -> None:
    whole = stream(rng)
    scattered = replace(whole, event_ms=rng.permutation(whole.event_ms))
    profile = profile_from_batches(MODEL, "1", [scattered])
    assert float(fit_of(profile, "x", "mean_shift").scale) < 1.5


def test_a_profile_with_its_calibration_reads_back_the_same(rng: np.random.Generator) -> None:
    profile = profile_from_batches(MODEL, "1", [stream(rng, 3_000)])
    assert Profile.from_json(profile.to_json()).id == profile.id


def test_few_records_are_not_calibrated(rng: np.random.Generator) -> None:
    profile = profile_from_batches(MODEL, "1", [stream(rng, 39)])
    assert fit_of(profile, "x", "psi").windows == 0
    assert fit_of(profile, "x", "mean_shift").windows == 0


def test_calibration_is_left_out_when_the_configuration_says_so(rng: np.random.Generator) -> None:
    off = MODEL.model_copy(update={"reference": MODEL.reference.model_copy(update={"calibrate": False})})
    assert profile_from_batches(off, "1", [stream(rng, 3_000)]).calibration is None


def test_files_are_put_in_the_order_of_their_times_and_one_without_stays_in_that_of_its_rows(
    tmp_path: Path,
) -> None:
    table = rows(1_000)
    by_time = sorted(table, key=lambda row: str(row["timestamp"]))
    timed, ordered = write(tmp_path / "timed.csv", table), write(tmp_path / "ordered.csv", by_time)
    bare = [{key: value for key, value in row.items() if key != "timestamp"} for row in by_time]
    untimed = write(tmp_path / "untimed.jsonl", bare)
    ids = {build(path).profile.id for path in (timed, ordered, untimed)}
    assert len(ids) == 1
    shuffled = write(
        tmp_path / "shuffled.jsonl", [bare[i] for i in np.random.default_rng(1).permutation(1_000)]
    )
    assert build(shuffled).profile.id not in ids


def test_times_that_cannot_be_read_leave_the_rows_in_their_order(tmp_path: Path) -> None:
    table = [dict(row, timestamp=f"day {number}") for number, row in enumerate(rows(1_000))]
    bare = [{key: value for key, value in row.items() if key != "timestamp"} for row in table]
    ids = {build(write(tmp_path / name, t)).profile.id for name, t in (("a.csv", table), ("b.csv", bare))}
    assert len(ids) == 1


def test_a_constant_an_empty_and_a_two_valued_feature_are_calibrated_or_left_alone(
    rng: np.random.Generator,
) -> None:
    n = 5_000
    runs = np.repeat(rng.integers(0, 2, n // 50), 50).astype(float)
    numbers = np.column_stack([np.full(n, 3.0), np.full(n, np.nan), runs])
    counters = np.zeros((n, len(COUNTERS)), np.int64)
    reference = Reference(("constant", "empty", "coin"), numbers, (), (), counters)
    profile = build_profile("m", "1", reference).profile
    found = calibrate(profile.layout, profile.totals, profile.slices, reference)
    asked = found.at((("constant", "mean_shift"), ("empty", "psi"), ("coin", "psi")), np.array([0]))
    assert asked.windows[:2].ravel().tolist() == [0, 0]
    # Fifty records at a time are alike, so a window says as much as a fiftieth of its records.
    assert float(asked.scale[2, 0]) == pytest.approx(50, rel=0.7)
    assert all(np.isfinite(part).all() for part in found.fits)
