"""The dashboard that an alert links to: one feature of one model version on one slice, by window."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.fleet import FEATURE_UID
from dashboards.parts import Grid, board, from_labels, rows, single, steps, time_series

VERSION = 'model="$model", model_version="$model_version"'
JUDGED = f'{VERSION}, window="$window", slice="$slice", feature="$feature"'
SLICE = f'{VERSION}, window="$window", slice="$slice", baseline="reference"'
PLACE = f'{SLICE}, feature="$feature"'
PAST = f'{JUDGED}, baseline!="reference"'
NUMERIC = "Numeric features and the score only"
CATEGORICAL = "Categorical features only"


def feature() -> Dashboard:
    """The dashboard, unbuilt."""
    dashboard = board(
        FEATURE_UID,
        "Feature and slice",
        "One feature of one model version on one slice: how far it is from its reference, and since when.",
        start="now-24h",
    )
    ended = "driftline_window_end_timestamp_seconds"
    within = f'driftline_psi{{{VERSION}, window="$window"}}'
    for name, label, query, description in (
        ("model", "Model", "label_values(driftline_alerts, model)", "Which model."),
        (
            "model_version",
            "Version",
            f'label_values({ended}{{model="$model"}}, model_version)',
            "Which version.",
        ),
        ("window", "Window", f"label_values({ended}{{{VERSION}}}, window)", "Which kind of window."),
        ("slice", "Slice", f"label_values({within}, slice)", "Which part of the traffic."),
        (
            "feature",
            "Feature",
            f"label_values({within}, feature)",
            "Which feature; `prediction` is the score.",
        ),
    ):
        dashboard.with_variable(from_labels(name, label, query, description, several=False))
    grid = Grid(dashboard)
    _now(grid)
    _verdicts(grid)
    _distribution(grid)
    _quality(grid)
    _context(grid)
    _past(grid)
    return dashboard


def _now(grid: Grid) -> None:
    grid.row("$feature on $slice")
    ratio = steps(("green", None), ("orange", 0.75), ("red", 1))
    plain = steps(("blue", None))
    grid.add(
        6,
        4,
        single(
            "Worst ratio",
            "Highest ratio of value over threshold of any monitor.",
            "short",
            f"max(driftline_threshold_ratio{{{JUDGED}}})",
            colours=ratio,
            empty="no monitor",
        ),
        single(
            "PSI",
            "Population stability index against the reference.",
            "short",
            f"driftline_psi{{{PLACE}}}",
            colours=plain,
        ),
        single(
            "Missing",
            "Share of events in which the value is null or absent.",
            "percentunit",
            f"driftline_missing_ratio{{{PLACE}}}",
            colours=plain,
        ),
        single(
            "Predictions",
            "Predictions of the slice in the newest window.",
            "short",
            f"driftline_window_events{{{SLICE}}}",
            colours=plain,
        ),
    )


def _verdicts(grid: Grid) -> None:
    grid.add(
        12,
        8,
        time_series(
            "Ratio by monitor",
            "Value over threshold; at 1 the effect is large enough to matter.",
            "short",
            (f"driftline_threshold_ratio{{{JUDGED}}}", "{{monitor}}, {{metric}}, {{baseline}}"),
            limit=1,
        ),
        rows(
            "Alerts of this model version",
            "Alerts that fire (1) and alerts that resolved a while ago (0).",
            {"Firing": f"driftline_alert_firing{{{VERSION}}}"},
            {
                "alertname": "Alert",
                "severity": "Severity",
                "window": "Window",
                "slice": "Slice",
                "feature": "Feature",
            },
            red_from={"Firing": 1},
            descending="Firing",
        ),
    )


def _distribution(grid: Grid) -> None:
    grid.row("Distribution")
    grid.add(
        8,
        8,
        time_series(
            "Distance from the reference",
            "Population stability index, and Kolmogorov-Smirnov distance of what is numeric.",
            "short",
            (f"driftline_psi{{{PLACE}}}", "PSI"),
            (f"driftline_ks_statistic{{{PLACE}}}", "KS"),
        ),
        time_series(
            "Shift",
            "Of the mean, in standard deviations of the reference; and the relative change of the "
            "standard deviation.",
            "short",
            (f"driftline_mean_shift{{{PLACE}}}", "mean"),
            (f"driftline_std_shift{{{PLACE}}}", "standard deviation"),
            empty=NUMERIC,
        ),
        time_series(
            "Mean and standard deviation",
            "In the feature's own unit.",
            "short",
            (f"driftline_mean{{{PLACE}}}", "mean"),
            (f"driftline_std{{{PLACE}}}", "standard deviation"),
            empty=NUMERIC,
        ),
    )


def _quality(grid: Grid) -> None:
    grid.row("Quality of the values")
    grid.add(
        8,
        8,
        time_series(
            "Missing or invalid",
            "Shares of events: null or absent; wrong type or not finite.",
            "percentunit",
            (f"driftline_missing_ratio{{{PLACE}}}", "missing"),
            (f"driftline_invalid_ratio{{{PLACE}}}", "invalid"),
        ),
        time_series(
            "Outside the range",
            "Share of values outside the declared range, or the reference's.",
            "percentunit",
            (f"driftline_out_of_range_ratio{{{PLACE}}}", "out of range"),
            empty=NUMERIC,
        ),
        time_series(
            "Unseen categories",
            "Share of values that the reference never had.",
            "percentunit",
            (f"driftline_unseen_ratio{{{PLACE}}}", "unseen"),
            empty=CATEGORICAL,
        ),
    )


def _context(grid: Grid) -> None:
    grid.row("Around it")
    same = f'{VERSION}, window="$window", feature="$feature", baseline="reference"'
    grid.add(
        12,
        8,
        time_series(
            "PSI on every exported slice",
            "The same feature elsewhere: is it the slice, or everything?",
            "short",
            (f"driftline_psi{{{same}}}", "{{slice}}"),
        ),
        time_series(
            "PSI of every feature on $slice",
            "The same slice: is it the feature, or everything?",
            "short",
            (f"driftline_psi{{{SLICE}}}", "{{feature}}"),
        ),
        time_series(
            "Predictions of $slice",
            "Predictions in the newest window.",
            "short",
            (f"driftline_window_events{{{SLICE}}}", "predictions"),
        ),
        time_series(
            "Answers and failures on $slice",
            "Positive answers and failed requests.",
            "percentunit",
            (f'driftline_positive_rate{{{SLICE}, feature="prediction"}}', "positive"),
            (f"driftline_error_ratio{{{SLICE}}}", "failed"),
        ),
    )


def _past(grid: Grid) -> None:
    grid.row("Against the stream's own past")
    grid.add(
        12,
        8,
        time_series(
            "Distance from baselines of the past",
            "PSI and shift of the mean against what the same stream was before, as monitors ask.",
            "short",
            (f"driftline_psi{{{PAST}}}", "PSI, {{baseline}}"),
            (f"driftline_mean_shift{{{PAST}}}", "shift of the mean, {{baseline}}"),
            empty="No monitor compares this with the past",
        ),
        time_series(
            "Nearness of online detectors",
            "Statistic over threshold; at 1 a change was detected.",
            "short",
            (f"driftline_change_mean_nearness{{{PLACE}}}", "mean"),
            (f"driftline_change_std_nearness{{{PLACE}}}", "standard deviation"),
            (f"driftline_change_missing_ratio_nearness{{{PLACE}}}", "missing"),
            (f"driftline_change_positive_rate_nearness{{{PLACE}}}", "positive"),
            limit=1,
            empty="No monitor of a change: metric",
        ),
    )
