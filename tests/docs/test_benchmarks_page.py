"""What the documents say of the benchmark is what the run they name has measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import SECTIONS
from bench.page import PAGES, PLACE, TEXTS, Costs, filled, published
from bench.section import Figure


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_figure_of_a_page_is_written_from_the_run_that_it_names(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert filled(text, published()) == text


def test_every_text_stands_in_one_page() -> None:
    shown = [name for path in PAGES for _, name, _ in PLACE.findall(path.read_text(encoding="utf-8"))]

    assert sorted(shown) == sorted(TEXTS)


def test_the_run_is_a_whole_one_and_no_section_failed() -> None:
    found = published()

    assert found["quick"] is False
    assert set(found["sections"]) == set(SECTIONS)
    assert "failed" not in found
    assert {Figure(**figure).section for figure in found["figures"]} == set(SECTIONS)


def test_another_run_changes_the_tables_and_nothing_else() -> None:
    found: dict[str, Any] = {**published()}
    line = {
        "name": "it",
        "value": "7 µs",
        "aim": "≤ 5 µs",
        "met": False,
        "why": "rain",
        "section": "delays",
    }
    text = "before\n<!-- bench: figures -->\n| old |\n<!-- end -->\nafter\n"

    fresh = filled(text, {**found, "figures": [line]})

    assert fresh.startswith("before\n<!-- bench: figures -->\n| section ")
    assert "| `delays` | it     | 7 µs     | ≤ 5 µs | **missed**: rain |" in fresh
    assert fresh.endswith("|\n<!-- end -->\nafter\n")


def test_costs_are_those_of_the_run() -> None:
    found = published()
    costs = Costs(found)

    assert 0 < costs.busy_us < costs.count_us + costs.judge_us
    assert costs.windows_ms.keys() == {1, 100, 1_000}
    assert costs.windows_ms[1] < costs.windows_ms[100] < costs.windows_ms[1_000]
