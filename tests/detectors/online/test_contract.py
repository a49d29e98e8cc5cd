"""What holds for every online detector: what it sees, what it skips, and that it can be kept and goes on."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from detectors.online.adwin import Adwin, AdwinConfig
from detectors.online.cusum import Cusum, CusumConfig
from detectors.online.detector import Detection, Detector
from detectors.online.kswin import Kswin, KswinConfig
from detectors.online.page_hinkley import PageHinkley, PageHinkleyConfig

MADE: dict[str, Callable[[], Detector]] = {
    "adwin": Adwin,
    "cusum": Cusum,
    "kswin": lambda: Kswin(KswinConfig(alpha=1e-3)),
    "page_hinkley": PageHinkley,
}
every_detector = pytest.mark.parametrize("make", MADE.values(), ids=MADE)


def series(shift: float = 2.0, before: int = 150, after: int = 60) -> list[float]:
    # Pinned: a false alarm shortly before the shift would make a detector learn anew across it.
    z = np.random.default_rng(7).standard_normal(before + after)
    z[before:] += shift
    values: list[float] = z.tolist()
    return values


def seen(detector: Detector, values: list[float]) -> list[Detection]:
    return [found for z in values if (found := detector.update(z)) is not None]


@every_detector
def test_a_shift_of_two_standard_deviations_is_seen_soon_and_its_ratio_is_at_least_one(
    make: Callable[[], Detector],
) -> None:
    found = [change for change in seen(make(), series()) if change.index >= 150]
    assert found
    assert found[0].index < 150 + 35
    assert all(change.ratio >= 1 and math.isfinite(change.ratio) for change in found)
    assert found[0].direction in {0, 1}


@every_detector
def test_what_is_no_number_is_skipped_counted_and_changes_nothing_else(
    make: Callable[[], Detector],
) -> None:
    values = series()
    holes = [x for z in values for x in (math.nan, z, math.inf)]
    plain, holey = make(), make()
    expected = [(3 * change.index + 1, change.statistic) for change in seen(plain, values)]
    assert [(change.index, change.statistic) for change in seen(holey, holes)] == expected
    assert (holey.index, holey.skipped) == (3 * len(values), 2 * len(values))


@every_detector
def test_a_detector_that_was_kept_goes_on_as_if_it_had_not_been(make: Callable[[], Detector]) -> None:
    values = series(before=100, after=100)
    straight, kept, found = make(), make(), []
    for z in values:
        kept = type(kept).load(kept.dump())
        found += seen(kept, [z])
    assert found == seen(straight, values)
    assert kept.dump() == straight.dump()
    assert kept.ratio == straight.ratio


@every_detector
def test_equal_detectors_give_equal_bytes_and_other_ones_do_not(make: Callable[[], Detector]) -> None:
    values = series()
    one, other = make(), make()
    seen(one, values)
    seen(other, values)
    assert one.dump() == other.dump()
    other.update(0.5)
    assert one.dump() != other.dump()


@every_detector
def test_damaged_bytes_are_refused_and_so_are_those_of_another_detector(
    make: Callable[[], Detector],
) -> None:
    detector = make()
    seen(detector, series())
    data = detector.dump()
    for bad in (b"", data[:-1], data[:5] + bytes([data[5] ^ 1]) + data[6:], data + b"x"):
        with pytest.raises(ValueError, match="damaged"):
            type(detector).load(bad)
    stranger: type[Detector] = Cusum if not isinstance(detector, Cusum) else Adwin
    with pytest.raises(ValueError, match="not of"):
        stranger.load(data)


@every_detector
def test_a_constant_series_never_alarms(make: Callable[[], Detector]) -> None:
    assert seen(make(), [0.0] * 300) == []


@pytest.mark.parametrize("make", [Adwin, Kswin, PageHinkley])
def test_a_detector_on_the_past_of_the_series_speaks_once_a_change(make: Callable[[], Detector]) -> None:
    assert len(seen(make(), STEP)) == 1


def test_a_detector_on_the_reference_speaks_again_while_the_shift_lasts() -> None:
    assert len(seen(Cusum(), STEP)) > 2


STEP = (np.where(np.arange(400) < 200, 0.0, 1.0) + np.tile([0.1, -0.1], 200)).tolist()


@pytest.mark.parametrize(
    ("config", "name"),
    [(AdwinConfig, "delta"), (CusumConfig, "h"), (KswinConfig, "alpha"), (PageHinkleyConfig, "threshold")],
)
def test_settings_that_cannot_work_are_refused_by_name(config: Callable[..., object], name: str) -> None:
    with pytest.raises(ValueError, match=f"`{name}` \\(-1.0\\)"):
        config(**{name: -1.0})


@every_detector
def test_the_ratio_lies_between_0_and_1_and_rises_towards_a_detection(make: Callable[[], Detector]) -> None:
    detector, ratios = make(), []
    for z in series():
        if detector.update(z) is not None:
            break
        ratios.append(detector.ratio)
    assert all(0 <= ratio <= 1 for ratio in ratios)
    if not isinstance(detector, Adwin):  # of which nothing is known before it detects
        assert max(ratios[150:]) > max(0.3, *ratios[100:150])
