"""The other commands, as a user calls them, and the reference that the tests compare with."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

from tests.e2e.traffic import Event, credit_events

START_MS = 1_780_000_000_000
KEPT = {"retention.ms": "-1"}  # event times lie in the past: the broker would throw the records away


def attempt(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What `driftline` with these arguments printed, and its exit status."""
    program = Path(sys.executable).with_name("driftline")
    command = [str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def driftline(*arguments: str | Path) -> str:
    """What the command printed; it must succeed."""
    done = attempt(*arguments)
    assert done.returncode == 0, f"driftline {' '.join(map(str, arguments))}: {done.stderr}"
    return done.stdout


def write_lines(path: Path, events: list[Event]) -> Path:
    """A file of events."""
    path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
    return path


def write_config(path: Path, config: dict[str, Any]) -> Path:
    """A configuration file."""
    path.write_bytes(orjson.dumps(config))  # JSON is YAML
    return path


def build_profile(
    folder: Path, config: dict[str, Any], reference: list[Event] | None = None, name: str = "credit"
) -> Path:
    """A profile of the model `credit`, out of 20,000 events unless others are given."""
    events = credit_events(20_000, START_MS, 100, seed=7) if reference is None else reference
    output = folder / f"{name}.json"
    built_with = write_config(folder / f"build-{name}.yaml", config)
    rows = write_lines(folder / f"reference-{name}.jsonl", events)
    driftline(
        "profile", "build", "--config", built_with, "--model", "credit", "--version", "7",
        "--input", rows, "--output", output,
    )  # fmt: skip
    return output


def with_profile(config: dict[str, Any], profile: Path) -> dict[str, Any]:
    """The configuration with a reference for its model."""
    return with_model(config, reference={"profile": str(profile)})


def with_model(config: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The configuration with changes to its model."""
    return config | {"models": [config["models"][0] | changes]}
