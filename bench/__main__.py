"""Everything that the benchmark measures, on a real broker.

``python -m bench [--quick] [--only SECTION ...]``; the sections are listed in :data:`SECTIONS`. Results go to
``bench/results/``; docs/benchmarks.md tells how to read them.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from bench.latency import delays
from bench.memory import memory
from bench.peers.peer import missing
from bench.peers.speed import turns
from bench.recovery import recovery
from bench.report import peer_figures, save, table
from bench.running import build_reference
from bench.scaling import models, slices
from bench.section import Figure, Outcome, Section, Stage, say
from bench.sharing import workers
from bench.throughput import throughput
from bench.topic import fill
from bench.worker import WINDOW
from bench.workload import LATENESS, model_config
from tests.parts.kafka import KafkaBroker

PANES, PARTITIONS, ROUNDS, REFERENCE = 30, 8, 3, 50_000
PANES_QUICK, PARTITIONS_QUICK, ROUNDS_QUICK, REFERENCE_QUICK = 3, 4, 1, 20_000


async def peers(stage: Stage) -> Outcome:
    """Detection beside Evidently and NannyML."""
    reason = missing()
    if reason:
        say(f"Detection beside the peers is skipped: {reason}.")
        return Outcome([])
    beside = await asyncio.to_thread(lambda: list(turns(stage.rounds)))
    return Outcome(peer_figures(beside), {"beside_peers": [asdict(turn) for turn in beside]})


SECTIONS: dict[str, Section] = {
    "throughput": throughput, "workers": workers, "models": models, "slices": slices, "memory": memory,
    "delays": delays, "recovery": recovery, "peers": peers,
}  # fmt: skip


@click.command()
@click.option("--quick", is_flag=True, help="One short round: says whether it runs, not how fast.")
@click.option("--only", multiple=True, type=click.Choice(list(SECTIONS)), help="A section; may be repeated.")
@click.option("--save/--no-save", "keep", default=True, help="Whether a file in bench/results is written.")
def main(*, quick: bool, only: tuple[str, ...], keep: bool) -> None:
    """Measure the service on this machine."""
    load = os.getloadavg()
    if load[0] > 1.0:
        say(f"Note: the load is {load[0]:.1f}; other work on this machine makes every figure worse.")
    if quick:
        say("Note: a quick run is mostly start-up; hold only figures of a whole run against their aims.")
    asyncio.run(_measure(only or tuple(SECTIONS), quick=quick, keep=keep, load=load))


async def _measure(
    chosen: tuple[str, ...], *, quick: bool, keep: bool, load: tuple[float, float, float]
) -> None:
    lines: list[Figure] = []
    measured: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="driftline-bench-") as name:
        folder = Path(name)
        rows = REFERENCE_QUICK if quick else REFERENCE
        profile = build_reference(folder, model_config([WINDOW], LATENESS), rows)
        broker = await asyncio.to_thread(KafkaBroker(folder).__enter__)
        try:
            panes, partitions = (PANES_QUICK, PARTITIONS_QUICK) if quick else (PANES, PARTITIONS)
            filled = await fill(broker, panes, partitions)
            say(
                f"topic filled: {filled.events:,} events, {filled.size / 1e6:.0f} MB, {partitions} partitions"
            )
            stage = Stage(folder, broker, profile, filled, ROUNDS_QUICK if quick else ROUNDS, quick)
            for section in chosen:
                outcome = await _outcome(section, stage)
                lines += [replace(figure, section=section) for figure in outcome.figures]
                measured |= outcome.measured
        finally:
            broker.__exit__(None, None, None)
    print(table(lines))
    if keep:
        say(f"written: {save(filled, lines, measured, load, chosen, quick=quick)}")
    if "failed" in measured:
        raise SystemExit(1)


async def _outcome(section: str, stage: Stage) -> Outcome:
    """What a section gives; one that fails does not take the others with it."""
    began_s = time.monotonic()
    try:
        outcome = await SECTIONS[section](stage)
    except (AssertionError, OSError, RuntimeError) as error:
        say(f"{section} failed: {error!r}")
        return Outcome([Figure(section, "failed", met=False)], {"failed": section})
    say(f"{section}: {time.monotonic() - began_s:.0f} s")
    return outcome


if __name__ == "__main__":
    main()
