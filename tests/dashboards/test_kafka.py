"""The chain that compose starts, with real parts: producer, Kafka, worker, Prometheus, Alertmanager."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from dashboards.build import RULES, dashboards
from tests.dashboards.promql import queries
from tests.dashboards.test_alive import CHOICES_MAX, choices, is_alive, wait_until
from tests.deploy.chart import ROOT, read_yaml
from tests.e2e.service import Service
from tests.parts.alertmanager import Alertmanager
from tests.parts.fixtures import skip_if_missing
from tests.parts.kafka import KafkaBroker
from tests.parts.prometheus import Prometheus

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

LEARN = 4000
"""Events of the reference: ten seconds of the producer."""
LONG = "Distance from baselines of the past"
"""A past begins after an hour: this panel is looked at beside a longer run, in test_alive.py."""


@dataclass
class Chain:
    """What runs."""

    worker: Service
    prometheus: Prometheus
    alertmanager: Alertmanager


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """The parts, from the producer to Alertmanager; the world drifts after half a minute."""
    folder = tmp_path_factory.mktemp("chain")
    with ExitStack() as stack:
        with skip_if_missing():
            broker = stack.enter_context(KafkaBroker(folder))
            alertmanager = stack.enter_context(Alertmanager(folder))
        stack.enter_context(producer(broker.bootstrap))
        worker = stack.enter_context(Service(folder, config(broker.bootstrap, alertmanager.url)))
        target = worker.url.removeprefix("http://")
        with skip_if_missing():
            prometheus = stack.enter_context(Prometheus(folder, [target], [RULES]))
        yield Chain(worker, prometheus, alertmanager)


def config(bootstrap: str, alertmanager: str) -> dict[str, Any]:
    """The configuration of compose, with the addresses of these parts."""
    found: dict[str, Any] = read_yaml(ROOT / "compose" / "driftline.yaml")
    found["kafka"]["bootstrap_servers"] = bootstrap
    found["receivers"]["alertmanager"]["urls"] = [alertmanager]
    found["models"][0]["reference"]["learn"]["events"] = LEARN
    return found


@contextmanager
def producer(bootstrap: str) -> Iterator[None]:
    """The example's producer, four times as fast as in compose; it would end by itself."""
    words = ["--bootstrap", bootstrap, "--rate", "400", "--drift-after", "30s", "--duration", "200s"]
    with subprocess.Popen(
        [sys.executable, ROOT / "examples" / "produce.py", *words], stdout=subprocess.DEVNULL
    ) as running:
        yield
        running.kill()


def test_a_worker_gets_ready_and_learns_what_is_normal(chain: Chain) -> None:
    wait_until(chain.worker.ready, 60)
    wait_until(lambda: bool(chain.prometheus.query("driftline_reference_info")), 60)

    assert chain.worker.metric("driftline_rejects_total") == 0


def test_drift_reaches_alertmanager_with_a_link_to_its_dashboard(chain: Chain) -> None:
    wait_until(lambda: bool(chain.alertmanager.alerts(alertname="NewCategories")), 100)

    (alert, *_) = chain.alertmanager.alerts(alertname="NewCategories")
    assert alert["labels"]["feature"] == "channel"
    assert alert["generatorURL"].startswith("http://localhost:3000/d/driftline-feature?")


@pytest.mark.parametrize("name", dashboards())
def test_every_query_of_every_panel_returns_something(chain: Chain, name: str) -> None:
    dashboard = dashboards()[name]
    dead: list[str] = []

    def all_alive() -> bool:
        chosen = sorted(
            choices(chain.prometheus, dashboard), key=lambda values: values.get("slice", "") != "all"
        )
        dead[:] = [
            one.panel
            for one in queries(dashboard)
            if LONG not in one.panel and not is_alive(chain.prometheus, one, chosen[:CHOICES_MAX])
        ]
        return not dead

    try:
        wait_until(all_alive, 60)
    except AssertionError:
        assert dead == []
        raise
