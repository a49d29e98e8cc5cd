"""A window is compared with windows of its phase, earlier ones, as many as are kept."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.season import DAILY, DAY_MS, HOUR_MS, WEEKLY, Past, Season

moment = st.datetimes(datetime(1960, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # the zone follows


def ms(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@given(moment)
def test_phases_are_hours_of_the_day_and_hours_since_monday(at: datetime) -> None:
    assert DAILY.phase(ms(at)) == at.hour
    assert WEEKLY.phase(ms(at)) == 24 * at.weekday() + at.hour


@given(moment, st.integers(-12, 14))
def test_phases_follow_local_time(at: datetime, hours: int) -> None:
    assert Season(DAY_MS, 24, hours * HOUR_MS).phase(ms(at)) == (at + timedelta(hours=hours)).hour


def rows(*numbers: int) -> dict[str, np.ndarray]:
    return {"all": np.array(numbers)}


def test_the_baseline_is_the_sum_of_the_same_hour_on_the_days_before() -> None:
    past = Past(DAILY, keep=3)
    for day in range(5):
        for hour in (9, 10):
            past = past.add(day * DAY_MS + hour * HOUR_MS, rows(10**day, hour))
    windows, totals = past.baseline(5 * DAY_MS + 9 * HOUR_MS)
    assert windows == 3
    assert totals["all"].tolist() == [11_100, 27]
    assert past.dropped == 4


def test_a_window_is_never_its_own_baseline_nor_are_later_ones() -> None:
    past = Past(DAILY, keep=5)
    for day in range(3):
        past = past.add(day * DAY_MS, rows(10**day))
    assert past.baseline(1 * DAY_MS)[1]["all"].tolist() == [1]
    assert past.baseline(0) == (0, {})


def test_sliding_windows_of_the_same_hour_of_today_are_no_baseline() -> None:
    minute = 60_000
    past = Past(DAILY, keep=100).add(0, rows(1)).add(DAY_MS, rows(2)).add(DAY_MS + 5 * minute, rows(4))
    assert past.baseline(DAY_MS + 10 * minute)[1]["all"].tolist() == [1]


def test_a_window_that_comes_again_replaces_itself() -> None:
    past = Past(DAILY, keep=2).add(0, rows(1)).add(0, rows(5))
    assert past.baseline(DAY_MS)[1]["all"].tolist() == [5]
    assert past.dropped == 0


def test_the_order_in_which_windows_come_does_not_matter() -> None:
    starts = [day * DAY_MS for day in range(6)]
    past, reverse = Past(DAILY, keep=4), Past(DAILY, keep=4)
    for start in starts:
        past = past.add(start, rows(start))
    for start in reversed(starts):
        reverse = reverse.add(start, rows(start))
    assert past.windows.keys() == reverse.windows.keys()
    assert past.baseline(6 * DAY_MS)[1]["all"] == reverse.baseline(6 * DAY_MS)[1]["all"]


def test_slices_that_come_later_are_summed_from_when_they_came() -> None:
    past = Past(DAILY, keep=4).add(0, rows(1)).add(DAY_MS, {"all": np.array([2]), "region=eu": np.array([3])})
    windows, totals = past.baseline(2 * DAY_MS)
    assert windows == 2
    assert {name: row.tolist() for name, row in totals.items()} == {"all": [3], "region=eu": [3]}


def test_seasons_and_bounds_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match="equal phases"):
        Season(DAY_MS, 7)
    with pytest.raises(ValueError, match="keep"):
        Past(DAILY, keep=0)
