"""Full disks: of a command that writes files, of a worker's log, of the broker itself."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError

from tests.chaos.fleet import some_events
from tests.chaos.stated import moment
from tests.chaos.story import Story
from tests.chaos.verdict import Scene
from tests.e2e.commands import START_MS, attempt, build_profile, with_profile, write_config, write_lines
from tests.e2e.service import Service, credit_config
from tests.e2e.traffic import credit_events, produce, spread
from tests.parts.fixtures import skip_if_missing
from tests.parts.kafka import KafkaBroker
from tests.parts.process import HOST, eventually

FULL = Path("/dev/full")
NO_SPACE = "No space left on device"


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of so many bytes; skips where nobody may mount one."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Take all the space that is left."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 65_536)
    with path.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x")


@pytest.fixture
def inputs(tmp_path: Path) -> tuple[Path, Path]:
    """A configuration with a profile, and events that have drifted from it."""
    config = credit_config(f"{HOST}:9", "")
    config = with_profile(config, build_profile(tmp_path, config))
    events = write_lines(tmp_path / "events.jsonl", credit_events(20_000, START_MS, 500, shift=30.0))
    return write_config(tmp_path / "replay.yaml", config), events


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize("option", ["--results", "--alerts"])
def test_a_replay_on_a_full_disk_says_so_and_fails(
    inputs: tuple[Path, Path], option: str, tmp_path: Path
) -> None:
    config, events = inputs
    outputs = {"--results": tmp_path / "results.jsonl", "--alerts": tmp_path / "alerts.jsonl"} | {
        option: FULL
    }
    done = attempt(
        "replay", "--config", config, "--events", events, *(word for pair in outputs.items() for word in pair)
    )
    assert done.returncode == 1, done.stderr
    assert NO_SPACE in done.stderr
    assert str(FULL) in done.stderr
    assert "Traceback" not in done.stderr


def test_commands_on_a_small_disk_leave_no_half_profile_behind(
    inputs: tuple[Path, Path], tmp_path: Path
) -> None:
    config, events = inputs
    with small_disk(tmp_path / "small", "64k") as folder:
        fill(folder)
        output = folder / "profile.json"
        named = ("--config", config, "--model", "credit", "--version", "7")
        done = attempt("profile", "build", *named, "--input", events, "--output", output)
        assert done.returncode == 1, done.stderr
        assert NO_SPACE in done.stderr + done.stdout or "cannot be written" in done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        assert not output.exists()


@pytest.mark.chaos
@pytest.mark.timeout(150)
async def test_a_worker_whose_log_disk_is_full_goes_on_counting(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path, story: Story
) -> None:
    scene = Scene(
        kafka, topic_prefix, tmp_path, story, length_ms=4_000, every_ms=2_000, grace="8s", lateness="8s"
    )
    scene.create_topic()
    with small_disk(tmp_path / "small", "1m") as folder:
        service = Service(folder, scene.config())
        await asyncio.to_thread(service.__enter__)
        try:
            await eventually(service.ready, seconds=30)
            fill(folder)
            story.did("disk filled")
            for _ in range(16):
                records = spread(some_events(story, 500, moment()), scene.partitions)
                await produce(kafka.bootstrap, scene.topic, records)
                await asyncio.sleep(0.5)
            await scene.exact(seconds=60)
            assert service.runs()
        finally:
            await asyncio.to_thread(service.__exit__, None, None, None)


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[tuple[KafkaBroker, Path]]:
    """A broker on a disk of its own that can be filled."""
    with skip_if_missing(), small_disk(tmp_path / "disk", "400m") as folder, KafkaBroker(folder) as broker:
        yield broker, folder


@pytest.mark.chaos
@pytest.mark.timeout(400)
async def test_windows_are_exact_after_the_broker_ran_out_of_disk(
    cramped: tuple[KafkaBroker, Path], tmp_path: Path, story: Story
) -> None:
    kafka, folder = cramped
    scene = Scene(kafka, "", tmp_path, story, length_ms=10_000, every_ms=5_000, grace="15s", lateness="15s")
    scene.create_topic(**{"segment.bytes": "1048576"})
    with Service(tmp_path / "service", scene.config()) as service:
        await eventually(service.ready, seconds=30)
        filler = folder / "filler"
        for burst in range(60):
            if burst == 16:
                fill(folder)
                story.did("broker's disk filled")
            if burst == 32:
                filler.unlink()
                await asyncio.to_thread(kafka.kill)
                await asyncio.to_thread(kafka.start)
                story.did("broker started with space again")
            with contextlib.suppress(KafkaError, OSError):
                records = spread(some_events(story, 2_000, moment()), scene.partitions)
                await produce(kafka.bootstrap, scene.topic, records, timeout_ms=2_000)
            await asyncio.sleep(0.3)
        assert service.runs()
        await eventually(service.ready, seconds=90, what="ready again")
        ledger = await scene.exact(seconds=120)
    assert ledger.events > 20_000
