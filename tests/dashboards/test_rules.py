"""The alerting rules for Prometheus: they parse, fire when they should, and lead to a runbook and a panel."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dashboards.build import RULES, dashboards
from tests.dashboards.promql import groupings, panels, selectors
from tests.dashboards.test_dashboards import declared_labels

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).with_name("driftline.rules.test.yaml")
GROUPS = YAML(typ="safe").load(RULES)["groups"]
ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}

every_alert = pytest.mark.parametrize("alert", ALERTS)


@pytest.mark.parametrize("words", [["check", "rules", str(RULES)], ["test", "rules", str(CASES)]])
def test_promtool_is_content(promtool: Path, words: list[str]) -> None:
    checked = subprocess.run([promtool, *words], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@every_alert
def test_there_is_a_case_in_which_the_alert_fires(alert: str) -> None:
    cases = YAML(typ="safe").load(CASES)["tests"]
    fired = {one["alertname"] for case in cases for one in case["alert_rule_test"] if one["exp_alerts"]}

    assert alert in fired


@every_alert
def test_an_alert_names_declared_metrics_and_labels(alert: str) -> None:
    rule = ALERTS[alert]
    known: set[str] = set()
    for metric, matched in selectors(rule["expr"]):
        labels = declared_labels(metric)
        assert labels is not None, f"{metric} is not declared"
        assert matched <= labels
        known |= labels
    if "up{" in rule["expr"]:
        known |= {"job", "instance"}
    shown = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    assert groupings(rule["expr"]) <= known
    assert shown <= known


@every_alert
def test_an_alert_has_a_section_in_the_runbooks(alert: str) -> None:
    runbooks = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")

    assert re.search(rf"^## {alert}$", runbooks, re.MULTILINE)
    assert ALERTS[alert]["annotations"]["runbook_url"] == f"/docs/runbooks.md#{alert.lower()}"


def test_every_section_of_the_runbooks_is_about_an_alert() -> None:
    runbooks = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")

    assert re.findall(r"^## (Driftline\w+)$", runbooks, re.MULTILINE) == list(ALERTS)


@every_alert
def test_an_alert_leads_to_a_panel_that_shows_its_metric(alert: str) -> None:
    address = ALERTS[alert]["annotations"]["dashboard_url"]
    match = re.fullmatch(r"/d/([a-z-]+)\?viewPanel=(\d+)", address)
    assert match, address
    (dashboard,) = [one for one in dashboards().values() if one["uid"] == match[1]]
    (panel,) = [one for one in panels(dashboard) if one["id"] == int(match[2])]

    asked = {metric for metric, _ in selectors(ALERTS[alert]["expr"])} or {"driftline_build_info"}
    shown = {metric for target in panel["targets"] for metric, _ in selectors(target["expr"])}
    assert asked & shown, panel["title"]


@every_alert
def test_an_alert_says_what_happened_and_how_bad_it_is(alert: str) -> None:
    rule = ALERTS[alert]

    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"].endswith(".")
