"""A model and a table of its events, written in every format."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from detectors.building import Built
from service.config.model import Model
from service.events.native import NativeDecoder
from service.profiles.from_batches import build_from_batches
from service.profiles.reading import Interval, ReferenceData, Source, read_reference

Row = dict[str, Any]

MODEL = Model.model_validate(
    {
        "name": "credit",
        "positive_label": "approve",
        "features": {
            "age": {"type": "numeric", "min": 0, "max": 120},
            "income": {"type": "numeric"},
            "state": {"type": "categorical"},
            "children": {"type": "categorical"},
        },
        "slices": [["region"], ["region", "state"]],
    }
)

CONFIG = """
models:
  - name: credit
    positive_label: approve
    features:
      age: {type: numeric, min: 0, max: 120}
      income: {type: numeric}
      state: {type: categorical}
      children: {type: categorical}
    slices: [[region], [region, state]]
"""


def rows(n: int, seed: int = 0) -> list[Row]:
    """Rows with nulls, ties and awkward categories, each at a time of its own."""
    assert n <= 24 * 60, "a row has a minute of its own"
    draw = np.random.default_rng(seed)

    def some(value: Any, share: float) -> Any:
        return value if draw.random() < share else None

    return [
        {
            "age": round(float(draw.normal(40, 10)), 2),
            "income": some(round(float(draw.lognormal(9, 1)), 2), 0.9),
            "state": some(("CA", "NY", "a,b=c")[draw.integers(3)], 0.95),
            "children": int(draw.integers(4)),
            "score": round(float(draw.random()), 4),
            "label": ("approve", "deny")[draw.integers(2)],
            "actual": some(("approve", "deny")[draw.integers(2)], 0.3),
            "region": some(("eu", "us")[draw.integers(2)], 0.9),
            "timestamp": f"2026-08-{1 + int(draw.integers(28)):02d}T{number // 60:02d}:{number % 60:02d}:00Z",
        }
        for number in range(n)
    ]


def events(table: Iterable[Row], model: str = "credit", version: str = "7") -> list[Row]:
    """The same as native events: a prediction a row, and a label where the outcome is known."""
    found: list[Row] = []
    for number, row in enumerate(table):
        head = {"model": model, "prediction_id": str(number), "timestamp": row["timestamp"]}
        tags = {name: row[name] for name in ("region", "state") if row[name] is not None}
        features = {name: row[name] for name in ("age", "income", "state", "children") if name in row}
        prediction = {"label": row["label"], "score": row["score"]}
        found.append(
            {**head, "model_version": version, "features": features, "prediction": prediction, "tags": tags}
        )
        if row["actual"] is not None:
            found.append({**head, "actual": {"label": row["actual"]}, "tags": tags})
    return found


def write(path: Path, table: list[Row], schema: Mapping[str, pa.DataType] | None = None) -> Path:
    """A file of rows in the format of its ending."""
    if path.suffix in {".jsonl", ".ndjson"}:
        path.write_text("".join(json.dumps(row) + "\n" for row in table))
        return path
    arrow = pa.Table.from_pylist(table, schema=pa.schema(schema.items()) if schema else None)
    if path.suffix == ".parquet":
        pa.parquet.write_table(arrow, path)
    else:
        pa.csv.write_csv(arrow, path)
    return path


def read(
    *paths: Path, model: Model = MODEL, interval: Interval = (None, None), max_rows: int = 10**6
) -> ReferenceData:
    """The reference data in files."""
    decode = NativeDecoder([model], 1_000_000).decode
    return read_reference(paths, Source(model, "7", decode, interval, max_rows))


def build(*paths: Path, model: Model = MODEL) -> Built:
    """The profile that files make."""
    return build_from_batches(model, "7", read(*paths, model=model).batches)
