"""Which fields may stand where in the configuration, read off the sections' types."""

from __future__ import annotations

import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from service.config.document import Document
from service.config.problems import Path
from service.config.settings import Settings


def fields_at(path: Path, document: Document) -> list[str]:
    """The fields that the section at ``path`` has."""
    options: list[Any] = [Settings]
    here: Path = ()
    for part in path:
        here = (*here, part)
        options = [inner for option in options for inner in _inside(option, part)]
        tag = (document.value(here) or {}).get("type") if isinstance(document.value(here), dict) else None
        options = [option for option in options if _has_tag(option, tag)]
    sections = [option for option in options if isinstance(option, type) and issubclass(option, BaseModel)]
    return [name for section in sections for name in section.model_fields]


def _inside(kind: Any, part: str | int) -> list[Any]:
    """The types that may stand at ``part`` of a value of type ``kind``, unions taken apart."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        found = kind.model_fields.get(str(part))
        return alternatives(found.annotation) if found else []
    if get_origin(kind) is dict:
        return alternatives(get_args(kind)[1])
    if get_origin(kind) is tuple:
        return alternatives(get_args(kind)[0])
    return []


def alternatives(kind: Any) -> list[Any]:
    """The types that a union allows, or the type itself.

    >>> alternatives(int | None)
    [<class 'int'>, <class 'NoneType'>]
    """
    if get_origin(kind) is Annotated:
        return alternatives(get_args(kind)[0])
    if get_origin(kind) in {Union, types.UnionType}:
        return [inner for option in get_args(kind) for inner in alternatives(option)]
    return [kind]


def _has_tag(kind: Any, tag: Any) -> bool:
    tagged = isinstance(kind, type) and issubclass(kind, BaseModel) and "type" in kind.model_fields
    return not (tagged and tag is not None) or tag in get_args(kind.model_fields["type"].annotation)
