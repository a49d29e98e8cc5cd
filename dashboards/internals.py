"""The dashboard of the service itself: is what Driftline says fresh, complete and delivered?"""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.intake import NO_KAFKA, WORKER, intake, rate
from dashboards.parts import (
    NEUTRAL,
    ORANGE_ABOVE_0,
    RED_ABOVE_0,
    Grid,
    board,
    from_labels,
    single,
    time_series,
)

UID = "driftline-service"
_GAPS = f"driftline_gap_records_total{{{WORKER}}} or 0 * driftline_consumer_lag_records{{{WORKER}}}"
"""A partition has no series of gaps before its first one: 0 for every partition that is read."""


def internals() -> Dashboard:
    """The dashboard, unbuilt."""
    dashboard = board(
        UID, "Service", "Driftline's own health: intake, lag, stages, deliveries, resources.", start="now-6h"
    )
    dashboard.with_variable(
        from_labels(
            "instance",
            "Worker",
            "label_values(driftline_build_info, instance)",
            "Which workers.",
            several=True,
        )
    )
    grid = Grid(dashboard)
    _now(grid)
    _troubles(grid)
    intake(grid)
    _stages(grid)
    _delivery(grid)
    _process(grid)
    _losses(grid)
    return dashboard


def _quantiles(metric: str) -> list[tuple[str, str]]:
    return [
        (f"histogram_quantile({q}, {rate(metric + '_bucket', 'le')})", legend)
        for q, legend in ((0.5, "median"), (0.99, "99th percentile"))
    ]


def _now(grid: Grid) -> None:
    grid.row("Now")
    grid.add(
        4,
        4,
        single(
            "Workers",
            "Processes that export metrics.",
            "short",
            f"count(driftline_build_info{{{WORKER}}})",
            colours=NEUTRAL,
        ),
        single(
            "Events",
            "Events counted a second.",
            "eps",
            f"sum(rate(driftline_events_total{{{WORKER}}}[$__rate_interval]))",
            colours=NEUTRAL,
        ),
        single(
            "Oldest watermark",
            "How long ago the event time is up to which every model's log is complete.",
            "s",
            f"max(time() - max by (model) (driftline_watermark_timestamp_seconds{{{WORKER}}}))",
            colours=NEUTRAL,
        ),
    )


def _troubles(grid: Grid) -> None:
    grid.add(
        4,
        4,
        single(
            "Dead letters",
            "Records written to the dead-letter topic in the last hour.",
            "short",
            f"sum(increase(driftline_dead_letters_total{{{WORKER}}}[1h]))",
            colours=ORANGE_ABOVE_0,
        ),
        single(
            "Deliveries waiting",
            "Deliveries that wait for a receiver.",
            "short",
            f"sum(driftline_deliveries_waiting{{{WORKER}}})",
            colours=ORANGE_ABOVE_0,
        ),
        single(
            "Series dropped",
            "Series of results left out because of `limits.series`.",
            "short",
            f"sum(driftline_dropped_series{{{WORKER}}})",
            colours=RED_ABOVE_0,
        ),
    )


def _stages(grid: Grid) -> None:
    grid.row("Stages")
    grid.add(
        8,
        8,
        time_series(
            "Flush",
            "Time to state the panes that changed.",
            "s",
            *_quantiles("driftline_flush_duration_seconds"),
        ),
        time_series(
            "Evaluation",
            "Time to evaluate one window.",
            "s",
            *_quantiles("driftline_evaluation_duration_seconds"),
        ),
        time_series(
            "Open panes",
            "Unfinished panes held in memory.",
            "short",
            (f"sum by (model) (driftline_open_panes{{{WORKER}}})", "{{model}}"),
        ),
    )


def _delivery(grid: Grid) -> None:
    grid.row("What goes out")
    grid.add(
        8,
        8,
        time_series(
            "Deliveries by outcome",
            "Attempts to deliver alerts and requests.",
            "cps",
            (rate("driftline_deliveries_total", "receiver", "outcome"), "{{receiver}}, {{outcome}}"),
            empty="No receiver is configured",
        ),
        time_series(
            "Deliveries waiting",
            "Deliveries that wait for a receiver.",
            "short",
            (f"driftline_deliveries_waiting{{{WORKER}}}", "{{instance}}"),
        ),
        time_series(
            "Series of results",
            "Exported at the last scrape, and left out because of `limits.series`.",
            "short",
            (f"driftline_exported_series{{{WORKER}}}", "{{instance}}, exported"),
            (f"driftline_dropped_series{{{WORKER}}}", "{{instance}}, dropped"),
        ),
    )


def _process(grid: Grid) -> None:
    grid.row("Processes")
    worker = f"on (job, instance) group_left () driftline_build_info{{{WORKER}}}"
    grid.add(
        6,
        8,
        time_series(
            "Memory",
            "Resident memory.",
            "bytes",
            (f"process_resident_memory_bytes * {worker}", "{{instance}}"),
        ),
        time_series(
            "CPU",
            "Cores in use.",
            "short",
            (f"rate(process_cpu_seconds_total[$__rate_interval]) * {worker}", "{{instance}}"),
        ),
        time_series(
            "Open files",
            "Descriptors, connections to brokers among them.",
            "short",
            (f"process_open_fds * {worker}", "{{instance}}"),
        ),
        time_series(
            "Versions",
            "Processes by version of Driftline.",
            "short",
            (
                f"count by (version, python_version) (driftline_build_info{{{WORKER}}})",
                "{{version}}, Python {{python_version}}",
            ),
        ),
    )


def _losses(grid: Grid) -> None:
    grid.row("Losses")
    grid.add(
        8,
        8,
        time_series(
            "Records lost before they were read",
            "Retention was shorter than an outage; the windows say that they are incomplete.",
            "short",
            (f"sum by (topic) ({_GAPS})", "{{topic}}"),
            empty=NO_KAFKA,
        ),
        time_series(
            "Cut from the status page",
            "What the bounds of the status view dropped.",
            "cps",
            (rate("driftline_board_cut_total", "kind"), "{{kind}}"),
        ),
        time_series(
            "Spans lost",
            "Spans of traces that the collector did not take, or that waited for it in too great a number.",
            "cps",
            (rate("driftline_lost_spans_total", "reason"), "{{reason}}"),
        ),
    )
