"""What a control group grants is what a process gets."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from bench.cgroup import Limited
from bench.cost import cpu_s_of

CORES, SECONDS = 0.2, 1.5


def test_a_process_that_wants_a_whole_core_gets_what_its_group_is_granted() -> None:
    try:
        with Limited("test", CORES) as limit:
            process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            try:
                limit.add(process.pid)
                time.sleep(SECONDS)
                used_s, (ran, held_back) = cpu_s_of(process.pid), limit.periods()
            finally:
                process.kill()
                process.wait()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    assert used_s < 2 * CORES * SECONDS
    assert held_back > ran / 2
