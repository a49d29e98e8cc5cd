"""Every metric that ``/metrics`` shows, declared once; ``docs/metrics.md`` is made of the same table.

``python -m service.web.metrics`` prints the table of the documentation.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

PLACE = ("model", "model_version", "slice", "feature", "window", "baseline")
WINDOW = ("model", "model_version", "window")
_SECONDS_PER_MS = 1e-3
"""Results speak of milliseconds, as events do; Prometheus of seconds."""
ALERT = ("alertname", "severity", "model", "model_version", "feature", "slice", "window")


@dataclass(frozen=True, slots=True)
class Declaration:
    """One metric: its name in queries, its type, and what a reader must know of it."""

    name: str
    type: Literal["gauge", "counter", "histogram"]
    help: str
    labels: tuple[str, ...]
    unit: str
    worry: str
    """When to worry; empty where the metric only explains others."""
    group: str
    factor: float = 1.0
    """What a result is multiplied by to be in the metric's unit."""


def _results(
    metric: str, text: str, unit: str, worry: str, name: str | None = None
) -> tuple[str, Declaration]:
    full = f"driftline_{name or metric}"
    factor = _SECONDS_PER_MS if unit == "seconds" else 1.0
    return metric, Declaration(full, "gauge", text, PLACE, unit, worry, "Results", factor)


RESULTS: dict[str, Declaration] = dict(
    (
        _results("psi", "Population stability index against the reference.", "1",
                 "Beyond the monitor's threshold; how much is noise depends on the sample, so prefer "
                 "`driftline_alert_firing`."),
        _results("js", "Jensen-Shannon distance to the reference, base 2.", "1, between 0 and 1",
                 "Beyond the monitor's threshold.", "js_distance"),
        _results("hellinger", "Hellinger distance to the reference.", "1, between 0 and 1",
                 "Beyond the monitor's threshold.", "hellinger_distance"),
        _results("linf", "Largest change of any group's share from the reference.", "1, between 0 and 1",
                 "Beyond the monitor's threshold.", "linf_distance"),
        _results("chi2", "Effect size of the chi-squared test against the reference (Cohen's w).", "1",
                 "Beyond the monitor's threshold; 0.1 counts as small, 0.3 as medium.", "chi2_effect"),
        _results("ks", "Kolmogorov-Smirnov distance to the reference.", "1, between 0 and 1",
                 "Beyond the monitor's threshold.", "ks_statistic"),
        _results("wasserstein", "Wasserstein distance to the reference: how far values moved on average.",
                 "reference standard deviations", "Beyond the monitor's threshold.", "wasserstein_distance"),
        _results("mean_shift", "Difference of the mean from the reference's.",
                 "reference standard deviations",
                 "Beyond the monitor's threshold; above 0.2 most models notice."),
        _results("std_shift", "Change of the standard deviation from the reference's.",
                 "1, relative to the reference",
                 "Beyond the monitor's threshold; a collapse to one value too."),
        _results("mean", "Mean of the values.", "the feature's own", "Compare with its past."),
        _results("std", "Standard deviation of the values.", "the feature's own",
                 "At 0: a constant is being sent."),
        _results("missing_ratio", "Share of events without a value: null or absent.", "1, between 0 and 1",
                 "A jump: a join, a default or a producer upstream broke."),
        _results("invalid_ratio", "Share of events whose value has the wrong type or is not finite.",
                 "1, between 0 and 1", "Above 0: the producer's schema changed."),
        _results("unseen_ratio", "Share of values that the reference never had.", "1, between 0 and 1",
                 "Above a few percent: the model was not trained on what it is asked."),
        _results("out_of_range_ratio", "Share of values outside the declared range, or the reference's.",
                 "1, between 0 and 1", "A jump often means another unit."),
        _results("positive_rate",
                 "Share of positive predictions, or with feature `actual` of positive labels.",
                 "1, between 0 and 1", "A step without one in the labels: the model answers differently."),
        _results("traffic", "Predictions in the window.", "events",
                 "0, or far below the same hour of other days.", "window_events"),
        _results("error_ratio", "Share of requests that failed.", "1, between 0 and 1",
                 "Above the service's objective."),
        _results("latency_p50", "Median of the time that predictions took, as events say it.", "seconds",
                 "It grows while traffic does not.", "latency_p50_seconds"),
        _results("latency_p99", "99th percentile of the time that predictions took, as events say it.",
                 "seconds", "Above what callers wait for.", "latency_p99_seconds"),
        _results("reconstruction_error",
                 "How far numeric features depart from how they vary together in the reference.",
                 "1, relative to the reference", "Beyond the monitor's threshold; 1 is as ever."),
        *(
            _results(f"change:{name}", f"How near an online detector is to a change of {what}.",
                     "1, relative to the detector's threshold", "At or above 1: a change was detected.",
                     f"change_{name}_nearness")
            for name, what in (
                ("mean", "the mean"), ("std", "the standard deviation"), ("traffic", "the traffic"),
                ("missing_ratio", "the share without a value"), ("error_ratio", "the share that failed"),
                ("positive_rate", "the share of positives"),
            )
        ),
    )
)  # fmt: skip
"""The metric of each result, by the result's ``metric``."""


