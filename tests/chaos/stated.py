"""What the service said, in the terms of the ledger: totals of panes, counts and distances of windows."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from detectors.layout import COUNTERS, Layout
from detectors.profile import Profile
from service.windows.codec import decode_rows
from service.windows.statement import Statement, decode_partial
from tests.chaos.ledger import Cell, Tallies, kolmogorov_smirnov
from tests.e2e.truth import end_ms

Results = dict[tuple[int, str, str, str], dict[str, Any]]
"""The last result by end of the window, slice, feature and metric."""


async def scan(bootstrap: str, topic: str, see: Callable[[bytes], None], partitions: int) -> int:
    """Show each value of a topic, as far as it now goes, to a function; how many there were."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        own = [TopicPartition(topic, partition) for partition in range(partitions)]
        consumer.assign(own)
        await consumer.seek_to_beginning()
        ends, seen = await consumer.end_offsets(own), 0
        while any([await consumer.position(tp) < ends[tp] for tp in own]):
            for batch in (await consumer.getmany(timeout_ms=500, max_records=5_000)).values():
                for record in batch:
                    if record.value is not None:
                        see(record.value)
                        seen += 1
            await asyncio.sleep(0)
        return seen
    finally:
        await consumer.stop()


class StatedPanes:
    """Totals of panes as the partials say them: of each source the statement that read furthest."""

    def __init__(self, model: str = "credit") -> None:
        self._model = model
        self._of: dict[tuple[str, str, int], dict[int, dict[int, Statement]]] = {}
        self.statements = 0

    def see(self, value: bytes) -> None:
        """Take a record of the partials in."""
        partial = decode_partial(value)
        if isinstance(partial, Statement) and partial.model == self._model:
            self.statements += 1
            key = (partial.source, partial.version, partial.pane_ms)
            self._of.setdefault(key, {}).setdefault(partial.hi, {})[partial.part] = partial

    def restated(self) -> int:
        """How many panes of a source were stated by more than one reading."""
        return sum(len(by_position) > 1 for by_position in self._of.values())

    def contradictions(self) -> list[tuple[str, str, int]]:
        """Panes of which two readings said different things."""
        return [
            key
            for key, by_position in self._of.items()
            if len({_content(parts) for parts in by_position.values()}) > 1
        ]

    def late(self) -> int:
        """Events that came too late for their pane, over all panes."""
        return sum(next(iter(parts.values())).late for parts in self._newest())

    def tallies(self, layout: Layout) -> Tallies:
        """Sums over sources, by pane and slice."""
        tallies: Tallies = defaultdict(Counter)
        for parts in self._newest():
            for part in parts.values():
                for name, row in zip(part.slices, decode_rows(part.rows), strict=True):
                    tallies[part.pane_ms, name].update(cells_of(layout, row))
        return tallies

    def _newest(self) -> list[dict[int, Statement]]:
        return [by_position[max(by_position)] for by_position in self._of.values()]


def _content(parts: dict[int, Statement]) -> tuple[Any, ...]:
    return tuple((p.slices, p.rows, p.late, p.clamped, p.cut) for _, p in sorted(parts.items()))


def cells_of(layout: Layout, row: Any) -> dict[Cell, int]:
    """The counts of one row that are not zero."""
    found: dict[Cell, int] = {
        ("", name): int(layout.counter(row, name)) for name in COUNTERS if layout.counter(row, name)
    }
    for i, field in enumerate(layout.fields):
        values = layout.values(row, i)
        found |= {(field.name, int(cell)): int(values[cell]) for cell in values.nonzero()[0]}
        for state in ("absent", "null", "invalid"):
            if count := int(layout.state(row, i, state)):
                found[field.name, state] = count
    return found


def read_results(lines: Iterable[bytes], model: str = "credit") -> Results:
    """Results of a model by what they are of; comparisons with the stream's own past are left out."""
    results: Results = {}
    for line in lines:
        result = orjson.loads(line)
        if result["model"] == model and result.get("baseline", "reference") == "reference":
            results[end_ms(result), result["slice"], result["feature"], result["metric"]] = result
    return results


def differences(results: Results, truth: Tallies, profile: Profile) -> tuple[int, list[str]]:
    """How many figures of windows were compared, and those that are wrong: counts, rates, distances."""
    compared, wrong = 0, []
    for (end, slice_name), cells in truth.items():
        row = profile.totals[profile.row["all"]]
        for (feature, metric), expected in _expected(cells, profile, row).items():
            if slice_name != "all" and metric not in {"traffic", "ks"}:
                continue
            if slice_name != "all" and metric == "ks":
                row_of = profile.totals[profile.row[slice_name]]
                expected = _expected(cells, profile, row_of)[feature, metric]  # noqa: PLW2901  # its own row
            stated = results.get((end, slice_name, feature, metric))
            compared += 1
            if stated is None or stated["incomplete"] or not _same(stated["value"], expected):
                wrong.append(f"{end} {slice_name} {feature} {metric}: {expected}, not {stated}")
    return compared, wrong


def _same(stated: float | None, expected: float) -> bool:
    return stated is not None and abs(stated - expected) < 1e-9


def _expected(cells: Counter[Cell], profile: Profile, row: Any) -> dict[tuple[str, str], float]:
    layout, events = profile.layout, cells["", "events"]
    figures: dict[tuple[str, str], float] = {("", "traffic"): events}
    if events < 100:  # too few for the service to say more
        return figures
    figures["prediction", "positive_rate"] = cells["", "positive"] / events
    for i, field in enumerate(layout.fields):
        if field.name == "latency_ms":
            continue
        missing = cells[field.name, "null"] + cells[field.name, "absent"]
        figures[field.name, "missing_ratio"] = missing / events
        if i < len(layout.numeric):
            reference = layout.values(row, i).tolist()
            own = [cells[field.name, cell] for cell in range(len(reference))]
            figures[field.name, "ks"] = kolmogorov_smirnov(reference, own)
            figures[field.name, "out_of_range_ratio"] = (own[0] + own[-1]) / sum(own)
        else:
            known = layout.fields[i].value_cells - 1
            figures[field.name, "unseen_ratio"] = cells[field.name, known] / (events - missing)
    return figures


def moment() -> int:
    """Epoch milliseconds."""
    return round(time.time() * 1000)
