"""The field tables of the documentation: ``python -m service.config.reference`` prints them.

With ``--write FILE`` the part of FILE between the two markers is replaced.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from service.config.fields import alternatives
from service.config.settings import Settings
from service.config.units import format_duration

BEGIN = "<!-- begin: python -m service.config.reference -->"
END = "<!-- end -->"


def reference() -> str:
    """Every section with a table of its fields, in Markdown, from the top of the file downwards."""
    return "\n".join(line for path, section in sections() for line in _table(path, section)).rstrip() + "\n"


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Each section with the path under which it stands, such as ``models[].windows[]``."""
    waiting: list[tuple[str, type[BaseModel]]] = [("", Settings)]
    while waiting:
        path, section = waiting.pop(0)
        yield path, section
        inner = [
            (f"{path}.{name}".lstrip(".") + suffix, kind)
            for name, field in section.model_fields.items()
            for suffix, kind in _sections_in(field.annotation)
        ]
        waiting = inner + waiting


def _sections_in(kind: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    for option in alternatives(kind):
        if isinstance(option, type) and issubclass(option, BaseModel):
            yield "", option
        elif get_origin(option) is tuple:
            yield from (("[]" + suffix, inner) for suffix, inner in _sections_in(get_args(option)[0]))
        elif get_origin(option) is dict:
            for suffix, inner in _sections_in(get_args(option)[1]):
                tag = get_args(inner.model_fields["type"].annotation)[0]
                yield f".NAME (type: {tag}){suffix}", inner


def _table(path: str, section: type[BaseModel]) -> Iterator[str]:
    yield f"### `{path}`" if path else "### The file"
    yield ""
    yield str(section.__doc__).strip().split("\n", maxsplit=1)[0]
    yield ""
    yield "| field | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in section.model_fields.items():
        cells = (f"`{name}`", _type(field), _default(field), (field.description or "") + _bounds(field))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _type(field: FieldInfo) -> str:
    if _is_duration(field):
        return "duration"
    options = [option for option in alternatives(field.annotation) if option is not type(None)]
    return " or ".join(dict.fromkeys(_type_name(option) for option in options))


def _type_name(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    if get_origin(kind) is tuple:
        return "list of " + " or ".join(
            dict.fromkeys(_plural(option) for option in alternatives(get_args(kind)[0]))
        )
    if get_origin(kind) is dict:
        values = dict.fromkeys(_plural(option) for option in alternatives(get_args(kind)[1]))
        return "names with " + " or ".join(values)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "section"
    return {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}.get(kind, str(kind))


def _plural(kind: Any) -> str:
    name = _type_name(kind)
    if name.startswith("list of "):
        return "lists of " + name.removeprefix("list of ")
    return name if name.startswith("`") else name + "s"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is PydanticUndefined or isinstance(field.default, tuple):
        default = field.get_default(call_default_factory=True, validated_data={})
        return _default_of_many(default)
    if field.default is None:
        return "–"
    if _is_duration(field):
        return f"`{format_duration(int(field.default))}`"
    text = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    return f"`{text}`"


def _default_of_many(default: Any) -> str:
    if isinstance(default, BaseModel):
        return "its defaults"
    if isinstance(default, float):
        return "depends"
    if not default:
        return "none"
    return ", ".join(f"`{getattr(item, 'name', item)}`" for item in default)


def _bounds(field: FieldInfo) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    parts = [
        f"{word} {format_duration(getattr(rule, key)) if _is_duration(field) else getattr(rule, key)}"
        for rule in field.metadata
        for key, word in words.items()
        if hasattr(rule, key)
    ]
    return f" {', '.join(parts).capitalize()}." if parts else ""


def _is_duration(field: FieldInfo) -> bool:
    """Whether a field is written as text and held in milliseconds."""
    schema = str(field.annotation) + str(field.metadata)
    return "_duration" in schema


def main(arguments: list[str]) -> None:
    """Print the tables, or put them into a page."""
    if arguments[:1] != ["--write"]:
        sys.stdout.write(reference())
        return
    page = Path(arguments[1])
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{reference()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
