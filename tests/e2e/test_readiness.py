"""What a real worker that is behind says of its readiness."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.e2e.commands import KEPT
from tests.e2e.service import Service, credit_config
from tests.e2e.traffic import credit_events, produce, spread
from tests.parts.kafka import KafkaBroker
from tests.parts.process import eventually

EVENTS = 150_000
"""More than a worker reads within a beat."""
HOUR_MS = 3_600_000


@pytest.mark.parametrize(("lag_time", "held_back"), [("30m", True), (None, False)])
async def test_a_worker_is_not_ready_while_what_it_reads_is_older_than_the_limit(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, lag_time: str | None, *, held_back: bool
) -> None:
    """The backlog ends two hours ago: as long as any of it is unread, reading is hours behind."""
    config = credit_config(
        kafka.bootstrap, topic_prefix, timing={"flush": "100ms"}, limits={"lag_time": lag_time}
    )
    kafka.create_topics(f"{topic_prefix}predictions", config=KEPT)
    first_ms = round(time.time() * 1000) - 2 * HOUR_MS - EVENTS
    await produce(
        kafka.bootstrap, f"{topic_prefix}predictions", spread(credit_events(EVENTS, first_ms, 1), 1)
    )
    reasons: list[str] = []
    with Service(tmp_path / "service", config) as service:

        def ready() -> bool:
            reasons.append(service.unready())
            return service.metric("driftline_events_total") == EVENTS and not reasons[-1]

        await eventually(ready, seconds=60, what="ready again once everything is read")
    behind = [reason for reason in reasons if re.search(r"[\d,]+ records and [78],\d{3} s behind", reason)]
    assert bool(behind) == held_back
