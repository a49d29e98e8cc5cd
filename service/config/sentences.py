"""What pydantic found, in our own sentences: the value, what would follow and what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Any

from pydantic_core import ErrorDetails

from service.config.document import Document
from service.config.fields import fields_at
from service.config.problems import Finding, Path

_KINDS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of reasonable size",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a section with fields",
    "model_attributes_type": "a section with fields",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


_CREDENTIALS = re.compile(r"://[^/@\s]*@")
_SECRET = re.compile(r"password|secret|token|api_?key|credential", re.IGNORECASE)

NOT_SHOWN = "(not shown)"


def is_secret(path: Path) -> bool:
    """Whether a value may be a secret that someone wrote where it does not belong."""
    name = str(path[-1]) if path else ""
    return bool(_SECRET.search(name)) and not name.endswith(("_file", "_files"))


def findings(errors: Iterable[ErrorDetails], document: Document) -> list[Finding]:
    """Every error of a validation of ``Settings`` as a finding of our own."""
    return [finding for error in errors if (finding := _finding(error, document)) is not None]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A clause that names what is close to ``word``, or else everything known.

    >>> did_you_mean("thershold", ["threshold", "window"])
    'did you mean `threshold`?'
    """
    names = sorted(set(known))
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    shown = ", ".join(f"`{name}`" for name in names[:20]) + (", ..." if len(names) > 20 else "")
    return f"known here: {shown}" if names else "there is none to choose from"


def _finding(error: ErrorDetails, document: Document) -> Finding | None:
    path, at_key = _path(error["loc"], document)
    kind = error["type"]
    if kind == "too_short" and len(document.value(path) or ()) >= error["ctx"]["min_length"]:
        return None  # pydantic counts the valid items only; the others have an error of their own
    if kind == "default_factory_not_called":
        return None  # what the default depends on has an error of its own
    message, consequence, mend = _SENTENCES.get(kind, _other)(error, path, document)
    if kind == "mistake" and error["ctx"]["field"]:
        path = (*path, error["ctx"]["field"])
    return Finding(path, message, consequence, mend, at_key or kind == "extra_forbidden")


def _path(loc: tuple[str | int, ...], document: Document) -> tuple[Path, bool]:
    """The way to the value in the document: without the tags of unions, and whether a key is meant."""
    at_key = bool(loc) and loc[-1] == "[key]"
    parts = loc[:-1] if at_key else loc
    path: Path = ()
    for part in parts:
        here = document.value(path)
        is_tag = isinstance(here, dict) and here.get("type") == part and part not in here
        path = path if is_tag else (*path, part)
    return path, at_key


def _wrong_type(error: ErrorDetails, path: Path, document: Document) -> tuple[str, str, str]:
    value, expected = document.value(path), _KINDS[error["type"]]
    message = f"{show(value)} is not {expected}"
    return message, "what it means would be a guess", _write_instead(value, error["type"], expected)


def _write_instead(value: Any, kind: str, expected: str) -> str:
    if kind == "string_type" and isinstance(value, bool | int | float):
        return f'put it in quotes: "{str(value).lower() if isinstance(value, bool) else value}"'
    if kind == "tuple_type" and isinstance(value, str | int | float):
        return f"write a list, such as [{show(value)}]"
    if kind in {"int_type", "float_type"} and isinstance(value, str):
        return f"write {expected}, without quotes or unit"
    return f"write {expected}" + (", or leave the field out" if value is None else "")


def _unknown_field(_error: ErrorDetails, path: Path, _document: Document) -> tuple[str, str, str]:
    name = str(path[-1])
    mend = did_you_mean(name, fields_at(path[:-1], _document))
    return f"{name!r} is no field here", "what it asks for would not be done", mend


def _missing(_error: ErrorDetails, path: Path, _document: Document) -> tuple[str, str, str]:
    name = str(path[-1])
    return f"`{name}` is missing", "it has no default, because any would be a guess", f"add `{name}: ...`"


