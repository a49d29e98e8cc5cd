"""Tables of measured quality are those of the committed results, and pictures are what their code draws."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.plots.__main__ import DRAWN, FOLDER, FROM_RESULTS
from bench.quality.page import PAGES, PLACE, filled, results
from bench.quality.report import TABLES
from tests.docs.pages import ROOT, pages

PICTURES = sorted(FOLDER.glob("*.svg"))
BYTES_MAX = 60_000


def with_tables() -> list[Path]:
    return [path for path in sorted(PAGES.glob("*.md")) if PLACE.search(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("path", with_tables(), ids=lambda path: path.name)
def test_every_table_of_a_page_is_written_from_the_results(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert filled(text, results()) == text


def test_every_table_stands_in_one_page() -> None:
    shown = [name for path in with_tables() for _, name, _ in PLACE.findall(path.read_text(encoding="utf-8"))]

    assert sorted(shown) == sorted(TABLES)


def test_a_table_that_differs_from_the_results_is_written_anew() -> None:
    stale = "before\n<!-- quality: peers -->\n| old |\n<!-- end -->\nafter\n"
    fresh = filled(stale, results())

    assert fresh.startswith("before\n<!-- quality: peers -->\n| tool |")
    assert fresh.endswith("|\n<!-- end -->\nafter\n")


def test_results_are_of_a_whole_run_of_committed_code() -> None:
    found = results()

    assert found["quick"] is False
    assert found["uncommitted_changes"] is False
    assert re.fullmatch(r"[0-9a-f]{12}", found["commit"])


def test_every_picture_is_small_and_well_formed() -> None:
    for path in PICTURES:
        assert path.stat().st_size < BYTES_MAX, path.name
        assert ET.fromstring(path.read_bytes()).tag.endswith("svg"), path.name


def test_every_picture_is_drawn_by_code_and_shown_in_a_page() -> None:
    shown = {
        (page.path.parent / link).resolve()
        for page in pages()
        for link in page.links
        if link.endswith(".svg")
    }

    assert {path.stem for path in PICTURES} == {*DRAWN, *FROM_RESULTS}
    assert {path for path in PICTURES if path.resolve() not in shown} == set()
    assert FOLDER.is_relative_to(ROOT)


@pytest.mark.parametrize("name", sorted(FROM_RESULTS))
def test_pictures_of_the_results_are_of_the_committed_ones(name: str) -> None:
    assert FROM_RESULTS[name](results()) == (FOLDER / f"{name}.svg").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DRAWN))
def test_pictures_of_methods_are_what_their_code_draws(name: str) -> None:
    drawn, kept = DRAWN[name](), (FOLDER / f"{name}.svg").read_text(encoding="utf-8")

    # Libraries may round a last digit otherwise; a picture is the same within a tenth of a point or two.
    numbers = re.compile(r"-?\d+(?:\.\d+)?")
    assert numbers.sub("#", drawn) == numbers.sub("#", kept)
    for new, old in zip(numbers.findall(drawn), numbers.findall(kept), strict=True):
        assert float(new) == pytest.approx(float(old), abs=1.0)
