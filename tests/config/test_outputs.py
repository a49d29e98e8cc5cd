"""What a command reads is never written over."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from service import cli
from tests.config.base import GOOD
from tests.windows.making import START_MS

EVENT = b'{"model":"credit","model_version":"7","timestamp":%d,"prediction":{"score":0.5}}\n'


def _heeding_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration and events."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "e.jsonl").write_bytes(EVENT % START_MS)
    (tmp_path / "link.jsonl").symlink_to("e.jsonl")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("replay --config c.yaml --events e.jsonl --results e.jsonl", "--results and --events are one file"),
        ("replay --config c.yaml --events e.jsonl --results ./link.jsonl", "--results and --events are one"),
        ("replay --config c.yaml --events e.jsonl --results c.yaml", "--results and --config are one file"),
        ("replay --config c.yaml --events e.jsonl --results r --alerts r", "--alerts and --results are one"),
        (
            "profile build --config c.yaml --model credit --input x.csv --output e.jsonl e.jsonl",
            "--output and --input are one file",
        ),
    ],
)
def test_a_file_that_is_read_is_not_written_over(here: Path, words: str, says: str) -> None:
    done = CliRunner().invoke(cli.driftline, words.split())
    assert (done.exit_code, says in done.output) == (2, True), done.output
    assert (here / "e.jsonl").read_bytes() == EVENT % START_MS
    assert (here / "c.yaml").read_text(encoding="utf-8") == GOOD
    assert not (here / "r").exists()


def test_results_and_alerts_may_both_go_nowhere(here: Path) -> None:
    words = "replay --config c.yaml --events e.jsonl --results /dev/null --alerts /dev/null"
    done = CliRunner().invoke(cli.driftline, words.split())
    assert done.exit_code == 0, (here, done.output)


def test_a_replay_that_is_interrupted_says_that_its_results_are_not_whole(here: Path) -> None:
    (here / "long.jsonl").write_bytes(b"".join(EVENT % (START_MS + i) for i in range(300_000)))
    program = Path(sys.executable).with_name("driftline")
    words = "replay --config c.yaml --events long.jsonl --results r.jsonl"
    replay = subprocess.Popen(
        [program, *words.split()], cwd=here, stderr=subprocess.PIPE,
        preexec_fn=_heeding_ctrl_c,  # noqa: PLW1509  # no thread is about; a job in the background ignores it
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not (here / "r.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    replay.send_signal(signal.SIGINT)
    _, said = replay.communicate(timeout=20)
    assert (replay.returncode, said) == (
        1,
        b"Error: interrupted; what stands in r.jsonl is not the whole replay\n",
    )
