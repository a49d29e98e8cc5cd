"""A real Prometheus on a loopback port."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.parts.catalog import PROMETHEUS
from tests.parts.process import HOST, Server, free_port


@dataclass(frozen=True)
class Sample:
    """One sample of an instant query: labels (with `__name__`, if any), and the value."""

    labels: Mapping[str, str]
    value: float


class Prometheus:
    """Prometheus that scrapes loopback targets every second.

    Parameters
    ----------
    folder
        Temporary folder for its configuration and data.
    targets
        `host:port` of the pages to scrape; the path is /metrics.
    rule_files
        Alerting and recording rules.
    alertmanagers
        `host:port` of the Alertmanagers it sends to.
    """

    def __init__(
        self,
        folder: Path,
        targets: Sequence[str],
        rule_files: Sequence[Path] = (),
        alertmanagers: Sequence[str] = (),
    ) -> None:
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        config_path = folder / "prometheus.yml"
        config = _config(targets, rule_files, alertmanagers)
        config_path.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        command: list[str | Path] = [
            PROMETHEUS.path(),
            f"--config.file={config_path}",
            f"--storage.tsdb.path={folder / 'prometheus-data'}",
            f"--web.listen-address={HOST}:{port}",
            "--enable-feature=exemplar-storage",
            "--rules.alert.resend-delay=1s",  # else the first alert arrives a minute late
        ]
        self.server = Server("prometheus", command, folder, self._is_ready)

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.close()

    def query(self, expression: str) -> list[Sample]:
        """Samples of an instant query; an error when the expression is wrong or gives no vector or scalar."""
        data = self._get("/api/v1/query", {"query": expression})["data"]
        if data["resultType"] == "scalar":
            return [Sample({}, float(data["result"][1]))]
        assert data["resultType"] == "vector", f"{expression} gives a {data['resultType']}"
        return [Sample(one["metric"], float(one["value"][1])) for one in data["result"]]

    def targets(self) -> list[dict[str, Any]]:
        """Scrape targets with their health and last error."""
        found: list[dict[str, Any]] = self._get("/api/v1/targets", {})["data"]["activeTargets"]
        return found

    def alerts(self) -> list[dict[str, Any]]:
        """Alerts that its rules hold pending or firing."""
        found: list[dict[str, Any]] = self._get("/api/v1/alerts", {})["data"]["alerts"]
        return found

    def _get(self, path: str, params: Mapping[str, str]) -> Any:
        answer = httpx.get(f"{self.url}{path}", params=params, trust_env=False)
        assert answer.is_success, f"{path} {dict(params)}: {answer.text}"
        return answer.json()

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", trust_env=False).is_success
        except httpx.TransportError:
            return False


def _config(
    targets: Sequence[str], rule_files: Sequence[Path], alertmanagers: Sequence[str]
) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in rule_files],
        "scrape_configs": [{"job_name": "driftline", "static_configs": [{"targets": list(targets)}]}],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": list(alertmanagers)}]}]},
    }
