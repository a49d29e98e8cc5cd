"""``driftline check-config``: every mistake with its place, or what the configuration would watch."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.commands.config_files import file_notes, profile_findings
from service.config.document import read
from service.config.loading import place, read_text, validate
from service.config.problems import ConfigErrors, Problem
from service.config.settings import Settings
from service.config.summary import ModelSummary, notes, summarise

_EPILOG = """\b
Examples:
  driftline check-config driftline.yaml
  driftline check-config --json driftline.yaml | jq .problems

Exit status: 0 the configuration is good, 2 it has mistakes or cannot be read.
"""


@click.command("check-config", epilog=_EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.pass_context
def command(context: click.Context, file: Path, as_json: bool) -> None:
    """Check the configuration in FILE without starting anything.

    Every mistake is named at once, with its line, its value, what would follow from it and what to write
    instead. A good configuration is summarised: what would be watched, over which slices and windows, by
    which monitors.
    """
    try:
        settings = check(file)
    except ConfigErrors as errors:
        _print_problems(errors, as_json=as_json)
        context.exit(2)
    remarks = [*notes(settings), *file_notes(settings)]
    if as_json:
        models = [asdict(summary) for summary in summarise(settings)]
        click.echo(json.dumps({"ok": True, "problems": [], "models": models, "notes": remarks}, indent=2))
    else:
        _print_summary(file, settings, remarks)


def check(file: Path) -> Settings:
    """The configuration in a file, its profiles checked as well.

    Raises
    ------
    ConfigErrors
        With every mistake.
    ConfigError
        When the file cannot be read.
    """
    document = read(read_text(file))
    settings = validate(document, str(file))
    problems = [place(finding, document) for finding in profile_findings(settings)]
    if problems:
        raise ConfigErrors(str(file), problems)
    return settings


def _print_problems(errors: ConfigErrors, *, as_json: bool) -> None:
    if as_json:
        problems = [asdict(problem) for problem in errors.problems]
        click.echo(
            json.dumps({"ok": False, "file": errors.name, "problems": problems}, indent=2, ensure_ascii=False)
        )
        return
    console = _console()
    for problem in errors.problems:
        console.print(_lines(problem, errors.name))
    count = len(errors.problems)
    console.print(Text(f"{count} mistake{'s' * (count != 1)} in {errors.name}", style="bold red"))


def _lines(problem: Problem, name: str) -> Text:
    text = Text()
    text.append(f"{name}:{problem.line}:{problem.column}", style="bold")
    if problem.path:
        text.append(f"  {problem.path}", style="cyan")
    if problem.value:
        text.append(f" = {problem.value}", style="dim")
    text.append(f"\n  mistake      {problem.message}", style="red")
    text.append(f"\n  consequence  {problem.consequence}")
    text.append(f"\n  mend         {problem.mend}\n", style="green")
    return text


def _print_summary(file: Path, settings: Settings, remarks: list[str]) -> None:
    console = _console()
    console.print(Text(f"{file} is a good configuration", style="bold green"))
    for summary in summarise(settings):
        console.print()
        console.print(Text(f"Model {summary.name}", style="bold"))
        console.print(_table(summary))
    for remark in remarks:
        console.print(Text(f"\nNote: {remark}", style="yellow"))


def _table(summary: ModelSummary) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    rows = [
        ("task", summary.task),
        ("features", f"{summary.numeric} numeric, {summary.categorical} categorical"),
        ("slices", "; ".join(("all", *summary.slices))),
        ("reference", summary.reference),
        ("monitors", ", ".join(summary.monitors) or "none"),
    ]
    for window in summary.windows:
        judged = ", ".join(
            f"{count} on `all`" if slices == "all" else f"up to {count} on a slice of {slices}"
            for slices, count in window.judged.items()
        )
        panes = f"{window.panes} pane{'s' * (window.panes != 1)} of {summary.pane}"
        rows.append((f"window {window.name}", f"{panes}; results judged: {judged}"))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _console() -> Console:
    # in a pipe nothing is cut or wrapped, so that lines can be searched
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True, width=10_000)
