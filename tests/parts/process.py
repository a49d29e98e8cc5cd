"""A server run as a child process: free port, log file, bounded wait for readiness, a sure end."""

import asyncio
import atexit
import contextlib
import inspect
import os
import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
HOST = "127.0.0.1"
# Below the range that the kernel lends to outgoing connections: a port of a server that is down for a moment
# must still be free when it comes back.
PORTS = range(15_000, 32_000)
READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0
LOG_LINES_SHOWN = 40


class ServerFailedError(Exception):
    """A real part did not start or died; the message ends with the last lines of its log."""


def free_port() -> int:
    """Port of the loopback address that nothing listens on."""
    for _ in range(200):
        port = random.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise ServerFailedError(f"no free port between {PORTS.start} and {PORTS.stop} on {HOST}")


def listens(port: int) -> bool:
    """Whether something accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def run_apart(work: Callable[[], Coroutine[None, None, T]]) -> T:
    """Result of a coroutine run on a loop and a thread of its own; works inside a running loop too."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def body() -> None:
        try:
            outcome.append(asyncio.run(work()))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            failure.append(error)

    thread = threading.Thread(target=body, name="run-apart")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


class Server:
    """One child process that can be started again on the same port and data.

    Parameters
    ----------
    name
        Word for messages and for the log file.
    command
        Program and arguments.
    folder
        Temporary folder; the log is `folder/name.log`, appended to over restarts.
    is_ready
        Asked until it says yes; a false answer or an `OSError` means "not yet".
    """

    def __init__(
        self, name: str, command: Sequence[str | Path], folder: Path, is_ready: Callable[[], bool]
    ) -> None:
        self.name = name
        self.log_path = folder / f"{name}.log"
        self._command = [str(word) for word in command]
        self._folder = folder
        self._is_ready = is_ready
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.kill)

    @property
    def pid(self) -> int:
        """Process id; an error while the server is down."""
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it is ready."""
        assert self._process is None, f"{self.name} runs already"
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End it as an orchestrator would: SIGTERM, and SIGKILL when it does not listen."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it without a chance to write anything more (SIGKILL)."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def close(self) -> None:
        """End it for good; its data is thrown away, so there is nothing to wait for."""
        self.kill()
        atexit.unregister(self.kill)

    def log_tail(self) -> str:
        """Last lines it wrote."""
        if not self.log_path.exists():
            return "(no log)"
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES_SHOWN:])

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                status = self._process.returncode
                raise ServerFailedError(f"{self.name} ended with status {status}:\n{self.log_tail()}")
            with contextlib.suppress(OSError):
                if self._is_ready():
                    return
            time.sleep(0.1)
        raise ServerFailedError(
            f"{self.name} was not ready after {READY_SECONDS_MAX:.0f} s:\n{self.log_tail()}"
        )


async def eventually(
    holds: Callable[[], bool | Awaitable[bool]], *, seconds: float = 20.0, what: str = "the condition"
) -> None:
    """Wait until a condition, asynchronous or not, holds; an `AssertionError` when it does not in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = holds()
        if await answer if inspect.isawaitable(answer) else answer:
            return
        assert time.monotonic() < deadline, f"{what} did not hold within {seconds:.0f} s"
        await asyncio.sleep(0.1)
