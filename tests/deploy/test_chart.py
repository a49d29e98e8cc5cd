"""The Helm chart: valid for Kubernetes, locked down, and with a configuration that the service accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import helm_python as helm
import kubernetes_validate
import pytest

from dashboards.build import dashboards
from service.config.loading import parse
from service.kafka.topics import topic_specs
from tests.deploy.chart import (
    CHART,
    VALUE_SETS,
    Manifest,
    config_text,
    one,
    pod,
    read_yaml,
    render,
    values,
)

KUBERNETES = "1.31"
CUSTOM = {
    "ScaledObject",
    "ServiceMonitor",
    "PodMonitor",
    "PrometheusRule",
    "KafkaTopic",
    "KafkaUser",
    "Notes",
}
"""Kinds of operators, which Kubernetes' own schemas do not know."""

every_set = pytest.mark.parametrize("path", VALUE_SETS, ids=lambda path: path.name)


@every_set
def test_lint_finds_nothing_that_matters(path: Path) -> None:
    report = helm.lint(CHART, read_yaml(path), strict=True)

    assert report["errors"] == []
    assert [one for one in report["messages"] if one["severity"] > 1] == []


@every_set
def test_objects_are_valid_for_kubernetes(path: Path) -> None:
    core = [item for item in render(read_yaml(path)) if item["kind"] not in CUSTOM]

    assert {"StatefulSet", "Service", "ConfigMap", "Pod"} <= {item["kind"] for item in core}
    for item in core:
        kubernetes_validate.validate(item, KUBERNETES, strict=True)


def test_the_schemas_of_kubernetes_refuse_an_unknown_field() -> None:
    service = one(render(values("minimal")), "Service", "workers")
    service["spec"]["clusterIp"] = "None"

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, KUBERNETES, strict=True)


@every_set
def test_the_service_accepts_the_configuration_and_reads_the_same_in_it(path: Path) -> None:
    text = config_text(render(read_yaml(path)))

    settings = parse(text, "driftline.yaml")
    assert settings == parse(json.dumps(read_yaml(path)["config"]), "values")


@every_set
def test_every_file_of_the_configuration_is_mounted(path: Path) -> None:
    objects = render(read_yaml(path))
    settings = parse(config_text(objects), "driftline.yaml")
    security = settings.kafka.security
    files = [
        security.password_file, security.ca_file, security.certificate_file, security.key_file,
        settings.web.token_file,
        *(file for webhook in settings.receivers.webhooks for file in webhook.secret_files),
    ]  # fmt: skip
    mounts = [mount["mountPath"] for mount in pod(objects)["containers"][0]["volumeMounts"]]

    assert [file for file in files if file and str(Path(file).parent) not in mounts] == []


@every_set
def test_pods_have_no_rights_that_they_do_not_need(path: Path) -> None:
    objects = render(read_yaml(path))

    for spec in (pod(objects), one(objects, "Pod")["spec"]):
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert {"requests", "limits"} <= set(container["resources"])


@every_set
def test_selectors_meet_the_pods_and_ports_have_names_that_exist(path: Path) -> None:
    objects = render(read_yaml(path))
    template = one(objects, "StatefulSet")["spec"]["template"]
    labels = template["metadata"]["labels"].items()
    ports = {port["name"] for port in template["spec"]["containers"][0]["ports"]}

    for item in objects:
        selector = item.get("spec", {}).get("selector") or item.get("spec", {}).get("podSelector")
        if selector and item["kind"] != "ServiceMonitor":
            assert selector.get("matchLabels", selector).items() <= labels, item["kind"]
        if item["kind"] == "Service":
            assert {port["targetPort"] for port in item["spec"]["ports"]} <= ports
    test = one(objects, "Pod")["metadata"]["labels"].items()
    assert not one(objects, "Service", "workers")["spec"]["selector"].items() <= test, "it would get traffic"


def test_a_monitor_of_services_meets_exactly_one_of_them() -> None:
    objects = render(values("full"))
    wanted = one(objects, "ServiceMonitor")["spec"]["selector"]["matchLabels"].items()

    services = [item for item in objects if item["kind"] == "Service"]
    assert [wanted <= item["metadata"]["labels"].items() for item in services].count(True) == 1


def test_a_changed_configuration_replaces_the_pods_and_a_changed_label_of_a_monitor_does_not() -> None:
    def checksum(chosen: Manifest) -> str:
        template = one(render(chosen), "StatefulSet")["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/config"])

    before = checksum(values("minimal"))
    monitored = values("minimal") | {"serviceMonitor": {"enabled": True, "extraLabels": {"release": "x"}}}
    changed = values("minimal")
    changed["config"]["limits"] = {"series": 200}

    assert checksum(monitored) == before
    assert checksum(changed) != before


