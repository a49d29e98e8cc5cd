"""The sections that are valid on their own, so that one bad section does not hide the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from service.config.model import Model
from service.config.monitor import Monitor
from service.config.problems import Finding, Path
from service.config.receivers import Receivers
from service.config.settings import Kafka, Limits
from service.config.text import NAME_LENGTH_MAX

_NAMED_BY_MONITORS = frozenset(
    {"name", "task", "features", "slices", "windows", "latency", "bin_sums", "multivariate"}
)

SectionT = TypeVar("SectionT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Parts:
    """The sections by their place in the document; None where one is not valid on its own.

    Attributes
    ----------
    models
        Those of which everything is valid that monitors name: features, slices, windows, task.
    drafts
        The same models, with any field that is not valid left at its default.
    names, monitor_names, topics
        The name of each model and monitor and the topic of each source as they are written, whether the rest
        is valid or not; None where that is no name.
    """

    models: tuple[Model | None, ...]
    drafts: tuple[Model | None, ...]
    names: tuple[str | None, ...]
    monitors: tuple[Monitor | None, ...]
    monitor_names: tuple[str | None, ...]
    topics: tuple[str | None, ...]
    kafka: Kafka | None
    limits: Limits | None
    receivers: Receivers | None


def parts_of(data: Any) -> Parts:
    """The parts of a document's data, whatever its shape."""
    top: dict[str, Any] = data if isinstance(data, dict) else {}
    models, monitors = _items(top.get("models")), _items(top.get("monitors"))
    return Parts(
        models=tuple(_valid(Model, item, vital=_NAMED_BY_MONITORS) for item in models),
        drafts=tuple(_valid(Model, item) for item in models),
        names=_names(models, "name"),
        monitors=tuple(_valid(Monitor, item, vital={"below", "models"}) for item in monitors),
        monitor_names=_names(monitors, "name"),
        topics=_names(_items(top.get("sources")), "topic"),
        limits=_valid(Limits, top.get("limits", {}), vital={"open_panes"}),
        kafka=_valid(Kafka, top.get("kafka", {}), vital={"security", "topics"}),
        receivers=_valid(Receivers, top.get("receivers", {}), vital={"webhooks"}),
    )


def duplicates(
    items: Sequence[str | None], path: Path, field: Path = (), *, what: str, consequence: str, mend: str
) -> Iterator[Finding]:
    """A finding for each text that stands in the list for a second time."""
    first: dict[str, int] = {}
    for i, item in enumerate(items):
        if item is not None and first.setdefault(item, i) != i:
            message = f"{what} {item!r} is taken already, by number {first[item] + 1} of the list"
            yield Finding((*path, i, *field), message, consequence, mend)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _names(items: list[Any], field: str) -> tuple[str | None, ...]:
    texts = (item.get(field) if isinstance(item, dict) else None for item in items)
    return tuple(
        text if isinstance(text, str) and 0 < len(text) <= NAME_LENGTH_MAX else None for text in texts
    )


def _valid(section: type[SectionT], data: Any, vital: AbstractSet[str] = frozenset()) -> SectionT | None:
    """The section, with fields that are not valid left at their defaults, unless vital or without one."""
    try:
        return section.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        bad = {_field(details) for details in error.errors(include_url=False)}
    if not isinstance(data, dict) or not bad <= data.keys() - vital:
        return None
    return _valid(section, {key: value for key, value in data.items() if key not in bad}, vital)


def _field(error: ErrorDetails) -> str:
    """The field of the section to blame; what is wrong with it was found by validating the whole."""
    return str(error["loc"][0] if error["loc"] else error.get("ctx", {}).get("field", ""))
