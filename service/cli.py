"""The command ``driftline``: a group that imports a command when it is called, so that help is fast."""

from __future__ import annotations

import difflib
import importlib
import os

import click

from service.errors import ConfigError, DriftlineError

COMMANDS = {
    "demo": "See the whole service at work in one process: live traffic, drift, alerts.",
    "run": "Run the service on Kafka.",
    "replay": "Backtest: which alerts would these events have raised?",
    "profile": "Build, publish, show and compare reference profiles.",
    "check-config": "Find every mistake in a configuration file.",
}
"""Each command and its line in the help; it lives in ``service.commands``, hyphens written as underscores."""

_EPILOG = """\b
Begin here:
  driftline demo                                        open the page it prints
\b
Then with a model of your own:
  driftline check-config driftline.yaml
  driftline profile build --config driftline.yaml --model credit --version 7 \\
      --input training.parquet --output credit-7.json
  driftline replay --config driftline.yaml --events june.jsonl --results out.jsonl
  driftline run --config driftline.yaml

Exit status: 0 done, 1 failed, 2 wrong use or a mistake in the configuration. DRIFTLINE_TRACEBACK=1 shows
where in the code an error came from.
"""


class Failure(click.ClickException):
    """A ``DriftlineError`` on its way out: one clean message, and the exit status for its kind."""

    def __init__(self, error: DriftlineError) -> None:
        super().__init__(str(error))
        self.exit_code = 2 if isinstance(error, ConfigError) else 1


class LazyGroup(click.Group):
    """A group that imports a command when it is called, never for help or for a list."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The commands, in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # likewise
        """The command, imported now; None when there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"service.commands.{cmd_name.replace('-', '_')}")
        command = module.command
        assert isinstance(command, click.Command), f"{module.__name__}.command is no command"
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; a close one is suggested when there is none."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "there are: " + ", ".join(COMMANDS)
            ctx.fail(f"No such command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # likewise
        """The list of commands in the help, written from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an error of ours becomes a message, unless a traceback is asked for."""
        try:
            return super().invoke(ctx)
        except DriftlineError as error:
            if os.environ.get("DRIFTLINE_TRACEBACK") == "1":
                raise
            raise Failure(error) from error


@click.group(
    cls=LazyGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="driftline", prog_name="driftline")
def driftline() -> None:
    """Watch machine-learning models in production.

    Driftline reads predictions and labels from Kafka and computes, for each slice of the traffic and each
    window of event time, how far the model's inputs and outputs have drifted from a reference, and how
    healthy they are. When a monitor's rule breaks it tells Alertmanager and webhooks, and can ask for
    retraining or rollback.
    """


def main() -> None:
    """The entry point of the command line."""
    driftline(prog_name="driftline")
