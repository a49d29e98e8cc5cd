"""Profiles on a terminal: tables with a small picture of each distribution, and one feature drawn large."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click
import numpy as np
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from detectors.profile import Profile
from service.commands.fitted_table import Column, fitted_table, numbers
from service.profiles.blocks import bar, histogram, number, printable, shape, sparkline
from service.profiles.comparing import CategoricalChange, Comparison, NumericChange
from service.profiles.dependence import dependence_line, feature_line
from service.profiles.summary import CategoricalSummary, NumericSummary, Summary, summarise

PIPE_WIDTH = 160
BUCKETS = 24
BAR_WIDTH = 40
CATEGORIES_MAX = 25
NAMES_MAX = 12


def terminal_width() -> int:
    """The width of the terminal; lines are long in a pipe."""
    return Console().width if sys.stdout.isatty() else PIPE_WIDTH


def put(view: RenderableType) -> None:
    """Print a view; in a pipe there are no colours and no blanks at line ends."""
    console = Console(highlight=False, markup=False, width=terminal_width())
    if sys.stdout.isatty():
        console.print(view)
        return
    with console.capture() as capture:
        console.print(view)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def profile_view(profile: Profile, slice_name: str, width: int = PIPE_WIDTH) -> RenderableType:
    """Head, numeric features and categorical features of one slice."""
    summaries = summarise(profile, slice_name)
    numeric = [summary for summary in summaries if isinstance(summary, NumericSummary)]
    categorical = [summary for summary in summaries if isinstance(summary, CategoricalSummary)]
    parts: list[RenderableType] = [_head(profile, slice_name)]
    if numeric:
        parts.append(_numeric_table(numeric, width))
    if categorical:
        parts.append(_categorical_table(categorical, width))
    parts.append(Text(dependence_line(profile, slice_name)))
    return Group(*parts)


def feature_view(profile: Profile, slice_name: str, name: str) -> RenderableType:
    """One feature of one slice, a bar a value or range."""
    summary = next(summary for summary in summarise(profile, slice_name) if summary.name == name)
    facts = Text(f"{printable(name)}   {summary.values:,} values   ", style="bold")
    facts.append(f"missing {_percent(summary.missing_ratio)}   invalid {_percent(summary.invalid_ratio)}")
    if isinstance(summary, NumericSummary):
        marks = ((0.0, "min"), (0.05, "5 %"), (0.25, "25 %"), (0.5, "median"), (0.75, "75 %"), (0.95, "95 %"))
        quantiles = [f"{label} {number(summary.quantile(q)) if q else _low(summary)}" for q, label in marks]
        moments = f"mean {number(summary.mean)}   sd {number(summary.std)}"
        facts.append(f"\n{moments}   {'   '.join(quantiles)}   max {_high(summary)}")
        bars = _numeric_bars(summary)
    else:
        bars = _category_bars(summary)
    dependence = Text(feature_line(profile, slice_name, name))
    return Group(_head(profile, slice_name), facts, dependence, _bar_table(bars, summary.values))


def diff_view(
    before: Profile, after: Profile, comparison: Comparison, width: int = PIPE_WIDTH
) -> RenderableType:
    """What differs between two profiles."""
    head = Text(f"{_title(before)}  →  {_title(after)}", style="bold")
    counters = (f"{name} {a:,} → {b:,}" for name, (a, b) in comparison.counters.items() if a or b)
    parts: list[RenderableType] = [
        head,
        Text(f"{before.id}\n{after.id}", style="dim"),
        Text("   ".join(counters)),
    ]
    if before.id == after.id:
        return Group(*parts, Text("The profiles are the same.", style="green"))
    for word, names in (
        ("features added", comparison.added),
        ("features removed", comparison.removed),
        ("features of another type", comparison.retyped),
        ("slices added", comparison.slices_added),
        ("slices removed", comparison.slices_removed),
    ):
        if names:
            parts.append(Text(f"{word}: {_listed(names)}", style="yellow"))
    if comparison.numeric:
        parts.append(_numeric_diff(comparison.numeric, width))
    if comparison.categorical:
        parts.append(_categorical_diff(comparison.categorical, width))
    return Group(*parts)


def _head(profile: Profile, slice_name: str) -> Text:
    row = profile.totals[profile.row[slice_name]]
    head = Text(f"{_title(profile)}   slice {printable(slice_name, 80)}", style="bold")
    counters = {
        name: int(profile.layout.counter(row, name)) for name in ("events", "errors", "labelled", "positive")
    }
    facts = [f"{counters['events']:,} predictions", f"{len(profile.slices):,} slices"]
    if counters["errors"]:
        facts.append(f"{counters['errors']:,} errors")
    if counters["labelled"]:
        facts.append(f"{_percent(counters['positive'] / counters['labelled'])} predicted positive")
    head.append(f"\n{'   '.join(facts)}\n{profile.id}", style="dim")
    return head


def _title(profile: Profile) -> str:
    return f"{printable(profile.model)} {printable(profile.version) or '(any version)'}"


def _numeric_table(summaries: list[NumericSummary], width: int) -> RenderableType:
    pictures = [Text(sparkline(shape(summary, BUCKETS)), style="cyan") for summary in summaries]
    columns = [
        *_common(summaries),
        numbers("mean", [number(summary.mean) for summary in summaries]),
        numbers("sd", [number(summary.std) for summary in summaries], drop=1),
        numbers("min", [_low(summary) for summary in summaries], drop=3),
        numbers("median", [number(summary.quantile(0.5)) for summary in summaries], drop=2),
        numbers("max", [_high(summary) for summary in summaries], drop=4),
        Column("distribution", pictures, left=True),
    ]
    return fitted_table(columns, width)


def _categorical_table(summaries: list[CategoricalSummary], width: int) -> RenderableType:
    ranked = [summary.ranked() for summary in summaries]
    pictures = [sparkline([count for _, count in each[:BUCKETS]]) for each in ranked]
    frequent = [
        "  ".join(
            f"{printable(name, 20)} {_percent(count / max(summary.values, 1))}" for name, count in each[:3]
        )
        for summary, each in zip(summaries, ranked, strict=True)
    ]
    columns = [
        *_common(summaries),
        numbers("categories", [f"{len(each):,}" for each in ranked]),
        numbers(
            "unseen", [_percent(summary.unseen / max(summary.values, 1)) for summary in summaries], drop=2
        ),
        Column("distribution", [Text(picture, style="cyan") for picture in pictures], left=True, drop=1),
        Column("most frequent", [Text(text) for text in frequent], left=True),
    ]
    return fitted_table(columns, width)


def _common(summaries: Sequence[Summary]) -> list[Column]:
    return [
        Column("feature", [Text(printable(summary.name)) for summary in summaries], left=True),
        numbers("values", [f"{summary.values:,}" for summary in summaries], drop=5),
        numbers("missing", [_percent(summary.missing_ratio) for summary in summaries]),
        numbers("invalid", [_percent(summary.invalid_ratio) for summary in summaries], drop=6),
    ]


def _numeric_bars(summary: NumericSummary) -> Iterator[tuple[str, float]]:
    """A bar a used cell when they are few, else evenly spaced ranges, with what lies beyond at both ends."""
    used = np.flatnonzero(summary.cells)
    if len(used) <= BUCKETS:
        for cell in used:
            last = cell == len(summary.edges)
            upper = summary.edges[-1] if last and cell else summary.uppers[cell]
            yield f"{'>' if last else '≤'} {number(float(upper))}", float(summary.cells[cell])
        return
    marks, counts = histogram(summary, BUCKETS)
    low = float(np.sum(summary.cells[: np.searchsorted(summary.edges, marks[0]) + 1]))
    if low:
        yield f"≤ {number(float(marks[0]))}", low
    for left, right, count in zip(marks[:-1], marks[1:], counts, strict=True):
        yield f"{number(float(left))} – {number(float(right))}", float(count)
    high = summary.values - low - float(counts.sum())
    if high >= 1:
        yield f"> {number(float(marks[-1]))}", high


def _category_bars(summary: CategoricalSummary) -> Iterator[tuple[str, float]]:
    ranked = summary.ranked()
    yield from ((printable(name), float(count)) for name, count in ranked[:CATEGORIES_MAX])
    if ranked[CATEGORIES_MAX:]:
        rest = sum(count for _, count in ranked[CATEGORIES_MAX:])
        yield f"({len(ranked) - CATEGORIES_MAX} more)", float(rest)
    if summary.unseen:
        yield "(unseen)", float(summary.unseen)


def _bar_table(bars: Iterator[tuple[str, float]], values: int) -> Table:
    rows = list(bars)
    top = max((count for _, count in rows), default=0.0)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for label, count in rows:
        picture = Text(bar(count / top if top else 0.0, BAR_WIDTH), style="cyan")
        table.add_row(Text(label), _percent(count / max(values, 1)), picture)
    return table


def _numeric_diff(changes: Sequence[NumericChange], width: int) -> RenderableType:
    pairs = [(change.before, change.after) for change in changes]
    columns = [
        Column("feature", [Text(printable(a.name)) for a, _ in pairs], left=True),
        numbers("missing", [_missing(a, b) for a, b in pairs], drop=2),
        numbers("mean", [_pair(number(a.mean), number(b.mean)) for a, b in pairs]),
        numbers("shift (sd)", [f"{change.mean_shift:+.3f}" for change in changes]),
        numbers("sd ratio", [number(change.std_ratio) for change in changes], drop=1),
        numbers(
            "median", [_pair(number(a.quantile(0.5)), number(b.quantile(0.5))) for a, b in pairs], drop=3
        ),
        numbers("min", [_pair(_low(a), _low(b)) for a, b in pairs], drop=5),
        numbers("max", [_pair(_high(a), _high(b)) for a, b in pairs], drop=4),
        numbers("KS", [f"{change.ks_lower:.3f} – {change.ks_upper:.3f}" for change in changes]),
    ]
    return fitted_table(columns, width)


def _categorical_diff(changes: Sequence[CategoricalChange], width: int) -> RenderableType:
    columns = [
        Column("feature", [Text(printable(change.before.name)) for change in changes], left=True),
        numbers("missing", [_missing(change.before, change.after) for change in changes], drop=1),
        numbers("total variation", [f"{change.total_variation:.3f}" for change in changes]),
        numbers("largest change", [_largest(change) for change in changes]),
        Column("categories added or removed", [Text(_moves(change)) for change in changes], left=True),
    ]
    return fitted_table(columns, width)


def _missing(before: Summary, after: Summary) -> str:
    return _pair(_percent(before.missing_ratio), _percent(after.missing_ratio))


def _largest(change: CategoricalChange) -> str:
    name, before, after = change.largest
    return f"{printable(name, 20) or '(unseen)'} {_percent(before)} → {_percent(after)}"


def _moves(change: CategoricalChange) -> str:
    moves = (("+", change.added), ("−", change.removed))
    return "   ".join(f"{sign} {_listed(names)}" for sign, names in moves if names)


def _pair(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _low(summary: NumericSummary) -> str:
    """The smallest value; of values below the range only that they are there is known."""
    return (
        f"< {number(float(np.nextafter(summary.edges[0], np.inf)))}" if summary.below else number(summary.low)
    )


def _high(summary: NumericSummary) -> str:
    """The largest value; of values above the range only that they are there is known."""
    return f"> {number(float(summary.edges[-1]))}" if summary.above else number(summary.high)


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(printable(name) for name in names[:NAMES_MAX])
    return shown + (f" and {len(names) - NAMES_MAX} more" if names[NAMES_MAX:] else "")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
