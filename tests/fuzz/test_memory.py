"""The parts in C under hostile input, compiled so that any fault in their use of memory ends the process."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from hatch_build import EXTENSIONS
from tests.chaos.story import Story

ROOT = Path(__file__).resolve().parents[2]
RUNTIMES = ("libasan.so", "libubsan.so")


def runtimes() -> list[str]:
    """The sanitizers' libraries; skips where the compiler has none."""
    if not sys.platform.startswith("linux"):
        pytest.skip("sanitizers are preloaded as Linux does it")
    try:
        found = [
            subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
            for name in RUNTIMES
        ]
    except FileNotFoundError:
        pytest.skip("no gcc")
    paths = [done.stdout.strip() for done in found]
    if not all(Path(path).is_absolute() for path in paths):
        pytest.skip("gcc has no sanitizers")
    return paths


def sanitized(folder: Path) -> list[str]:
    """Each part, as `module=path`."""
    parts = []
    for target, source in EXTENSIONS.items():
        module = ".".join(target.with_name(target.name.split(".")[0]).parts)
        built = folder / f"{module}.so"
        words = ["gcc", "-g", "-O1", "-std=c11", "-fPIC", "-shared", "-DPy_LIMITED_API=0x030b0000"]
        words += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        words += [f"-I{sysconfig.get_paths()['include']}", "-o", str(built), str(ROOT / source)]
        subprocess.run(words, check=True, capture_output=True)
        parts.append(f"{module}={built}")
    return parts


def attack(story: Story, folder: Path, count: int) -> None:
    preloaded = " ".join(runtimes())
    command = [sys.executable, "-m", "tests.fuzz.sanitized", str(story.seed), str(count), *sanitized(folder)]
    # Python's own allocator would hide bytes read beyond a value in its pools.
    more = {"LD_PRELOAD": preloaded, "PYTHONMALLOC": "malloc", "ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | more, capture_output=True, text=True, timeout=500, check=False
    )
    story.tell(f"{count:,} hostile records: {done.stdout.strip()}")
    assert done.returncode == 0, done.stderr[-3_000:]
    assert "no fault" in done.stdout


@pytest.mark.slow
def test_the_parts_in_c_read_and_write_only_what_is_theirs(story: Story, tmp_path: Path) -> None:
    attack(story, tmp_path, 3_000)


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_the_parts_in_c_stand_a_hundred_thousand_hostile_records(story: Story, tmp_path: Path) -> None:
    attack(story, tmp_path, 100_000)


@pytest.mark.slow
def test_the_sanitizers_see_a_byte_read_beyond_its_memory(tmp_path: Path) -> None:
    program = tmp_path / "beyond.c"
    program.write_text(
        "#include <stdlib.h>\nint main(int n, char **v) { char *p = malloc(8); return p[7 + n]; }\n"
    )
    built = tmp_path / "beyond"
    runtimes()
    subprocess.run(["gcc", "-fsanitize=address", "-o", built, program], check=True)
    done = subprocess.run([built], capture_output=True, text=True, check=False)
    assert "heap-buffer-overflow" in done.stderr
