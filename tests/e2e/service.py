"""A real `driftline run` process on a configuration made for a test."""

import sys
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
        path.write_bytes(orjson.dumps({**config, "web": {"host": HOST, "port": self.port}}))  # JSON is YAML
        program = Path(sys.executable).with_name("driftline")
        self.server = Server(name, [program, "run", "--config", path], folder, self._is_up)

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()

    def ready(self) -> bool:
        """Whether it reads and evaluates."""
        return httpx.get(f"{self.url}/readyz").status_code == httpx.codes.OK

    def metric(self, name: str, **labels: str) -> float:
        """Sum of the samples of a metric whose labels include ``labels``."""
        text = httpx.get(f"{self.url}/metrics").text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def _is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=1.0).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False
