"""docs/libraries.md has each dependency, with a reason, and no other."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable

from packaging.requirements import Requirement

from tests.docs.pages import ROOT, names, page

PAGE = page("docs/libraries.md")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def required(entries: Iterable[object]) -> set[str]:
    return {Requirement(entry).name for entry in entries if isinstance(entry, str)}


def test_every_dependency_of_the_service_is_in_the_table_and_no_other() -> None:
    assert {names(row[0])[0] for row in PAGE.table("library")} == required(PROJECT["project"]["dependencies"])


def test_every_dependency_of_an_extra_is_in_the_table_and_no_other() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    rows = {names(row[0])[0] for row in PAGE.table("extra library")}

    assert rows == set().union(*map(required, extras))


def test_every_dependency_of_development_is_in_the_table_and_no_other() -> None:
    groups = PROJECT["dependency-groups"].values()

    assert {name for row in PAGE.table("package") for name in names(row[0])} == set().union(
        *map(required, groups)
    )


def test_every_dependency_has_a_reason() -> None:
    assert [row[0] for row in PAGE.table("library") if not (row[1] and row[2])] == []
    assert [row[0] for row in PAGE.table("extra library") if not (row[1] and row[2])] == []
    assert [row[0] for row in PAGE.table("package") if not row[1]] == []


def test_versions_that_the_page_pins_are_those_of_the_project() -> None:
    pins = {row[0]: row[2].split("Pinned to ")[1] for row in PAGE.table("library") if "Pinned to " in row[2]}
    text = "\n".join(PROJECT["project"]["dependencies"])

    assert pins
    for library, pin in pins.items():
        version = pin.split(": ")[0].split(". ")[0].rstrip(".")
        assert f"{names(library)[0]}=={version}" in text
