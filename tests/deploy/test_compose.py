"""The compose file and what it mounts: every name, port and file of it leads somewhere."""

from __future__ import annotations

import random
import re
import subprocess
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from dashboards.build import RULES
from examples.produce import credit_events
from service.config.loading import load
from service.embedded.files import FileRecord
from service.events.native import NativeDecoder
from tests.deploy.chart import ROOT, read_yaml

COMPOSE = read_yaml(ROOT / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SETTINGS = load(ROOT / "compose" / "driftline.yaml")

every_service = pytest.mark.parametrize("name", SERVICES)


def mounts(service: dict[str, Any]) -> list[tuple[str, str]]:
    """Source and target of each volume."""
    return [(volume.split(":")[0], volume.split(":")[1]) for volume in service.get("volumes", [])]


def mounted(name: str, target: str) -> Path:
    """The file or folder of this repository that stands at a path in a service's container."""
    (source,) = [source for source, place in mounts(SERVICES[name]) if place == target]
    return ROOT / source


def listens() -> set[str]:
    """`service:port` of what can be reached from other containers."""
    published = {
        f"{name}:{port.rpartition(':')[2]}"
        for name, service in SERVICES.items()
        for port in service.get("ports", [])
    }
    internal = re.findall(
        r"INTERNAL://(kafka:\d+)", SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    )
    return published | set(internal)


@every_service
def test_what_is_mounted_is_there(name: str) -> None:
    for source, target in mounts(SERVICES[name]):
        assert target.startswith("/")
        assert source in COMPOSE["volumes"] or (ROOT / source).exists(), source


@every_service
def test_a_service_waits_only_for_services_that_are_there(name: str) -> None:
    waits = SERVICES[name].get("depends_on", {})
    healthy = [
        other for other in waits if isinstance(waits, dict) and waits[other]["condition"] == "service_healthy"
    ]

    assert set(waits) <= set(SERVICES)
    assert [other for other in healthy if "healthcheck" not in SERVICES[other]] == []


@every_service
def test_an_image_has_a_version_or_is_built_here(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].rpartition(":")

    assert image
    assert tag != "latest"
    assert tag[0].isdigit() or tag[0] == "v" or SERVICES[name]["build"] == "."


def test_ports_are_open_to_this_machine_only_and_each_once() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    assert len({port.split(":")[1] for port in ports}) == len(ports)


def test_every_address_leads_to_a_service_that_listens_there() -> None:
    prometheus = read_yaml(mounted("prometheus", "/etc/prometheus/prometheus.yml"))
    datasources = mounted("grafana", "/etc/grafana/provisioning/datasources") / "prometheus.yaml"
    alertmanager = SETTINGS.receivers.alertmanager
    assert alertmanager is not None
    named = [
        SETTINGS.kafka.bootstrap_servers,
        SERVICES["producer"]["command"][1],
        *prometheus["scrape_configs"][0]["static_configs"][0]["targets"],
        *prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"],
        read_yaml(datasources)["datasources"][0]["url"].removeprefix("http://"),
        *(url.removeprefix("http://") for url in alertmanager.urls),
    ]

    assert set(named) <= listens()


def test_the_port_of_the_configuration_is_the_one_that_is_published() -> None:
    assert SERVICES["driftline"]["ports"] == [f"127.0.0.1:8080:{SETTINGS.web.port}"]
    assert mounted("driftline", "/etc/driftline/driftline.yaml") == ROOT / "compose" / "driftline.yaml"


def test_listeners_of_the_broker_are_all_described() -> None:
    broker = SERVICES["kafka"]["environment"]
    names = set(re.findall(r"(\w+)://", broker["KAFKA_LISTENERS"]))

    assert set(re.findall(r"(\w+):\w+", broker["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"])) == names
    assert set(re.findall(r"(\w+)://", broker["KAFKA_ADVERTISED_LISTENERS"])) == names - {"CONTROLLER"}


def test_grafana_finds_datasource_and_dashboards() -> None:
    providers = mounted("grafana", "/etc/grafana/provisioning/dashboards") / "driftline.yaml"
    folder = read_yaml(providers)["providers"][0]["options"]["path"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]

    assert mounted("grafana", folder) == ROOT / "dashboards"
    assert (ROOT / "dashboards" / home.removeprefix(f"{folder}/")).is_file()


def test_promtool_accepts_the_configuration_of_prometheus_and_the_rules_are_in_it(
    promtool: Path, tmp_path: Path
) -> None:
    source = mounted("prometheus", "/etc/prometheus/prometheus.yml")
    text = source.read_text(encoding="utf-8").replace("/etc/prometheus/rules", str(RULES.parent))
    (tmp_path / "prometheus.yml").write_text(text, encoding="utf-8")

    checked = subprocess.run(
        [promtool, "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr
    assert "rules found" in checked.stdout
    assert mounted("prometheus", "/etc/prometheus/rules") == RULES.parent


def test_amtool_accepts_the_configuration_of_alertmanager(amtool: Path) -> None:
    file = mounted("alertmanager", "/etc/alertmanager/alertmanager.yml")

    checked = subprocess.run([amtool, "check-config", file], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("file", ["examples/driftline.yaml", "compose/driftline.yaml"])
def test_the_events_of_the_producer_fit_the_configuration(file: str) -> None:
    settings = load(ROOT / file)
    start_ms = 1_787_392_800_000
    events = [e for _, e in islice(credit_events(random.Random(5), start_ms, 100, 20_000), 6000)]
    decoded = NativeDecoder(settings.models, settings.limits.event_bytes).decode(
        [FileRecord(i, orjson.dumps(event)) for i, event in enumerate(events)]
    )
    tags = {tag for slices in settings.models[0].slices for tag in slices}

    assert decoded.rejects == []
    assert sum(map(len, decoded.batches)) == len(events)
    assert {source.topic for source in settings.sources} == {"credit.predictions", "credit.labels"}
    for event in events:
        if "features" in event:
            assert set(event["features"]) == set(settings.models[0].features)
            assert set(event["tags"]) == tags


def test_the_producer_drifts_when_it_is_told_to() -> None:
    events = [event for _, event in islice(credit_events(random.Random(5), 0, 100, 20_000), 8000)]
    channels = [
        {
            e["features"]["channel"]
            for e in events
            if "features" in e and (e["timestamp"] >= 20_000) is drifted
        }
        for drifted in (False, True)
    ]

    assert "partner" not in channels[0]
    assert "partner" in channels[1]


def test_the_same_seed_sends_the_same_events_in_the_order_of_their_times() -> None:
    first, second = (list(islice(credit_events(random.Random(9), 0, 50), 3000)) for _ in range(2))

    assert first == second
    assert [ms for ms, _ in first] == sorted(ms for ms, _ in first)
    assert all(ms == event["timestamp"] for ms, event in first)
