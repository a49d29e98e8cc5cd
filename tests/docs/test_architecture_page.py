"""docs/architecture.md shows the layers that the tests hold, and files that are there."""

from __future__ import annotations

import pytest

from tests.architecture.rules import IMPURE, LAYERS
from tests.docs.pages import ROOT, names, page

PAGE = page("docs/architecture.md")
LAYER_ROWS = PAGE.table("layer")
PATHS = [name for name in names(PAGE.prose) if "/" in name and " " not in name]


def test_the_table_of_layers_is_the_one_that_the_tests_hold() -> None:
    shown = [(tuple(names(row[0])), row[2].startswith("yes")) for row in LAYER_ROWS]
    held = [
        (tuple(p.rstrip("*") for p in layer.packages if (ROOT / p.rstrip("*").replace(".", "/")).exists()
               or (ROOT / (p.rstrip("*").replace(".", "/") + ".py")).exists()), layer.pure)
        for layer in LAYERS
    ]  # fmt: skip

    assert shown == held


def test_a_pure_layer_with_a_door_to_the_world_says_so() -> None:
    doors = {".".join(module.split(".")[:2]) for module in IMPURE}

    assert {names(row[0])[0] for row in LAYER_ROWS if "but" in row[2]} == doors


def test_every_package_of_the_product_is_in_the_table() -> None:
    modules = {
        f"service.{path.stem}" for path in (ROOT / "service").iterdir() if not path.name.startswith("_")
    }
    aside = {"service.logs"}
    shown = {name for row in LAYER_ROWS for name in names(row[0])}

    assert modules - aside <= shown


@pytest.mark.parametrize("path", PATHS)
def test_every_file_that_is_named_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_files_are_named() -> None:
    assert len(PATHS) > 30
