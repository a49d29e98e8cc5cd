"""Section ``throughput``: parse floor, worker and naive agent take turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from bench.cost import Cost, cost_of
from bench.section import MIB, Figure, Outcome, Stage, say
from bench.topic import Filled
from bench.worker import WorkerRun, run_apart, run_worker

SECONDS_MAX = 300.0
NAIVE_EVENTS, NAIVE_EVENTS_QUICK = 8_000, 3_000


@dataclass(frozen=True, slots=True)
class Round:
    """One turn of the interleaved run."""

    floor: Cost
    worker: WorkerRun
    counting: Cost
    judging: Cost
    naive: Cost


async def throughput(stage: Stage) -> Outcome:
    """CPU per event of each, and the ratios."""
    rounds = [await _round(stage, number) for number in range(stage.rounds)]
    return Outcome(_figures(stage.filled, rounds), {"rounds": [asdict(turn) for turn in rounds]})


async def _round(stage: Stage, number: int) -> Round:
    bootstrap, filled = stage.broker.bootstrap, stage.filled
    floor = await cost_of("bench.floor", [bootstrap, str(filled.events)], SECONDS_MAX)
    worker = await run_worker(stage.folder, bootstrap, f"worker-{number}", stage.profile, filled)
    counting, judging = await run_apart(stage.folder, bootstrap, f"apart-{number}", stage.profile, filled)
    count = NAIVE_EVENTS_QUICK if stage.quick else NAIVE_EVENTS
    naive = await cost_of("bench.naive", [bootstrap, str(stage.profile), str(count)], SECONDS_MAX)
    say(
        f"round {number + 1}, CPU/event: floor {floor.cpu_us:.2f} µs, worker {worker.whole.cpu_us:.2f} µs "
        f"({floor.cpu_us / worker.whole.cpu_us:.2f} of the floor), stages in processes of their own "
        f"{counting.cpu_us:.2f} and {judging.cpu_us:.2f} µs, naive {naive.cpu_us:.0f} µs "
        f"({naive.cpu_us / worker.whole.cpu_us:.1f} ×)"
    )
    return Round(floor, worker, counting, judging, naive)


def _figures(filled: Filled, rounds: Sequence[Round]) -> list[Figure]:
    """Medians over the rounds, and of ratios the median of each round's own."""

    def middle(pick: Callable[[Round], float]) -> float:
        return median(map(pick, rounds))

    to_floor = middle(lambda r: r.floor.cpu_us / r.worker.whole.cpu_us)
    to_naive = middle(lambda r: r.naive.cpu_us / r.worker.whole.cpu_us)
    wall = middle(lambda r: r.worker.whole.rate / r.naive.rate)
    bytes_ratio = middle(lambda r: r.worker.partial_ratio)
    peak = max(r.worker.whole.peak_bytes for r in rounds) / MIB
    return [
        Figure("bytes of an event", f"{filled.size / filled.events:.0f}"),
        Figure("parse floor, CPU per event", f"{middle(lambda r: r.floor.cpu_us):.2f} µs"),
        Figure("parse floor, events/s", f"{middle(lambda r: r.floor.rate):,.0f}"),
        Figure("worker end to end, CPU per event", f"{middle(lambda r: r.worker.whole.cpu_us):.2f} µs"),
        Figure("worker end to end, events/s", f"{middle(lambda r: r.worker.whole.rate):,.0f}"),
        Figure(
            "worker: share of the floor (CPU)",
            f"{to_floor:.2f}",
            "≥ 0.75",
            to_floor >= 0.75,
            "stages 1 and 2 cost more than parsing: see the two lines below",
        ),
        Figure(
            "stage 1 in a worker of its own, CPU per event", f"{middle(lambda r: r.counting.cpu_us):.2f} µs"
        ),
        Figure(
            "stage 2 in a worker of its own, CPU per event", f"{middle(lambda r: r.judging.cpu_us):.2f} µs"
        ),
        Figure("naive agent, CPU per event", f"{middle(lambda r: r.naive.cpu_us):.0f} µs"),
        Figure("naive agent, events/s", f"{middle(lambda r: r.naive.rate):,.0f}"),
        Figure("worker against naive agent (CPU)", f"{to_naive:.1f} ×", "≥ 25 ×", to_naive >= 25),
        Figure("worker against naive agent (events/s)", f"{wall:.1f} ×"),
        Figure("worker, peak memory", f"{peak:.0f} MiB"),
        Figure("bytes of partials over bytes of events", f"{bytes_ratio:.3f}", "< 1", bytes_ratio < 1),
        Figure("mean flush", f"{middle(lambda r: r.worker.flush_ms):.0f} ms"),
    ]
