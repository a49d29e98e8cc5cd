"""Everything that the benchmark measures, on a real broker, in one interleaved run.

``python -m bench [--quick]``: parse floor, worker and naive agent take turns; then the delay of alerts
under live traffic; then detection beside Evidently and NannyML. Results go to ``bench/results/``;
docs/benchmarks.md tells how to read them.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from bench.cost import cost_of
from bench.latency import alert_delays
from bench.peers.peer import missing
from bench.peers.speed import Turn, turns
from bench.report import Round, figures, peer_figures, save, table
from bench.running import build_reference
from bench.topic import Filled, fill
from bench.worker import WINDOW, run_worker
from bench.workload import LATENESS, model_config
from tests.parts.kafka import KafkaBroker


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    panes: int
    partitions: int
    rounds: int
    naive_events: int
    drifting: int
    reference: int


FULL = Size(panes=30, partitions=8, rounds=3, naive_events=8_000, drifting=12, reference=50_000)
QUICK = Size(panes=3, partitions=4, rounds=1, naive_events=3_000, drifting=3, reference=20_000)
SECONDS_MAX = 300.0


@click.command()
@click.option("--quick", is_flag=True, help="One short round: says whether it runs, not how fast.")
@click.option("--save/--no-save", "keep", default=True, help="Whether a file in bench/results is written.")
def main(*, quick: bool, keep: bool) -> None:
    """Measure the service on this machine."""
    load = os.getloadavg()
    if load[0] > 1.0:
        _say(f"Note: the load is {load[0]:.1f}; other work on this machine makes every figure worse.")
    if quick:
        _say("Note: a quick run is mostly start-up; hold only figures of a whole run against their aims.")
    asyncio.run(_measure(QUICK if quick else FULL, keep=keep, load=load))


async def _measure(size: Size, *, keep: bool, load: tuple[float, float, float]) -> None:
    with tempfile.TemporaryDirectory(prefix="driftline-bench-") as name:
        folder = Path(name)
        profile = build_reference(folder, model_config([WINDOW], LATENESS), size.reference)
        broker = await asyncio.to_thread(KafkaBroker(folder).__enter__)
        try:
            filled = await fill(broker, size.panes, size.partitions)
            _say(
                f"topic filled: {filled.events:,} events, {filled.size / 1e6:.0f} MB, "
                f"{size.partitions} partitions"
            )
            rounds = [
                await _round(folder, broker.bootstrap, profile, filled, number, size)
                for number in range(size.rounds)
            ]
            _say(f"live traffic: {size.drifting} features drift, one after another")
            delays_s = await alert_delays(folder, broker, profile, size.drifting)
        finally:
            broker.__exit__(None, None, None)
    beside = _beside_peers(size.rounds)
    lines = [*figures(filled, rounds, delays_s), *peer_figures(beside)]
    print(table(lines))
    if keep:
        _say(f"written: {save(filled, rounds, delays_s, lines, beside, load)}")


def _beside_peers(rounds: int) -> list[Turn]:
    reason = missing()
    if reason:
        _say(f"Detection beside the peers is skipped: {reason}.")
        return []
    _say("detection beside Evidently and NannyML")
    return list(turns(rounds))


async def _round(
    folder: Path, bootstrap: str, profile: Path, filled: Filled, number: int, size: Size
) -> Round:
    floor = await cost_of("bench.floor", [bootstrap, str(filled.events)], SECONDS_MAX)
    worker = await run_worker(folder, bootstrap, f"worker-{number}", profile, filled)
    naive = await cost_of("bench.naive", [bootstrap, str(profile), str(size.naive_events)], SECONDS_MAX)
    _say(
        f"round {number + 1}, CPU/event: floor {floor.cpu_us:.2f} µs, worker {worker.whole.cpu_us:.2f} µs "
        f"({floor.cpu_us / worker.whole.cpu_us:.2f} of the floor), naive {naive.cpu_us:.0f} µs "
        f"({naive.cpu_us / worker.whole.cpu_us:.1f} ×)"
    )
    return Round(floor, worker, naive)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
