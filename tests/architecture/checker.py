"""Violations of the table, each a sentence that begins with module and line."""

import sys
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from tests.architecture.rules import (
    DOORS,
    FILE_LINES_MAX,
    FRONT,
    FUNCTION_LINES_MAX,
    IMPURE,
    IMPURE_NAMES,
    LAYERS,
    PURE_STANDARD_LIBRARY,
    SCENARIO_LINES_MAX,
    SCENARIOS,
    Layer,
)
from tests.architecture.source import Source, Use

FIRST_PARTY = ("detectors", "service")


def violations(source: Source) -> list[str]:
    """Everything in which one module of the product breaks the table."""
    if source.module == "service":
        return [
            _at(source, use, "the front imports nothing of the product") for use in _product_imports(source)
        ]
    layer = layer_of(source.module)
    if layer is None:
        return [f"{source.module}: no row of LAYERS names this module; say where it stands"]
    return [*_imports(source, layer), *_names(source, layer)]


def size_violations(source: Source) -> list[str]:
    """Files and functions that have grown to be two ideas."""
    lines = len(source.text.splitlines())
    found = [f"{source.module}: {lines} lines; {FILE_LINES_MAX} at most"] if lines > FILE_LINES_MAX else []
    most = SCENARIO_LINES_MAX if source.module.startswith(SCENARIOS) else FUNCTION_LINES_MAX
    return found + [
        _at(source, function, f"{function.name} has {length} lines; {most} at most")
        for function, length in source.function_lengths()
        if length > most
    ]


def import_cycle(sources: Iterable[Source]) -> list[str]:
    """Modules that import each other in a circle; empty when there is no circle."""
    by_module = {source.module: source for source in sources}
    graph = {
        module: {target for use in source.imports() if (target := _module(use.name, by_module)) != module}
        for module, source in by_module.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def layer_of(module: str) -> Layer | None:
    """Row of the table that names the module."""
    return next((layer for layer in LAYERS if _package(module, layer.packages)), None)


def _product_imports(source: Source) -> Iterator[Use]:
    return (use for use in source.imports() if use.name.partition(".")[0] in FIRST_PARTY)


def _imports(source: Source, layer: Layer) -> Iterator[str]:
    pure = layer.pure and not _package(source.module, IMPURE)
    for use in source.imports():
        top = use.name.partition(".")[0]
        if use.name in FRONT:
            continue
        if top in FIRST_PARTY:
            yield from _first_party(source, layer, use)
        elif top not in sys.stdlib_module_names:
            yield from _third_party(source, layer, use, top)
        elif pure and not any(_under(use.name, allowed) for allowed in PURE_STANDARD_LIBRARY):
            yield _at(
                source, use, f"a pure layer may not import {use.name}; hand its value in as an argument"
            )


def _first_party(source: Source, layer: Layer, use: Use) -> Iterator[str]:
    target = layer_of(use.name)
    if target is None:
        yield _at(source, use, f"imports {use.name}, which no row of LAYERS names")
    elif LAYERS.index(target) > LAYERS.index(layer):
        yield _at(source, use, f"imports {use.name}, which comes later; hand it in from above")
    elif target is layer and not layer.together and not _same_package(source.module, use.name, layer):
        yield _at(source, use, f"imports {use.name}, a neighbour of its layer; share it below both")


def _third_party(source: Source, layer: Layer, use: Use, library: str) -> Iterator[str]:
    if library in DOORS:
        if not _package(source.module, DOORS[library]):
            yield _at(source, use, f"imports {library}, whose only doors are {', '.join(DOORS[library])}")
    elif library not in layer.libraries:
        allowed = ", ".join(layer.libraries) or "none"
        yield _at(source, use, f"imports {library}; libraries of this layer: {allowed}")


def _names(source: Source, layer: Layer) -> Iterator[str]:
    if not layer.pure or _package(source.module, IMPURE):
        return
    imported = [Use(use.name, use.line) for use in source.imports()]
    seen = {
        (use.line, name)
        for use in [*source.names(), *imported]
        for name in IMPURE_NAMES
        if _under(use.name, name)
    }
    for line, name in sorted(seen):
        yield _at(source, Use(name, line), f"{name} {IMPURE_NAMES[name]}; a pure layer may not use it")


def _same_package(module: str, other: str, layer: Layer) -> bool:
    return _package(module, layer.packages) == _package(other, layer.packages)


def _package(module: str, packages: Iterable[str]) -> str | None:
    for package in packages:
        if _under(module, package) or (package.endswith("*") and module.startswith(package[:-1])):
            return package
    return None


def _module(name: str, modules: Iterable[str]) -> str | None:
    """The module that an imported name is, or lies in."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def _under(name: str, parent: str) -> bool:
    return name == parent or name.startswith(parent + ".")


def _at(source: Source, use: Use, text: str) -> str:
    return f"{source.module}:{use.line}: {text}"
