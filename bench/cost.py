"""What a process spent on a number of events, and how one process tells another."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU time (user and system, all threads), wall time and the highest resident memory of a process."""

    events: int
    cpu_s: float
    wall_s: float
    peak_bytes: int

    @property
    def cpu_us(self) -> float:
        """CPU µs per event."""
        return self.cpu_s / self.events * 1e6

    @property
    def rate(self) -> float:
        """Events per second of wall time."""
        return self.events / self.wall_s


def cpu_s_of(pid: int) -> float:
    """CPU seconds that a running process has used, in steps of a clock tick."""
    # The name in the second column may hold spaces; columns are counted from behind its closing bracket.
    columns = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(columns[11]) + int(columns[12])) * _TICK_S


def peak_bytes_of(pid: int) -> int:
    """The highest resident memory that a running process has had."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"/proc/{pid}/status has no VmHWM: peak memory is read on Linux only")


def tell(cost: Cost) -> None:
    """Print a cost as the last line, for :func:`cost_of`."""
    sys.stdout.write(orjson.dumps(asdict(cost)).decode() + "\n")


async def cost_of(module: str, arguments: Sequence[str], seconds_max: float) -> Cost:
    """Run a module of the benchmark as a process of its own; the cost that it tells."""
    return Cost(**await told_by(module, arguments, seconds_max))


async def told_by(module: str, arguments: Sequence[str], seconds_max: float) -> Any:
    """Run a module of the benchmark as a process of its own; the JSON of its last line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds_max)
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode == 0, f"{module} ended with status {process.returncode}"
    return orjson.loads(output.splitlines()[-1])
