"""The dashboard of the fleet and of each model: what is worst, and since when."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.fleet import CHOSEN, FEATURE_UID, OVERALL, UID, fleet, link_of_a_row
from dashboards.parts import (
    Grid,
    board,
    from_labels,
    rows,
    time_series,
)

_REFERENCE = (
    f"driftline_learning_ratio{{{CHOSEN}}} or on (model, model_version) "
    f"max by (model, model_version) (driftline_reference_info{{{CHOSEN}}})"
)
_TO_FEATURE = link_of_a_row(
    FEATURE_UID, model="Model", model_version="Version", window="Window", slice="Slice", feature="Feature"
)


def models() -> Dashboard:
    """The dashboard, unbuilt."""
    dashboard = board(
        UID, "Models", "Every monitored model: drift, data quality, alerts, traffic.", start="now-24h"
    )
    dashboard.with_variable(
        from_labels("model", "Model", "label_values(driftline_alerts, model)", "Which models.", several=True)
    )
    grid = Grid(dashboard)
    fleet(grid)
    _worst(grid)
    _over_time(grid)
    _drift(grid)
    _score(grid)
    _traffic(grid)
    _freshness(grid)
    _slices_and_references(grid)
    _budget(grid)
    return dashboard


def _worst(grid: Grid) -> None:
    grid.row("What is worst")
    place = {
        "model": "Model",
        "model_version": "Version",
        "window": "Window",
        "slice": "Slice",
        "feature": "Feature",
    }
    to_feature = [("Show this feature and slice", _TO_FEATURE)]
    grid.add(
        12,
        10,
        rows(
            "Features and slices",
            "The 50 highest ratios of value over threshold in the newest windows. A click shows the feature "
            "on its slice over time.",
            {"Ratio": f"sort_desc(topk(50, driftline_threshold_ratio{{{CHOSEN}}}))"},
            {**place, "metric": "Metric", "baseline": "Baseline", "monitor": "Monitor"},
            links=to_feature,
            red_from={"Ratio": 1},
            descending="Ratio",
        ),
        rows(
            "Alerts",
            "Alerts that fire (1) or resolved a while ago (0). A click shows what they are about.",
            {"Firing": f"driftline_alert_firing{{{CHOSEN}}}"},
            {"alertname": "Alert", "severity": "Severity", **place},
            links=to_feature,
            red_from={"Firing": 1},
            descending="Firing",
        ),
    )


def _over_time(grid: Grid) -> None:
    grid.add(
        12,
        8,
        time_series(
            "Worst ratio by monitor",
            "Highest ratio of value over threshold; 1 is at the threshold.",
            "short",
            (f"max by (model, monitor) (driftline_threshold_ratio{{{CHOSEN}}})", "{{model}}, {{monitor}}"),
            limit=1,
        ),
        time_series(
            "Alerts by state",
            "Open alerts.",
            "short",
            (f"sum by (model, state) (driftline_alerts{{{CHOSEN}}})", "{{model}}, {{state}}"),
        ),
    )


def _drift(grid: Grid) -> None:
    grid.row("Drift on all traffic")
    one = "{{model}} {{model_version}}, {{feature}}, {{window}}"
    grid.add(
        12,
        8,
        time_series(
            "PSI by feature",
            "Population stability index against the reference, on all traffic.",
            "short",
            (f"driftline_psi{{{OVERALL}}}", one),
        ),
        time_series(
            "Kolmogorov-Smirnov distance by feature",
            "Largest difference of the distribution functions; numeric features and the score.",
            "short",
            (f"driftline_ks_statistic{{{OVERALL}}}", one),
        ),
        time_series(
            "Shift of the mean by feature",
            "In standard deviations of the reference.",
            "short",
            (f"driftline_mean_shift{{{OVERALL}}}", one),
        ),
        time_series(
            "Missing values by feature",
            "Share of events in which the value is null or absent.",
            "percentunit",
            (f"driftline_missing_ratio{{{OVERALL}}}", one),
        ),
    )


def _score(grid: Grid) -> None:
    grid.row("Score on all traffic")
    one = "{{model}} {{model_version}}, {{feature}}, {{window}}"
    grid.add(
        12,
        8,
        time_series(
            "Score drift",
            "PSI and Kolmogorov-Smirnov distance of the model's score.",
            "short",
            (
                f'driftline_psi{{{OVERALL}, feature="prediction"}}',
                "{{model}} {{model_version}}, PSI, {{window}}",
            ),
            (
                f'driftline_ks_statistic{{{OVERALL}, feature="prediction"}}',
                "{{model}} {{model_version}}, KS, {{window}}",
            ),
        ),
        time_series(
            "Positive answers",
            "Share of predictions, and of labels (`actual`), that are positive.",
            "percentunit",
            (f"driftline_positive_rate{{{OVERALL}}}", one),
        ),
    )


def _traffic(grid: Grid) -> None:
    grid.row("Traffic")
    version = "{{model}} {{model_version}}, {{window}}"
    grid.add(
        8,
        8,
        time_series(
            "Predictions a window",
            "Predictions in the newest window, by version.",
            "short",
            (f"driftline_window_events{{{OVERALL}}}", version),
        ),
        time_series(
            "Failed requests",
            "Share of requests that the model did not answer.",
            "percentunit",
            (f"driftline_error_ratio{{{OVERALL}}}", version),
        ),
        time_series(
            "Latency",
            "Median and 99th percentile of how long predictions took, as events say it.",
            "s",
            (f"driftline_latency_p50_seconds{{{OVERALL}}}", f"p50, {version}"),
            (f"driftline_latency_p99_seconds{{{OVERALL}}}", f"p99, {version}"),
        ),
    )


def _freshness(grid: Grid) -> None:
    grid.row("Freshness and references")
    version = "{{model}} {{model_version}}, {{window}}"
    grid.add(
        8,
        8,
        time_series(
            "Age of the newest window",
            "Time since its end. It may rise to the window's slide plus lateness.",
            "s",
            (
                f"time() - max by (model, window) (driftline_window_end_timestamp_seconds{{{CHOSEN}}})",
                "{{model}}, {{window}}",
            ),
        ),
        time_series(
            "Age of the watermark",
            "How long ago the event time is up to which a model's log is complete.",
            "s",
            (f"time() - max by (model) (driftline_watermark_timestamp_seconds{{{CHOSEN}}})", "{{model}}"),
        ),
        time_series(
            "Late records",
            "Records that came too late for the panes of the newest window.",
            "short",
            (f"driftline_window_late_records{{{CHOSEN}}}", version),
        ),
    )


def _slices_and_references(grid: Grid) -> None:
    version = "{{model}} {{model_version}}, {{window}}"
    grid.add(
        12,
        8,
        time_series(
            "Slices",
            "Slices in the newest window; at `limits.slices` the rest is in `__other__`.",
            "short",
            (f"driftline_window_slices{{{CHOSEN}}}", version),
        ),
        time_series(
            "Reference known",
            "1 when a version has a reference; below 1, how far it is learned.",
            "percentunit",
            (_REFERENCE, "{{model}} {{model_version}}"),
        ),
    )


def _budget(grid: Grid) -> None:
    grid.row("Budget of false alarms")
    none = "No model has false_alarms_per_week"
    grid.add(
        8,
        8,
        time_series(
            "Budget spent",
            "False alarms to be expected at most in the last seven days, over the model's budget.",
            "percentunit",
            (f"driftline_false_alarm_budget_spent_ratio{{{CHOSEN}}}", "{{model}}"),
            limit=1,
            empty=none,
        ),
        time_series(
            "Level of the newest window",
            "What an adjusted p-value must not exceed for the budget; the monitor's alpha holds besides.",
            "short",
            (f"driftline_false_alarm_level{{{CHOSEN}}}", "{{model}} {{model_version}}, {{window}}"),
            empty=none,
        ),
        time_series(
            "Series without a detector",
            "Series of change: metrics that no online detector follows, for want of room.",
            "short",
            (f"driftline_unfollowed_series{{{CHOSEN}}}", "{{model}}"),
        ),
    )
