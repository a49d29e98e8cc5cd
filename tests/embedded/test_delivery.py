"""A lane to a receiver is bounded, in order, and survives what breaks."""

import asyncio
import logging
from typing import cast

import pytest

from service.alerts.notice import Notice
from service.embedded.delivery import Lane
from tests.embedded.making import until

A, B, C, D = (cast("Notice", f"notice {letter}") for letter in "ABCD")  # a lane never looks inside


def put(lane: Lane, *notices: Notice) -> None:
    for notice in notices:
        lane.put(notice)


async def test_notices_are_delivered_one_after_the_other() -> None:
    under_way, most, seen = 0, 0, []

    async def deliver(notice: Notice) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        seen.append(notice)
        under_way -= 1

    lane = Lane("hook", deliver, 10, lambda: None)
    put(lane, A, B, C)
    await lane.settled()
    await lane.close()
    assert (seen, most, lane.waiting) == ([A, B, C], 1, 0)


async def test_the_oldest_that_waits_is_dropped_for_a_new_one_and_counted() -> None:
    gate, seen, dropped = asyncio.Event(), [], []

    async def deliver(notice: Notice) -> None:
        await gate.wait()
        seen.append(notice)

    lane = Lane("hook", deliver, 2, lambda: dropped.append(1))
    put(lane, A)
    await asyncio.sleep(0)
    put(lane, B, C, D)
    assert lane.waiting == 3
    gate.set()
    await lane.settled()
    await lane.close()
    assert (seen, len(dropped)) == ([A, C, D], 1)


async def test_a_notice_that_breaks_does_not_stop_the_next(caplog: pytest.LogCaptureFixture) -> None:
    seen = []

    async def deliver(notice: Notice) -> None:
        if notice == A:
            raise ValueError("cannot be rendered")
        seen.append(notice)

    lane = Lane("hook", deliver, 10, lambda: None)
    with caplog.at_level(logging.ERROR):
        put(lane, A, B)
        await until(lambda: seen == [B])
    await lane.close()
    assert "delivery to hook broke" in caplog.text