def _choice(error: ErrorDetails, path: Path, document: Document) -> tuple[str, str, str]:
    choices = [choice.strip("'") for choice in error["ctx"]["expected"].replace(" or ", ", ").split(", ")]
    return _choose(document.value(path), choices)


def _tag(error: ErrorDetails, path: Path, document: Document) -> tuple[str, str, str]:
    value = document.value(path)
    choices = [choice.strip("'") for choice in error["ctx"]["expected_tags"].split(", ")]
    tag, *rest = _choose(value.get("type") if isinstance(value, dict) else value, choices)
    return (f"`type` {tag}", rest[0], rest[1])


def _choose(value: Any, choices: list[str]) -> tuple[str, str, str]:
    mend = "write one of " + ", ".join(choices)
    close = difflib.get_close_matches(str(value).lower(), choices, n=1, cutoff=0.6)
    if close:
        mend = f"did you mean {close[0]}? Choices: " + ", ".join(choices)
    return f"{show(value)} is none of the choices", "there would be nothing to do for it", mend


def _no_tag(_error: ErrorDetails, _path: Path, _document: Document) -> tuple[str, str, str]:
    return (
        "`type` is missing",
        "it is not known how to count the values",
        "add `type: numeric` or `type: categorical`",
    )


def _bound(error: ErrorDetails, path: Path, document: Document) -> tuple[str, str, str]:
    key, words = _BOUNDS[error["type"]]
    limit = error["ctx"][key]
    message = f"{show(document.value(path))} is out of bounds"
    return message, "the service could not work with it", f"write a number that is {words} {limit:g}"


def _too_short(_error: ErrorDetails, path: Path, document: Document) -> tuple[str, str, str]:
    what = "mapping" if isinstance(document.value(path), dict) else "list"
    return f"the {what} is empty", "there would be nothing to work with", "write at least one entry"


def _empty_text(_error: ErrorDetails, _path: Path, _document: Document) -> tuple[str, str, str]:
    return (
        "the text is empty",
        "an empty text names nothing",
        "write at least one character, or leave the field out",
    )


def _too_long(error: ErrorDetails, path: Path, _document: Document) -> tuple[str, str, str]:
    limit = error["ctx"]["max_length"]
    message = (
        f"the text has {len(str(path[-1] if error['loc'][-1] == '[key]' else error['input']))} characters"
    )
    return message, "it would not fit in labels", f"write at most {limit}"


def _mistake(error: ErrorDetails, _path: Path, _document: Document) -> tuple[str, str, str]:
    context = error["ctx"]
    return context["message"], context["consequence"], context["mend"]


def _other(error: ErrorDetails, path: Path, document: Document) -> tuple[str, str, str]:
    return f"{show(document.value(path))} is not valid", "it could not be used", error["msg"]


_SENTENCES: dict[str, Callable[[ErrorDetails, Path, Document], tuple[str, str, str]]] = {
    **dict.fromkeys(_KINDS, _wrong_type),
    **dict.fromkeys(_BOUNDS, _bound),
    "extra_forbidden": _unknown_field,
    "missing": _missing,
    "literal_error": _choice,
    "union_tag_invalid": _tag,
    "union_tag_not_found": _no_tag,
    "too_short": _too_short,
    "string_too_short": _empty_text,
    "string_too_long": _too_long,
    "mistake": _mistake,
}


def show(value: Any) -> str:
    """A value as it would be written, shortened to one line."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "the empty list"
    if value is None:
        return "nothing (null)"
    return shorten(str(value).lower() if isinstance(value, bool) else repr(value))


def shorten(text: str) -> str:
    """At most 60 characters of a text, on one line, without the credentials of an address."""
    line = _CREDENTIALS.sub("://...@", " ".join(text.split()))
    return line if len(line) <= 60 else line[:57] + "..."
