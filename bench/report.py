"""The figures beside their aims, as a table and as JSON."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from bench.peers.speed import Turn
from bench.section import Figure
from bench.topic import Filled

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"


def peer_figures(turns: Sequence[Turn]) -> list[Figure]:
    """Detection beside the peers: medians over the turns, and of ratios the median of each turn's own."""
    if not turns:
        return []
    to_nannyml = median(turn.nannyml_ms / turn.driftline_ms for turn in turns)
    to_evidently = median(turn.evidently_ms / turn.driftline_ms for turn in turns)
    own, whole = (median(getattr(turn, name) for turn in turns) for name in ("driftline_ms", "evaluation_ms"))
    return [
        Figure("totals, PSI and KS of 30 × 5,000 values, CPU", f"{own:.1f} ms"),
        Figure("the same with the whole evaluation, CPU", f"{whole:.1f} ms"),
        Figure("against Evidently (CPU)", f"{to_evidently:,.0f} ×", "≥ 100 ×", to_evidently >= 100),
        Figure("against NannyML (CPU)", f"{to_nannyml:.1f} ×", "≥ 5 ×", to_nannyml >= 5),
    ]


def table(lines: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    return rows([("figure", "measured", "aim", ""), *((f.name, f.value, f.aim, word(f)) for f in lines)])


def rows(cells: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first row is its head."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    text = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    text.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(text)


def word(line: Figure) -> str:
    """Whether the aim was met, and why not where that is known."""
    if line.met is None:
        return ""
    return "met" if line.met else f"**missed**: {line.why}" if line.why else "**missed**"


def save(
    filled: Filled,
    lines: Sequence[Figure],
    measured: Mapping[str, Any],
    load: Sequence[float],
    sections: Sequence[str],
    *,
    quick: bool,
) -> Path:
    """Write everything measured to ``bench/results/``, named by time and commit."""
    commit = str(state()["commit"])
    now = datetime.now(UTC)
    document: dict[str, Any] = {
        "at": now.isoformat(timespec="seconds"), **state(),
        "machine": machine() | {"load_before": load[0], "load_after": os.getloadavg()[0]},
        "sections": sections, "quick": quick,
        "figures": [asdict(line) for line in lines], "topic": asdict(filled), **measured,
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}-{commit}.json"
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    return path


def state() -> dict[str, object]:
    """What was measured: the commit, and whether files of the service differ from it."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "service", "detectors")
    return {"commit": _git("rev-parse", "--short=12", "HEAD"), "uncommitted_changes": bool(changed)}


def machine() -> dict[str, object]:
    """Processor, cores, memory, kernel and Python."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": names[0] if names else platform.machine(), "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1), "kernel": platform.release(),
        "python": platform.python_version(),
    }  # fmt: skip


def _git(*words: str) -> str:
    return subprocess.run(  # noqa: S603  # fixed words
        ["git", *words],  # noqa: S607  # whichever git the user has
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
