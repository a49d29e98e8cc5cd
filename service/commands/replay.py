"""``driftline replay``: backtesting on files of events."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from detectors.profile import Profile
from service.commands.outputs import require_apart
from service.config.loading import load
from service.config.settings import Settings
from service.embedded.replay import Summary, Writer, replay
from service.errors import ProfileError
from service.profiles.reading import load_profile
from service.windows.control import ProfilePublished
from service.windows.plan import fits

_PATH = click.Path(path_type=Path)
_EPILOG = """\b
Which alerts would June have raised, had the threshold been lower?
  driftline replay --config lower.yaml --events june.jsonl.gz --profile credit-7.json \\
      --results june-results.jsonl --alerts june-alerts.jsonl

Events of several files are read together by their times. The same files give the same bytes.
"""


@click.command(epilog=_EPILOG)
@click.option("--config", "config_file", required=True, type=_PATH, help="The configuration file.")
@click.option(
    "--events", "event_files", required=True, multiple=True, type=_PATH,
    help="A file of events and labels, one JSON object a line (.jsonl or .jsonl.gz); give it again for more.",
)  # fmt: skip
@click.option("--results", required=True, type=_PATH, help="Where results go, one JSON object a line.")
@click.option("--alerts", type=_PATH, help="Where alerts and requests go, one JSON object a line.")
@click.option(
    "--profile", "profile_files", multiple=True, type=_PATH,
    help="A reference in force from the start, besides those that the configuration names.",
)  # fmt: skip
def command(
    config_file: Path,
    event_files: tuple[Path, ...],
    results: Path,
    alerts: Path | None,
    profile_files: tuple[Path, ...],
) -> None:
    """Backtest: which alerts would these events have raised?"""
    settings = load(config_file)
    inputs = [("--config", config_file)]
    inputs += [("--events", path) for path in event_files] + [("--profile", path) for path in profile_files]
    outputs = [("--results", results)] + ([("--alerts", alerts)] if alerts else [])
    require_apart(outputs, inputs)
    profiles = _profiles(settings, profile_files)
    summary = Summary()
    console = Console(stderr=True)
    total = sum(path.stat().st_size for path in event_files if path.exists() and path.suffix != ".gz")
    columns = (TextColumn("replaying"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with ExitStack() as stack:
        writer = Writer(
            stack.enter_context(_create(results)),
            stack.enter_context(_create(alerts)) if alerts else None,
            summary,
        )
        progress = stack.enter_context(Progress(*columns, console=console, disable=not console.is_terminal))
        task = progress.add_task("", total=total or None)
        try:
            replay(
                settings, profiles, event_files, writer, summary, lambda size: progress.advance(task, size)
            )
        except KeyboardInterrupt:
            raise click.ClickException(
                f"interrupted; what stands in {results} is not the whole replay"
            ) from None
    click.echo(describe(summary), err=True)


def describe(summary: Summary) -> str:
    """What a replay met, in a few lines.

    >>> print(describe(Summary(events=10, windows=2, results=30, firing=1)))
    10 predictions and 0 labels in 2 windows: 30 results, 1 alert fired
    """
    fired = f"{summary.firing:,} alert{'' if summary.firing == 1 else 's'} fired"
    counted = f"{summary.events:,} predictions and {summary.labels:,} labels"
    lines = [f"{counted} in {summary.windows:,} windows: {summary.results:,} results, {fired}"]
    odd = {
        "late": summary.late,
        "clamped": summary.clamped,
        "tombstones": summary.tombstones,
        "with a key twice": summary.duplicate_keys,
    }
    told = [f"{count:,} {name}" for name, count in odd.items() if count]
    told += [f"{count:,} refused as {reason}" for reason, count in sorted(summary.rejects.items())]
    if told:
        lines.append("of the records: " + ", ".join(told))
    return "\n".join(lines)


def _profiles(settings: Settings, files: tuple[Path, ...]) -> list[ProfilePublished]:
    named = [Path(m.reference.profile) for m in settings.models if m.reference.profile]
    profiles = [load_profile(path) for path in (*named, *files)]
    for profile in profiles:
        _require_fit(settings, profile)
    return [ProfilePublished.of(profile, -(2**62)) for profile in profiles]


def _require_fit(settings: Settings, profile: Profile) -> None:
    models = {model.name: model for model in settings.models}
    model = models.get(profile.model)
    if model is None or not fits(model, profile):
        known = ", ".join(models)
        raise ProfileError(
            f"profile of `{profile.model}`: no configured model has its name and fields (models: {known}); "
            "it would be compared with nothing; build it anew with this configuration",
            reason="does_not_fit",
        )


class _Output(io.BufferedWriter):
    """A file to write that names itself when it cannot be written to the end, on a full disk for instance."""

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(io.FileIO(path, "w"))

    def write(self, data: Any, /) -> int:
        """As any file's."""
        with self._named():
            return super().write(data)

    def close(self) -> None:
        """As any file's; what was not written yet is."""
        with self._named():
            super().close()

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise click.ClickException(
                f"cannot write {self._path}: {error.strerror}; what stands in it is not the whole replay; "
                "make room there, or name a file elsewhere, and replay again"
            ) from error


def _create(path: Path) -> BinaryIO:
    try:
        return _Output(path)
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}; nothing was replayed") from error
