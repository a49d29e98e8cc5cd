"""Rows of reference data as batches of events: predictions, and labels where the rows have them.

The columns are named as the features. Optional columns are ``score`` or ``prediction`` (the model's number),
``label`` (the predicted label), ``actual``, ``error``, ``latency_ms``, ``timestamp``, ``model_version``
and the tags by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from detectors.fields import ABSENT, LATENCY
from detectors.layout import COUNTERS
from service.config.model import Model
from service.errors import ProfileError
from service.events.batch import Batch
from service.events.coded import CodedColumn
from service.events.schema import PREDICTION, categorical_names, numeric_names
from service.profiles.columns import Columns

OUTPUTS = ("score", PREDICTION)
"""Columns that may hold the model's number; one of them."""

LABEL, ACTUAL, ERROR, TIMESTAMP, VERSION = "label", "actual", "error", "timestamp", "model_version"
_OPTIONAL = (*OUTPUTS, LABEL, ACTUAL, ERROR, LATENCY, TIMESTAMP, VERSION)
_LISTED_MAX = 30
_NO_ERROR = (None, "", "0", "false", "False")


def wanted_columns(model: Model, names: Iterable[str]) -> list[str]:
    """Those of a table's columns that the model's events are made of, in the table's order."""
    wanted = {*model.features, *model.tags, *_OPTIONAL}
    return [name for name in names if name in wanted]


def check_columns(model: Model, names: Sequence[str]) -> None:
    """See that the table has a column for each feature, and one of each name.

    Raises
    ------
    ProfileError
        Names the first column that is missing or there twice, and what the table has.
    """
    for name in model.features:
        if name not in names:
            raise missing_column(model.name, name, names)
    twice = next((name for name in wanted_columns(model, names) if names.count(name) > 1), None)
    if twice is not None:
        raise ProfileError(
            f"column `{twice}` is there {names.count(twice)} times, so it is not clear which one counts; "
            "keep one of them",
            reason="ambiguous_column",
        )


def missing_column(model: str, name: str, names: Sequence[str]) -> ProfileError:
    """The error of a feature for which there is no column."""
    close = get_close_matches(name, names, n=1)
    hint = f" (is it `{close[0]}`?)" if close else ""
    listed = ", ".join(names[:_LISTED_MAX]) + (", ..." if len(names) > _LISTED_MAX else "")
    return ProfileError(
        f"there is no column `{name}`, so the profile of model `{model}` could not describe that feature; "
        f"columns in the file: {listed or 'none'}{hint}; rename the column, or take the feature out of the "
        "model's `features`",
        reason="missing_column",
    )


def to_batches(
    model: Model, version: str, columns: Columns, first: int, *, timed: bool = False
) -> list[Batch]:
    """The predictions of a chunk of N rows, and its labels if there are any.

    Parameters
    ----------
    version
        The model version of rows that do not say theirs.
    columns
        The rows; columns of no meaning for the model are ignored.
    first
        The offset of the first row.
    timed
        Whether event times are needed. Else they only put the rows in order, where they can be read; those
        that cannot are 0, and so are all when the model's reference is not calibrated.

    Raises
    ------
    ProfileError
        When a column cannot be what the model says it is.
    """
    names = set(columns.names)
    n = len(columns)
    offsets = np.arange(first, first + n, dtype=np.int64)
    event_ms = _times(model, columns, timed=timed)
    features = [_numbers(columns, names, name) for name in numeric_names(model)[:-1]]
    predictions = Batch(
        model=model.name,
        is_label=False,
        offsets=offsets,
        record_ms=np.full(n, -1, np.int64),
        event_ms=event_ms,
        versions=_versions(columns, names, version),
        tags={tag: CodedColumn.of(columns.labels(tag) if tag in names else [None] * n) for tag in model.tags},
        numeric=np.column_stack([*features, _output(model, columns, names)]),
        categorical=tuple(
            CodedColumn.of(columns.categories(name) if name in names else [ABSENT] * n)
            for name in categorical_names(model)
        ),
        counters=_prediction_counters(model, columns, names),
        latency_ms=_latency(columns, names) if model.latency else None,
    )
    if ACTUAL not in names or ACTUAL in model.features:
        return [predictions]
    return [predictions, *_labels(model, columns, predictions)]


def _times(model: Model, columns: Columns, *, timed: bool) -> NDArray[np.int64]:
    if TIMESTAMP in columns.names and (timed or model.reference.calibrate or model.multivariate):
        try:
            return columns.times(TIMESTAMP)
        except ProfileError:
            if timed:
                raise
    return np.zeros(len(columns), np.int64)


def _numbers(columns: Columns, names: set[str], name: str) -> NDArray[np.float64]:
    return columns.numbers(name) if name in names else np.full(len(columns), np.inf)


def _latency(columns: Columns, names: set[str]) -> NDArray[np.float64]:
    took = _numbers(columns, names, LATENCY).copy()
    took[took < 0] = -np.inf
    return took


def _output(model: Model, columns: Columns, names: set[str]) -> NDArray[np.float64]:
    found = [name for name in OUTPUTS if name in names and name not in model.features]
    if len(found) > 1:
        raise ProfileError(
            "both `score` and `prediction` are columns, so it is not clear which one is the model's number; "
            "keep one, and call a column of predicted labels `label`",
            reason="ambiguous_column",
        )
    return _numbers(columns, names, found[0]) if found else np.full(len(columns), np.inf)


def _versions(columns: Columns, names: set[str], version: str) -> CodedColumn[str]:
    if VERSION not in names:
        return CodedColumn(np.zeros(len(columns), np.int64), [version])
    return CodedColumn.of([own or "" for own in columns.labels(VERSION)])


def _prediction_counters(model: Model, columns: Columns, names: set[str]) -> NDArray[np.int64]:
    counters = np.zeros((len(columns), len(COUNTERS)), dtype=np.int64)
    counters[:, COUNTERS.index("events")] = 1
    if ERROR in names and ERROR not in model.features:
        counters[:, COUNTERS.index("errors")] = [code not in _NO_ERROR for code in columns.labels(ERROR)]
    if LABEL in names and LABEL not in model.features:
        given = columns.labels(LABEL)
        counters[:, COUNTERS.index("labelled")] = [label is not None for label in given]
        counters[:, COUNTERS.index("positive")] = [label == model.positive_label for label in given]
    return counters


def _labels(model: Model, columns: Columns, rows: Batch) -> list[Batch]:
    if model.task == "regression":
        known = np.isfinite(columns.numbers(ACTUAL))
        positive = np.zeros(len(rows), dtype=np.bool_)
    else:
        actuals = columns.labels(ACTUAL)
        known = np.array([actual is not None for actual in actuals], dtype=np.bool_)
        positive = np.array([actual == model.positive_label for actual in actuals], dtype=np.bool_)
    keep = np.flatnonzero(known)
    if not len(keep):
        return []
    counters = np.zeros((len(keep), len(COUNTERS)), dtype=np.int64)
    counters[:, COUNTERS.index("actuals")] = 1
    counters[:, COUNTERS.index("actual_positive")] = positive[keep]
    labels = Batch(
        model=model.name,
        is_label=True,
        offsets=rows.offsets[keep],
        record_ms=rows.record_ms[keep],
        event_ms=rows.event_ms[keep],
        versions=CodedColumn(np.zeros(len(keep), np.int64), [""]),
        tags={tag: column.take(keep) for tag, column in rows.tags.items()},
        numeric=np.full((len(keep), rows.numeric.shape[1]), np.inf),
        categorical=(),
        counters=counters,
    )
    return [labels]
