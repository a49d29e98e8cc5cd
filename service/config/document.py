"""A YAML 1.2 text as plain data, with the place of every key and value.

The tree is composed by ruamel.yaml and walked here, because its constructor stops at the first duplicate key
and forgets where things stood. Keys are taken as they are written (a feature named ``7`` is what it says),
and so are times. Anchors, aliases and merge keys work; what grows without bound does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from service.config.problems import Finding, Path, Place

NODES_MAX = 200_000
"""Values after aliases are followed: a few lines of aliases can say "a billion"."""

_TAG = "tag:yaml.org,2002:"
_MERGE = _TAG + "merge"
_PLAIN_TEXT = {_TAG + "str", _TAG + "timestamp"}
_PARSED = {_TAG + "int", _TAG + "float", _TAG + "bool", _TAG + "null"}
_SPOILT = "the text cannot be read as YAML, so nothing else in it was checked"


@dataclass(slots=True)
class Document:
    """What a text says, and where.

    Attributes
    ----------
    data
        Dictionaries, lists, texts, numbers, booleans and None.
    values, keys
        The place of each value, and of each key of a mapping, by path.
    findings
        Mistakes of the text itself: syntax, duplicate keys, unknown tags.
    """

    data: Any = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """The place of a value (or its key), or of the closest thing around it that is there."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, (1, 1))

    def value(self, path: Path) -> Any:
        """The value at a path; None where there is none."""
        value = self.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def read(text: str) -> Document:
    """The document that ``text`` says; a syntax error is a finding, never an exception."""
    document = Document()
    try:
        root = YAML(typ="safe", pure=True).compose(text)
        if root is not None:
            document.data = _Walk(document).value(root, ())
    except YAMLError as error:
        document.findings = [_syntax(_explain(error), _place_of(error, text))]
    except RecursionError:
        document.findings = [_syntax("it is nested too deeply")]
    except _TooLargeError:
        document.findings = [_syntax(f"its aliases repeat themselves, to more than {NODES_MAX:,} values")]
    return document


def _place_of(error: YAMLError, text: str) -> Place:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    if mark is not None:
        return mark.line + 1, mark.column + 1
    position = getattr(error, "position", 0) or 0
    return text.count("\n", 0, position) + 1, 1


def _explain(error: YAMLError) -> str:
    if isinstance(error, MarkedYAMLError):
        parts = [str(part) for part in (error.problem, error.context) if part]
        return ", ".join(parts)
    return f"it holds a character that YAML does not allow ({getattr(error, 'character', 0)!r})"


def _syntax(what: str, place: Place = (1, 1)) -> Finding:
    mend = "correct it here or in the lines just above (indentation, a missing quote, bracket or colon)"
    return Finding((), f"this is no YAML: {what}", _SPOILT, mend, place=place)


class _TooLargeError(Exception):
    pass


class _Walk:
    """One walk over a composed tree, from the top down."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._scalars = YAML(typ="safe", pure=True).constructor
        self._above: set[int] = set()
        self._count = 0

    def value(self, node: Node, path: Path) -> Any:
        """The data of ``node``, which stands at ``path``."""
        self._count += 1
        if self._count > NODES_MAX or id(node) in self._above:
            raise _TooLargeError
        self._document.values[path] = _place(node)
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        self._above.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
            assert isinstance(node, MappingNode)
            return self._mapping(node, path)
        finally:
            self._above.discard(id(node))

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        tag, text = str(node.tag), self._text(node, path)
        if tag in _PLAIN_TEXT:
            return text
        try:
            if tag in _PARSED:
                return self._scalars.construct_object(node)
        except ValueError:
            pass
        consequence = "Driftline does not know what it stands for"
        self._found(
            path, f"{text!r} is no value of type {tag.removeprefix(_TAG)}", consequence, "write a plain value"
        )
        return text

    def _text(self, node: ScalarNode, path: Path) -> str:
        """The text of a scalar, without escapes that stand for no character."""
        text = str(node.value)
        whole = text.encode("utf-8", "replace").decode()
        if whole != text:
            message = f"{text!r} holds half of a surrogate pair"
            self._found(
                path,
                message,
                "it is no character, and could not be written anywhere",
                "write the character itself",
            )
        return whole

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        merges = [value for key, value in node.value if str(key.tag) == _MERGE]
        merged: dict[str, Any] = {}
        for source in merges:
            merged |= self._merge(source, path)
        result: dict[str, Any] = {}
        # after the merges, so that what is written out wins, and so does its place
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._found(
                    path, "a key is a list or a mapping", "no field is named so", "write a name as the key"
                )
            elif str(key.tag) != _MERGE:
                self._entry(key, value, path, result)
        return merged | result

    def _entry(self, key: ScalarNode, value: Node, path: Path, result: dict[str, Any]) -> None:
        name = self._text(key, path)
        here = (*path, name)
        if name in result:
            message = f"the key {name!r} stands here again, after line {self._document.keys[here][0]}"
            consequence, mend = (
                "only one of the two could count",
                "remove one of them, or merge what they say",
            )
            self._document.findings.append(Finding(here, message, consequence, mend, place=_place(key)))
            return
        self._document.keys[here] = _place(key)
        result[name] = self.value(value, here)
        if result[name] is None:
            self._document.values[here] = _place(key)  # nothing stands nowhere, at best on the next line

    def _merge(self, node: Node, path: Path) -> dict[str, Any]:
        sources = node.value if isinstance(node, SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for source in reversed(sources):  # the first one wins
            if isinstance(source, MappingNode):
                merged |= self.value(source, path)
            else:
                message = "`<<` merges something that is no mapping"
                self._found(
                    path, message, "it says no fields", "merge an alias of a mapping, such as `<<: *defaults`"
                )
        return merged

    def _found(self, path: Path, message: str, consequence: str, mend: str) -> None:
        self._document.findings.append(Finding(path, message, consequence, mend))


def _place(node: Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1
