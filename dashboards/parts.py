"""The building blocks of every dashboard: datasource, queries, panels, variables and links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
TAG = "driftline"
WIDTH = 24
"""Columns of Grafana's grid."""

_LEGEND = (
    VizLegendOptions()
    .show_legend(True)
    .display_mode(LegendDisplayMode.LIST)
    .placement(LegendPlacement.BOTTOM)
)
Query = tuple[str, str]
"""PromQL, and the name of its series in the legend."""
Panel = timeseries.Panel | table.Panel | stat.Panel


def time_series(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    limit: float | None = None,
    empty: str = "",
) -> timeseries.Panel:
    """Lines over time.

    Parameters
    ----------
    unit
        Grafana's id of the unit.
    limit
        Where a red line is drawn.
    empty
        What to show when there is nothing, where that is no defect.
    """
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .datasource(DATASOURCE)
        .line_width(1.0)
        .fill_opacity(8.0)
        .show_points(VisibilityMode.AUTO)
        .legend(_LEGEND)
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    )
    if limit is not None:
        panel.thresholds(steps(("green", None), ("red", limit)))
        panel.thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.LINE))
    if empty:
        panel.no_value(empty)
    for ref_id, (expr, legend) in zip("ABCDEFGH", queries, strict=False):
        panel.with_target(_query(ref_id, expr, legend).range())
    return panel


def single(
    title: str,
    description: str,
    unit: str,
    expr: str,
    *,
    colours: dashboard.ThresholdsConfig,
    empty: str = "",
) -> stat.Panel:
    """One number of now, its background coloured by thresholds."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .datasource(DATASOURCE)
        .thresholds(colours)
        .color_mode(BigValueColorMode.BACKGROUND)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .with_target(_query("A", expr, "").instant())
    )
    return panel.no_value(empty) if empty else panel


def rows(
    title: str,
    description: str,
    queries: Mapping[str, str],
    columns: Mapping[str, str],
    units: Mapping[str, str] | None = None,
    links: Sequence[tuple[str, str]] = (),
    red_from: Mapping[str, float] | None = None,
    descending: str = "",
) -> table.Panel:
    """A table of now, one row a label set; several queries are merged by their labels.

    Parameters
    ----------
    queries
        PromQL by the header of its column.
    columns
        Header by label, in the order of the columns; labels not named are hidden.
    links
        Title and address of links on every label's cell.
    units, red_from
        By header: the unit, and from which value the cell is red.
    descending
        Header that sorts the rows.
    """
    panel = table.Panel().title(title).description(description).datasource(DATASOURCE)
    values = {}
    for ref_id, (header, expr) in zip("ABCDEFGH", queries.items(), strict=False):
        panel.with_target(_query(ref_id, expr, "").instant().format(PromQueryFormat.TABLE))
        values["Value" if len(queries) == 1 else f"Value #{ref_id}"] = header
    for transformation in _arrangement(columns, values, descending):
        panel.with_transformation(transformation)
    for header, unit in (units or {}).items():
        panel.override_by_name(header, [model.DynamicConfigValue(id_val="unit", value=unit)])
    for header, limit in (red_from or {}).items():
        panel.override_by_name(header, _red_cell(limit))
    if links:
        shown = [{"title": name, "url": url} for name, url in links]
        for header in columns.values():
            panel.override_by_name(header, [model.DynamicConfigValue(id_val="links", value=shown)])
    return panel


def _arrangement(
    columns: Mapping[str, str], values: Mapping[str, str], descending: str
) -> Iterator[model.DataTransformerConfig]:
    names = [*columns, *values]
    yield model.DataTransformerConfig(id_val="merge", options={})
    options = {
        "excludeByName": {"Time": True},
        "includeByName": dict.fromkeys(names, True),
        "indexByName": {name: place for place, name in enumerate(names)},
        "renameByName": {**columns, **values},
    }
    yield model.DataTransformerConfig(id_val="organize", options=options)
    if descending:
        sort = [{"field": descending, "desc": True}]
        yield model.DataTransformerConfig(id_val="sortBy", options={"sort": sort})


def steps(*marks: tuple[str, float | None]) -> dashboard.ThresholdsConfig:
    """Colours by the value from which they hold; None is minus infinity."""
    return (
        dashboard.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=value, color=colour) for colour, value in marks])
    )


NEUTRAL = steps(("blue", None))
RED_ABOVE_0 = steps(("green", None), ("red", 1))
ORANGE_ABOVE_0 = steps(("green", None), ("orange", 1))


def from_labels(
    name: str, label: str, query: str, description: str, *, several: bool
) -> dashboard.QueryVariable:
    """A variable with the values of a label, read from Prometheus whenever the time range changes."""
    variable = (
        dashboard.QueryVariable(name)
        .label(label)
        .description(description)
        .datasource(DATASOURCE)
        .query({"query": query, "refId": name})
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )
    if several:
        every = model.VariableOption(selected=True, text="All", value="$__all")
        variable.multi(True).include_all(True).all_value(".*").current(every)
    return variable


def board(uid: str, title: str, description: str, *, start: str) -> dashboard.Dashboard:
    """An empty dashboard with the datasource variable and the links to its siblings."""
    return (
        dashboard.Dashboard(f"Driftline / {title}")
        .uid(uid)
        .description(description)
        .tags([TAG])
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .time(start, "now")
        .refresh("30s")
        .timezone("browser")
        .link(
            dashboard.DashboardLink("Driftline")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .keep_time(True)
            .include_vars(True)
        )
        .with_variable(
            dashboard.DatasourceVariable("datasource")
            .label("Prometheus")
            .description("The Prometheus that scrapes Driftline.")
            .type("prometheus")
        )
    )


class Grid:
    """Places panels from left to right and top to bottom, and numbers them in that order."""

    def __init__(self, target: dashboard.Dashboard) -> None:
        self._target = target
        self._x = self._y = self._height = self._id = 0

    def row(self, title: str) -> None:
        """Begin a row with a title."""
        self._break()
        self._id += 1
        place = model.GridPos(h=1, w=WIDTH, x=0, y=self._y)
        self._target.with_row(dashboard.Row(title).id(self._id).grid_pos(place))
        self._y += 1

    def add(self, width: int, height: int, *panels: Panel) -> None:
        """Add panels of one size; what does not fit goes below."""
        for panel in panels:
            if self._x + width > WIDTH:
                self._break()
            self._id += 1
            place = model.GridPos(h=height, w=width, x=self._x, y=self._y)
            self._target.with_panel(panel.id(self._id).grid_pos(place))
            self._x += width
            self._height = max(self._height, height)

    def _break(self) -> None:
        self._y += self._height
        self._x = self._height = 0


def _query(ref_id: str, expr: str, legend: str) -> prometheus.Dataquery:
    query = prometheus.Dataquery().ref_id(ref_id).expr(expr).datasource(DATASOURCE)
    return query.legend_format(legend) if legend else query


def _red_cell(limit: float) -> list[model.DynamicConfigValue]:
    marks = [{"color": "transparent", "value": None}, {"color": "red", "value": limit}]
    return [
        model.DynamicConfigValue(
            id_val="custom.cellOptions", value={"type": "color-background", "mode": "basic"}
        ),
        model.DynamicConfigValue(id_val="thresholds", value={"mode": "absolute", "steps": marks}),
    ]
