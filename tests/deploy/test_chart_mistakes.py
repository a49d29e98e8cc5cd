"""Values that would not work are refused before anything is installed, in words that name them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import helm_python as helm
import pytest
from ruamel.yaml import YAML

from dashboards.build import RULES
from tests.deploy.chart import CHART, Manifest, one, read_yaml, render, values


def changed(name: str, path: str, value: Any) -> Manifest:
    """A set of values with one of them changed; a dot leads down."""
    chosen = values(name)
    *folders, last = path.split(".")
    place: Any = chosen
    for folder in folders:
        place = place[int(folder)] if isinstance(place, list) else place.setdefault(folder, {})
    place[last] = value
    return chosen


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("config.models", []),
        ("config.sources", []),
        ("config.kafka.bootstrap_servers", ""),
        ("config.kafka.bootstrap_servers", "kafka"),
        ("config.web", {"host": "127.0.0.1"}),
        ("replicaCount", 0),
        ("replicaCuont", 2),
        ("keda", {"minReplicas": 0}),
        ("autoscaling", {"minReplicas": 0}),
        ("image", {"digest": "latest"}),
        ("image", {"pullPolicy": "Sometimes"}),
        ("logLevel", "LOUD"),
        ("serviceMonitor", {"enabled": True, "labels": {"release": "x"}}),
        ("prometheusRule", {"grafanaUrl": "grafana.example.com"}),
        ("strimzi", {"user": {"authentication": "password"}}),
        ("existingSecrets", {"Kafka_Secret": "x"}),
        ("service", {"port": 70_000}),
    ],
)
def test_the_schema_refuses(path: str, value: object) -> None:
    with helm.Chart.load(CHART) as chart:
        chart.validate_schema(chart.merge_values(values("minimal")))
        chosen = chart.merge_values(changed("minimal", path, value))
        with pytest.raises(helm.HelmValuesError, match=re.escape(path.rpartition(".")[2])):
            chart.validate_schema(chosen)


def test_an_installation_without_any_values_is_refused() -> None:
    with pytest.raises(helm.HelmError, match="models"):
        render({})


@pytest.mark.parametrize(
    ("name", "path", "value", "message"),
    [
        ("minimal", "strimzi", {"topics": {"enabled": True}}, "strimzi.cluster: empty"),
        ("full", "existingSecrets", {"kafka": "risk"}, "existingSecrets.kafka-ca: not set"),
        (
            "minimal",
            "config.web",
            {"token_file": "/etc/driftline/secrets/tokens/tokens"},
            "existingSecrets.tokens: not set",
        ),
    ],
)
def test_what_a_schema_cannot_say_is_refused_in_words(
    name: str, path: str, value: object, message: str
) -> None:
    with pytest.raises(helm.HelmRenderError, match=re.escape(message)):
        render(changed(name, path, value))


@pytest.mark.parametrize(("first", "second"), [("autoscaling", "keda"), ("serviceMonitor", "podMonitor")])
def test_two_ways_of_the_same_thing_exclude_each_other(first: str, second: str) -> None:
    for name in (first, second):
        render(values("minimal") | {name: {"enabled": True}})

    with pytest.raises(helm.HelmError):
        render(values("minimal") | {first: {"enabled": True}, second: {"enabled": True}})


def test_the_rules_in_the_chart_are_those_of_the_file_and_promtool_is_content(
    promtool: Path, tmp_path: Path
) -> None:
    spec = one(
        render(values("hpa") | {"prometheusRule": {"enabled": True, "modelAlerts": True}}), "PrometheusRule"
    )["spec"]
    rendered = tmp_path / "rules.yaml"
    with rendered.open("w", encoding="utf-8") as file:
        YAML().dump(spec, file)
    original = {rule["alert"]: rule for group in read_yaml(RULES)["groups"] for rule in group["rules"]}
    shipped = {rule["alert"]: rule for group in spec["groups"] for rule in group["rules"]}

    checked = subprocess.run(
        [promtool, "check", "rules", rendered], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert list(shipped) == list(original)
    assert shipped["DriftlineWorkerDown"]["expr"] == 'up{job="price-watch"} == 0'
    for name, rule in original.items():
        assert shipped[name].get("for") == rule.get("for")
        assert shipped[name]["annotations"] == rule["annotations"]
        assert shipped[name]["expr"].replace("price-watch", "driftline") == rule["expr"].strip()


def test_rules_about_models_are_a_choice() -> None:
    groups = one(render(values("hpa")), "PrometheusRule")["spec"]["groups"]

    assert [group["name"] for group in groups] == ["driftline.service"]


def test_addresses_in_annotations_are_whole_once_their_beginning_is_given() -> None:
    groups = one(render(values("full")), "PrometheusRule")["spec"]["groups"]
    annotations = [rule["annotations"] for group in groups for rule in group["rules"]]
    labels = [rule["labels"] for group in groups for rule in group["rules"]]

    assert all(one["dashboard_url"].startswith("https://grafana.example.com/d/") for one in annotations)
    assert all(
        one["runbook_url"].startswith("https://git.example.com/driftline/docs/") for one in annotations
    )
    assert all(one["team"] == "risk" and one["severity"] for one in labels)
