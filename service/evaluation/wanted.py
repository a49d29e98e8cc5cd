"""What is asked for: which metrics of which features on which slices anybody will read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

from service.config.monitor import Monitor
from service.evaluation.plan import matches, matching

Flags = NDArray[np.bool_]


class Wanted:
    """The features and slices that some monitors judge.

    Parameters
    ----------
    rules
        Monitors of one baseline that watch the window.
    slices
        Names of the S slices.
    usual
        Whether everything on the slice ``all`` is wanted besides.
    """

    def __init__(self, rules: Sequence[Monitor], slices: tuple[str, ...], *, usual: bool) -> None:
        self.metrics = frozenset(rule.metric for rule in rules)
        self._rules = [(rule, matching(rule.slices, slices)) for rule in rules]
        everything = np.array([name == "all" for name in slices], bool)
        self._usual: Flags = everything if usual else np.zeros(len(slices), bool)

    def columns(self, metrics: AbstractSet[str]) -> NDArray[np.int64]:
        """int64[C]: the slices on which any of the metrics is wanted, of whatever feature."""
        masks = [mask for rule, mask in self._rules if rule.metric in metrics]
        return np.flatnonzero(np.logical_or.reduce([self._usual, *masks]))

    def parts(
        self, metrics: AbstractSet[str], names: Iterable[str]
    ) -> list[tuple[list[int], NDArray[np.int64]]]:
        """Features by the slices on which any of the metrics is wanted; none where nobody wants any.

        Returns
        -------
        list of (places in ``names``, int64[C])
        """
        rules = [(rule, mask) for rule, mask in self._rules if rule.metric in metrics]
        alike: dict[tuple[int, ...], list[int]] = {}
        for place, name in enumerate(names):
            own = tuple(i for i, (rule, _) in enumerate(rules) if matches(rule.features, name))
            alike.setdefault(own, []).append(place)
        found = []
        for own, places in alike.items():
            mask = np.logical_or.reduce([self._usual, *(rules[i][1] for i in own)])
            if mask.any():
                found.append((places, np.flatnonzero(mask)))
        return found
