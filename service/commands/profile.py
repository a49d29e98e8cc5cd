"""``driftline profile``: build, show, compare and publish references."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from detectors.building import Built
from service.alerts.notice import rfc3339
from service.commands.outputs import require_apart
from service.commands.profile_views import diff_view, feature_view, profile_view, put, terminal_width
from service.config.loading import load
from service.config.model import Model
from service.config.settings import Settings
from service.config.text import parse_time_ms
from service.events.batch import Batch
from service.events.native import NativeDecoder
from service.profiles.comparing import compare
from service.profiles.dependence import dependence_advice
from service.profiles.from_batches import build_from_batches
from service.profiles.reading import (
    MAX_ROWS,
    ReferenceData,
    Source,
    load_profile,
    read_reference,
    save_profile,
)
from service.profiles.summary import NumericSummary, summarise

_FILE = click.Path(path_type=Path)
FEW_ROWS = 2_000
"""With fewer predictions a reference is noise: the power of every test is bounded by the smaller sample."""


class Time(click.ParamType):
    """An RFC 3339 time, as epoch milliseconds."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds; a usage error when the text is no time."""
        if isinstance(value, int):
            return value
        try:
            return parse_time_ms(str(value))
        except ValueError:
            self.fail(
                f"{value!r} is no time; write RFC 3339 with an offset, 2026-08-22T10:15:00Z", param, ctx
            )


@click.group("profile", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Work with profiles: the frozen references that windows are compared with."""


@command.command(short_help="Build the profile of a model from reference data.")
@click.option("--config", "config", type=_FILE, required=True, help="The configuration with the model.")
@click.option("--model", "name", required=True, help="The model, as the configuration names it.")
@click.option(
    "--version",
    default="",
    help="The model version described; default: every version without a profile of its own.",
)
@click.option(
    "--input",
    "inputs",
    type=_FILE,
    multiple=True,
    required=True,
    help="Reference data: .parquet, .csv, .jsonl.",
)
@click.option("--output", type=_FILE, required=True, help="Where the profile is written.")
@click.option("--from", "start", type=Time(), help="Only rows at or after this time.")
@click.option("--until", "end", type=Time(), help="Only rows before this time.")
@click.option(
    "--max-rows", type=click.IntRange(1), default=MAX_ROWS, show_default=True, help="Rows read at most."
)
@click.argument("more", nargs=-1, type=_FILE, metavar="[FILE...]")
def build(  # noqa: PLR0913  # one parameter an option
    *,
    config: Path,
    name: str,
    version: str,
    inputs: tuple[Path, ...],
    output: Path,
    start: int | None,
    end: int | None,
    max_rows: int,
    more: tuple[Path, ...],
) -> None:
    """Build the profile of a model from reference data, such as its training set.

    Several files may follow --input. Columns are named as the features; docs/profiles.md tells the rest.
    """
    settings = load(config)
    read = [("--config", config), *(("--input", path) for path in (*inputs, *more))]
    require_apart([("--output", output)], read)
    model = model_named(settings, name)
    decoder = NativeDecoder([model], settings.limits.event_bytes)
    source = Source(model, version, decoder.decode, (start, end), max_rows)
    data = _read((*inputs, *more), source)
    built = build_from_batches(model, version, data.batches)
    size = save_profile(built.profile, output)
    _report(built, output, size)
    for remark in remarks(model, data, built):
        click.echo(f"Note: {remark}", err=True)


@command.command()
@click.argument("profile", type=_FILE)
@click.option("--feature", help="Draw this feature alone, large.")
@click.option("--slice", "slice_name", default="all", show_default=True, help="The slice to show.")
def show(profile: Path, feature: str | None, slice_name: str) -> None:
    """Show what a profile holds: each feature's distribution, drawn."""
    loaded = load_profile(profile)
    _known("slice", slice_name, loaded.slices)
    if feature is None:
        put(profile_view(loaded, slice_name, terminal_width()))
        return
    _known("feature", feature, tuple(field.name for field in loaded.layout.judged))
    put(feature_view(loaded, slice_name, feature))


@command.command(short_help="Compare two profiles.")
@click.argument("before", type=_FILE)
@click.argument("after", type=_FILE)
def diff(before: Path, after: Path) -> None:
    """Compare two profiles: what the reference was, and what it has become."""
    a, b = load_profile(before), load_profile(after)
    put(diff_view(a, b, compare(a, b), terminal_width()))


@command.command(short_help="Put a profile in force in the running service.")
@click.argument("profile", type=_FILE)
@click.option(
    "--config", "config", type=_FILE, required=True, help="The configuration, for the broker and model."
)
@click.option(
    "--from",
    "start",
    type=Time(),
    help="From when it holds; default: the next pane, or always when it is the first.",
)
def publish(profile: Path, config: Path, start: int | None) -> None:
    """Put a profile on the control topic, so that the running service compares with it."""
    from service.kafka.publish import publish_profile

    settings = load(config)
    loaded = load_profile(profile)
    sequence, boundary_ms = asyncio.run(publish_profile(settings, loaded, start))
    since = f"from {rfc3339(boundary_ms)}" if boundary_ms > 0 else "for every window, since it is the first"
    click.echo(
        f"published {loaded.id} of model {loaded.model}, version {loaded.version or 'any'}, "
        f"as change {sequence}; it holds {since}"
    )


def model_named(settings: Settings, name: str) -> Model:
    """The model of the configuration with this name; a usage error when there is none."""
    _known("model", name, tuple(model.name for model in settings.models))
    return next(model for model in settings.models if model.name == name)


def remarks(model: Model, data: ReferenceData, built: Built) -> list[str]:
    """What the reader of a new profile should know of what went into it, and what did not."""
    profile = built.profile
    records = int(profile.layout.counter(profile.totals[0], "events"))
    found = []
    if records < FEW_ROWS:
        found.append(
            f"only {records:,} predictions: small drifts cannot be told from chance; give more if you can"
        )
    if data.cut:
        found.append(f"stopped after {data.rows:,} rows (--max-rows); what follows in the files is left out")
    if data.refused.counts:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(data.refused.counts.items()))
        found.append(f"lines not counted: {reasons}; the first is {data.refused.first}")
    for name, cut in built.cut.items():
        found.append(
            f"feature {name}: {cut.kinds:,} categories on {cut.records:,} rows have no cell of their own "
            "and count as unseen"
        )
    for dimension, cut in built.cut_slices.items():
        found.append(
            f"slices of {dimension}: the {cut.kinds:,} smallest ({cut.records:,} rows) have no reference"
        )
    found += _values_out_of_place(model, built)
    without = [tag for tag in model.tags if not _has_tag(data.batches, tag)]
    found += [f"no row has the tag {tag}: slices of it have no reference" for tag in without]
    found += dependence_advice(built.profile)
    return found


