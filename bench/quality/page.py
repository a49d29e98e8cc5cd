"""Tables and pictures of the documents from ``bench/results/quality.json``: ``python -m bench.quality.page``.

A document holds a table between ``<!-- quality: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from bench.quality.report import TABLES

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "results" / "quality.json"
PAGES = ROOT / "docs" / "methods"
PLACE = re.compile(r"(<!-- quality: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def results() -> dict[str, Any]:
    """What the last committed run counted."""
    found: dict[str, Any] = orjson.loads(RESULTS.read_bytes())
    return found


def filled(text: str, found: Mapping[str, Any]) -> str:
    """A page with its tables as these results give them."""

    def table(place: re.Match[str]) -> str:
        return f"{place[1]}{TABLES[place[2]][1](found)}\n{place[3]}"

    return PLACE.sub(table, text)


def main() -> None:
    found = results()
    for path in sorted(PAGES.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if PLACE.search(text):
            path.write_text(filled(text, found), encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
