"""What a real Prometheus gets to read of a real run."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.commands import KEPT, build_profile, with_profile
from tests.e2e.service import Service, credit_config
from tests.e2e.traffic import credit_events, produce, spread
from tests.parts.kafka import KafkaBroker
from tests.parts.process import HOST, eventually
from tests.parts.prometheus import Prometheus

EVENTS = 6_000


async def test_a_prometheus_reads_results_verdicts_and_the_service_itself_without_a_complaint(
    kafka: KafkaBroker,
    topic_prefix: str,
    start_prometheus: Callable[..., Prometheus],
    promtool: Path,
    tmp_path: Path,
) -> None:
    config = credit_config(kafka.bootstrap, topic_prefix)
    config = with_profile(config, build_profile(tmp_path, config))
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic, config=KEPT)
    first_ms = round(time.time() * 1000) - EVENTS * 500  # so that the newest window holds some
    await produce(kafka.bootstrap, topic, spread(credit_events(EVENTS, first_ms, 500, shift=25), 1))
    with Service(tmp_path / "service", config) as service:
        prometheus = start_prometheus([f"{HOST}:{service.port}"])
        drift = 'driftline_psi{model="credit", model_version="7", slice="region=eu", feature="age"} > 0.2'
        await eventually(lambda: bool(prometheus.query(drift)), seconds=40, what="drift in Prometheus")

        [target] = prometheus.targets()
        assert (target["health"], target["lastError"]) == ("up", "")
        assert [s.value for s in prometheus.query('driftline_events_total{kind="prediction"}')] == [EVENTS]
        assert [s.value for s in prometheus.query("max(driftline_consumer_lag_records)")] == [0]
        assert prometheus.query('driftline_alert_firing{slice="region=eu"} == 1')
        assert prometheus.query(
            'driftline_threshold_ratio{slice="region=eu", feature="age", metric="psi"} >= 1'
        )
        assert prometheus.query("driftline_flush_duration_seconds_bucket")
        assert prometheus.query("driftline_build_info")
        known = {reason.labels["reason"] for reason in prometheus.query("driftline_rejects_total == 0")}
        assert {"not_json", "unknown_model", "bad_timestamp"} <= known

        lint = subprocess.run(
            [promtool, "check", "metrics"],
            input=service.page(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (lint.returncode, lint.stdout, lint.stderr) == (0, "", "")
