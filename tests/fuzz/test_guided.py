"""Fuzzing guided by coverage, a bounded number of runs from a seed that is told."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.story import Story
from tests.fuzz.hostile import chaff, dumped, hostile
from tests.fuzz.models import sample_controls, sample_partials, small_profile

ROOT = Path(__file__).resolve().parents[2]
RUNS = {"events": 30_000, "partials": 100_000, "control": 100_000, "profile": 20_000}
SECONDS = 25

needs_atheris = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this platform"
)


def examples(target: str, story: Story) -> list[bytes]:
    """What the mutations begin with."""
    if target == "events":
        return [
            dumped(chaff()),
            *(one.value for one in hostile(story.random, 100) if one.value and len(one.value) < 2_000),
        ]
    if target == "profile":
        return [small_profile().to_json()]
    return sample_partials() if target == "partials" else sample_controls()


def fuzz(target: str, story: Story, folder: Path, runs: int) -> None:
    corpus = folder / "corpus"
    corpus.mkdir()
    for i, example in enumerate(examples(target, story)):
        (corpus / str(i)).write_bytes(example)
    command = [sys.executable, "-m", "tests.fuzz.guided", target, f"-runs={runs}", f"-seed={story.seed}"]
    command += [f"-max_total_time={SECONDS}", "-max_len=20000", f"-artifact_prefix={folder}/", str(corpus)]
    # The most memory that a process ever had passes on to its children: libFuzzer may not judge by that.
    command += ["-rss_limit_mb=0", "-malloc_limit_mb=1000"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=250, check=False
    )
    last = re.findall(r"Done (\d+) runs in (\d+)", done.stderr) or [("no", "0")]
    story.tell(f"{target}: {last[0][0]} runs in {last[0][1]} s")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4_000:]
    assert int(last[0][0]) > 100


@needs_atheris
@pytest.mark.chaos
@pytest.mark.timeout(300)
@pytest.mark.parametrize("target", RUNS)
def test_guided_runs_find_nothing(target: str, story: Story, tmp_path: Path) -> None:
    fuzz(target, story, tmp_path, RUNS[target])
