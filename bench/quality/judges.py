"""The peers at work beside the service: files written, asked in threads, answers collected afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.peers.files import write
from bench.peers.peer import Answer, Peer
from bench.quality.traffic import EVENTS
from detectors.building import Reference

Drifted = list[list[str]]
"""By window the columns that drifted."""


class Judges:
    """The peers' processes, to be used in a ``with`` block; without names it does nothing."""

    def __init__(self, names: Sequence[str]) -> None:
        self._peers = {name: Peer(name) for name in names}
        self._stack = ExitStack()
        self.about: dict[str, dict[str, str]] = {}
        self.methods: dict[str, dict[str, str]] = {}

    def __enter__(self) -> Self:
        for name, peer in self._peers.items():
            self.about[name] = self._stack.enter_context(peer).about
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="driftline-peers-")))
        self._pool = self._stack.enter_context(ThreadPoolExecutor(max(len(self._peers), 1)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def ask(
        self, names: Sequence[str], reference: Reference, windows: Sequence[Reference]
    ) -> Callable[[], dict[str, Drifted]]:
        """Set the named peers to work; the returned function waits for their answers, one a run."""
        if not names:
            return dict
        before = write([reference], self._folder / "reference.parquet")
        now = write(windows, self._folder / "windows.parquet")
        waiting = {name: self._pool.submit(self._peers[name].judge, before, now, EVENTS) for name in names}
        return lambda: {name: self._taken(name, answer.result()) for name, answer in waiting.items()}

    def _taken(self, name: str, answer: Answer) -> Drifted:
        self.methods[name] = dict(answer.methods)
        return answer.drifted
