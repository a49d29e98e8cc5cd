"""The rows about what comes in: events, what is wrong with them, and how far behind the workers are."""

from __future__ import annotations

from dashboards.parts import Grid, time_series

WORKER = 'instance=~"$instance"'
NO_KAFKA = "Read by this process itself, not from Kafka"


def intake(grid: Grid) -> None:
    """Add the rows."""
    _events(grid)
    _odd_intake(grid)
    _lag(grid)


def rate(metric: str, *by: str) -> str:
    """PromQL of a counter's rate, over the chosen workers."""
    return f"sum by ({', '.join(by)}) (rate({metric}{{{WORKER}}}[$__rate_interval]))"


def _events(grid: Grid) -> None:
    grid.row("Intake")
    grid.add(
        8,
        8,
        time_series(
            "Events",
            "Events counted, by model and kind.",
            "eps",
            (rate("driftline_events_total", "model", "kind"), "{{model}}, {{kind}}"),
        ),
        time_series(
            "Rejects by reason",
            "Records that are no event of a known model.",
            "reqps",
            (rate("driftline_rejects_total", "reason"), "{{reason}}"),
        ),
        time_series(
            "Late, clamped, skipped",
            "Events whose pane was finished; events with a time too far ahead; "
            "events read again after a restart.",
            "eps",
            (rate("driftline_late_events_total", "model"), "{{model}}, late"),
            (rate("driftline_clamped_events_total", "model"), "{{model}}, clamped"),
            (rate("driftline_skipped_events_total", "model"), "{{model}}, skipped"),
        ),
    )


def _odd_intake(grid: Grid) -> None:
    grid.add(
        8,
        8,
        time_series(
            "Dead letters and oddities",
            "Dead letters; records without a value; events with a key twice.",
            "reqps",
            (rate("driftline_dead_letters_total"), "dead letters"),
            (rate("driftline_tombstones_total"), "tombstones"),
            (rate("driftline_duplicate_keys_total"), "duplicate keys"),
        ),
        time_series(
            "Bytes",
            "Events read, and partials written; the second should stay below the first.",
            "Bps",
            (rate("driftline_event_bytes_total"), "events"),
            (rate("driftline_partial_bytes_total"), "partials"),
        ),
        time_series(
            "Events in __other__",
            "Events of slices or versions beyond their budget (`limits.slices`, `limits.versions`).",
            "cps",
            (rate("driftline_other_events_total", "model"), "{{model}}"),
        ),
    )


def _lag(grid: Grid) -> None:
    grid.row("Lag and event time")
    grid.add(
        8,
        8,
        time_series(
            "Lag in records",
            "Records in the log that were not read yet.",
            "short",
            (
                f"sum by (topic, partition) (driftline_consumer_lag_records{{{WORKER}}})",
                "{{topic}}/{{partition}}",
            ),
            empty=NO_KAFKA,
        ),
        time_series(
            "Lag in time",
            "Age of the oldest record that was not read yet.",
            "s",
            (
                f"max by (topic, partition) (driftline_consumer_lag_seconds{{{WORKER}}})",
                "{{topic}}/{{partition}}",
            ),
            empty=NO_KAFKA,
        ),
        time_series(
            "Age of the watermark",
            "How long ago the event time is up to which a model's log is complete.",
            "s",
            (f"time() - max by (model) (driftline_watermark_timestamp_seconds{{{WORKER}}})", "{{model}}"),
        ),
    )
