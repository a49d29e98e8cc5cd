"""The committed dashboards: made by the code beside them, in one style, asking only for what is declared."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from dashboards.build import CHART_FILES, FOLDER, RULES, dashboards, text
from service.alerts.render import FEATURE_DASHBOARD, MODEL_DASHBOARD
from service.web.metrics import DECLARED
from tests.dashboards.promql import groupings, label_values, legend_labels, panels, queries, selectors

BUILT = dashboards()
SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds to whatever it scrapes."""
OF_THE_CLIENT = {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"}
"""Metrics of the process, which the client library declares."""

every_dashboard = pytest.mark.parametrize("dashboard", BUILT.values(), ids=BUILT)


def declared_labels(metric: str) -> set[str] | None:
    """Labels of a metric as it is scraped; None when it is not declared."""
    if metric in OF_THE_CLIENT:
        return SCRAPED
    for name, extra in ((metric, set[str]()), (metric.removesuffix("_bucket"), {"le"})):
        if (found := DECLARED.get(name)) is not None and (not extra or found.type == "histogram"):
            return {*found.labels, *SCRAPED, *extra}
    return None


@pytest.mark.parametrize("name", BUILT)
def test_the_committed_json_is_what_the_code_makes(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == text(BUILT[name]), "run: python -m dashboards.build"


def test_every_committed_dashboard_is_made_by_the_code() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == set(BUILT)


def test_the_chart_ships_the_same_files() -> None:
    sources = [*FOLDER.glob("*.json"), RULES]

    assert {path.name: path.read_bytes() for path in CHART_FILES.iterdir()} == {
        path.name: path.read_bytes() for path in sources
    }, "run: python -m dashboards.build"


@every_dashboard
def test_a_dashboard_can_be_provisioned_anywhere(dashboard: dict[str, Any]) -> None:
    assert "id" not in dashboard
    assert re.fullmatch(r"driftline-[a-z]+", dashboard["uid"])
    assert dashboard["title"].startswith("Driftline / ")
    assert dashboard["tags"] == ["driftline"]
    assert dashboard["editable"] is False
    assert [link["tags"] for link in dashboard["links"]] == [["driftline"]]
    sources = [one["name"] for one in dashboard["templating"]["list"] if one["type"] == "datasource"]
    assert sources == ["datasource"]


@every_dashboard
def test_every_panel_explains_itself_and_asks_the_chosen_datasource(dashboard: dict[str, Any]) -> None:
    for panel in panels(dashboard):
        assert panel["title"]
        assert panel["description"].endswith((".", "?")), panel["title"]
        assert panel["type"] == "table" or panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        refs = [target["refId"] for target in panel["targets"]]
        assert refs == list("ABCDEFGH"[: len(refs)]), panel["title"]
        used = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert used == [{"type": "prometheus", "uid": "${datasource}"}] * len(used), panel["title"]


@every_dashboard
def test_no_two_panels_share_a_place_or_a_number(dashboard: dict[str, Any]) -> None:
    cells: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        taken = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert not cells & taken, panel["title"]
        cells |= taken
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(numbers) == len(set(numbers))


@every_dashboard
def test_every_query_names_declared_metrics_and_labels(dashboard: dict[str, Any]) -> None:
    for query in queries(dashboard):
        named = list(selectors(query.expr))
        assert named, query.panel
        known = set(SCRAPED)
        for metric, matched in named:
            labels = declared_labels(metric)
            assert labels is not None, f"{query.panel}: {metric} is not declared"
            assert matched <= labels, f"{query.panel}: {metric} has no {matched - labels}"
            known |= labels
        assert groupings(query.expr) <= known, query.panel
        assert legend_labels(query.legend) <= known, query.panel


@every_dashboard
def test_every_variable_reads_declared_metrics_and_labels(dashboard: dict[str, Any]) -> None:
    for name, (selector, label) in label_values(dashboard).items():
        ((metric, matched),) = selectors(selector)
        labels = declared_labels(metric)
        assert labels is not None, f"{name}: {metric} is not declared"
        assert {label, *matched} <= labels, name


@every_dashboard
def test_rates_follow_the_scrape_interval(dashboard: dict[str, Any]) -> None:
    for query in queries(dashboard):
        ranges = re.findall(r"rate\([^\[]*\[([^\]]+)\]", query.expr)
        assert set(ranges) <= {"$__rate_interval"}, query.panel


def test_the_search_for_metrics_finds_what_is_wrong() -> None:
    expr = 'sum by (topic) (rate(driftline_nonsense_total{colour="red", topic!="x"}[5m])) or driftline_psi'

    assert list(selectors(expr)) == [
        ("driftline_nonsense_total", {"colour", "topic"}),
        ("driftline_psi", set()),
    ]
    assert groupings(expr) == {"topic"}
    assert declared_labels("driftline_nonsense_total") is None
    assert declared_labels("driftline_psi_bucket") is None


def test_links_between_dashboards_lead_to_dashboards_and_fill_variables_that_exist() -> None:
    by_uid = {dashboard["uid"]: dashboard for dashboard in BUILT.values()}
    links = re.findall(r'"/d/([a-z-]+)\?([^"]*)"', json.dumps(list(BUILT.values())))

    assert links
    for uid, query in links:
        names = {variable["name"] for variable in by_uid[uid]["templating"]["list"]}
        assert set(re.findall(r"var-(\w+)=", query)) <= names


def test_an_alert_leads_to_a_dashboard_with_its_variables() -> None:
    variables = {dashboard["uid"]: set(label_values(dashboard)) for dashboard in BUILT.values()}

    assert variables[FEATURE_DASHBOARD] == {"model", "model_version", "slice", "feature", "window"}
    assert variables[MODEL_DASHBOARD] == {"model"}
