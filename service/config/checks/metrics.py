"""Which metric exists for what, and between which values it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from service.config.model import Model
from service.config.monitor import CHANGE, CHANGES, Metric

MODEL_LEVEL: frozenset[Metric] = frozenset(
    {
        "traffic",
        "error_ratio",
        "reconstruction_error",
        "latency_p50",
        "latency_p99",
        "change:traffic",
        "change:error_ratio",
    }
)
"""Metrics of the model as a whole; their results have the feature ``""``."""

ON_ALL: frozenset[Metric] = frozenset({"reconstruction_error"})
"""Metrics that exist on the slice ``all`` alone."""

RANGES: Mapping[Metric, tuple[float, float]] = {
    "psi": (0.0, float("inf")),
    "js": (0.0, 1.0),
    "hellinger": (0.0, 1.0),
    "linf": (0.0, 1.0),
    "chi2": (0.0, float("inf")),
    "ks": (0.0, 1.0),
    "missing_ratio": (0.0, 1.0),
    "invalid_ratio": (0.0, 1.0),
    "unseen_ratio": (0.0, 1.0),
    "out_of_range_ratio": (0.0, 1.0),
    "positive_rate": (0.0, 1.0),
    "error_ratio": (0.0, 1.0),
    "wasserstein": (0.0, float("inf")),
    "reconstruction_error": (0.0, float("inf")),
    "latency_p50": (0.0, float("inf")),
    "latency_p99": (0.0, float("inf")),
    **dict.fromkeys(CHANGES, (0.0, float("inf"))),
}
"""Least and largest value, of those metrics that have both ends or the lower one alone."""

_NUMERIC: frozenset[Metric] = frozenset(
    {"ks", "mean_shift", "std_shift", "mean", "std", "out_of_range_ratio", "wasserstein"}
)

Kind = Literal["numeric", "categorical", "score", "value", "label"]


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that results speak of: a feature, the model's output or its labels."""

    name: str
    kind: Kind


def subjects(model: Model) -> tuple[Subject, ...]:
    """The features, then ``prediction`` and ``actual``."""
    regression = model.task == "regression"
    features = (Subject(name, feature.type) for name, feature in model.features.items())
    output: Kind = "value" if regression else "score"
    return (*features, Subject("prediction", output), Subject("actual", "value" if regression else "label"))


def capable(metric: Metric, subject: Subject) -> bool:
    """Whether results of this metric exist for the subject.

    >>> capable("unseen_ratio", Subject("age", "numeric"))
    False
    """
    if metric in MODEL_LEVEL:
        return False
    measured = metric.removeprefix(CHANGE)
    if measured == "positive_rate":
        return subject.kind in {"score", "label"}
    if subject.name == "actual":
        return False
    if measured == "unseen_ratio":
        return subject.kind == "categorical"
    return measured not in _NUMERIC or subject.kind != "categorical"