def _declare(
    group: str, kind: Literal["gauge", "counter", "histogram"],
    *rows: tuple[str, str, tuple[str, ...], str, str],
) -> tuple[Declaration, ...]:  # fmt: skip
    return tuple(
        Declaration(f"driftline_{name}", kind, text, labels, unit, worry, group)
        for name, text, labels, unit, worry in rows
    )


STATE: tuple[Declaration, ...] = (
    *_declare(
        "Verdicts and alerts", "gauge",
        ("threshold_ratio", "How far a value is towards its monitor's threshold; 1 is at the threshold.",
         (*PLACE, "metric", "monitor"), "1",
         ("At or above 1 the effect is large enough to matter; whether it is more than noise, "
          "`driftline_breaches` and `driftline_alert_firing` say.")),
        ("breaches", "Results of the newest window that breach, after tests and multiplicity control.",
         (*WINDOW, "monitor"), "results", "Above 0 in window after window."),
        ("alert_firing", "1 while an alert fires, 0 for a while after it resolved.", ALERT, "1",
         "1: read the alert's summary on the status page."),
        ("false_alarm_budget_spent_ratio",
         "False alarms to be expected at most in the last seven days of event time, over the budget.",
         ("model",), "1, between 0 and 1", "Above 1 it could not be; near 1 is as planned."),
        ("false_alarm_level", "What an adjusted p-value must not exceed for the budget of false alarms.",
         WINDOW, "1, between 0 and 1",
         "Far below `alpha`: the budget is small for so many windows; faint drift is not alarmed about."),
        ("alerts", "Open alerts by state.", ("model", "state"), "alerts", '`state="firing"` above 0.'),
    ),
    *_declare(
        "Windows and references", "gauge",
        ("window_end_timestamp_seconds", "End of the newest evaluated window.", WINDOW,
         "seconds since the epoch",
         "`time()` minus it grows beyond the window's slide, lateness and grace: evaluation stands still."),
        ("window_incomplete", "1 when records of the newest window are known to be missing.", WINDOW, "1",
         "1: records of a source are gone, or panes were counted under another profile than is in force."),
        ("window_late_records", "Records that came too late for the panes of the newest window.", WINDOW,
         "records",
         "A steady share of the traffic: raise the model's `lateness`."),
        ("window_missing_records", "Records gone uncounted that may belong to the newest window.", WINDOW,
         "records", "Above 0: an outage outlasted the retention of a source."),
        ("window_slices", "Slices in the newest window.", WINDOW, "slices",
         "At the limit `limits.slices`: the rest is in `__other__`."),
        ("watermark_timestamp_seconds", "Up to when the model's event time is complete.", ("model",),
         "seconds since the epoch", "`time()` minus it grows: a source is silent or behind."),
        ("learning_ratio", "How far the reference of a model version is learned.", ("model", "model_version"),
         "1, between 0 and 1", "It stands still: the version has no traffic."),
        ("reference_info", "The reference in force.", ("model", "model_version", "reference_id"), "1",
         "It changes without a deployment."),
    ),
    *_declare(
        "Service", "gauge",
        ("build_info", "Driftline's version.", ("version", "python_version"), "1",
         "Several versions for longer than a rollout."),
        ("unfollowed_series",
         "Series of `change:` metrics that no online detector follows in the newest windows.",
         ("model",), "series", "Above 0: name fewer slices or features in monitors of `change:` metrics."),
        ("exported_series", "Series of results exported at the last scrape.", (), "series",
         "Close to `limits.series`."),
        ("dropped_series",
         "Series of results not exported at the last scrape because of `limits.series`.", (),
         "series", "Above 0: raise the limit, or name fewer slices in monitors."),
    ),
    *_declare(
        "Windows and references", "counter",
        ("late_statements_total", "Totals of panes that came after their pane was merged.", ("model",),
         "statements", ("It grows: two workers count one source; windows lack what only the late one held; "
          "the log names one a minute.")),
        ("mismatched_statements_total", "Totals of panes left out of windows: counted under another profile.",
         ("model",), "statements", "It grows outside of a change of profile."),
        ("retired_versions_total", "Versions no longer evaluated after a long silence.", ("model",),
         "versions", "It grows for a version that should have traffic."),
    ),
    *_declare(
        "Service", "counter",
        ("board_cut_total", "What the bounds of the status view dropped.", ("kind",), "items",
         "It grows: more versions, alerts or values than the page keeps."),
    ),
)  # fmt: skip
"""What else the collector reads from the board."""

