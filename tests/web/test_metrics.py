"""``/metrics``: what it says, that Prometheus' own linter likes it, that it is bounded and cheap."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from service.alerts.notice import AlertState
from service.config.monitor import Metric
from service.config.receivers import AlertmanagerReceiver
from service.evaluation.result import Evaluated, Verdict
from service.events.batch import Reason
from service.web.board import Board
from service.web.collector import BoardCollector
from service.web.metrics import DECLARED, RESULTS, markdown
from service.web.selfmetrics import SelfMetrics, new_registry
from tests.calls import calls
from tests.web.conftest import Client, World
from tests.web.scene import make_alert, make_settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"


def samples(registry: CollectorRegistry) -> list[Sample]:
    return parsed(generate_latest(registry).decode())


def parsed(text: str) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def values(found: Iterable[Sample], name: str, **labels: str) -> list[float]:
    return [
        sample.value for sample in found if sample.name == name and labels.items() <= sample.labels.items()
    ]


def bare(board: Board) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(BoardCollector(board))
    return registry


def test_every_metric_a_monitor_can_judge_is_declared() -> None:
    assert set(get_args(Metric)) == set(RESULTS)


def test_the_documentation_holds_exactly_the_declared_metrics() -> None:
    assert markdown() in DOCUMENT.read_text(encoding="utf-8"), (
        "put the output of `python -m service.web.metrics` into docs/metrics.md"
    )


async def test_every_declared_metric_is_exposed_and_nothing_else(client: Client, world: World) -> None:
    every_call(world)
    body = await (await client.get("/metrics")).text()
    exposed = {line.split()[2] for line in body.splitlines() if line.startswith("# TYPE driftline_")}
    assert exposed == set(DECLARED)


async def test_promtool_finds_nothing_to_say(client: Client, world: World, promtool: Path) -> None:
    every_call(world)
    page = await (await client.get("/metrics")).read()
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (0, "", "")


async def test_openmetrics_is_sent_to_those_who_ask_for_it(client: Client) -> None:
    asked = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert asked.content_type == "application/openmetrics-text"
    assert {family.name for family in parse_openmetrics(await asked.text())} >= {"driftline_psi"}  # type: ignore[no-untyped-call]  # without types


async def test_names_from_events_are_escaped(client: Client, world: World) -> None:
    nasty = 'eu"}\n1 \\ <b>'
    odd = replace(world.evaluated.window, version=nasty)
    world.board.update(Evaluated(odd, world.evaluated.results, world.evaluated.judgements))
    found = parsed(await (await client.get("/metrics")).text())
    assert values(found, "driftline_window_slices", model_version=nasty) == [4]


def test_every_feature_of_the_overall_slice_is_exported(world: World) -> None:
    found = samples(world.state.registry)
    for field in world.profile.fields:
        assert values(found, "driftline_missing_ratio", feature=field.name, slice="all")
    assert values(found, "driftline_window_events", slice="all") == [4000]


def test_of_the_other_slices_only_what_breaches_is_exported(world: World) -> None:
    found = samples(world.state.registry)
    assert values(found, "driftline_psi", feature="channel", slice="region=apac")[0] > 0.1
    assert not values(found, "driftline_psi", feature="state", slice="region=apac")


def test_slices_that_a_monitor_names_are_exported_whole(drifted: Evaluated) -> None:
    settings = make_settings()
    named = settings.monitors[0].model_copy(update={"slices": ("region=u*",)})
    board = Board(settings.model_copy(update={"monitors": (named, *settings.monitors[1:])}))
    board.update(drifted)
    found = samples(bare(board))
    assert values(found, "driftline_psi", feature="state", slice="region=us")
    assert not values(found, "driftline_psi", feature="state", slice="region=eu")


def test_the_ratio_to_the_threshold_names_monitor_and_metric(world: World) -> None:
    worst = values(
        samples(world.state.registry), "driftline_threshold_ratio",
        slice="region=apac", feature="channel", metric="psi", monitor="feature-drift",
    )  # fmt: skip
    expected = next(
        item.result.value
        for item in world.evaluated.judgements
        if (item.result.slice, item.result.feature, item.result.metric) == ("region=apac", "channel", "psi")
    )
    assert expected is not None
    assert worst == [pytest.approx(expected / 0.1)]


def test_a_result_with_too_little_data_is_no_sample(world: World) -> None:
    silent = tuple(
        replaced for replaced in world.evaluated.results if replaced.status.value == "insufficient_data"
    )
    found = samples(world.state.registry)
    for result in silent:
        name = RESULTS[result.metric].name
        assert not values(found, name, slice=result.slice, feature=result.feature)


def test_series_are_capped_the_overall_slice_first_and_what_is_cut_is_counted(drifted: Evaluated) -> None:
    settings = make_settings(series=100)
    named = settings.monitors[0].model_copy(update={"slices": ("region=*",)})
    settings = settings.model_copy(update={"monitors": (named,)})
    board = Board(settings)
    board.update(drifted)
    found = samples(bare(board))
    results = {declared.name for declared in RESULTS.values()} | {"driftline_threshold_ratio"}
    exported = [sample for sample in found if sample.name in results]
    assert len(exported) <= 100
    assert values(found, "driftline_exported_series") == [len(exported)]
    (dropped,) = values(found, "driftline_dropped_series")
    unlimited = Board(settings.model_copy(update={"limits": make_settings().limits}))
    unlimited.update(drifted)
    assert dropped == values(samples(bare(unlimited)), "driftline_exported_series")[0] - len(exported)
    assert dropped > 0
    overall = {sample.labels["feature"] for sample in exported if sample.labels["slice"] == "all"}
    assert {field.name for field in drifted.window.layout.fields} <= overall


def test_a_model_that_is_forgotten_leaves_no_series(world: World) -> None:
    world.board.forget("credit")
    board_metrics = [
        sample for sample in samples(bare(world.board)) if sample.labels.get("model") == "credit"
    ]
    assert not board_metrics


def test_an_alert_fires_as_1_and_is_0_once_it_resolved(world: World) -> None:
    breach = next(item.result for item in world.evaluated.judgements if item.verdict is Verdict.BREACH)
    seen = []
    for state in (AlertState.PENDING, AlertState.FIRING, AlertState.RESOLVED):
        world.board.notice(make_alert(breach, state))
        found = samples(world.state.registry)
        seen.append(
            (
                values(found, "driftline_alert_firing", alertname="feature-drift"),
                values(found, "driftline_alerts", model="credit", state="firing"),
            )
        )
    assert seen == [([0], [0]), ([1], [1]), ([0], [0])]


def test_series_that_are_known_beforehand_start_at_0() -> None:
    registry = new_registry()
    SelfMetrics(registry, make_settings())
    found = samples(registry)
    for model in ("credit", "churn"):
        assert values(found, "driftline_events_total", model=model, kind="label") == [0]
        assert values(found, "driftline_late_events_total", model=model) == [0]
    for reason in set(Reason) - {Reason.TOMBSTONE}:
        assert values(found, "driftline_rejects_total", reason=reason.value) == [0]
    assert values(found, "driftline_deliveries_total", receiver="retrain", outcome="delivered") == [0]


def test_every_receiver_has_its_outcomes_from_the_start() -> None:
    settings = make_settings()
    peers = AlertmanagerReceiver(urls=("http://am-0:9093/", "https://am-1/alerts"))
    receivers = settings.receivers.model_copy(update={"alertmanager": peers})
    registry = new_registry()
    SelfMetrics(registry, settings.model_copy(update={"receivers": receivers}))
    names = {
        sample.labels["receiver"]
        for sample in samples(registry)
        if sample.name == "driftline_deliveries_total"
    }
    assert names == {"alertmanager", "alertmanager/am-0:9093", "alertmanager/am-1", "retrain"}


def test_the_lag_of_a_partition_ends_with_its_assignment(world: World) -> None:
    world.metrics.lag("predictions", 3, 120, 4.5)
    assert values(samples(world.state.registry), "driftline_consumer_lag_seconds", partition="3") == [4.5]
    world.metrics.lost_partition("predictions", 3)
    world.metrics.lost_partition("predictions", 4)
    assert not values(samples(world.state.registry), "driftline_consumer_lag_records", topic="predictions")


def test_a_scrape_costs_a_few_calls_a_series_and_looks_at_the_window_once(drifted: Evaluated) -> None:
    board = Board(make_settings())
    overall = [result for result in drifted.results if result.slice == "all" and result.value is not None]
    copies = -(-10_000 // len(overall))
    many = tuple(
        msgspec.structs.replace(result, feature=f"{result.feature}_{i}")
        for i in range(copies)
        for result in overall
    )
    board.update(Evaluated(drifted.window, many, ()))
    collector = BoardCollector(board)
    first, again = (calls(lambda: list(collector.collect())) for _ in range(2))
    # five to add a series to its metric, and four more the first time, when the window's results are grouped
    assert again < 6 * len(many)
    assert first < 10 * len(many)


def every_call(world: World) -> None:
    """Make the service say everything it can."""
    metrics = world.metrics
    metrics.events("credit", "prediction", 10)
    metrics.rejects("not_json", 2)
    for counted in (metrics.late, metrics.clamped, metrics.skipped, metrics.other_events, metrics.open_panes):
        counted("credit", 1)
    metrics.dead_lettered()
    metrics.duplicate_keys(1)
    metrics.tombstones(1)
    metrics.bytes_in(1000)
    metrics.bytes_out(100)
    metrics.lag("predictions", 0, 5, 0.5)
    metrics.gap("predictions", 0, 5)
    metrics.flushed(0.01)
    metrics.evaluated(0.02)
    metrics.delivery("retrain", "delivered")
    metrics.deliveries_waiting(1)
    breach = next(item.result for item in world.evaluated.judgements if item.verdict is Verdict.BREACH)
    world.board.notice(make_alert(breach))
