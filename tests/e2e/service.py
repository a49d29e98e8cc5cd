"""A real `driftline run` process on a configuration made for a test."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import orjson
from prometheus_client.parser import text_string_to_metric_families

from tests.parts.process import HOST, Server, free_port


def credit_config(bootstrap: str, prefix: str, **changes: Any) -> dict[str, Any]:
    """Configuration of the model `credit` on topics that begin with ``prefix``."""
    own = ("partials", "control", "results", "alerts", "deadletter", "snapshots")
    config: dict[str, Any] = {
        "kafka": {
            "bootstrap_servers": bootstrap,
            "group": f"{prefix}driftline",
            "topics": {name: f"{prefix}{name}" for name in own},
            "partials_partitions": 3,
        },
        "sources": [{"topic": f"{prefix}predictions", "start": "earliest"}],
        "models": [
            {
                "name": "credit",
                "positive_label": "approve",
                "features": {
                    "age": {"type": "numeric", "min": 0, "max": 120},
                    "income": {"type": "numeric"},
                    "state": {"type": "categorical"},
                },
                "slices": [["region"]],
                "windows": [{"length": "30m", "every": "10m"}],
                "lateness": "1m",
            }
        ],
        "monitors": [
            {"name": "drift", "metric": "psi", "threshold": 0.2, "resolve_threshold": 0.1},
            {"name": "silence", "metric": "traffic", "threshold": 0, "below": True, "alpha": None},
        ],
        "timing": {"flush": "300ms", "grace": "2s"},
    }
    return config | changes


class Service:
    """One worker; `stop`, `kill` and `start` treat it as an orchestrator would."""

    def __init__(self, folder: Path, config: Mapping[str, Any], name: str = "worker") -> None:
        folder.mkdir(exist_ok=True)
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        path = folder / f"{name}.yaml"
        web = {**config.get("web", {}), "host": HOST, "port": self.port}
        path.write_bytes(orjson.dumps({**config, "web": web}))  # JSON is YAML
        program = Path(sys.executable).with_name("driftline")
        self.server = Server(name, [program, "run", "--config", path], folder, self._is_up)

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()

    def end(self) -> tuple[int, float]:
        """Exit status after SIGTERM, and the seconds that it took to end."""
        process, began = self.server._process, time.monotonic()
        assert process is not None, "it is not running"
        self.server.stop()
        return process.returncode, time.monotonic() - began

    def runs(self) -> bool:
        """Whether the process that was started is still there."""
        process = self.server._process
        return process is not None and process.poll() is None

    def log(self) -> str:
        """Everything it wrote."""
        return self.server.log_path.read_text(encoding="utf-8")

    def ready(self) -> bool:
        """Whether it reads and evaluates."""
        return httpx.get(f"{self.url}/readyz").status_code == httpx.codes.OK

    def unready(self) -> str:
        """Why it does not read or evaluate; empty when it does."""
        answer = httpx.get(f"{self.url}/readyz")
        if answer.status_code == httpx.codes.OK:
            return ""
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        return " ".join(answer.json()["reasons"])

    def api(self, path: str) -> Any:
        """A document of the API."""
        answer = httpx.get(f"{self.url}/api/v1/{path}")
        answer.raise_for_status()
        return answer.json()

    def page(self) -> str:
        """What Prometheus would read."""
        return httpx.get(f"{self.url}/metrics").text

    def metric(self, name: str, **labels: str) -> float:
        """Sum of the samples of a metric whose labels include ``labels``."""
        return sample_sum(self.page(), name, **labels)

    def _is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=1.0).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


def sample_sum(page: str, name: str, **labels: str) -> float:
    """Sum of the samples on a metrics page whose labels include ``labels``; 0 where there is none."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
