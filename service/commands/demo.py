"""``driftline demo``: the whole service in one process, with real flights and staged incidents."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

_EPILOG = """\b
Examples:
  driftline demo
  driftline demo --port 9000 --seconds 300
  driftline demo --seconds 30 --no-keep | tee demo.txt

Needs no Kafka and no network; nothing leaves this machine. Ctrl-C ends it. Exit status: 0 ended, 2 the port
that was asked for is taken.
"""


@click.command("demo", epilog=_EPILOG)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=None,
    help="Where the page is; 0: any free port.  [default: 8080, or the next that is free]",
)
@click.option(
    "--seconds",
    type=click.FloatRange(5, 86_400),
    default=100.0,
    show_default=True,
    help="How long 66 days take.",
)
@click.option(
    "--keep/--no-keep", default=None, help="Serve the page when the play is over.  [default: on a terminal]"
)
@click.option("--quiet", is_flag=True, help="Print where to look and what was found, and no more.")
def command(*, port: int | None, seconds: float, keep: bool | None, quiet: bool) -> None:
    """See the whole service at work, on real flights.

    Plays 66 days of flights out of New York against a model that predicts delays. Four incidents are laid
    over them, each announced as it begins: drift is found, alerts fire, signed webhooks arrive, a retraining
    is asked for, alerts resolve. What else fires is what really happened that autumn.
    """
    try:
        with _signals_interrupt():
            _demo(port, seconds, keep=keep, quiet=quiet)
    except KeyboardInterrupt:
        click.echo("Ended.")
    finally:
        gc.freeze()  # the process ends: looking through its objects once more would only hold up Ctrl-C


def _demo(port: int | None, seconds: float, *, keep: bool | None, quiet: bool) -> None:
    import tempfile
    from pathlib import Path

    from service.demo.play import prepare
    from service.demo.reference import reference_profile
    from service.demo.screen import Screen
    from service.demo.show import Play, perform
    from service.demo.stage import demo_settings, make_secrets

    screen = Screen(quiet=quiet)
    settings = demo_settings()
    screen.step("Training a model on the flights of six summer weeks ...")
    traffic = prepare()
    screen.step("Counting six more weeks, 2 September to 13 October, as its reference ...")
    profile = reference_profile(settings, traffic)
    keep = screen.is_terminal if keep is None else keep
    with tempfile.TemporaryDirectory(prefix="driftline-demo-") as folder:
        made = make_secrets(Path(folder))
        perform(Play(settings, traffic, profile, made, port, seconds, keep), screen)


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Both signals end what is running, even where a shell started it with SIGINT ignored."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
