from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.alerts.backoff import LONGEST_MS, backoff_ms, retry_after_ms

NOW_MS = 1_787_356_800_000  # Sat, 22 Aug 2026 00:00:00 GMT


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_at_least_half_a_second_and_at_most_the_longest(attempt: int, random: float) -> None:
    assert 500 <= backoff_ms(attempt, random) <= LONGEST_MS


@given(st.integers(1, 20), st.floats(0, 1, exclude_max=True))
def test_the_next_wait_is_never_shorter_by_more_than_chance(attempt: int, random: float) -> None:
    assert backoff_ms(attempt + 1, random) >= backoff_ms(attempt, random)


@pytest.mark.parametrize(
    ("header", "wait_ms"),
    [
        (None, None),
        ("0", 0),
        (" 17 ", 17_000),
        ("Sat, 22 Aug 2026 00:00:30 GMT", 30_000),
        ("Fri, 21 Aug 2026 00:00:00 GMT", 0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("1.5", None),
        ("9" * 400, 999_999_999_999_000),
    ],
)
def test_both_forms_of_retry_after_are_read_and_others_ignored(
    header: str | None, wait_ms: int | None
) -> None:
    assert retry_after_ms(header, NOW_MS) == wait_ms
