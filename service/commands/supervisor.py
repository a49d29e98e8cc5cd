"""Several workers on one machine: started, watched, started again when they die, ended together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence

from service.config.settings import Settings

log = logging.getLogger(__name__)

PAUSE_S = (1.0, 30.0)
"""Shortest and longest pause before a worker is started that died again; the first time there is none."""
STEADY_S = 60.0
"""A worker that lived so long had a good start: its next death is a first one."""
DEATHS_MAX = 5
"""Deaths in a row of a worker that never got steady, after which all are ended."""
DRAIN_S = 30.0
"""How long workers may take to end in good order."""
USAGE = 2
"""Exit status of a worker whose configuration is wrong: starting it again would not help."""


class Supervisor:
    """Runs workers as processes of their own.

    Parameters
    ----------
    commands
        What to run, one for each worker.
    environments
        What the environment of each has beyond this process's.
    """

    def __init__(self, commands: Sequence[Sequence[str]], environments: Sequence[Mapping[str, str]]) -> None:
        self._commands, self._environments = commands, environments
        self._stopping = asyncio.Event()
        self._status = 0

    def stop(self) -> None:
        """Ask all workers to finish what they do and end."""
        self._stopping.set()

    async def run(self) -> int:
        """Watch the workers until ``stop``, or until one can not be kept alive; the exit status."""
        await asyncio.gather(*(self._keep(number) for number in range(len(self._commands))))
        return self._status

    async def _keep(self, number: int) -> None:
        deaths, pause_s = 0, 0.0
        while not self._stopping.is_set():
            began = time.monotonic()
            status = await self._live(number)
            if self._stopping.is_set():
                # One that was told to end before it listens for that dies of it, and owes nothing.
                self._status = self._status or int(status not in {0, -signal.SIGTERM})
                return
            if time.monotonic() - began > STEADY_S:
                deaths, pause_s = 0, 0.0
            deaths += 1
            where = {"number": number, "status": status, "pause_s": pause_s}
            if status == USAGE or deaths >= DEATHS_MAX:
                log.error("worker given up, all are ended", extra=where)
                self._status = status if status > 0 else 1
                self.stop()
                return
            log.error("worker died and is started again", extra=where)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)
            pause_s = min(max(2 * pause_s, PAUSE_S[0]), PAUSE_S[1])

    async def _live(self, number: int) -> int:
        """One life of a worker; its exit status, negative if it was killed by a signal."""
        process = await asyncio.create_subprocess_exec(
            *self._commands[number],
            # A worker ends when its standard input does: none is left behind when this process is killed.
            stdin=asyncio.subprocess.PIPE,
            env={**os.environ, **self._environments[number]},
            start_new_session=True,  # Ctrl-C comes here alone, and goes on to all as a wish to end
        )
        log.info("worker started", extra={"number": number, "pid": process.pid})
        ended = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((ended, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ended.done():
            await self._drain(number, process, ended)
        return await ended

    async def _drain(
        self, number: int, process: asyncio.subprocess.Process, ended: asyncio.Task[int]
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        done, _ = await asyncio.wait((ended,), timeout=DRAIN_S)
        if not done:
            log.error("worker did not end in time and is killed", extra={"number": number})
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def commands(workers: int, port: int, arguments: Sequence[str]) -> list[list[str]]:
    """The command of each worker: the one given, on ports that follow each other."""
    ports = [port + number if port else 0 for number in range(workers)]
    return [[sys.executable, "-m", "service", "run", *arguments, "--port", str(own)] for own in ports]


def environments(workers: int, settings: Settings, port: int) -> list[dict[str, str]]:
    """By worker the name that it keeps over a restart, and its tag in the logs.

    Without a name of its own the machine's is taken, with the port: two supervisors there differ in that.
    """
    base = os.environ.get("DRIFTLINE_INSTANCE") or settings.kafka.instance
    if base is None and port:
        base = f"{socket.gethostname()}-{port}"
    kept = [{"DRIFTLINE_INSTANCE": f"{base}-{number}"} if base else {} for number in range(workers)]
    return [{"DRIFTLINE_WORKER": str(number), **own} for number, own in enumerate(kept)]
