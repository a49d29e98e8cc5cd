"""Commands that the documents show exist, with their options; and every command and option is shown."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from service.cli import COMMANDS, driftline
from tests.docs.pages import ROOT, blocks, names, page

Words = tuple[str, ...]


def console_lines() -> Iterator[str]:
    """Lines of plain blocks, with continued lines joined."""
    for block in blocks("", "console", "bash", "sh"):
        yield from block.text.replace("\\\n", " ").splitlines()


def calls(program: str) -> list[Words]:
    """The words after a program's name, wherever a line of a block calls it."""
    found = []
    for line in console_lines():
        match = re.search(rf"(?:^|[|;&(] *){program}( .*|$)", line.strip())
        if match:
            rest = re.split(r"  #|[|;&]| \.\.\.", match[1])[0].replace("[", "").replace("]", "")
            found.append(tuple(shlex.split(rest)))
    return found


def every_command() -> Iterator[tuple[Words, click.Command]]:
    """Each command that does something, with the words that call it."""
    context = click.Context(driftline)
    for name in COMMANDS:
        command = driftline.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from (((name, inner), one) for inner, one in command.commands.items())
        else:
            yield (name,), command


EVERY = dict(every_command())
CALLS = calls("driftline")


def options(command: click.Command) -> set[str]:
    """Every spelling of a command's options."""
    own = (one for one in command.params if isinstance(one, click.Option))
    return {name for option in own for name in (*option.opts, *option.secondary_opts)}


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_each_call_of_driftline_in_a_document_is_one_that_it_takes(call: Words) -> None:
    [words] = [words for words in EVERY if call[: len(words)] == words] or [call[:2]]
    assert words in EVERY, f"there is no command {' '.join(words)!r}"
    given = {word.split("=")[0] for word in call if word.startswith("--")}

    assert given <= options(EVERY[words])


def test_documents_call_every_command() -> None:
    assert {words for words in EVERY if not any(call[: len(words)] == words for call in CALLS)} == set()


@pytest.mark.parametrize(
    "words", [words for words, command in EVERY.items() if options(command)], ids=" ".join
)
def test_the_table_of_a_command_has_its_options_and_no_others(words: Words) -> None:
    table = page("docs/commands.md").table(f"option of `driftline {' '.join(words)}`")
    required = {one.opts[0] for one in EVERY[words].params if isinstance(one, click.Option) and one.required}

    assert {name for row in table for name in names(row[0])} == options(EVERY[words])
    assert {names(row[0])[0] for row in table if "Required." in row[1]} == required


def test_the_page_of_commands_has_a_section_for_each() -> None:
    assert {tuple(title.split("-")[1:]) for title in page("docs/commands.md").anchors} >= {
        tuple("-".join(words).split("-")) for words in EVERY
    }


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_explains_itself(words: Words) -> None:
    shown = CliRunner().invoke(driftline, [*words, "--help"])

    assert shown.exit_code == 0
    assert f"Usage: driftline {' '.join(words)}" in shown.output


@pytest.mark.parametrize("call", calls("python"), ids=" ".join)
def test_each_call_of_python_runs_something_that_is_there(call: Words) -> None:
    if call[0] == "-m":
        path = Path(*call[1].split("."))
        assert (
            (ROOT / path).with_suffix(".py").exists()
            or (ROOT / path / "__main__.py").exists()
            or call[1] == "venv"
        )
        return
    script = ROOT / call[0].removeprefix("REPOSITORY/")
    assert script.is_file()
    written = script.read_text(encoding="utf-8")
    assert [word for word in call[1:] if word.startswith("--") and f'"{word}"' not in written] == []


def test_calls_are_found() -> None:
    assert len(CALLS) > 10
    assert calls("docker compose")
    assert calls("python")
