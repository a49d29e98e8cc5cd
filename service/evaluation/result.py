"""A result: one metric of one feature on one slice over one window; and how a monitor judges it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import msgspec

from detectors.result import Status
from service.config.monitor import Monitor
from service.windows.closed import ClosedWindow


class Interval(msgspec.Struct, frozen=True, gc=False):
    """The window of a result; times in RFC 3339, ``name`` as in the configuration."""

    start: str
    end: str
    name: str


class ValueShare(msgspec.Struct, frozen=True, gc=False):
    """A group of values: its share of the window and of the reference, and its part of the distance."""

    values: str
    window: float
    reference: float
    of_change: float


class SliceShare(msgspec.Struct, frozen=True, gc=False):
    """A slice: its part of a change of all the traffic, and its part of the window's records."""

    slice: str
    of_change: float
    of_records: float


class Explanation(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Why a result breaches.

    Attributes
    ----------
    change
        What moved, in the feature's own units; empty where only ``values`` can tell.
    values
        The groups of values that make most of a distance, largest first.
    slices
        Where a change of all the traffic is concentrated; empty when it is everywhere alike.
    everywhere
        Of a slice: the same metric over all the traffic.
    unseen
        The most frequent names that the reference does not know, with their counts.
    """

    change: str = ""
    values: tuple[ValueShare, ...] = ()
    slices: tuple[SliceShare, ...] = ()
    everywhere: float | None = None
    unseen: tuple[tuple[str, int], ...] = ()


class Result(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One line of the results topic. Numbers that do not exist are None, never NaN.

    Attributes
    ----------
    baseline
        What the window is compared with; ``reference`` is the profile, whose bins ``reference_id`` names, the
        others are the stream's own past in the same bins.
    change
        Value less the reference's, of rates; of ``change:`` metrics 1 for a rise that was detected, -1 for a
        fall.
    level
        What ``p_adjusted`` must not exceed for the model's budget of false alarms; None without a budget.
    """

    model: str
    model_version: str
    slice: str
    feature: str
    metric: str
    value: float | None
    p_value: float | None = None
    p_adjusted: float | None = None
    null_bound: float | None = None
    lower: float | None = None
    upper: float | None = None
    threshold: float | None = None
    status: Status
    n: int
    reference_n: int | None = None
    reference_id: str | None = None
    window: Interval
    provisional: bool = False
    incomplete: bool = False
    baseline: str = "reference"
    change: float | None = None
    level: float | None = None
    explanation: Explanation | None = None


class Verdict(StrEnum):
    """What a monitor says of a result."""

    BREACH = "breach"
    """Effect at the threshold and adjusted p-value at alpha."""
    HOLDING = "holding"
    """No breach, but not yet on the good side of the resolve threshold either."""
    CLEAR = "clear"
    """On the good side of the resolve threshold, or within noise."""
    NO_DATA = "no_data"
    """Too little data, or no reference: says nothing."""


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """A monitor's verdict on a result."""

    monitor: Monitor
    result: Result
    verdict: Verdict


class Spending(NamedTuple):
    """What a model's budget of false alarms leaves a window.

    Attributes
    ----------
    per_week
        The budget.
    level
        What an adjusted p-value of this window must not exceed.
    spent
        Levels of the last seven days of event time, this window's included: false alarms to be expected at
        most.
    """

    per_week: float
    level: float
    spent: float


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Everything that one closed window says.

    Attributes
    ----------
    spending
        None without a budget of false alarms.
    unfollowed
        Series of ``change:`` metrics that no detector follows, for want of room.
    """

    window: ClosedWindow
    results: Sequence[Result]
    judgements: Sequence[Judgement]
    spending: Spending | None = None
    unfollowed: int = 0
