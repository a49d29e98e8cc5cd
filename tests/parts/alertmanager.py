"""A real Alertmanager on a loopback port."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.parts.catalog import ALERTMANAGER
from tests.parts.process import HOST, Server, free_port

# One receiver that sends nowhere: tests ask over the API.
_CONFIG = """\
route:
  receiver: nowhere
receivers:
  - name: nowhere
"""


class Alertmanager:
    """One Alertmanager without peers; `url` is its root."""

    def __init__(self, folder: Path, config: str = _CONFIG) -> None:
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        config_path = folder / "alertmanager.yml"
        config_path.write_text(config, encoding="utf-8")
        command: list[str | Path] = [
            ALERTMANAGER.path(),
            f"--config.file={config_path}",
            f"--storage.path={folder / 'alertmanager-data'}",
            f"--web.listen-address={HOST}:{port}",
            "--cluster.listen-address=",
        ]
        self.server = Server("alertmanager", command, folder, self._is_ready)

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.close()

    def alerts(self, **labels: str) -> list[dict[str, Any]]:
        """Alerts it holds, as its API v2 gives them, that carry all the given labels."""
        filters = [f'{name}="{value}"' for name, value in labels.items()]
        answer = httpx.get(f"{self.url}/api/v2/alerts", params={"filter": filters}, trust_env=False)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", trust_env=False).is_success
        except httpx.TransportError:
            return False
