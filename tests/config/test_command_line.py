"""``driftline`` and ``driftline check-config``, as they are called."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from detectors.fields import NumericField
from detectors.layout import Layout
from detectors.profile import Profile
from service import cli
from service.config.problems import ConfigErrors, Problem
from service.errors import ConfigError, KafkaError
from tests.config.base import GOOD, line_of, spoiled

HEAVY = ("pydantic", "numpy", "scipy", "faust", "aiokafka", "river", "rich", "service.config")


def driftline(*arguments: str) -> Result:
    return CliRunner().invoke(cli.driftline, arguments)


Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration and gives the name of its file."""

    def _write(text: str) -> str:
        path = tmp_path / "driftline.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return _write


def test_a_good_file_is_summarised_and_exits_with_0(write: Write) -> None:
    result = driftline("check-config", write(GOOD))
    assert result.exit_code == 0
    assert "is a good configuration" in result.output
    assert "2 on `all`, up to 1 on a slice of region" in result.output
    assert "\x1b[" not in result.output


def test_each_mistake_is_printed_with_its_place_and_exits_with_2(write: Write) -> None:
    text = spoiled("port: 8080", "prt: 8080").replace("metric: psi", "metric: pis")
    name = write(text)

    result = driftline("check-config", name)

    assert result.exit_code == 2
    assert f'{name}:{line_of(text, "pis")}:27  monitors[0].metric = "pis"' in result.output
    assert f"{name}:{line_of(text, 'prt')}:7  web.prt = 8080" in result.output
    for word in ("mistake", "consequence", "mend", "did you mean `port`?", f"2 mistakes in {name}"):
        assert word in result.output


def test_colours_are_for_terminals_alone(write: Write) -> None:
    name = write(spoiled("port: 8080", "port: 80800"))
    command = [sys.executable, "-c", "from service.cli import main; main()", "check-config", name]
    environment = {**os.environ, "TERM": "xterm-256color"}
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        status = subprocess.run(command, stdout=theirs, env=environment, check=False, timeout=30).returncode
        os.close(theirs)
        on_terminal = terminal.read(100_000)
    in_pipe = subprocess.run(command, capture_output=True, env=environment, check=False, timeout=30).stdout
    assert status == 2
    assert b"\x1b[" in on_terminal
    assert b"80800" in on_terminal
    assert b"\x1b" not in in_pipe
    assert b"80800" in in_pipe


def test_json_holds_every_problem_for_programs(write: Write) -> None:
    text = spoiled("port: 8080", "port: 80800")
    result = driftline("check-config", "--json", write(text))
    assert result.exit_code == 2
    (problem,) = json.loads(result.output)["problems"]
    assert (problem["line"], problem["path"], problem["value"]) == (
        line_of(text, "80800"),
        "web.port",
        "80800",
    )
    assert problem["mend"] == "write a number that is at most 65535"


def test_json_of_a_good_file_holds_the_summary(write: Write) -> None:
    found = json.loads(driftline("check-config", "--json", write(GOOD)).output)
    assert (found["ok"], found["problems"], found["models"][0]["name"]) == (True, [], "credit")


def test_a_file_that_is_not_there_exits_with_2_and_one_sentence(tmp_path: Path) -> None:
    result = driftline("check-config", str(tmp_path / "absent.yaml"))
    assert result.exit_code == 2
    assert "cannot be read (No such file or directory)" in result.stderr
    assert "Traceback" not in result.output


def profile(model: str, feature: str) -> bytes:
    field = NumericField(feature, np.array([1.0, 2.0]))
    totals = np.zeros((1, Layout((field,)).size), dtype=np.int64)
    return Profile(model, "", (field,), ("all",), totals).to_json()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"{}", "is no profile of this release"),
        (profile("other", "age"), "is the profile of the model 'other', not of 'credit'"),
        (profile("credit", "size"), "the feature 'age' is numeric here, and the profile"),
    ],
)
def test_a_profile_that_cannot_serve_is_a_mistake(
    write: Write, tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "credit.json"
    if content is not None:
        path.write_bytes(content)
    text = spoiled("reference: {", f"reference: {{profile: {path}, ")
    result = driftline("check-config", "--json", write(text))
    assert result.exit_code == 2
    (problem,) = json.loads(result.output)["problems"]
    assert problem["path"] == "models[0].reference.profile"
    assert message in problem["message"]


def test_help_lists_every_command_without_importing_any() -> None:
    script = (
        "import sys; from service.cli import driftline; driftline(['--help'], standalone_mode=False); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stderr.strip() == "[]"
    assert all(f"\n  {name} " in done.stdout for name in cli.COMMANDS)


def test_the_version_is_that_of_the_package() -> None:
    assert driftline("--version").output.startswith("driftline, version ")


def test_a_misspelt_command_is_wrong_use_and_the_closest_is_named() -> None:
    result = driftline("chek-config")
    assert result.exit_code == 2
    assert "did you mean 'check-config'?" in result.stderr


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KafkaError("the broker kafka-0:9092 does not answer; start it", reason="unreachable"), 1),
        (ConfigError("no such file", reason="config"), 2),
        (ConfigErrors("x.yaml", [Problem(1, 1, "a", "1", "wrong", "bad", "mend it")]), 2),
    ],
)
def test_an_error_of_ours_is_one_message_and_an_exit_status(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, status: int
) -> None:
    def fail(_: Path) -> str:
        raise error

    monkeypatch.setattr("service.commands.check_config.read_text", fail)
    monkeypatch.delenv("DRIFTLINE_TRACEBACK", raising=False)
    result = driftline("check-config", str(tmp_path))
    assert result.exit_code == status
    assert str(error) in result.stderr or "mend it" in result.output
    assert "Traceback" not in result.output


def test_a_traceback_is_shown_when_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DRIFTLINE_TRACEBACK", "1")
    assert isinstance(driftline("check-config", str(tmp_path / "absent")).exception, ConfigError)
