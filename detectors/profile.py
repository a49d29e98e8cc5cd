"""A profile: the frozen reference that windows are compared with.

It holds the fields with their edges, categories and grids, the reference's totals (a row a slice, counted by
the same code as any pane), and what was learned of the reference once and for all. Its id is the hash of its
content, so equal references have equal ids everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import orjson

from detectors.calibration import Calibration
from detectors.fields import CategoricalField, Field, HistogramField, NumericField
from detectors.layout import COUNTERS, Layout, Rows

PROFILE_SCHEMA = "driftline.profile/2"


_FORMER = "driftline.profile/1"

Document = Mapping[str, Any]
"""A JSON object."""


@dataclass(frozen=True, eq=False)
class Profile:
    """The reference of one model version.

    Parameters
    ----------
    version
        The model version it describes; ``""`` serves every version that has none of its own.
    slices
        Names of the rows of ``totals``; ``all`` is the first.
    totals
        int64[slices, row size] in the layout of ``fields``.
    bin_sums, multivariate
        The optional sums of the layout.
    calibration
        How statistics vary between the reference's own windows; None where that is not known.
    components
        The subspace in which the reference varies (:mod:`detectors.components`); None without.
    """

    model: str
    version: str
    fields: tuple[Field, ...]
    slices: tuple[str, ...]
    totals: Rows
    bin_sums: bool = False
    multivariate: bool = False
    calibration: Document | None = None
    components: Document | None = None

    def __post_init__(self) -> None:
        assert self.slices[:1] == ("all",), "the first row is everything"
        assert self.totals.shape == (len(self.slices), self.layout.size), "a row a slice"

    @cached_property
    def layout(self) -> Layout:
        """Where everything stands in a row."""
        return Layout(self.fields, self.bin_sums, self.multivariate)

    @cached_property
    def row(self) -> dict[str, int]:
        """The row of each slice by name."""
        return {name: i for i, name in enumerate(self.slices)}

    @cached_property
    def id(self) -> str:
        """``sha256:`` and the hash of the canonical JSON."""
        return "sha256:" + hashlib.sha256(self.to_json()).hexdigest()

    def to_json(self) -> bytes:
        """The canonical text: sorted keys, no spaces, the id left out."""
        document = {
            "schema": PROFILE_SCHEMA,
            "model": self.model,
            "version": self.version,
            "counters": COUNTERS,
            "fields": [_field_to_dict(field) for field in self.fields],
            "slices": {name: self.totals[i].tolist() for i, name in enumerate(self.slices)},
            "order": self.slices,
            "bin_sums": self.bin_sums,
            "multivariate": self.multivariate,
            "calibration": self.calibration,
            "components": self.components,
        }
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_json(cls, text: bytes) -> Profile:
        """Read what ``to_json`` wrote.

        Raises
        ------
        ValueError
            When the text is no profile, or one of another schema.
        """
        document = orjson.loads(text)
        if isinstance(document, dict) and document.get("schema") == _FORMER:
            raise ValueError(
                f"the profile is of schema {_FORMER}, and this release reads {PROFILE_SCHEMA}, which holds "
                "more of the reference; build it anew from the same data with `driftline profile build`"
            )
        if not isinstance(document, dict) or document.get("schema") != PROFILE_SCHEMA:
            raise ValueError(
                f"no profile of schema {PROFILE_SCHEMA}; build one with `driftline profile build`"
            )
        if document["counters"] != list(COUNTERS):
            raise ValueError("the profile counts other things than this release; build it anew")
        order = tuple(document["order"])
        if document["calibration"] is not None:
            # What is no calibration shall be found now, not when a window is judged.
            Calibration.from_document(document["calibration"], order)
        return cls(
            model=document["model"],
            version=document["version"],
            fields=tuple(_field_from_dict(field) for field in document["fields"]),
            slices=order,
            totals=np.array([document["slices"][name] for name in order], dtype=np.int64),
            bin_sums=document["bin_sums"],
            multivariate=document["multivariate"],
            calibration=document["calibration"],
            components=document["components"],
        )


def _field_to_dict(field: Field) -> dict[str, Any]:
    if isinstance(field, NumericField):
        return {
            "name": field.name, "type": "numeric", "edges": field.edges.tolist(),
            "centre": field.centre, "scale": field.scale,
        }  # fmt: skip
    if isinstance(field, HistogramField):
        return {"name": field.name, "type": "histogram", "edges": field.edges.tolist()}
    return {"name": field.name, "type": "categorical", "categories": field.categories}


def _field_from_dict(field: dict[str, Any]) -> Field:
    if field["type"] == "numeric":
        edges = np.array(field["edges"], dtype=np.float64)
        return NumericField(field["name"], edges, float(field["centre"]), float(field["scale"]))
    if field["type"] == "histogram":
        return HistogramField(field["name"], np.array(field["edges"], dtype=np.float64))
    return CategoricalField(field["name"], tuple(field["categories"]))
