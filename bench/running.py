"""Runs the real worker (``driftline run``) in a process of its own, and asks it how far it is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from bench.workload import reference_events
from service.config.model import Model
from service.events.native import NativeDecoder
from service.profiles.from_batches import profile_from_batches
from tests.parts.process import HOST, free_port

WANTED = frozenset(
    f"driftline_{name}"
    for name in (
        "events_total", "event_bytes_total", "partial_bytes_total", "window_end_timestamp_seconds",
        "flush_duration_seconds_sum", "flush_duration_seconds_count",
        "evaluation_duration_seconds_sum", "evaluation_duration_seconds_count",
    )
)  # fmt: skip

STARTED = "worker started"
"""What the log says when ``driftline run --workers`` has started one."""

Series = dict[str, float]
"""Metrics by name, summed over their labels, except that the largest of a timestamp is taken."""


def build_reference(folder: Path, model: dict[str, Any], rows: int) -> Path:
    """A profile file made of the same traffic with another seed."""
    decoder = NativeDecoder([Model.model_validate(model)], 1_000_000)
    records = [_Record(i, value) for i, value in enumerate(reference_events(rows))]
    profile = profile_from_batches(Model.model_validate(model), "", decoder.decode(records).batches)
    path = folder / "reference.json"
    path.write_bytes(profile.to_json())
    return path


class _Record:
    """A record as decoding reads it."""

    def __init__(self, offset: int, value: bytes) -> None:
        self.offset, self.value = offset, value
        self.timestamp = 0
        self.key: bytes | None = None
        self.headers: tuple[tuple[str, bytes | None], ...] = ()


class Service:
    """A running worker.

    Parameters
    ----------
    config
        The configuration, without ``web``.
    name
        Of its files; the group's where it is the only one.
    roles
        The stages that it takes part in; all of them if empty.
    workers
        With more than one, ``driftline run`` watches them and starts those again that die.
    """

    def __init__(
        self, folder: Path, config: dict[str, Any], name: str = "", workers: int = 1, roles: str = ""
    ) -> None:
        self._port, self._workers = free_port(), workers
        self._options = ["--workers", str(workers), *(["--roles", roles] if roles else [])]
        name = name or config["kafka"]["group"]
        self._config = folder / f"{name}.yaml"
        # JSON is YAML.
        self._config.write_bytes(orjson.dumps(config | {"web": {"host": HOST, "port": self._port}}))
        self._log = folder / f"{name}.log"
        self._client = httpx.AsyncClient(timeout=30.0)

    async def __aenter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(Path(sys.executable).with_name("driftline")),
                "run",
                "--config",
                str(self._config),
                *self._options,
                stdout=log,
                stderr=log,
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), 30)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def kill(self) -> None:
        """End all workers as a crash would: they say goodbye to nobody."""
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)

    @property
    def pid(self) -> int:
        """Of the process that was started."""
        return self._process.pid

    def pids(self) -> list[int]:
        """Of the workers, the newest of each."""
        if self._workers == 1:
            return [self.pid]
        lines = [orjson.loads(line) for line in self._log.read_bytes().splitlines() if line.startswith(b"{")]
        return [*{line["number"]: line["pid"] for line in lines if line["message"] == STARTED}.values()]

    async def series(self) -> Series:
        """What ``/metrics`` of all workers say now; nothing of those that do not listen yet."""
        assert self._process.returncode is None, (
            f"the worker ended:\n{self._log.read_text(encoding='utf-8')[-4000:]}"
        )
        found: Series = {}
        for worker in range(self._workers):
            for name, value in await self._samples(worker):
                known = found.get(name, 0.0)
                found[name] = max(known, value) if name.endswith("timestamp_seconds") else known + value
        return found

    async def _samples(self, worker: int) -> list[tuple[str, float]]:
        try:
            page = (await self._client.get(self._url(worker, "/metrics"))).text
        except httpx.TransportError:
            return []
        samples = []
        for line in page.splitlines():
            name = line.partition(" ")[0].partition("{")[0]
            if name in WANTED:
                samples.append((name, float(line.rpartition(" ")[2])))
        return samples

    def _url(self, worker: int, path: str) -> str:
        return f"http://{HOST}:{self._port + worker}{path}"

    async def until_ready(self) -> None:
        """Wait until all workers read and evaluate."""
        while True:
            if all([await self._ready(worker) for worker in range(self._workers)]):
                return
            await asyncio.sleep(0.2)

    async def _ready(self, worker: int) -> bool:
        try:
            return (await self._client.get(self._url(worker, "/readyz"))).is_success
        except httpx.TransportError:
            return False
