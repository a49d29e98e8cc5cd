"""The tools that Driftline is measured beside, each a process in an environment of its own."""

from __future__ import annotations

import hashlib
import json
import os
import select
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".cache" / "peers-venv"
KEPT = ROOT / ".cache" / "peers-answers"
PYTHON = ENVIRONMENT / "bin" / "python"

RUNNERS = {"Evidently": "bench.peers.run_evidently", "NannyML": "bench.peers.run_nannyml"}
ANSWER_SECONDS_MAX = 1_800.0
QUIET = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1", "OMP_NUM_THREADS": "1",
         "OPENBLAS_NUM_THREADS": "1"}  # fmt: skip
"""Neither reports its use to anybody, and both have one thread, as Driftline's detectors do."""


@dataclass(frozen=True)
class Answer:
    """What a peer said.

    Attributes
    ----------
    drifted
        By window the columns that it reports as drifted.
    methods
        By column its method and threshold, where it tells.
    cpu_s
        CPU seconds of judging all windows, from data frames in memory.
    """

    drifted: list[list[str]]
    methods: Mapping[str, str]
    cpu_s: float


def missing() -> str:
    """Why the peers cannot run; empty when they can."""
    if PYTHON.exists():
        return ""
    return "the peers' environment is missing; `make peers` sets it up"


class Peer:
    """One peer's process, to be used in a ``with`` block.

    Answers of the same version to the same files are kept in ``.cache``, for a seed that is run again.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.about: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603  # fixed words
            [PYTHON, "-m", RUNNERS[self.name]],
            cwd=ROOT,
            env=os.environ | QUIET,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.about = self._heard()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def judge(self, reference: Path, windows: Path, rows: int) -> Answer:
        """Drifted columns by window of so many rows, with the peer's own defaults."""
        task = {"reference": str(reference), "windows": str(windows), "rows": rows}
        kept = KEPT / f"{self._key(reference, windows, rows)}.json"
        if kept.exists():
            return Answer(**json.loads(kept.read_text(encoding="utf-8")))
        answer = self._ask(task)
        KEPT.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(asdict(answer)), encoding="utf-8")
        return answer

    def clock(self, reference: Path, windows: Path, rows: int) -> Answer:
        """The same with PSI (or the nearest it has) and KS, and never from what was kept."""
        return self._ask(
            {"reference": str(reference), "windows": str(windows), "rows": rows, "compared": True}
        )

    def _ask(self, task: Mapping[str, Any]) -> Answer:
        assert self._process is not None, "within a `with` block"
        assert self._process.stdin is not None, "a pipe"
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        return Answer(**self._heard())

    def _heard(self) -> dict[str, Any]:
        assert self._process is not None, "within a `with` block"
        assert self._process.stdout is not None, "a pipe"
        ready, _, _ = select.select([self._process.stdout], [], [], ANSWER_SECONDS_MAX)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            raise RuntimeError(
                f"{self.name} gave no answer (exit status {self._process.poll()}); "
                f"run `{PYTHON.relative_to(ROOT)} -m {RUNNERS[self.name]}` to see why"
            )
        found: dict[str, Any] = json.loads(line)
        return found

    def _key(self, reference: Path, windows: Path, rows: int) -> str:
        digest = hashlib.sha256(json.dumps([self.name, self.about, rows]).encode())
        digest.update((ROOT / f"{RUNNERS[self.name].replace('.', '/')}.py").read_bytes())
        for path in (reference, windows):
            digest.update(path.read_bytes())
        return digest.hexdigest()