def _values_out_of_place(model: Model, built: Built) -> Iterator[str]:
    """Features whose reference says little, or contradicts the configuration."""
    for summary in summarise(built.profile):
        feature = model.features.get(summary.name)
        if feature is not None and not summary.values:
            yield f"feature {summary.name}: no row has a value, so its drift cannot be found"
        if isinstance(summary, NumericSummary) and (out := summary.below + summary.above):
            yield f"feature {summary.name}: {out:,} values are outside its declared range"


def _has_tag(batches: list[Batch], tag: str) -> bool:
    return any(value is not None for batch in batches for value in batch.tags[tag])


def _known(kind: str, name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        raise click.UsageError(f"there is no {kind} {name!r}; there are: {listed}")


def _read(paths: tuple[Path, ...], source: Source) -> ReferenceData:
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        return read_reference(paths, source)
    with console.status("Reading ...") as status:
        return read_reference(paths, source, lambda rows: status.update(f"Reading ... {rows:,} rows"))


def _report(built: Built, output: Path, size: int) -> None:
    profile = built.profile
    records = int(profile.layout.counter(profile.totals[0], "events"))
    click.echo(
        f"{output}: model {profile.model}, version {profile.version or 'any'}, {records:,} predictions, "
        f"{len(profile.layout.judged)} fields, {len(profile.slices):,} slices, {size:,} bytes\n{profile.id}"
    )
