"""Looking at a few results of a window by where they are of, or by whether they breach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from service.evaluation.judged import Judgements
from service.evaluation.result import Judgement, Result, Verdict
from service.evaluation.results import Results
from service.evaluation.verdict import BREACH, NO_DATA

T = TypeVar("T")

Where = tuple[str, str]
"""Slice and feature."""


class ByPlace(Mapping[Where, tuple[T, ...]]):
    """Items by slice and feature; taken out of their sequence when somebody asks for a place.

    >>> items = ByPlace(("a", "b", "c"), [("all", "x"), ("all", "y"), ("all", "x")])
    >>> list(items), items["all", "x"]
    ([('all', 'x'), ('all', 'y')], ('a', 'c'))
    """

    def __init__(self, items: Sequence[T], places: Sequence[Where]) -> None:
        self._items = items
        self._index: dict[Where, list[int]] = {}
        for i, place in enumerate(places):
            self._index.setdefault(place, []).append(i)

    def __getitem__(self, place: Where) -> tuple[T, ...]:
        return tuple(map(self._items.__getitem__, self._index[place]))

    def __iter__(self) -> Iterator[Where]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)


def results_by_place(results: Sequence[Result]) -> ByPlace[Result]:
    """Results by slice and feature."""
    return ByPlace(results, _places(results))


def judgements_by_place(judgements: Sequence[Judgement]) -> ByPlace[Judgement]:
    """Judgements by slice and feature."""
    if not isinstance(judgements, Judgements):
        return ByPlace(judgements, [(item.result.slice, item.result.feature) for item in judgements])
    where = _places(judgements.results)
    return ByPlace(judgements, [where[i] for rule in judgements.said for i in rule.places.tolist()])


def breaching(judgements: Sequence[Judgement]) -> tuple[Judgement, ...]:
    """The judgements that breach, in their order."""
    if not isinstance(judgements, Judgements):
        return tuple(item for item in judgements if item.verdict is Verdict.BREACH)
    codes = np.concatenate([np.zeros(0, np.int8), *(rule.codes for rule in judgements.said)])
    return tuple(judgements[i] for i in np.flatnonzero(codes == BREACH).tolist())


def judging(judgements: Sequence[Judgement]) -> tuple[str, ...]:
    """The names of the monitors that judge anything, in their order."""
    if isinstance(judgements, Judgements):
        return tuple(dict.fromkeys(rule.monitor.name for rule in judgements.said if len(rule.places)))
    return tuple(dict.fromkeys(item.monitor.name for item in judgements))


def says_something(judgements: Sequence[Judgement]) -> bool:
    """Whether any monitor had enough data."""
    if isinstance(judgements, Judgements):
        return any(bool((rule.codes != NO_DATA).any()) for rule in judgements.said)
    return any(item.verdict is not Verdict.NO_DATA for item in judgements)


def _places(results: Sequence[Result]) -> list[Where]:
    if not isinstance(results, Results):
        return [(result.slice, result.feature) for result in results]
    table = results.table
    features = [key.feature for key in table.keys]
    pairs = zip(table.columns.tolist(), table.rows.tolist(), strict=True)
    return [(table.slices[column], features[row]) for column, row in pairs]