def test_the_probes_ask_for_life_and_readiness_at_the_port_of_the_configuration() -> None:
    container = pod(render(values("full")))["containers"][0]

    assert container["ports"] == [{"name": "http", "containerPort": 9000}]
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert container["args"][:3] == ["run", "--config", "/etc/driftline/driftline.yaml"]


def test_what_operators_select_by_is_on_their_objects() -> None:
    objects = render(values("full"))

    for kind in ("ServiceMonitor", "PrometheusRule"):
        assert one(objects, kind)["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    labels = one(objects, "ConfigMap", "dashboards")["metadata"]["labels"]
    assert (labels["grafana_dashboard"], labels["folder"]) == ("1", "ml")


def test_the_dashboards_are_shipped_whole() -> None:
    data = one(render(values("full")), "ConfigMap", "dashboards")["data"]

    assert {name: json.loads(text) for name, text in data.items()} == dashboards()


def test_a_network_policy_lets_out_what_the_configuration_names() -> None:
    policy = one(render(values("full")), "NetworkPolicy")["spec"]

    ports = [{port["port"] for port in rule["ports"]} for rule in policy["egress"]]
    assert ports == [{53}, {443, 4318, 9093}]
    assert len(policy["ingress"][0]["from"]) == 2


def test_a_network_policy_lets_the_test_of_the_release_in() -> None:
    objects = render(values("full"))
    peers = one(objects, "NetworkPolicy")["spec"]["ingress"][0]["from"]
    labels = one(objects, "Pod")["metadata"]["labels"].items()

    pods = [peer["podSelector"]["matchLabels"].items() for peer in peers if "podSelector" in peer]
    assert [wanted <= labels for wanted in pods] == [True]


def test_a_package_of_the_chart_holds_dashboards_and_rules_but_no_examples(tmp_path: Path) -> None:
    archive = helm.package(CHART, destination=tmp_path)

    with helm.Chart.load(archive) as chart:
        names = {file["name"] for file in chart.files}
        rendered = chart.render(values("full"), name="risk", namespace="ml")
    assert {f"files/{name}" for name in dashboards()} <= names
    assert not any(name.startswith("ci/") for name in names)
    assert "DriftlineAbsent" in rendered["driftline/templates/prometheusrule.yaml"]


def test_topics_for_strimzi_are_those_that_the_service_would_create() -> None:
    objects = render(values("full"))
    settings = parse(config_text(objects), "driftline.yaml")

    created = {
        item["spec"]["topicName"]: (
            item["spec"]["partitions"],
            item["spec"]["config"]["cleanup.policy"],
            item["spec"]["config"]["retention.ms"],
        )
        for item in objects
        if item["kind"] == "KafkaTopic"
    }
    expected = {
        spec.name: (spec.partitions, spec.policy, spec.retention_ms) for spec in topic_specs(settings.kafka)
    }
    assert created == expected


def test_a_user_for_strimzi_may_read_sources_and_write_topics_of_its_own() -> None:
    objects = render(values("full"))
    settings = parse(config_text(objects), "driftline.yaml")
    rights = {
        rule["resource"]["name"]: set(rule["operations"])
        for rule in one(objects, "KafkaUser")["spec"]["authorization"]["acls"]
    }

    assert one(objects, "KafkaUser")["metadata"]["name"] == settings.kafka.security.username
    assert all("Read" in rights[source.topic] for source in settings.sources)
    assert not any("Write" in rights[source.topic] for source in settings.sources)
    assert all({"Read", "Write"} <= rights[spec.name] for spec in topic_specs(settings.kafka))
    assert "Read" in rights["risk-"]


def test_scaling_follows_the_lag_of_the_group_that_reads_the_sources() -> None:
    triggers = one(render(values("full")), "ScaledObject")["spec"]["triggers"]

    assert [trigger["metadata"]["topic"] for trigger in triggers] == ["credit.predictions", "credit.labels"]
    assert {trigger["metadata"]["consumerGroup"] for trigger in triggers} == {"risk-ingest"}


def test_whoever_scales_sets_the_number_of_workers() -> None:
    def replicas(chosen: Manifest) -> Any:
        return one(render(chosen), "StatefulSet")["spec"].get("replicas")

    assert replicas(values("minimal")) == 2
    assert replicas(values("full")) is None
    assert replicas(values("hpa")) is None


def test_the_notes_say_what_is_watched_and_what_is_missing() -> None:
    full, minimal = (one(render(values(name)), "Notes")["text"] for name in ("full", "minimal"))

    assert "watches 1 model: credit." in full
    assert "Nothing scrapes" not in full
    assert "Nothing scrapes the metrics yet" in minimal
    assert "Nobody is told of alerts" in minimal
