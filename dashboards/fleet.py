"""The rows about all models together: how many, how bad, how fresh."""

from __future__ import annotations

from dashboards.parts import NEUTRAL, ORANGE_ABOVE_0, RED_ABOVE_0, Grid, rows, single

UID = "driftline-model"
FEATURE_UID = "driftline-feature"
CHOSEN = 'model=~"$model"'
OVERALL = f'{CHOSEN}, slice="all", baseline="reference"'


def fleet(grid: Grid) -> None:
    """Add the rows."""
    _numbers(grid)
    _more_numbers(grid)
    _versions(grid)


def link_of_a_row(uid: str, **headers: str) -> str:
    """Address of a dashboard, its variables filled from the row clicked; time range and datasource stay.

    >>> link_of_a_row("driftline-model", model="Model")
    '/d/driftline-model?${__url_time_range}&${datasource:queryparam}&var-model=${__data.fields.Model:percentencode}'
    """
    parts = ["${__url_time_range}", "${datasource:queryparam}"]
    parts += [f"var-{name}=${{__data.fields.{header}:percentencode}}" for name, header in headers.items()]
    return f"/d/{uid}?{'&'.join(parts)}"


def _numbers(grid: Grid) -> None:
    grid.row("Fleet")
    grid.add(
        4,
        4,
        single(
            "Models",
            "Models that Driftline watches.",
            "short",
            f"count(count by (model) (driftline_alerts{{{CHOSEN}}}))",
            colours=NEUTRAL,
        ),
        single(
            "Firing alerts",
            "Alerts that fire now.",
            "short",
            f'sum(driftline_alerts{{{CHOSEN}, state="firing"}})',
            colours=RED_ABOVE_0,
        ),
        single(
            "Pending alerts",
            "Alerts that breach, but not yet in enough windows.",
            "short",
            f'sum(driftline_alerts{{{CHOSEN}, state="pending"}})',
            colours=ORANGE_ABOVE_0,
        ),
    )


def _more_numbers(grid: Grid) -> None:
    grid.add(
        4,
        4,
        single(
            "Breaching results",
            "Results of the newest windows that breach, tests and multiplicity taken into account.",
            "short",
            f"sum(driftline_breaches{{{CHOSEN}}})",
            colours=ORANGE_ABOVE_0,
        ),
        single(
            "Incomplete windows",
            "Newest windows of which records are known to be missing.",
            "short",
            f"sum(driftline_window_incomplete{{{CHOSEN}}})",
            colours=RED_ABOVE_0,
        ),
        single(
            "Farthest behind",
            "The model whose event time is complete up to the longest time ago.",
            "s",
            f"max(time() - max by (model) (driftline_watermark_timestamp_seconds{{{CHOSEN}}}))",
            colours=NEUTRAL,
        ),
    )


def _versions(grid: Grid) -> None:
    by = "by (model, model_version)"
    grid.add(
        24,
        8,
        rows(
            "Models and versions",
            "One row a model version, the worst first. A ratio is value over threshold; at 1 the effect "
            "matters. A click on a row shows that model alone.",
            {
                "Worst ratio": f"max {by} (driftline_threshold_ratio{{{CHOSEN}}})",
                "Breaching": f"sum {by} (driftline_breaches{{{CHOSEN}}})",
                "Predictions": f"max {by} (driftline_window_events{{{OVERALL}}})",
                "Window ended": f"max {by} (driftline_window_end_timestamp_seconds{{{CHOSEN}}}) * 1000",
            },
            {"model": "Model", "model_version": "Version"},
            units={"Window ended": "dateTimeFromNow", "Worst ratio": "short", "Predictions": "short"},
            links=[("Show this model", link_of_a_row(UID, model="Model"))],
            red_from={"Worst ratio": 1, "Breaching": 1},
            descending="Worst ratio",
        ),
    )
