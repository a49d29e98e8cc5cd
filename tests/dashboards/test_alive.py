"""Every panel shows something: each query, asked of a real Prometheus that scraped a real run."""

from __future__ import annotations

import math
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboards.build import RULES, dashboards
from tests.dashboards.promql import Query, label_values, queries, substitute
from tests.parts.fixtures import skip_if_missing
from tests.parts.prometheus import Prometheus

pytestmark = pytest.mark.real
WAIT_S_MAX = 30
CHOICES_MAX = 60
"""Combinations of the variables that are tried before a query counts as dead."""
EVERYTHING = ".*"


@pytest.fixture(scope="module")
def prometheus(driftline_run: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has scraped the run often enough for rates."""
    with ExitStack() as stack:
        with skip_if_missing():
            target = driftline_run.removeprefix("http://")
            server = stack.enter_context(Prometheus(tmp_path_factory.mktemp("alive"), [target], [RULES]))
        wait_until(lambda: bool(server.query("count_over_time(driftline_build_info[1m]) >= 5")))
        yield server


def wait_until(holds: Callable[[], bool], seconds: float = WAIT_S_MAX) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.5)


def values_of(prometheus: Prometheus, selector: str, label: str) -> list[str]:
    """Values that Grafana's label_values(selector, label) offers."""
    answer = httpx.get(
        f"{prometheus.url}/api/v1/label/{label}/values", params={"match[]": selector}, trust_env=False
    )
    assert answer.is_success, answer.text
    values: list[str] = answer.json()["data"]
    return values


def choices(prometheus: Prometheus, dashboard: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """What a reader can choose in the variables: `All` where there is one, each value of the others."""
    several = {one["name"] for one in dashboard["templating"]["list"] if one.get("includeAll")}
    chosen: list[dict[str, str]] = [{}]
    for name, (selector, label) in label_values(dashboard).items():
        if name in several:
            chosen = [{**values, name: EVERYTHING} for values in chosen]
            continue
        chosen = [
            {**values, name: value}
            for values in chosen
            for value in values_of(prometheus, substitute(selector, values), label)
        ]
    yield from chosen


def is_alive(prometheus: Prometheus, query: Query, chosen: list[dict[str, str]]) -> bool:
    answers = (prometheus.query(substitute(query.expr, values)) for values in chosen)
    return any(not math.isnan(sample.value) for samples in answers for sample in samples)


@pytest.mark.parametrize("name", dashboards())
def test_every_query_of_every_panel_returns_something(name: str, prometheus: Prometheus) -> None:
    dashboard = dashboards()[name]
    chosen = list(choices(prometheus, dashboard))
    assert 1 <= len(chosen) <= 500, chosen[:3]
    # One slice has every feature; to try them all on every slice would take long and show nothing more.
    chosen.sort(key=lambda values: values.get("slice", "all") != "all")

    dead = [one.panel for one in queries(dashboard) if not is_alive(prometheus, one, chosen[:CHOICES_MAX])]

    assert dead == []


def test_what_is_on_the_page_passes_the_linter_of_prometheus(driftline_run: str, promtool: Path) -> None:
    page = httpx.get(f"{driftline_run}/metrics", trust_env=False).text
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_drift_of_the_run_raises_the_alert_of_prometheus(prometheus: Prometheus) -> None:
    def is_raised() -> bool:
        return "DriftlineModelDrift" in {alert["labels"]["alertname"] for alert in prometheus.alerts()}

    wait_until(is_raised)


def test_a_query_for_what_is_not_there_counts_as_dead(prometheus: Prometheus) -> None:
    dead = Query("nothing", 'driftline_psi{feature="no such feature"}', "")

    assert not is_alive(prometheus, dead, [{}])
    assert is_alive(prometheus, Query("all", "driftline_psi", ""), [{}])
