"""The parts in C are built where there is a compiler, and nothing breaks where there is none."""

import shutil
from pathlib import Path

import pytest

from detectors.totals import accumulate, compact, growing
from hatch_build import EXTENSIONS, compile_parts
from service.events import scanning
from service.kafka import frames, response

ROOT = Path(__file__).resolve().parents[1]

needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None, reason="there is no C compiler on this machine"
)


def copy_sources(folder: Path) -> None:
    for source in EXTENSIONS.values():
        skipped = shutil.ignore_patterns("*.so")
        shutil.copytree((ROOT / source).parent, (folder / source).parent, ignore=skipped, dirs_exist_ok=True)


@needs_compiler
def test_they_are_here_where_there_is_a_compiler() -> None:
    assert scanning.BUILT
    assert accumulate.BUILT
    assert growing.BUILT
    assert compact.BUILT
    assert response.BUILT
    assert frames.blank is not frames.to_be_copied


@needs_compiler
def test_they_are_built_from_their_sources(tmp_path: Path) -> None:
    copy_sources(tmp_path)
    assert compile_parts(tmp_path) == ""
    assert all((tmp_path / target).is_file() for target in EXTENSIONS)


@needs_compiler
def test_one_that_cannot_be_built_is_named_and_none_is_left(tmp_path: Path) -> None:
    copy_sources(tmp_path)
    assert compile_parts(tmp_path) == ""
    last = list(EXTENSIONS.values())[-1]
    (tmp_path / last).write_text("int main(", encoding="utf-8")

    assert last.name in compile_parts(tmp_path)
    assert not any((tmp_path / target).exists() for target in EXTENSIONS)


def test_without_a_compiler_the_build_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert compile_parts(tmp_path) == "no C compiler on the PATH"
