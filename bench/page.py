"""What the documents say of a run: ``python -m bench.page [RESULTS.json]``.

A document holds text between ``<!-- bench: NAME -->`` and ``<!-- end -->``. Without an argument it is written
anew from the run that docs/benchmarks.md names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from bench.report import RESULTS, ROOT, rows, word
from bench.section import Figure

PAGES = (ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "capacity.md")
PLACE = re.compile(r"(<!-- bench: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
RUN = re.compile(r"bench/results/([0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}\.json)")
PLANNED_PER_S = 1_000_000
FREE_SHARE = 0.4
"""Of each worker's core, kept for rebalances and for catching up."""


def run(name: str) -> dict[str, Any]:
    """What a run wrote."""
    found: dict[str, Any] = orjson.loads((RESULTS / name).read_bytes())
    return found | {"name": name}


def published() -> dict[str, Any]:
    """The run that the page names."""
    named = RUN.search(PAGES[0].read_text(encoding="utf-8"))
    assert named, f"{PAGES[0].name} names no run"
    return run(named[1])


def filled(text: str, found: Mapping[str, Any]) -> str:
    """A page with what this run says."""
    return PLACE.sub(lambda place: f"{place[1]}{TEXTS[place[2]](found)}\n{place[3]}", text)


def _run(found: Mapping[str, Any]) -> str:
    machine, at = found["machine"], datetime.fromisoformat(found["at"])
    changed = ", with changes that are not committed" if found["uncommitted_changes"] else ""
    return (
        f"Measured on {at:%d %B %Y} at commit {found['commit']}{changed}: {machine['cores']} cores of "
        f"{machine['processor']}, {machine['memory_gib']:.0f} GiB,\nLinux {machine['kernel']}, Python "
        f"{machine['python']}; load before {machine['load_before']:.1f}, with everything measured and every "
        f"round in\n[{found['name']}](../bench/results/{found['name']})."
    )


def _figures(found: Mapping[str, Any]) -> str:
    """Everything measured, beside its aim, under its section."""
    told, last = [("section", "figure", "measured", "aim", "")], ""
    for line in (Figure(**entry) for entry in found["figures"]):
        section = f"`{line.section}`" if line.section != last else ""
        last = line.section
        told.append((section, line.name, line.value, line.aim, word(line)))
    return rows(told)


class Costs:
    """The unit costs of a run.

    Attributes
    ----------
    busy_us
        CPU of one event in all stages, where panes hold hundreds of thousands.
    count_us, judge_us
        CPU of one event in each stage, where panes hold 5,000 of each partition.
    windows_ms, statement_kb
        CPU of evaluating a window and size of a pane's statement, by slices.
    """

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.busy_us = median(turn[0]["cpu_us"] for turn in found["workers"]["free"])
        rounds = found["rounds"]
        self.count_us, self.judge_us = (
            median(1e6 * turn[stage]["cpu_s"] / turn[stage]["events"] for turn in rounds)
            for stage in ("counting", "judging")
        )
        self.slices = sorted({case["stores"] for case in found["slices"]})
        self.windows_ms = {n: self._middle(found, n, lambda case: case["window_ms"]) for n in self.slices}
        self.statement_kb = {
            n: self._middle(found, n, lambda case: case["bytes_out"] / case["windows"] / 1e3)
            for n in self.slices
        }
        self.peak_mib = max(turn["worker"]["whole"]["peak_bytes"] for turn in rounds) / 2**20

    @staticmethod
    def _middle(found: Mapping[str, Any], stores: int, pick: Callable[[Any], float]) -> float:
        return float(median(pick(case) for case in found["slices"] if case["stores"] == stores))


def _costs(found: Mapping[str, Any]) -> str:
    costs = Costs(found)
    own = [n for n in costs.slices if n > 1]
    windows = ", ".join(f"{costs.windows_ms[n]:.0f}" for n in own)
    sizes = ", ".join(f"{costs.statement_kb[n]:.0f}" for n in own)
    counts = " and ".join(f"{n:,}" for n in own)
    return rows([
        ("what", "cost", "grows with"),
        ("an event in all stages, where a pane holds hundreds of thousands", f"{costs.busy_us:.1f} µs of CPU",
         "bytes and features of the event, dimensions of slices"),
        ("the same where a pane holds 5,000 of each partition: counted, evaluated",
         f"{costs.count_us:.1f} and {costs.judge_us:.1f} µs of CPU", "the second: slices over events a pane"),
        (f"evaluating a window of {counts} slices, its panes merged", f"{windows} ms of CPU",
         "slices × features; hardly with traffic"),
        (f"a statement: one pane of one partition, {counts} slices", f"{sizes} kB",
         "slices × cells that are not zero; hardly with traffic"),
        ("a worker of 117 slices that catches up, at most", f"{costs.peak_mib:.0f} MiB",
         "slices of open panes and windows"),
    ])  # fmt: skip


def _plan(found: Mapping[str, Any]) -> str:
    costs = Costs(found)
    cores = PLANNED_PER_S * costs.busy_us / 1e6
    workers = -(-cores // (1 - FREE_SHARE))
    return (
        f"One million events a second are {cores:.1f} busy cores. A worker is one core (`--workers N` runs "
        f"several on a machine). Leave it\n{FREE_SHARE:.0%} idle, for rebalances and catching up after an "
        f"outage: {workers:.0f} workers. One partition carries what one worker\nreads: "
        f"{1e6 / costs.busy_us:,.0f} events a second of a core of its own, "
        f"{found['topic']['size'] / found['topic']['events'] / costs.busy_us:,.0f} MB."
    )


TEXTS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "run": _run, "figures": _figures, "costs": _costs, "plan": _plan,
}  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    found = run(Path(arguments[0]).name) if arguments else published()
    for path in PAGES:
        path.write_text(filled(path.read_text(encoding="utf-8"), found), encoding="utf-8")
        print(f"written: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
