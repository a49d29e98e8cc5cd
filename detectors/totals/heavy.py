"""The most frequent names of a stream, in bounded memory: the summary of Misra and Gries, and how two merge.

A summary holds at most :data:`CAPACITY` names. While no more distinct ones came, its counts are exact. Else
they are lower bounds, and of ``n`` names none is counted short by more than ``n / (CAPACITY + 1)``: whatever
came more often than that is in the summary. Merging keeps that bound (Agarwal, Cormode, Huang, Phillips, Wei
and Yi, Mergeable summaries, PODS 2012).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

CAPACITY = 16
"""Names in a summary."""

Summary = dict[str, int]
"""Counts of names, each a lower bound."""


def add(summary: Summary, names: Sequence[str]) -> None:
    """Count names, in their order; how they were cut into several calls makes no difference.

    >>> summary = {}
    >>> add(summary, ["a", "b", "a"])
    >>> summary
    {'a': 2, 'b': 1}
    """
    counts = Counter(names)
    if len(summary.keys() | counts.keys()) <= CAPACITY:
        for name, count in counts.items():
            summary[name] = summary.get(name, 0) + count
        return
    for name in names:
        if name in summary or len(summary) < CAPACITY:
            summary[name] = summary.get(name, 0) + 1
            continue
        for known in list(summary):
            summary[known] -= 1
            if not summary[known]:
                del summary[known]


def merge(one: Mapping[str, int], other: Mapping[str, int]) -> Summary:
    """The summary of both streams.

    >>> merge({"a": 2}, {"a": 1, "b": 5})
    {'a': 3, 'b': 5}
    """
    counts = Counter(one)
    counts.update(other)
    if len(counts) <= CAPACITY:
        return dict(counts)
    least = sorted(counts.values(), reverse=True)[CAPACITY]
    return {name: count - least for name, count in counts.items() if count > least}
