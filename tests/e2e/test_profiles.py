"""References change while a worker runs: every window is compared with one of them, never with a mixture."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from detectors.profile import Profile
from tests.e2e.commands import START_MS, build_profile, driftline, with_model, with_profile, write_config
from tests.e2e.service import Service, credit_config
from tests.e2e.traffic import Event, credit_events, flow, produce, read_all, spread
from tests.e2e.truth import end_ms, stated_counts, window_counts
from tests.parts.kafka import KafkaBroker
from tests.parts.process import eventually

LENGTH_MS, EVERY_MS = 6_000, 2_000
"""Panes are two seconds long."""


def live_config(kafka: KafkaBroker, prefix: str) -> dict[str, Any]:
    config = credit_config(kafka.bootstrap, prefix, timing={"flush": "200ms", "grace": "3s"})
    return with_model(config, windows=[{"length": "6s", "every": "2s"}], lateness="3s")


async def results_of(kafka: KafkaBroker, prefix: str) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in await read_all(kafka.bootstrap, f"{prefix}results")]


async def log_of(kafka: KafkaBroker, prefix: str) -> list[Event]:
    return [json.loads(record.value) for record in await read_all(kafka.bootstrap, f"{prefix}predictions")]


def references(results: list[dict[str, Any]]) -> dict[int, set[str | None]]:
    """The references that the `psi` results of each window name, by the window's end."""
    found: dict[int, set[str | None]] = {}
    for line in results:
        if line["metric"] == "psi" and line["slice"] == "all":
            found.setdefault(end_ms(line), set()).add(line["reference_id"])
    return found


async def test_windows_after_a_published_boundary_are_compared_with_the_new_profile_alone(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    config = live_config(kafka, topic_prefix)
    old = build_profile(tmp_path, config)
    new = build_profile(tmp_path, config, credit_events(20_000, START_MS, 100, seed=8), name="new")
    old_id, new_id = (Profile.from_json(path.read_bytes()).id for path in (old, new))
    topic, config = f"{topic_prefix}predictions", with_profile(config, old)
    kafka.create_topics(topic, partitions=2)
    with Service(tmp_path / "service", config) as service:
        await eventually(service.ready, seconds=30)
        traffic = asyncio.create_task(flow(kafka.bootstrap, topic, 35, partitions=2, events=300))
        await eventually(lambda: service.metric("driftline_psi", slice="all") > 0, seconds=30)
        before_ms = time.time() * 1000
        said = await asyncio.to_thread(
            driftline, "profile", "publish", new, "--config", write_config(tmp_path / "service.yaml", config)
        )
        assert new_id in said
        await eventually(
            lambda: service.metric("driftline_reference_info", reference_id=new_id) == 1,
            seconds=30,
            what="in force",
        )
        await traffic
        # A restart with the old profile in its configuration does not bring that back.
        await asyncio.to_thread(service.end)
        await asyncio.to_thread(service.server.start)
        await eventually(service.ready, seconds=30)
        await flow(kafka.bootstrap, topic, 10, partitions=2)
        truth = window_counts(await log_of(kafka, topic_prefix), LENGTH_MS, EVERY_MS)

        async def complete() -> bool:
            return references(await results_of(kafka, topic_prefix)).keys() >= {end for end, _ in truth}

        await eventually(complete, seconds=40, what="every window stated")
    results = await results_of(kafka, topic_prefix)
    by_end = references(results)
    assert all(len(ids) == 1 for ids in by_end.values())
    changed_ms = min(end for end, ids in by_end.items() if ids == {new_id})
    assert {end: next(iter(ids)) for end, ids in by_end.items()} == {
        end: old_id if end < changed_ms else new_id for end in by_end
    }
    # The first window to end after the boundary holds one pane of the new profile, and says what is missing.
    assert changed_ms - EVERY_MS >= before_ms
    incomplete = {end_ms(line) for line in results if line["incomplete"]}
    assert incomplete == {changed_ms, changed_ms + EVERY_MS}
    counts = stated_counts([json.dumps(line).encode() for line in results])
    whole = {window: count for window, count in truth.items() if window[0] not in incomplete}
    assert {window: counts[window] for window in whole} == whole


async def test_a_model_without_a_profile_says_how_far_it_has_learned_one_and_then_compares(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    config = live_config(kafka, topic_prefix)
    config = with_model(config, reference={"learn": {"events": 4_000}})
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic, partitions=2)

    async def send(events: int) -> None:
        now_ms = round(time.time() * 1000)
        fresh = credit_events(events, now_ms, 0, seed=now_ms % 2**32)
        await produce(kafka.bootstrap, topic, spread(fresh, 2))

    with Service(tmp_path / "service", config) as service:
        await eventually(service.ready, seconds=30)
        await send(3_000)

        def version() -> dict[str, Any]:
            [model] = service.api("models")["models"]
            return next(iter(model["versions"]), {}) | {"status": model["status"]}

        await eventually(
            lambda: version().get("learned") == 3_000, seconds=30, what="progress of the learning"
        )
        assert version()["learn_wanted"] == 4_000
        assert service.metric("driftline_learning_ratio", model="credit", model_version="7") == 0.75
        await eventually(lambda: version()["status"] == "learning", what="the status of a model that learns")
        await send(3_000)

        async def learned() -> bool:
            await send(600)
            return str(version()["status"]) != "learning"

        await eventually(learned, seconds=40, what="the end of the learning")
        assert version()["status"] in {"ok", "drifting"}
        assert version()["reference_id"].startswith("sha256:")
        [profile] = service.api("profiles")["profiles"]
        assert profile["events"] == 4_000
    results = await results_of(kafka, topic_prefix)
    compared = [line for line in results if line["metric"] == "psi" and line["status"] == "ok"]
    assert compared
    assert {
        line["reference_n"] for line in compared if line["feature"] == "age" and line["slice"] == "all"
    } == {4_000}
