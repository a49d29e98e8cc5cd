"""Section ``workers``: two workers beside one on a busy topic, and whether twice the cores do twice the work.

On a machine where workers and broker want more cores than there are, two workers tell of the machine. So each
is granted part of a core, as a limit of CPU in Kubernetes does it: two of them together with the broker want
less than two cores. Without a limit they are measured as well.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from bench.backlog import TOPIC, backlog
from bench.cgroup import Limited
from bench.cost import cpu_s_of
from bench.running import Service
from bench.section import Figure, Outcome, Stage, say
from bench.worker import worker_config

CORES = 0.3
"""What each worker is granted."""
STRETCH_S = 15.0
NEARLY_ALL = 0.8
"""Share of the events at which the stretch ends at the latest: later not every worker has work left."""
HELD_BACK, IDLE = 0.5, 0.05
"""Least shares for which two limited workers tell of the service and not of the machine."""
SECONDS_MAX = 120.0
POLL_S = 0.2
AIM = 1.8
EVENTS = "driftline_events_total"


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast workers counted together.

    Attributes
    ----------
    rate
        Events a second of wall time.
    held_back
        Share of periods in which the limit held a worker back, of the worker that was held back least.
    idle
        Share of the machine's time that nobody used.
    cpu_us
        CPU time of all workers for an event.
    """

    workers: int
    rate: float
    held_back: float
    idle: float
    cpu_us: float


async def workers(stage: Stage) -> Outcome:
    """Events a second of one worker and of two, with a limit for each and without."""
    limited, free = [], []
    reason = _cannot()
    for number in range(stage.rounds):
        if not reason:
            limited.append([await _pace(stage, size, f"{size}-{number}", CORES) for size in (1, 2)])
        free.append([await _pace(stage, size, f"{size}-{number}", 0.0) for size in (1, 2)])
    figures = []
    if reason:
        say(f"Workers cannot be limited here: {reason}.")
    else:
        figures += _figures(limited, f"{CORES} of a core each")
        ratio = _ratio(limited)
        figures.append(Figure(
            "two workers against one, each with CPU of its own", f"{ratio:.2f} ×", f"≥ {AIM} ×", ratio >= AIM,
            _why(limited),
        ))  # fmt: skip
        held, idle = _least(limited)
        figures.append(
            Figure("their limits held them back in, of periods; machine idle", f"{held:.0%}; {idle:.0%}")
        )
    figures += _figures(free, "no limit")
    figures.append(
        Figure(f"two workers against one, on {os.cpu_count()} cores with the broker", f"{_ratio(free):.2f} ×")
    )
    told = {"limited": [[asdict(pace) for pace in turn] for turn in limited],
            "free": [[asdict(pace) for pace in turn] for turn in free]}  # fmt: skip
    return Outcome(figures, {"workers": told})


def _figures(turns: list[list[Pace]], how: str) -> list[Figure]:
    one, two = (f"{median(turn[i].rate for turn in turns):,.0f}" for i in (0, 1))
    return [Figure(f"one worker, {how}, events/s", one), Figure(f"two workers, {how}, events/s", two)]


def _least(turns: list[list[Pace]]) -> tuple[float, float]:
    """The least shares of any measurement: of periods held back, of the machine idle."""
    paces = [pace for turn in turns for pace in turn]
    return min(pace.held_back for pace in paces), min(pace.idle for pace in paces)


def _why(turns: list[list[Pace]]) -> str:
    held_back, idle = _least(turns)
    if held_back < HELD_BACK or idle < IDLE:
        return "other work wanted the cores: the limits did not hold the workers back"
    return "the worker that evaluates the model has less left for counting"


def _ratio(turns: list[list[Pace]]) -> float:
    return median(two.rate / one.rate for one, two in turns)


def _cannot() -> str:
    """Why processes cannot be limited; nothing if they can."""
    try:
        with Limited("trial", CORES):
            return ""
    except OSError as error:
        return str(error)


async def _pace(stage: Stage, size: int, name: str, cores: float) -> Pace:
    """So many workers on the backlog, from when all of them count on; no limit where ``cores`` is 0."""
    filled = await backlog(stage)
    group = f"share-{name}-{'limited' if cores else 'free'}"
    config = worker_config(stage.broker.bootstrap, group, stage.profile, TOPIC)
    async with AsyncExitStack() as running:
        limits = [running.enter_context(Limited(f"{group}-{i}", cores)) for i in range(size if cores else 0)]
        services = []
        for i in range(size):
            services.append(await running.enter_async_context(Service(stage.folder, config, f"{group}-{i}")))
            if cores:
                limits[i].add(services[i].pid)
        pace = await _measured(services, limits, NEARLY_ALL * filled.events)
    say(
        f"{size} workers, {f'{cores} of a core each' if cores else 'no limit'}: {pace.rate:,.0f} events/s, "
        f"{pace.cpu_us:.2f} µs an event, held back in {pace.held_back:.0%} of periods, "
        f"{pace.idle:.0%} of the machine idle"
    )
    return pace


async def _measured(services: Sequence[Service], limits: Sequence[Limited], most: float) -> Pace:
    await _until_all_count(services)
    periods = [limit.periods() for limit in limits]
    cpu_s, idle_s, began_s = _cpu_s(services), _idle_s(), time.perf_counter()
    now = counted = await _counted(services)
    while time.perf_counter() < began_s + STRETCH_S and now < most:
        await asyncio.sleep(POLL_S)
        now = await _counted(services)
    wall_s, events = time.perf_counter() - began_s, now - counted
    later = [limit.periods() for limit in limits]
    ran = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(periods, later, strict=True)]
    return Pace(
        workers=len(services), rate=events / wall_s,
        held_back=min((held / max(1, count) for count, held in ran), default=0.0),
        idle=(_idle_s() - idle_s) / wall_s / (os.cpu_count() or 1),
        cpu_us=1e6 * (_cpu_s(services) - cpu_s) / events,
    )  # fmt: skip


async def _until_all_count(services: Sequence[Service]) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not all([(await service.series()).get(EVENTS, 0.0) for service in services]):
        assert time.monotonic() < deadline, f"not every worker counted within {SECONDS_MAX:.0f} s"
        await asyncio.sleep(POLL_S)


async def _counted(services: Sequence[Service]) -> float:
    return sum([(await service.series()).get(EVENTS, 0.0) for service in services])


def _cpu_s(services: Sequence[Service]) -> float:
    return sum(cpu_s_of(service.pid) for service in services)


def _idle_s() -> float:
    """Seconds in which a core had nothing to do, of all cores together, since the machine started."""
    first = Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()
    return int(first[4]) / os.sysconf("SC_CLK_TCK")
