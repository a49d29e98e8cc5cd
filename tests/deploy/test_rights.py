"""The rights that the chart asks Strimzi for are enough: a broker that grants no others serves a worker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from service.config.loading import parse
from service.kafka.topics import topic_specs
from tests.dashboards.test_alive import wait_until
from tests.deploy.chart import ROOT, config_text, one, read_yaml, render, values
from tests.e2e.service import Service
from tests.parts.fixtures import skip_if_missing
from tests.parts.kafka import KafkaBroker
from tests.parts.process import HOST, free_port, run_apart

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

USER, PASSWORD = "driftline", "a-password"
# The numbers of Kafka's protocol.
RESOURCES = {"topic": 2, "group": 3}
PATTERNS = {"literal": 3, "prefix": 4}
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10}
ALLOW = 3


@contextmanager
def strict_broker(folder: Path) -> Iterator[tuple[KafkaBroker, str]]:
    """A broker, and the address at which it asks who is there and grants only what it was told to."""
    broker, port = KafkaBroker(folder), free_port()
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    lines = broker._settings.read_text(encoding="utf-8").splitlines()
    changed = [f"{line},ASKS://{HOST}:{port}" if line.startswith("listeners=") else line for line in lines]
    changed += [
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,ASKS:SASL_PLAINTEXT",
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users=User:ANONYMOUS",
        "sasl.enabled.mechanisms=PLAIN",
        f'listener.name.asks.plain.sasl.jaas.config={module} required user_{USER}="{PASSWORD}";',
    ]
    broker._settings.write_text("\n".join(changed) + "\n", encoding="utf-8")
    with broker:
        yield broker, f"{HOST}:{port}"


def grant(broker: KafkaBroker, rules: list[dict[str, Any]]) -> None:
    """Give the user the rights of a KafkaUser's rules, as Strimzi's operator would."""
    requests = [
        CreateAclsRequest(
            RESOURCES[rule["resource"]["type"]],
            rule["resource"]["name"],
            PATTERNS[rule["resource"]["patternType"]],
            f"User:{USER}",
            "*",
            OPERATIONS[operation],
            ALLOW,
        )
        for rule in rules
        for operation in rule["operations"]
    ]

    async def send() -> list[Any]:
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await admin.start()
        try:
            answers = [await admin._send_request(request) for request in requests]
        finally:
            await admin.close()
        return [refused for answer in answers for refused in answer.creation_responses if refused[0]]

    assert run_apart(send) == []


def test_a_worker_with_exactly_these_rights_reads_counts_and_writes(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    config = read_yaml(ROOT / "compose" / "driftline.yaml")
    config["receivers"] = {"alertmanager": {"urls": [f"http://{HOST}:{free_port()}"]}}
    chosen = values("minimal") | {"config": config, "strimzi": {"cluster": "x", "user": {"enabled": True}}}
    objects = render(chosen)
    rules = one(objects, "KafkaUser")["spec"]["authorization"]["acls"]
    own = {spec.name for spec in topic_specs(parse(config_text(objects), "chart").kafka)}

    with skip_if_missing(), strict_broker(tmp_path) as (broker, address):
        broker.create_topics("credit.predictions", "credit.labels", partitions=2)
        grant(broker, rules)
        produce = [sys.executable, str(ROOT / "examples" / "produce.py"), "--bootstrap", broker.bootstrap]
        subprocess.run([*produce, "--rate", "300", "--duration", "20s"], check=True, capture_output=True)
        config["kafka"]["bootstrap_servers"] = address
        config["kafka"]["security"] = {
            "protocol": "SASL_PLAINTEXT", "mechanism": "PLAIN", "username": USER,
            "password_file": str(tmp_path / "password"),
        }  # fmt: skip
        with Service(tmp_path / "worker", config) as worker:
            wait_until(worker.ready, 60)
            wait_until(lambda: worker.metric("driftline_events_total", kind="prediction") == 6000, 60)
            wait_until(lambda: worker.metric("driftline_window_end_timestamp_seconds") > 0, 60)
            log = worker.server.log_path.read_text(encoding="utf-8")

    assert own
    assert "AuthorizationFailed" not in log
    assert "not authorized" not in log.lower()


def test_without_rights_a_worker_says_what_it_lacks_and_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    config = read_yaml(ROOT / "compose" / "driftline.yaml")
    del config["receivers"]
    with skip_if_missing(), strict_broker(tmp_path) as (broker, address):
        broker.create_topics("credit.predictions", "credit.labels")
        config["kafka"]["bootstrap_servers"] = address
        config["kafka"]["security"] = {
            "protocol": "SASL_PLAINTEXT", "mechanism": "PLAIN", "username": USER,
            "password_file": str(tmp_path / "password"),
        }  # fmt: skip
        with Service(tmp_path / "worker", config) as worker:
            wait_until(lambda: "kafka.topics" in log_of(worker) or "sources:" in log_of(worker), 60)
            assert not worker.ready()


def log_of(worker: Service) -> str:
    return worker.server.log_path.read_text(encoding="utf-8")
