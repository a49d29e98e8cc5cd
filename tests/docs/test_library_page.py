"""The page of the library runs as it stands, and names every module there is."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ROOT, page


def test_the_example_runs_and_sees_the_shift(capsys: pytest.CaptureFixture[str]) -> None:
    [block] = [block for block in page("docs/library.md").blocks if block.language == "python"]
    exec(block.text, {"__name__": "example"})
    first, second, third = capsys.readouterr().out.splitlines()
    value, bound = map(float, re.findall(r"\d\.\d+", first.replace("99.9", "")))
    assert value > bound
    low, high = map(float, re.findall(r"\d\.\d{3}", second)[:2])
    # A shift of a sixth of a standard deviation moves at most 0.066 of the mass.
    assert low <= high < 0.1
    assert float(third.rsplit(" ", 1)[1]) < 1e-6


def test_every_module_of_the_library_is_named() -> None:
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    names = {path.stem for path in (ROOT / "detectors").glob("*.py")} - {"__init__"}
    plain = {"fields", "groups", "shares", "result", "season", "total_variation"}
    assert sorted(name for name in names - plain if f"`{name}`" not in text) == []
