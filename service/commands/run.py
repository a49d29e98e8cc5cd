"""``driftline run``: the service on Kafka."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from service.app import ROLES, Role, Worker
from service.commands.supervisor import Supervisor, commands, environments
from service.config.loading import load
from service.config.settings import Settings
from service.logs import configure_logs


@click.command(epilog="Ends cleanly on SIGTERM and Ctrl-C: what ended is stated, what did not is read again.")
@click.option(
    "--config", "config_file", required=True, type=click.Path(path_type=Path), help="The configuration file."
)
@click.option(
    "--log-level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    default="INFO",
    show_default=True,
    help="What is logged, as JSON lines on standard error.",
)
@click.option(
    "--roles",
    default=",".join(ROLES),
    show_default=True,
    callback=lambda _context, _option, value: _roles(value),
    help="The stages that this worker takes part in; the others must run elsewhere, in the same group.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Worker processes on this machine; each listens on a port of its own, counted from the first.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The port to listen on, instead of `web.port`; 0: any free one.",
)
@click.pass_context
def command(
    context: click.Context,
    config_file: Path,
    log_level: str,
    roles: tuple[Role, ...],
    workers: int,
    port: int | None,
) -> None:
    """Run the service on Kafka.

    Reads predictions and labels, evaluates windows as they close, writes results and alerts to their topics,
    tells the receivers, and serves metrics, API and status page. Several workers with the same configuration
    share the work. Waits for a broker that is away.
    """
    settings = load(config_file)
    if port is not None:
        web = settings.web.model_copy(update={"port": port})
        settings = settings.model_copy(update={"web": web})
    configure_logs(log_level.upper(), os.environ.get("DRIFTLINE_WORKER"))
    if workers > 1:
        arguments = ["--config", str(config_file), "--log-level", log_level, "--roles", ",".join(roles)]
        context.exit(asyncio.run(_supervise(settings, workers, arguments)))
    worker = Worker(settings, roles)
    _calm_collector()
    asyncio.run(_run(worker))


def _roles(value: str) -> tuple[Role, ...]:
    named = [name.strip() for name in value.split(",") if name.strip()]
    unknown = [name for name in named if name not in ROLES]
    if unknown or not named:
        raise click.BadParameter(f"{', '.join(unknown) or 'nothing'}; there are: {', '.join(ROLES)}")
    return tuple(role for role in ROLES if role in named)


async def _supervise(settings: Settings, workers: int, arguments: list[str]) -> int:
    port = settings.web.port
    supervisor = Supervisor(commands(workers, port, arguments), environments(workers, settings, port))
    with _on_signals(supervisor.stop):
        return await supervisor.run()


def _calm_collector() -> None:
    """Let the garbage collector look less often, and never at what lives as long as the process.

    Each poll makes ten thousand records that die by themselves; with Python's defaults the collector walked
    all modules again and again to find none of them, which cost an eighth of all CPU time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def _run(worker: Worker) -> None:
    with _on_signals(worker.stop):
        if "DRIFTLINE_WORKER" in os.environ:
            _end_with_parent(worker)
        await worker.run()


@contextlib.contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Stop at a signal; one that comes when all is done already changes nothing, and no exit status."""
    loop, numbers = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)


def _end_with_parent(worker: Worker) -> None:
    """End when standard input does: whoever watches over this worker is gone."""
    loop = asyncio.get_running_loop()

    def ended() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            worker.stop()

    loop.add_reader(sys.stdin.fileno(), ended)
