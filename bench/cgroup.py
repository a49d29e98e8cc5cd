"""A control group that grants its processes part of a core, as Kubernetes does with a limit of CPU.

Groups of version 1 and of version 2 where this process may make them; elsewhere there is no limit to be had.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path("/sys/fs/cgroup")
PERIOD_US = 100_000


class Limited:
    """A group with so many ``cores`` for the processes put in it; gone when the block ends.

    Raises
    ------
    OSError
        Where no group can be made: not root, no controller of CPU, nothing delegated.
    """

    def __init__(self, name: str, cores: float) -> None:
        self._old = (ROOT / "cpu").is_dir()
        self._home = ROOT / "cpu" if self._old else ROOT
        self._folder = self._home / f"driftline-{os.getpid()}-{name}"
        self._quota_us = round(cores * PERIOD_US)

    def __enter__(self) -> Self:
        if not self._old and "cpu" not in _read(ROOT / "cgroup.subtree_control").split():
            raise PermissionError("cgroup.subtree_control has no cpu: groups below cannot be limited")
        self._folder.mkdir()
        try:
            if self._old:
                (self._folder / "cpu.cfs_period_us").write_text(str(PERIOD_US), encoding="utf-8")
                (self._folder / "cpu.cfs_quota_us").write_text(str(self._quota_us), encoding="utf-8")
            else:
                (self._folder / "cpu.max").write_text(f"{self._quota_us} {PERIOD_US}", encoding="utf-8")
        except OSError:
            self._folder.rmdir()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in _read(self._folder / "cgroup.procs").split():
            with suppress(OSError):
                (self._home / "cgroup.procs").write_text(pid, encoding="utf-8")
        self._folder.rmdir()

    def add(self, pid: int) -> None:
        """Put a process with all its threads in the group."""
        (self._folder / "cgroup.procs").write_text(str(pid), encoding="utf-8")

    def periods(self) -> tuple[int, int]:
        """Periods of 100 ms in which the group ran, and those in which it was held back."""
        lines = _read(self._folder / "cpu.stat").splitlines()
        told = {name: int(value) for name, value in map(str.split, lines)}
        return told["nr_periods"], told["nr_throttled"]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
