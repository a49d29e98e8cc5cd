"""Builds the parts that are written in C where there is a C compiler, and does without elsewhere.

They make decoding and counting cheaper and change nothing, so that a machine without compiler gets the same
service at a higher cost. They use Python's stable interface: one build serves every later Python.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

EXTENSIONS = {
    Path("service/events/_scanner.abi3.so"): Path("service/events/scan/scanner.c"),
    Path("detectors/totals/_measure.abi3.so"): Path("detectors/totals/measure.c"),
    Path("service/kafka/_batches.abi3.so"): Path("service/kafka/batches/index.c"),
    Path("detectors/totals/_tally.abi3.so"): Path("detectors/totals/tally.c"),
    Path("detectors/totals/_growing.abi3.so"): Path("detectors/totals/growing.c"),
    Path("detectors/totals/_compact.abi3.so"): Path("detectors/totals/compact.c"),
    Path("service/evaluation/_joiner.abi3.so"): Path("service/evaluation/text/joiner.c"),
}
"""Sources by what is made of them, within the source tree."""


class CompiledParts(BuildHookInterface):  # type: ignore[type-arg]  # of any builder's configuration
    """What hatchling runs before it makes a wheel, an editable one too."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # the interface's
        """Build the parts and put them into the wheel, or say why they are not there."""
        error = compile_parts(Path(self.root))
        if error:
            self.app.display_warning(f"built without the parts in C, events cost more: {error}")
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["artifacts"] += [f"/{target.as_posix()}" for target in EXTENSIONS]
        build_data["pure_python"] = False
        build_data["tag"] = f"cp311-abi3-{platform}"


def compile_parts(root: Path) -> str:
    """Compile into the source tree, all or nothing; what went wrong, empty if nothing did."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    error = "" if compiler else "no C compiler on the PATH"
    words = [str(compiler), "-O3", "-std=c11", "-fPIC", "-shared", "-DPy_LIMITED_API=0x030b0000"]
    words += ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
    words += [f"-I{sysconfig.get_paths()['include']}"]
    for target, source in EXTENSIONS.items():
        if not error:
            error = _compiled(words, root / source, root / target)
    if error:
        for target in EXTENSIONS:
            (root / target).unlink(missing_ok=True)
    return error


def _compiled(words: list[str], source: Path, target: Path) -> str:
    fresh = target.with_suffix(".new")
    whole = [*words, "-o", str(fresh), str(source)]
    done = subprocess.run(whole, capture_output=True, text=True, check=False)  # noqa: S603  # our own words
    if done.returncode:
        return f"{words[0]} failed: {done.stderr.strip()[-300:]}"
    fresh.replace(target)  # a running worker keeps the one that it has loaded
    return ""
