"""Streams as the peers get them: Parquet files with a column for each feature, prediction and label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from detectors.building import Reference
from detectors.layout import COUNTERS


def write(records: Sequence[Reference], path: Path, *, outcomes: bool = True) -> Path:
    """All records, one after another; ``NaN`` stays ``NaN``, predictions and labels (``outcomes``) are ``no``
    or ``yes``.
    """
    first = records[0]
    numbers = np.concatenate([part.numeric for part in records])
    columns: dict[str, object] = {name: numbers[:, i] for i, name in enumerate(first.numeric_names)}
    for i, name in enumerate(first.categorical_names):
        columns[name] = [value for part in records for value in part.categorical[i]]
    counters = np.concatenate([part.counters for part in records])
    for name, counter in (("prediction", "positive"), ("actual", "actual_positive")) if outcomes else ():
        columns[name] = np.array(["no", "yes"])[counters[:, COUNTERS.index(counter)]]
    pq.write_table(pa.table(columns), path, compression="none")
    return path