SELF: tuple[Declaration, ...] = (
    *_declare(
        "Ingest", "counter",
        ("events_total", "Events counted.", ("model", "kind"), "events",
         "The rate falls to 0 while the model serves."),
        ("rejects_total", "Records that are no event of a known model.", ("reason",), "records",
         "It grows: see the reason, and the dead-letter topic for the records."),
        ("late_events_total", "Events whose pane was finished when they came.", ("model",), "events",
         "A steady share of the events: raise the model's `lateness`."),
        ("clamped_events_total", "Events with a time too far ahead of their record.", ("model",), "events",
         "It grows: a producer's clock is wrong."),
        ("skipped_events_total", "Events read again after a restart that a finished pane already holds.",
         ("model",), "events", ""),
        ("dead_letters_total", "Records written to the dead-letter topic.", (), "records",
         "It grows: read them there."),
        ("duplicate_keys_total", "Events in which a key stood twice; the last one counted.", (), "events",
         "It grows: a producer writes broken JSON."),
        ("tombstones_total", "Records without a value, ignored.", (), "records", ""),
        ("gap_records_total", "Records that were gone before they could be counted.", ("topic", "partition"),
         "records", "Above 0: retention is shorter than an outage; windows of that time lack these records."),
        ("other_events_total", "Events in `__other__`, once for each full budget of slices or versions.",
         ("model",), "events",
         "It grows: a tag has too many values to be a slice dimension, or versions are no versions."),
        ("event_bytes_total", "Bytes of events read.", (), "bytes", ""),
        ("partial_bytes_total", "Bytes of partials written.", (), "bytes",
         "More than `driftline_event_bytes_total`: too many slices for the traffic, or panes too short."),
    ),
    *_declare(
        "Ingest", "gauge",
        ("consumer_lag_records", "Records in the log that were not read yet.", ("topic", "partition"),
         "records",
         "It grows for minutes: add workers, or partitions first."),
        ("consumer_lag_seconds", "Age of the oldest record that was not read yet.", ("topic", "partition"),
         "seconds", "More than the delay you accept for an alert."),
        ("open_panes", "Unfinished panes held in memory.", ("model",), "panes",
         "At `limits.open_panes`: event times are scattered, or a source stands still."),
    ),
    *_declare(
        "Stages", "histogram",
        ("flush_duration_seconds", "Time to state the panes that changed.", (), "seconds",
         "The 99th percentile above `timing.flush`."),
        ("evaluation_duration_seconds", "Time to evaluate one window.", (), "seconds",
         "The 99th percentile near the shortest slide divided by the models."),
    ),
    *_declare(
        "Delivery", "counter",
        ("deliveries_total", "Attempts to deliver alerts and requests.", ("receiver", "outcome"),
         "deliveries",
         "Any outcome but `delivered` grows."),
    ),
    *_declare(
        "Delivery", "gauge",
        ("deliveries_waiting", "Deliveries that wait for a receiver.", (), "deliveries",
         "It grows: a receiver is down; at `limits.deliveries` the oldest are dropped."),
    ),
    *_declare(
        "Traces", "counter",
        ("lost_spans_total", "Spans that were recorded and never reached the collector.", ("reason",),
         "spans",
         ("It grows: for `not_taken` look at the collector; for `queue_full` at it too, or lower "
          "`telemetry.sample_ratio`.")),
    ),
)  # fmt: skip
"""What the service says of itself."""

DECLARED: dict[str, Declaration] = {item.name: item for item in (*RESULTS.values(), *STATE, *SELF)}
"""Every metric by name."""


def markdown() -> str:
    """The tables of ``docs/metrics.md``."""
    order = list(dict.fromkeys(item.group for item in DECLARED.values()))
    rows = sorted(DECLARED.values(), key=lambda item: order.index(item.group))
    parts = []
    for group, items in groupby(rows, key=lambda item: item.group):
        parts += [f"### {group}", "", "| metric | type | meaning | labels | unit | when to worry |"]
        parts.append("|---|---|---|---|---|---|")
        for item in items:
            labels = ", ".join(f"`{label}`" for label in item.labels) or "–"
            worry = item.worry or "–"
            parts.append(f"| `{item.name}` | {item.type} | {item.help} | {labels} | {item.unit} | {worry} |")
        parts.append("")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(markdown())
