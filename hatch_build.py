"""Builds the event scanner, service/events/scan, where there is a C compiler, and does without elsewhere.

The scanner makes decoding cheaper and changes nothing, so that a machine without compiler gets the same
service at a higher cost. It uses Python's stable interface: one build serves every later Python.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("service/events/scan/scanner.c")
TARGET = Path("service/events/_scanner.abi3.so")


class ScannerBuild(BuildHookInterface):  # type: ignore[type-arg]  # of any builder's configuration
    """What hatchling runs before it makes a wheel, an editable one too."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # the interface's
        """Build the scanner and put it into the wheel, or say why it is not there."""
        error = compile_scanner(Path(self.root))
        if error:
            self.app.display_warning(f"built without the event scanner, decoding costs more: {error}")
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["artifacts"].append(f"/{TARGET}")
        build_data["pure_python"] = False
        build_data["tag"] = f"cp311-abi3-{platform}"


def compile_scanner(root: Path) -> str:
    """Compile into the source tree; what went wrong, empty if nothing did."""
    target = root / TARGET
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        target.unlink(missing_ok=True)
        return "no C compiler on the PATH"
    fresh = target.with_suffix(".new")
    words = [compiler, "-O3", "-std=c11", "-fPIC", "-shared", "-DPy_LIMITED_API=0x030b0000"]
    words += ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
    words += [f"-I{sysconfig.get_paths()['include']}", "-o", str(fresh), str(root / SOURCE)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  # our own words
    if done.returncode:
        target.unlink(missing_ok=True)
        return f"{compiler} failed: {done.stderr.strip()[-300:]}"
    fresh.replace(target)  # a running worker keeps the one that it has loaded
    return ""
