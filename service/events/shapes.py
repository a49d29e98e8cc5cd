"""The struct types into which a model's events are decoded, laid out as its producer writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import attrgetter, or_
from typing import Any

import msgspec

from service.config.model import Model
from service.events import leaves
from service.events.coded import Coder
from service.events.leaves import Leaf
from service.events.schema import categorical_names, numeric_names

Raw = msgspec.Raw

TAG_FIELD = "model"
"""The key by which a decoder tells the models' events apart."""


@dataclass(frozen=True, eq=False)
class Part:
    """An object within an event: its struct type, and the leaves in the order of the type's fields.

    Attributes
    ----------
    raw
        Places of leaves that are kept as raw JSON, since their producer often mistypes them.
    """

    type: Any
    names: tuple[str, ...]
    leaves: tuple[Leaf, ...]
    raw: frozenset[int]
    place: Mapping[str, int] = field(init=False)
    """Where each leaf stands."""
    get: Mapping[str, Callable[[Any], Any]] = field(init=False)
    """What takes a leaf out of a struct."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", {name: i for i, name in enumerate(self.names)})
        object.__setattr__(self, "get", {name: attrgetter(f"f{i}") for i, name in enumerate(self.names)})


def part(name: str, kinds: Mapping[str, Leaf], order: Iterable[str], raw: frozenset[str]) -> Part:
    """A part with its leaves in the producer's order, as far as that is known.

    A decoder looks for the next key first at the next field: keys in another order cost it 12 to 23 % more.
    """
    names = tuple(dict.fromkeys((*(key for key in order if key in kinds), *kinds)))
    chosen = tuple(kinds[key] for key in names)
    fields = [
        (f"f{i}", Raw if key in raw else leaf.type, leaf.absent)
        for i, (key, leaf) in enumerate(zip(names, chosen, strict=True))
    ]
    rename = {f"f{i}": key for i, key in enumerate(names) if compilable(key)}
    made = msgspec.defstruct(name, fields, rename=rename, gc=False)
    return Part(made, names, chosen, frozenset(i for i, key in enumerate(names) if key in raw))


def compilable(key: str) -> bool:
    """Whether a struct's field can have this key: msgspec takes none that JSON would have to escape."""
    return not any(char in '"\\' or char < " " for char in key)


@dataclass(eq=False)
class Shape:
    """How the events of one model are decoded.

    Where a key cannot be a struct's field, every event of the model is read value by value.

    The order of keys and the raw leaves follow the traffic; neither changes what is decoded, only how fast.
    """

    model: Model
    order: dict[str, tuple[str, ...]] = field(default_factory=dict)
    raw: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.numeric = numeric_names(self.model)[:-1]
        self.categorical = categorical_names(self.model)
        self.tags = self.model.tags
        self.answer = "value" if self.model.task == "regression" else "label"
        self.output = "value" if self.model.task == "regression" else "score"
        self.kinds: dict[str, dict[str, Leaf]] = {
            "features": dict.fromkeys(self.numeric, leaves.NUMBER)
            | dict.fromkeys(self.categorical, leaves.CATEGORY),
            "prediction": {"label": leaves.LABEL, self.output: leaves.NUMBER},
            "tags": dict.fromkeys(self.tags, leaves.TAG),
        }
        tags = len(self.tags)
        # The version, the tags, and what only predictions have: categorical features.
        self.coders = {False: Coder(1 + tags + len(self.categorical)), True: Coder(1 + tags)}
        self.compilable = all(compilable(key) for kinds in self.kinds.values() for key in kinds)
        self.true_leaf = leaves.TRUE_VALUE if self.answer == "value" else leaves.TRUE_LABEL
        self.compile()

    def compile(self) -> None:
        """Make the struct types anew, from the order and the raw leaves known now."""
        self.parts = {
            key: part(key, kinds, self.order.get(key, ()), frozenset(n for k, n in self.raw if k == key))
            for key, kinds in self.kinds.items()
        }
        self.numeric_places = [self.parts["features"].place[name] for name in self.numeric]
        self.categorical_places = [self.parts["features"].place[name] for name in self.categorical]
        truth = msgspec.defstruct(
            "actual", [("f0", self.true_leaf.type)], rename={"f0": self.answer}, gc=False
        )
        self.truth: Any = truth
        latency = Raw if ("", "latency_ms") in self.raw else leaves.LATENCY.type
        self.event: Any = msgspec.defstruct(
            "event",
            [
                ("model_version", leaves.VERSION.type, None),
                ("timestamp", leaves.TIMESTAMP.type, None),
                ("features", self._type("features"), msgspec.field(default_factory=self._type("features"))),
                ("prediction", self._type("prediction") | None, None),
                ("error", Raw if ("", "error") in self.raw else leaves.ERROR.type, None),
                ("actual", truth | None, None),
                ("tags", self._type("tags") | None, None),
                *([("latency_ms", latency, leaves.LATENCY.absent)] if self.model.latency else ()),
            ],
            tag_field=TAG_FIELD,
            tag=self.model.name,
            gc=False,
        )

    def _type(self, key: str) -> Any:
        return self.parts[key].type


class _Nobody(msgspec.Struct, tag_field=TAG_FIELD, tag=""):
    """No model's name is empty: with this second type a decoder insists on the tag even for one model."""

    def __post_init__(self) -> None:
        raise ValueError("no model has an empty name")


def decoder(shapes: Iterable[Shape]) -> msgspec.json.Decoder[Any]:
    """A decoder of any of the shapes' events."""
    return msgspec.json.Decoder(reduce(or_, (shape.event for shape in shapes if shape.compilable), _Nobody))
