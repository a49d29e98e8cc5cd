"""Events that are drawn once and written many times are events like those that are drawn."""

from __future__ import annotations

import json

import numpy as np

from bench.backlog import HEAD_EVENTS, PARTITIONS, minutes_end_ms, traffic
from bench.stamped import Stamped
from bench.workload import CLOSING_EVENTS, START_MS, events

BEHIND = 80_000


def test_an_event_that_is_stamped_anew_differs_from_the_drawn_one_in_model_id_and_time_alone() -> None:
    drawn = list(events(np.full(3, START_MS), 1))
    stamped = Stamped(drawn, START_MS, START_MS + 90_000)

    fresh = json.loads(stamped.event(4, START_MS + 61_007, b"another"))

    old = json.loads(drawn[1])
    assert (fresh.pop("model"), old.pop("model")) == ("another", "credit-approval")
    assert fresh.pop("timestamp") == "2026-01-05T00:01:01.007Z"
    assert int(fresh.pop("prediction_id")) == 4
    del old["prediction_id"], old["timestamp"]
    assert fresh == old


def test_a_backlog_has_all_that_is_behind_before_its_end_and_what_closes_the_last_window_after() -> None:
    written = list(traffic(BEHIND, 3))
    times = np.array([time_ms for time_ms, _ in written])

    assert len(written) == (HEAD_EVENTS + BEHIND) // PARTITIONS + CLOSING_EVENTS
    assert len({json.loads(value)["prediction_id"] for _, value in written}) == len(written)
    assert times.max() > minutes_end_ms() + 6_000  # the lateness of five seconds has passed
    assert (times < minutes_end_ms()).sum() >= (HEAD_EVENTS + BEHIND) // PARTITIONS
