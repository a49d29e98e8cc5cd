"""The truth, by plain arithmetic: what every pane and window of a committed log must hold.

Shares nothing with the product: JSON by the standard library, cells by bisection in the edges that a profile
file lists, sums in dictionaries.
"""

import json
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Cell = tuple[str, int | str]
"""A field, and the number of a value cell or `absent`, `null`, `invalid`; `("", name)` is a counter."""

Place = tuple[int, str]
"""Start of a pane (or end of a window) in ms, and slice."""

Tallies = dict[Place, Counter[Cell]]


@dataclass(frozen=True)
class Fields:
    """What a profile file says of cells: edges of numbers, categories of names."""

    edges: Mapping[str, list[float]]
    categories: Mapping[str, dict[str, int]]
    latency: bool = False
    """Whether the time that a prediction took is counted; no event of a scenario says it."""

    @classmethod
    def of(cls, profile: bytes) -> "Fields":
        """The fields of a profile file, by the key `fields` of its JSON."""
        fields = json.loads(profile)["fields"]
        return cls(
            {f["name"]: f["edges"] for f in fields if f["type"] == "numeric"},
            {
                f["name"]: {name: i for i, name in enumerate(f["categories"])}
                for f in fields
                if f["type"] == "categorical"
            },
        )

    def numeric(self, name: str, values: Mapping[str, Any], key: str) -> Cell:
        """The cell of a number: value cell i holds what is above edge i - 1 and at most edge i."""
        if key not in values:
            return name, "absent"
        value = values[key]
        return (name, "null") if value is None else (name, bisect_left(self.edges[name], value))

    def categorical(self, name: str, values: Mapping[str, Any]) -> Cell:
        """The cell of a name; the last one is for names that the profile does not list."""
        if name not in values:
            return name, "absent"
        known = self.categories[name]
        return (name, "null") if values[name] is None else (name, known.get(values[name], len(known)))


@dataclass
class Ledger:
    """Tallies of panes: of everything, and by the tags that slice."""

    fields: Fields
    pane_ms: int
    dimensions: tuple[str, ...] = ("region",)
    positive: str = "approve"
    panes: Tallies = field(default_factory=lambda: defaultdict(Counter))
    events: int = 0

    def enter(self, value: bytes) -> None:
        """Count one event of the log; it must be a good one."""
        event = json.loads(value)
        start_ms = event["timestamp"] // self.pane_ms * self.pane_ms
        prediction = event["prediction"]
        cells: list[Cell] = [("", "events"), ("", "labelled")]
        if prediction["label"] == self.positive:
            cells.append(("", "positive"))
        cells.append(self.fields.numeric("prediction", prediction, "score"))
        cells += [
            self.fields.numeric(name, event["features"], name)
            for name in self.fields.edges
            if name != "prediction"
        ]
        cells += [self.fields.categorical(name, event["features"]) for name in self.fields.categories]
        if self.fields.latency:
            cells.append(("latency_ms", "absent"))
        for slice_name in ("all", *(f"{tag}={event['tags'][tag]}" for tag in self.dimensions)):
            self.panes[start_ms, slice_name].update(cells)
        self.events += 1

    def until(self, end_ms: int) -> "Ledger":
        """The panes that begin before a time."""
        kept = {place: cells for place, cells in self.panes.items() if place[0] < end_ms}
        return replace(self, panes=kept)

    def windows(self, length_ms: int, every_ms: int) -> Tallies:
        """Sums of panes over sliding windows, by the window's end."""
        windows: Tallies = defaultdict(Counter)
        for (start_ms, slice_name), cells in self.panes.items():
            end = start_ms // every_ms * every_ms + every_ms
            while end - length_ms <= start_ms:
                windows[end, slice_name].update(cells)
                end += every_ms
        return windows


def kolmogorov_smirnov(reference: Iterable[int], window: Iterable[int]) -> float:
    """The largest difference of two cumulative shares."""
    one, two = list(reference), list(window)
    m, n, f, g, most = sum(one), sum(two), 0, 0, 0.0
    for a, b in zip(one, two, strict=True):
        f, g = f + a, g + b
        most = max(most, abs(f / m - g / n))
    return most
