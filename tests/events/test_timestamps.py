"""Times: every shape of RFC 3339, numbers, and that a column gives what its values give one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.events.timestamps import UNREADABLE_MS, parse, parse_one, why_not

TIME_MS = 1_787_393_703_120

FIRST, LAST = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001  # hypothesis adds the zone

READABLE = [
    ("2026-08-22T10:15:03.120Z", TIME_MS),
    ("2026-08-22T10:15:03Z", TIME_MS - 120),
    ("2026-08-22T10:15:03.1Z", TIME_MS - 20),
    ("2026-08-22T10:15:03.12Z", TIME_MS),
    ("2026-08-22T10:15:03.120999Z", TIME_MS),
    ("2026-08-22T10:15:03.120999999Z", TIME_MS),
    ("2026-08-22T10:15:03.120999999999999Z", TIME_MS),
    ("2026-08-22t10:15:03.120z", TIME_MS),
    ("2026-08-22 10:15:03.120Z", TIME_MS),
    ("2026-08-22T10:15:03.120+00:00", TIME_MS),
    ("2026-08-22T12:15:03.120+02:00", TIME_MS),
    ("2026-08-22T04:45:03.120-05:30", TIME_MS),
    ("2026-08-22T10:15:03-00:00", TIME_MS - 120),
    ("2026-08-23T09:15:03.120+23:00", TIME_MS),
    ("2024-02-29T00:00:00.000Z", 1_709_164_800_000),
    ("2016-12-31T23:59:60.000Z", 1_483_228_800_000),
    ("1970-01-01T00:00:00.000Z", 0),
    ("1969-12-31T23:59:59.999Z", -1),
    (TIME_MS, TIME_MS),
    (TIME_MS + 0.9, TIME_MS),
    (-0.5, -1),
]
UNREADABLE = [
    10**400,
    "",
    "x",
    "2026-08-22",
    "2026-08-22T10:15:03",
    "2026-08-22T10:15Z",
    "20260822T101503Z",
    "2026-W34-6T10:15:03Z",
    "2026-08-22T10:15:03.Z",
    "2026-08-22T10:15:03,120Z",
    "2026-08-22T10:15:03.120+0200",
    "2026-08-22T10:15:03.120+24:00",
    "2026-08-22T10:15:03.120+02:60",
    "2026-08-22T10:15:61.120Z",
    "2026-08-22T10:60:03.120Z",
    "2026-08-22T24:15:03.120Z",
    "2026-00-22T10:15:03.120Z",
    "2026-13-22T10:15:03.120Z",
    "2026-02-29T10:15:03.120Z",
    "0000-01-01T10:15:03.120Z",
    "2026-08-22T10:15:03.12oZ",
    "2026-08-22T10:15:03.120é",
    "٢٠٢٦-08-22T10:15:03.120Z",
    "2026-08-22T10:15:03.120Z ",
    " 2026-08-22T10:15:03.120Z",
    "2026-08-22T10:15:03.120Z\n",
    "2026-08-22_10:15:03.120Z",
    "+026-08-22T10:15:03.120Z",
    str(TIME_MS),
    None,
    10**30,
    -(10**30),
    2**62,
    float("inf"),
    float("nan"),
    1e300,
]


@pytest.mark.parametrize("count", [1, 2, 100])
@pytest.mark.parametrize(("value", "expected"), READABLE)
def test_a_time_is_read_alone_and_in_a_column(value: object, expected: int, count: int) -> None:
    assert parse_one(value) == expected
    assert parse([value] * count).tolist() == [expected] * count


@pytest.mark.parametrize("count", [1, 2, 100])
@pytest.mark.parametrize("value", UNREADABLE)
def test_what_is_no_time_is_not_read_alone_nor_in_a_column(value: object, count: int) -> None:
    assert parse_one(value) == UNREADABLE_MS
    assert parse([value] * count).tolist() == [UNREADABLE_MS] * count
    assert why_not(value, UNREADABLE_MS)


def test_values_whose_characters_run_over_into_the_next_are_not_read_as_one() -> None:
    values = ["2026-08-22T10:15:03.120Z2", "026-08-22T10:15:03.120Z"] * 50
    assert set(parse(values).tolist()) == {UNREADABLE_MS}


anything = st.sampled_from([value for value, _ in READABLE] + UNREADABLE)


@given(st.lists(anything, min_size=1, max_size=8), st.sampled_from([1, 20]))
def test_a_mixed_column_gives_what_its_values_give(values: list[object], repeat: int) -> None:
    assert parse(values * repeat).tolist() == [parse_one(value) for value in values] * repeat


@given(
    st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
    st.sampled_from(["seconds", "milliseconds", "microseconds"]),
)
def test_any_time_that_python_writes_is_read_to_the_millisecond(
    moment: datetime, offset: int, spec: str
) -> None:
    local = moment.astimezone(timezone(timedelta(minutes=offset)))
    text = local.isoformat(timespec=spec)
    shown = datetime.fromisoformat(text)
    expected = (shown - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse([text] * 3).tolist() == [expected] * 3
    assert parse_one(text) == expected


@given(st.text("0123456789-:.TZtz+ é", min_size=18, max_size=36))
def test_text_that_resembles_a_time_is_read_alike_both_ways(text: str) -> None:
    assert parse([text]).tolist() == [parse_one(text)]


@pytest.mark.parametrize(
    ("value", "time_ms", "why"),
    [
        (TIME_MS, TIME_MS, None),
        (4_102_444_799_999, 4_102_444_799_999, None),
        (946_684_800_000, 946_684_800_000, None),
        (946_684_799_999, 946_684_799_999, "which is before 2000"),
        (4_102_444_800_000, 4_102_444_800_000, "which is after 2099"),
        (1_787_393_703, 1_787_393_703, "which looks like seconds, not milliseconds"),
    ],
)
def test_a_time_that_no_event_has_is_explained(value: object, time_ms: int, why: str | None) -> None:
    assert why_not(value, time_ms) == why
